//! The verbs against a daemon that answers from a script.

use super::*;
use crate::cmd::tests::{Outcome, Place};
use codemem_client::testing::{Asked, MemoryScript, Reply, Script};
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;

fn place(memory: MemoryScript) -> Place {
    Place::new(Script {
        memory,
        ..Script::default()
    })
}

fn person(project: &str, session: &str) -> MemoryCaller {
    MemoryCaller {
        project: project.to_owned(),
        session: session.to_owned(),
        origin: MemoryOrigin::User.into(),
    }
}

fn unit() -> v1::MemoryUnit {
    v1::MemoryUnit {
        id: "00000000000000ab".to_owned(),
        content: "Chose SQLite\nfor one writer".to_owned(),
        context_level: ContextLevel::ProjectContext.into(),
        project: "/p".to_owned(),
        tags: vec!["ref:1".to_owned()],
        kind: MemoryKind::Decision.into(),
        origin: MemoryOrigin::User.into(),
        trust: f64::from(0.8_f32),
        state: v1::MemoryState::Active.into(),
        created_at_ms: 1_749_719_700_000,
        updated_at_ms: 1_749_719_700_000,
        version: 1,
        ..v1::MemoryUnit::default()
    }
}

const UNIT: &str = concat!(
    r#""id":"00000000000000ab","content":"Chose SQLite\nfor one writer","context_level":"PROJECT_CONTEXT","#,
    r#""project":"/p","session":null,"tags":["ref:1"],"kind":"decision","origin":"user","trust":0.8,"state":"active","#,
    r#""created_at":"2025-06-12T09:15:00Z","updated_at":"2025-06-12T09:15:00Z","confirmed_at":null,"confirmations":0,"#,
    r#""expires_at":null,"supersedes":null,"superseded_by":null,"version":1,"anchors":[],"flags":[],"stale":null"#
);

fn done(outcome: Outcome) -> (String, String) {
    assert_eq!(outcome.result.expect("answered"), Exit::Success);
    (outcome.answer, outcome.remarks)
}

#[tokio::test]
async fn add_prints_the_id_and_says_the_rest_aside() {
    let place = place(MemoryScript {
        add: vec![Reply::Now(v1::AddMemoryResponse {
            id: "00000000000000ab".to_owned(),
            duplicate: true,
            state: v1::MemoryState::Active.into(),
            redacted: vec!["aws-access-key".to_owned()],
            notes: vec!["`x#y` is not indexed".to_owned()],
            related: vec![v1::MemoryHit {
                memory: Some(unit()),
                reason: "nearly the same".to_owned(),
                ..v1::MemoryHit::default()
            }],
        })],
        ..MemoryScript::default()
    });
    let line = "memory add --project /p --session s --level PROJECT_CONTEXT --tag a --tag b --anchor x#y --kind fact \
                --expires 2027-01-31 --supersedes 3f2a --redact -- --the content";
    let line: Vec<&str> = line.split_whitespace().collect();
    let (answer, remarks) = done(place.run(&line).await);
    assert_eq!(answer, "00000000000000ab\n");
    assert_eq!(
        remarks,
        "the same was stored already, and is confirmed by this\n\
         taken out: aws-access-key\n\
         `x#y` is not indexed\n\
         see also 00000000000000ab, nearly the same: Chose SQLite\n"
    );
    let asked = v1::AddMemoryRequest {
        caller: Some(person("/p", "s")),
        content: "--the content".to_owned(),
        context_level: ContextLevel::ProjectContext.into(),
        tags: vec!["a".to_owned(), "b".to_owned()],
        kind: MemoryKind::Fact.into(),
        anchors: vec!["x#y".to_owned()],
        supersedes: "3f2a".to_owned(),
        expires_at_ms: 1_801_353_600_000,
        redact: true,
    };
    assert_eq!(place.daemon.asked(), vec![Asked::AddMemory(asked)]);

    let line = ["memory", "add", "--json", "--level", "user_preference", "--", "x"];
    let (answer, _) = done(place.run(&line).await);
    let value: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(
        (&value["id"], &value["duplicate"]),
        (&"00000000000000ab".into(), &true.into())
    );
    assert_eq!(value["related"][0]["content"], "Chose SQLite\nfor one writer");
}

#[tokio::test]
async fn what_the_daemon_refuses_is_a_usage_error() {
    let place = place(MemoryScript {
        add: vec![Reply::fail(ErrorKind::Usage, "`tags[0]`: may hold a-z", "give another")],
        ..MemoryScript::default()
    });
    let error = place
        .run(&["memory", "add", "--level", "PROJECT_CONTEXT", "--tag", "Ä", "--", "x"])
        .await
        .result
        .expect_err("refused");
    assert_eq!(
        (error.exit(), error.message().as_str()),
        (Exit::Usage, "`tags[0]`: may hold a-z")
    );
}

#[test]
fn contents_from_standard_input() {
    assert_eq!(read_content(&b"a\nb"[..]).expect("text"), "a\nb");
    for (input, expected) in [
        (vec![0xff], "`content` is not UTF-8"),
        (vec![b'x'; (MAX_READ + 1) as usize], "`content` is too long"),
    ] {
        let error = read_content(&input[..]).expect_err("refused");
        assert_eq!((error.exit(), error.message().as_str()), (Exit::Usage, expected));
    }
    let words = ["a".to_owned(), "-".to_owned()];
    assert_eq!(content(&words).expect("words"), "a -");
}

#[tokio::test]
async fn find_as_json() {
    let place = place(MemoryScript {
        find: vec![Reply::Now(v1::FindMemoriesResponse {
            hits: vec![v1::MemoryHit {
                memory: Some(unit()),
                score: f64::from(0.9_f32),
                reason: "words".to_owned(),
                ..v1::MemoryHit::default()
            }],
            gate: Some(v1::MemoryGate {
                decision: "RETRIEVE".to_owned(),
                score: 0.75,
                reason: "a question".to_owned(),
            }),
            query_used: "sqlite".to_owned(),
            took_ms: 1.5,
            searched: 30,
            vectors_used: true,
            vectors_reason: String::new(),
            more: vec![v1::MemoryHandle {
                id: "00000000000000ac".to_owned(),
                title: "t".to_owned(),
                score: 0.5,
            }],
        })],
        ..MemoryScript::default()
    });
    let line = "memory find --project /p --limit 3 --json --no-gate --no-floor --explain --level PROJECT_CONTEXT --tag a \
                --kind decision --kind note --since 2025-06-12T09:15:00Z --until 2027-01-31 --session s --budget 800 -- -q uery";
    let line: Vec<&str> = line.split_whitespace().collect();
    let (answer, _) = done(place.run(&line).await);
    assert_eq!(
        answer,
        format!(
            "{{\"hits\":[{{{UNIT},{}}}],{}}}\n",
            r#""score":0.9,"reason":"words","contradicts":[],"folded":[]"#,
            concat!(
                r#""gate":{"decision":"RETRIEVE","score":0.75,"reason":"a question"},"took_ms":1.5,"#,
                r#""query_used":"sqlite","searched":30,"vectors_used":true,"vectors_reason":"","#,
                r#""more":[{"id":"00000000000000ac","title":"t","score":0.5}]"#
            )
        )
    );
    let asked = v1::FindMemoriesRequest {
        caller: Some(person("/p", "s")),
        query: "-q uery".to_owned(),
        filter: Some(v1::MemoryFilter {
            levels: vec![ContextLevel::ProjectContext.into()],
            kinds: vec![MemoryKind::Decision.into(), MemoryKind::Note.into()],
            tags: vec!["a".to_owned()],
            since_ms: 1_749_719_700_000,
            until_ms: 1_801_353_600_000,
        }),
        limit: 3,
        token_budget: 800,
        no_gate: true,
        no_floor: true,
        explain: true,
    };
    assert_eq!(place.daemon.asked(), vec![Asked::FindMemories(asked)]);
}

#[tokio::test]
async fn an_empty_answer_fails_for_a_person_alone() {
    let place = place(MemoryScript::default());
    for verb in [&["memory", "find", "x"][..], &["memory", "list"]] {
        assert_eq!(place.run(verb).await.result.expect("answered"), Exit::NothingFound);
        let as_json: Vec<&str> = verb.iter().copied().chain(["--json"]).collect();
        assert_eq!(place.run(&as_json).await.result.expect("answered"), Exit::Success);
    }
    let error = place.run(&["memory", "find", " "]).await.result.expect_err("empty");
    assert_eq!(error.exit(), Exit::Usage);
}

#[tokio::test]
async fn single_memories() {
    let answer = Some(unit());
    let place = place(MemoryScript {
        get: Reply::Now(v1::GetMemoryResponse {
            memory: answer.clone(),
            history: vec![unit()],
        }),
        list: vec![Reply::Now(v1::ListMemoriesResponse {
            memories: vec![unit()],
            next: "n".to_owned(),
            total: 2,
        })],
        edit: Reply::Now(v1::EditMemoryResponse {
            memory: answer.clone(),
            redacted: Vec::new(),
            notes: vec!["reads like an order".to_owned()],
        }),
        delete: Reply::Now(v1::DeleteMemoryResponse { memory: answer.clone() }),
        confirm: Reply::Now(v1::ConfirmMemoryResponse { memory: answer }),
        ..MemoryScript::default()
    });
    let json = async |line: &str| {
        let words: Vec<&str> = line.split(' ').chain(["--json", "--project", "/p"]).collect();
        done(place.run(&words).await).0
    };
    assert_eq!(
        json("memory get ab --history").await,
        format!("{{{UNIT},\"history\":[{{{UNIT}}}]}}\n")
    );
    assert_eq!(
        json("memory list --state proposed -n 1 --after m").await,
        format!("{{\"memories\":[{{{UNIT}}}],\"total\":2,\"next\":\"n\"}}\n")
    );
    assert_eq!(
        json("memory rm ab --backup /b.db").await,
        "{\"deleted\":\"00000000000000ab\",\"backup\":\"/b.db\"}\n"
    );
    assert_eq!(json("memory confirm ab").await, format!("{{{UNIT}}}\n"));
    let line = [
        "memory",
        "edit",
        "ab",
        "--project",
        "/p",
        "--no-tags",
        "--kind",
        "todo",
        "--version",
        "1",
        "--",
        "new",
        "text",
    ];
    let (answer, remarks) = done(place.run(&line).await);
    assert_eq!(answer, "00000000000000ab is at version 1\n");
    assert_eq!(remarks, "reads like an order\n");
    let id = "ab".to_owned();
    let caller = Some(person("/p", ""));
    let expected = [
        Asked::GetMemory(v1::GetMemoryRequest {
            caller: caller.clone(),
            id: id.clone(),
            history: true,
        }),
        Asked::ListMemories(v1::ListMemoriesRequest {
            caller: caller.clone(),
            filter: Some(v1::MemoryFilter::default()),
            states: vec![v1::MemoryState::Proposed.into()],
            limit: 1,
            after: "m".to_owned(),
        }),
        Asked::DeleteMemory(v1::DeleteMemoryRequest {
            caller: caller.clone(),
            id: id.clone(),
            backup: "/b.db".to_owned(),
        }),
        Asked::ConfirmMemory(v1::ConfirmMemoryRequest {
            caller: caller.clone(),
            id: id.clone(),
        }),
        Asked::EditMemory(v1::EditMemoryRequest {
            caller,
            id,
            content: Some("new text".to_owned()),
            tags: Vec::new(),
            set_tags: true,
            kind: MemoryKind::Todo.into(),
            anchors: Vec::new(),
            set_anchors: false,
            version: 1,
            redact: false,
        }),
    ];
    assert_eq!(place.daemon.asked(), expected);
    // Nobody sits at a terminal here.
    let error = place
        .run(&["memory", "edit", "ab"])
        .await
        .result
        .expect_err("nothing to change");
    assert_eq!(error.exit(), Exit::Usage);
}

#[tokio::test]
async fn an_import_streams_and_tells_every_bad_line() {
    let place = place(MemoryScript {
        import: Reply::Now(v1::ImportMemoriesResponse {
            imported: 3,
            duplicates: 1,
            rejected: vec![v1::RejectedMemory {
                line: 1,
                reason: "`tags[0]`: no".to_owned(),
            }],
        }),
        ..MemoryScript::default()
    });
    let file = place.directory.path().join("m.jsonl");
    let line = "{\"content\":\"x\",\"context_level\":\"PROJECT_CONTEXT\",\"tags\":[\"ref:1\"],\"created_at\":\"2025-06-12T09:15:00Z\"}\n";
    std::fs::write(
        &file,
        format!("{}{{\"content\":\"y\",\"color\":1}}\n", line.repeat(300)),
    )
    .expect("written");
    let file = file.to_str().expect("UTF-8");
    let (answer, _) = done(
        place
            .run(&["memory", "import", "--project", "/p", "--json", file])
            .await,
    );
    let expected = "{\"imported\":3,\"duplicates\":1,\"rejected\":[{\"line\":1,\"reason\":\"`tags[0]`: no\"},{\"line\":301,\"reason\":\"unknown field `color`";
    assert!(answer.starts_with(expected), "{answer}");
    let asked = place.daemon.asked();
    let [Asked::ImportMemories(batches)] = &asked[..] else {
        panic!("{asked:?}");
    };
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.memories.len()).collect();
    assert_eq!(sizes, [256, 44]);
    let caller = batches[0].caller.clone().expect("in the first message");
    assert_eq!((caller.project.as_str(), caller.origin()), ("/p", MemoryOrigin::Import));
    assert_eq!(batches[1].caller, None);
    let expected = v1::ImportedMemory {
        line: 300,
        content: "x".to_owned(),
        context_level: "PROJECT_CONTEXT".to_owned(),
        tags: vec!["ref:1".to_owned()],
        created_at_ms: 1_749_719_700_000,
        ..v1::ImportedMemory::default()
    };
    assert_eq!(batches[1].memories.last(), Some(&expected));

    let (answer, _) = done(place.run(&["memory", "import", file]).await);
    assert!(
        answer.starts_with("imported 3, 1 duplicate, 2 rejected\n  line 1: `tags[0]`: no\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn lines_of_other_projects_go_there_or_are_told() {
    let place = place(MemoryScript {
        import: Reply::fail(ErrorKind::Usage, "`/gone` does not exist", ""),
        ..MemoryScript::default()
    });
    let file = place.directory.path().join("m.jsonl");
    std::fs::write(&file, "{\"content\":\"x\",\"project\":\"/gone\"}\n").expect("written");
    let name = file.to_str().expect("UTF-8");
    let (answer, _) = done(place.run(&["memory", "import", "--json", name]).await);
    assert_eq!(
        answer,
        "{\"imported\":0,\"duplicates\":0,\"rejected\":[{\"line\":1,\"reason\":\"`/gone` does not exist\"}]}\n"
    );
    assert!(matches!(
        &place.daemon.asked()[..],
        [Asked::ImportMemories(batches)] if batches[0].caller.as_ref().is_some_and(|caller| caller.project == "/gone")
    ));
    // What the command itself named is the command's mistake.
    std::fs::write(&file, "{\"content\":\"x\"}\n").expect("written");
    let error = place
        .run(&["memory", "import", name])
        .await
        .result
        .expect_err("refused");
    assert_eq!(error.exit(), Exit::Usage);
    let error = place
        .run(&["memory", "import", "/nowhere.jsonl"])
        .await
        .result
        .expect_err("no file");
    assert_eq!(error.exit(), Exit::Data);
    assert!(error.message().contains("/nowhere.jsonl"), "{}", error.message());
}

#[tokio::test]
async fn what_export_prints_import_takes() {
    let place = place(MemoryScript {
        export: vec![Reply::Now(v1::ExportMemoriesResponse {
            memories: vec![unit(), unit()],
        })],
        ..MemoryScript::default()
    });
    let line = r#"{"id":"00000000000000ab","content":"Chose SQLite\nfor one writer","context_level":"PROJECT_CONTEXT","tags":["ref:1"],"kind":"decision","anchors":[],"created_at":"2025-06-12T09:15:00Z"}"#;
    let (jsonl, remarks) = done(place.run(&["memory", "export"]).await);
    assert_eq!(jsonl, format!("{line}\n{line}\n"));
    assert_eq!(remarks, "2 memories exported\n");
    let (everything, _) = done(place.run(&["memory", "export", "--all-projects", "--json"]).await);
    assert!(everything.contains("\"project\":\"/p\""), "{everything}");
    let (markdown, _) = done(place.run(&["memory", "export", "--format", "markdown"]).await);
    let file = place.directory.path().join("exported");
    for exported in [jsonl, markdown] {
        std::fs::write(&file, exported).expect("written");
        done(place.run(&["memory", "import", file.to_str().expect("UTF-8")]).await);
        let asked = place.daemon.asked();
        let Some(Asked::ImportMemories(batches)) = asked.last() else {
            panic!("{asked:?}");
        };
        let memories = &batches[0].memories;
        assert_eq!(memories.len(), 2);
        for memory in memories {
            assert_eq!(memory.content, unit().content);
            assert_eq!(memory.created_at_ms, unit().created_at_ms);
            assert_eq!(
                (memory.id.as_str(), memory.kind.as_str()),
                ("00000000000000ab", "decision")
            );
        }
    }
}

#[tokio::test]
async fn copies_and_counts() {
    let place = place(MemoryScript {
        backup: Reply::Now(v1::BackupMemoriesResponse {
            path: "/b.db".to_owned(),
            memories: 2,
            bytes: 4096,
        }),
        restore: Reply::Now(v1::RestoreMemoriesResponse {
            memories: 2,
            kept: "/kept.db".to_owned(),
        }),
        stats: Reply::Now(v1::MemoryStatsResponse {
            memories: 2,
            by_kind: [("note".to_owned(), 2)].into(),
            projects: 1,
            database: "/d/memories.db".to_owned(),
            problem: "damaged; run `codemem memory restore /b.db`".to_owned(),
            ..v1::MemoryStatsResponse::default()
        }),
        ..MemoryScript::default()
    });
    for (line, expected) in [
        ("memory backup /b.db", r#"{"path":"/b.db","memories":2,"bytes":4096}"#),
        ("memory restore /b.db", r#"{"memories":2,"kept":"/kept.db"}"#),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        assert_eq!(done(place.run(&words).await).0, format!("{expected}\n"));
    }
    let outcome = place.run(&["memory", "stats", "--project", "/p", "--json"]).await;
    assert_eq!(outcome.result.expect("answered"), Exit::Data);
    assert!(
        outcome.remarks.contains("codemem memory restore /b.db"),
        "{}",
        outcome.remarks
    );
    let value: serde_json::Value = serde_json::from_str(&outcome.answer).expect("JSON");
    assert_eq!(value["by_kind"]["note"], 2);
    assert_eq!(value["project"], "/p");
    assert!(value["newest_backup"].is_null());
}

//! What is asked of memories: stored, found, listed, refused.

use crate::memory_setup::{agent, draft, found, question, user};
use crate::setup::World;
use codemem_core::memory::gate::Decision;
use codemem_core::memory::{ContextLevel, MemoryFilter, MemoryKind, Origin, SessionId, State};
use codemem_engine::memory::{
    AddMemory, Caller, ExportMemories, FindMemories, ImportedMemory, ListMemories, MemoryErrorKind, RetrieveMemories,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_found_listed_counted_and_on_record() {
    let world = World::new();
    let it = world.remember();
    let request = AddMemory {
        kind: "decision".to_owned(),
        tags: vec!["ci".to_owned(), "build".to_owned()],
        ..draft("PROJECT_CONTEXT", "The release pipeline builds with musl\r\n")
    };
    let added = it.memories.add(user(), request).await.expect("stored");
    assert!(
        !added.is_duplicate && added.state == State::Active && added.redacted.is_empty(),
        "{added:?}"
    );
    it.fact("Integration tests need a running broker").await;
    let answer = it.find(agent(), "which libc does the release pipeline use").await;
    assert_eq!(found(&answer)[0], "The release pipeline builds with musl");
    assert_eq!((answer.n_searched, &answer.no_vectors), (2, &None));
    assert_eq!(answer.gate.decision, Decision::Off);
    let hit = &answer.hits[0].shown.memory;
    assert_eq!(
        (hit.kind, hit.tags.join(" "), hit.origin),
        (MemoryKind::Decision, "build ci".to_owned(), Origin::User)
    );
    assert_eq!(
        (hit.id.clone(), hit.project_path.as_str()),
        (added.id.clone(), crate::setup::ROOT)
    );
    let narrowed = FindMemories {
        filter: MemoryFilter {
            tags: vec!["ci".to_owned()],
            ..MemoryFilter::default()
        },
        ..question("tests and pipeline")
    };
    let answer = it.memories.find(user(), narrowed).await.expect("an answer");
    assert_eq!((found(&answer).len(), answer.n_searched), (1, 1));
    let beginning = &added.id.as_str()[..6];
    let got = it.memories.get(agent(), beginning, true).await.expect("by a beginning");
    assert_eq!((got.shown.memory.id, got.history.len()), (added.id.clone(), 0));
    let page = ListMemories {
        limit: 1,
        ..ListMemories::default()
    };
    let first = it.memories.list(user(), page.clone()).await.expect("a page");
    assert_eq!((first.memories.len(), first.total), (1, 2));
    let rest = ListMemories {
        after: first.next,
        ..page
    };
    let second = it.memories.list(user(), rest).await.expect("a page");
    assert_eq!((second.memories.len(), second.next), (1, None));
    assert_ne!(first.memories[0].memory.id, second.memories[0].memory.id);
    let stats = it.memories.stats(user()).await.expect("counts");
    assert_eq!(
        (stats.by_level[1], stats.n_audited),
        ((ContextLevel::ProjectContext, 2), 2)
    );
    let (id, note) = world.memories.audits().remove(0);
    assert_eq!((id, note.action, note.request.as_str()), (added.id, "add", "r1"));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_field() {
    let world = World::new();
    let it = world.remember();
    let tagged = |tags: Vec<String>| AddMemory {
        tags,
        ..draft("PROJECT_CONTEXT", "x")
    };
    let nowhere = Caller {
        project: None,
        ..user()
    };
    let unknown = Caller {
        project: Some("/elsewhere".into()),
        ..user()
    };
    let relative = Caller {
        project: Some("tree".into()),
        ..user()
    };
    let alone = Caller {
        session: None,
        ..user()
    };
    let token = format!(
        "the token is ghp_{}",
        "a1B2c3D4e5F6g7H8i9J0".repeat(2).get(..36).expect("ASCII")
    );
    let cases: Vec<(Caller, AddMemory, &str)> = vec![
        (user(), draft("", "x"), "`context_level`"),
        (user(), draft("project_context", "x"), "`context_level`"),
        (user(), draft("PROJECT_CONTEXT", " \n"), "`content`"),
        (user(), draft("PROJECT_CONTEXT", &"x".repeat(40_000)), "`content`"),
        (user(), draft("PROJECT_CONTEXT", &token), "`content`"),
        (user(), tagged(vec!["A b".to_owned()]), "`tags[0]`"),
        (user(), tagged(vec!["a".to_owned(); 10_000]), "`tags`"),
        (
            user(),
            AddMemory {
                kind: "song".to_owned(),
                ..draft("PROJECT_CONTEXT", "x")
            },
            "`kind`",
        ),
        (
            user(),
            AddMemory {
                anchors: vec!["../x".to_owned()],
                ..draft("PROJECT_CONTEXT", "x")
            },
            "`anchors[0]`",
        ),
        (
            user(),
            AddMemory {
                anchors: vec!["route".to_owned()],
                ..draft("USER_PREFERENCE", "x")
            },
            "`anchors`",
        ),
        (
            user(),
            AddMemory {
                expires_at: 5,
                ..draft("PROJECT_CONTEXT", "x")
            },
            "`expires_at_ms`",
        ),
        (
            user(),
            AddMemory {
                supersedes: "zzz".to_owned(),
                ..draft("PROJECT_CONTEXT", "x")
            },
            "`supersedes`",
        ),
        (nowhere.clone(), draft("PROJECT_CONTEXT", "x"), "`caller.project`"),
        (unknown, draft("PROJECT_CONTEXT", "x"), "`caller.project`"),
        (relative, draft("PROJECT_CONTEXT", "x"), "`caller.project`"),
        (alone.clone(), draft("SESSION_STATE", "x"), "`caller.session`"),
    ];
    for (caller, request, field) in cases {
        let shown = format!("{:.60}", format!("{request:?}"));
        let error = it.memories.add(caller, request).await.expect_err(&shown);
        assert_eq!(error.kind(), MemoryErrorKind::Usage, "{error}");
        assert!(error.to_string().starts_with(field), "{error} should name {field}");
        assert!(!error.to_string().contains("ghp_"), "an error repeats no secret");
    }
    assert!(world.memories.all().is_empty());
    let level = |level| FindMemories {
        filter: MemoryFilter {
            levels: vec![level],
            ..MemoryFilter::default()
        },
        ..question("x")
    };
    let reversed = FindMemories {
        filter: MemoryFilter {
            since: Some(9),
            until: Some(3),
            ..MemoryFilter::default()
        },
        ..question("x")
    };
    let injected = FindMemories {
        filter: MemoryFilter {
            tags: vec!["a' OR 1=1 --".to_owned()],
            ..MemoryFilter::default()
        },
        ..question("x")
    };
    for (caller, request, field) in [
        (user(), question(" "), "`query`"),
        (user(), injected, "`filter.tags[0]`"),
        (user(), reversed, "`filter.until_ms`"),
        (
            user(),
            FindMemories {
                limit: 5_000,
                ..question("x")
            },
            "`limit`",
        ),
        (nowhere.clone(), level(ContextLevel::ProjectContext), "`caller.project`"),
        (alone.clone(), level(ContextLevel::SessionState), "`caller.session`"),
    ] {
        let error = it.memories.find(caller, request).await.expect_err(field);
        assert!(error.to_string().starts_with(field), "{error} should name {field}");
    }
    let nothing = RetrieveMemories::default;
    let error = it
        .memories
        .project_facts(nowhere, nothing())
        .await
        .expect_err("no project");
    assert!(error.to_string().starts_with("`caller.project`"), "{error}");
    let error = it.memories.session(alone, nothing()).await.expect_err("no session");
    assert!(error.to_string().starts_with("`caller.session`"), "{error}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_taken_out_when_that_is_asked() {
    let world = World::new();
    let it = world.remember();
    let secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    let request = AddMemory {
        redact: true,
        ..draft("PROJECT_CONTEXT", &format!("CI pushes with {secret} to the mirror"))
    };
    let added = it.memories.add(user(), request).await.expect("stored");
    assert_eq!(added.redacted.len(), 1);
    let stored = &world.memories.all()[0].content;
    assert!(
        !stored.contains(secret) && stored.contains("[redacted: ") && stored.ends_with("to the mirror"),
        "{stored}"
    );
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_keeps_questions_back_that_no_memory_answers() {
    let world = World::new();
    let it = world.remember();
    it.fact("The release pipeline builds with musl").await;
    let gated = FindMemories {
        no_gate: false,
        ..question("thanks")
    };
    let answer = it.memories.find(user(), gated).await.expect("an answer");
    assert_eq!((answer.gate.decision, answer.hits.len()), (Decision::Skip, 0));
    assert!(answer.no_vectors.is_some());
    let answer = it.find(user(), "thanks").await;
    assert_eq!((answer.gate.decision, answer.n_searched), (Decision::Off, 1));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_is_retrieved_by_itself_and_what_matters_most_without_a_question() {
    let world = World::new();
    let it = world.remember();
    it.add(user(), "USER_PREFERENCE", "I prefer tabs over spaces").await;
    it.add(user(), "PROJECT_CONTEXT", "Spaces in this project, tabs in Makefiles")
        .await;
    it.add(user(), "SESSION_STATE", "Halfway through replacing tabs by spaces")
        .await;
    let old = it
        .add(agent(), "PROJECT_CONTEXT", "The broker listens on port 9092")
        .await;
    for asked in ["", "tabs or spaces"] {
        let request = || RetrieveMemories {
            query: asked.to_owned(),
            ..RetrieveMemories::default()
        };
        let preferences = it.memories.preferences(agent(), request()).await.expect("an answer");
        assert_eq!(found(&preferences), ["I prefer tabs over spaces"], "{asked:?}");
        let session = it.memories.session(agent(), request()).await.expect("an answer");
        assert_eq!(
            found(&session),
            ["Halfway through replacing tabs by spaces"],
            "{asked:?}"
        );
        let facts = it.memories.project_facts(agent(), request()).await.expect("an answer");
        assert_eq!(
            found(&facts)[0],
            "Spaces in this project, tabs in Makefiles",
            "{asked:?}"
        );
        assert!(
            facts
                .hits
                .iter()
                .all(|hit| hit.shown.memory.place.level() == ContextLevel::ProjectContext)
        );
    }
    it.memories.confirm(user(), old.id.as_str()).await.expect("confirmed");
    let budget = RetrieveMemories {
        token_budget: 10,
        ..RetrieveMemories::default()
    };
    let facts = it.memories.project_facts(user(), budget).await.expect("an answer");
    assert_eq!(
        found(&facts),
        ["The broker listens on port 9092"],
        "confirmed, and all that fits"
    );
    assert_eq!(facts.more[0].title, "Spaces in this project, tabs in Makefiles");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_stores_the_good_lines_and_reports_the_bad_ones() {
    let world = World::new();
    let it = world.remember();
    let taken = it.fact("Was here before").await;
    let line = |line, content: &str, level: &str| ImportedMemory {
        line,
        content: content.to_owned(),
        level: level.to_owned(),
        ..ImportedMemory::default()
    };
    let lines = vec![
        ImportedMemory {
            created_at: 1_234,
            id: "00000000000000aa".to_owned(),
            ..line(1, "First", "PROJECT_CONTEXT")
        },
        line(2, "", "PROJECT_CONTEXT"),
        line(3, "Second", "EVERYWHERE"),
        line(4, "First", "PROJECT_CONTEXT"),
        ImportedMemory {
            id: taken.to_string(),
            ..line(5, "Third", "USER_PREFERENCE")
        },
        ImportedMemory {
            session: "of another day".to_owned(),
            ..line(6, "Fourth", "SESSION_STATE")
        },
        ImportedMemory {
            session: "s7".to_owned(),
            ..line(7, "Fifth", "SESSION_STATE")
        },
        ImportedMemory {
            id: "not an id".to_owned(),
            ..line(8, "Sixth", "PROJECT_CONTEXT")
        },
        ImportedMemory {
            created_at: i64::MAX,
            ..line(9, "Seventh", "PROJECT_CONTEXT")
        },
        line(10, "Was here before", "PROJECT_CONTEXT"),
    ];
    let importer = Caller {
        origin: Origin::Import,
        ..user()
    };
    let before = world.memories.n_applied();
    let imported = it
        .memories
        .import(importer, false, lines.clone())
        .await
        .expect("imported");
    assert_eq!((imported.n_imported, imported.n_duplicates), (3, 2));
    let rejected: Vec<(u64, bool)> = imported
        .rejected
        .iter()
        .map(|rejected| (rejected.line, rejected.reason.starts_with('`')))
        .collect();
    assert_eq!(rejected, [2, 3, 6, 8, 9].map(|line| (line, true)), "{imported:?}");
    assert_eq!(world.memories.n_applied() - before, 1, "one transaction");
    let all = world.memories.all();
    let first = all.iter().find(|memory| memory.content == "First").expect("stored");
    assert_eq!(
        (first.id.as_str(), first.created_at, first.trust),
        ("00000000000000aa", 1_234, Origin::Import.trust())
    );
    let third = all.iter().find(|memory| memory.content == "Third").expect("stored");
    assert!(
        third.id != taken && third.state == State::Active,
        "a taken id is replaced"
    );
    let fifth = all.iter().find(|memory| memory.content == "Fifth").expect("stored");
    assert_eq!(fifth.place.session(), SessionId::new("s7").as_ref());
    assert_eq!(world.memories.n_without_vector(), 0);
    // An agent reaches no session but its own.
    let imported = it
        .memories
        .import(agent(), false, lines[6..7].to_vec())
        .await
        .expect("answered");
    assert_eq!((imported.n_imported, imported.rejected.len()), (0, 1));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_covers_what_is_readable_or_everything_for_people() {
    let world = World::new();
    world.source.write("/other", "a.fk", "def a\n", 1);
    world.source.set_identity("/other", "/other", None);
    let it = world.remember();
    for n in 0..120 {
        it.fact(&format!("Fact number {n} of the project")).await;
    }
    let elsewhere = Caller {
        project: Some("/other".into()),
        ..user()
    };
    it.add(elsewhere, "PROJECT_CONTEXT", "Of another project").await;
    it.add(agent(), "USER_PREFERENCE", "Proposed only").await;
    let all_of = async |caller: Caller, all_projects: bool| {
        let (mut n_memories, mut after) = (0, None);
        loop {
            let request = ExportMemories {
                all_projects,
                after,
                ..ExportMemories::default()
            };
            let page = it.memories.export(caller.clone(), request).await?;
            n_memories += page.memories.len();
            after = page.next;
            if after.is_none() {
                return Ok::<usize, codemem_engine::memory::MemoryError>(n_memories);
            }
        }
    };
    assert_eq!(all_of(user(), false).await.expect("exported"), 120);
    assert_eq!(all_of(user(), true).await.expect("exported"), 121);
    let error = all_of(agent(), true).await.expect_err("not for agents");
    assert_eq!(error.kind(), MemoryErrorKind::Denied);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_where_nothing_may_be() {
    let world = World::new();
    let it = world.remember();
    let id = it.fact("The broker listens on port 9092").await;
    world.memories.set_read_only();
    let error = it
        .memories
        .add(user(), draft("PROJECT_CONTEXT", "x"))
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), MemoryErrorKind::Denied);
    assert!(
        error.hint().is_some_and(|hint| hint.contains("--read-only")),
        "{error:?}"
    );
    let error = it
        .memories
        .delete(user(), id.as_str(), None)
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), MemoryErrorKind::Denied);
    let error = it.memories.confirm(user(), id.as_str()).await.expect_err("refused");
    assert_eq!(error.kind(), MemoryErrorKind::Denied);
    assert_eq!(
        found(&it.find(user(), "broker port").await),
        ["The broker listens on port 9092"]
    );
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stores_learns_what_is_close_to_it() {
    let world = World::new();
    let it = world.remember();
    let known = it.fact("Run the database migrations before the tests").await;
    let again = it
        .add(
            agent(),
            "PROJECT_CONTEXT",
            "Run the database  migrations before the tests",
        )
        .await;
    let related: Vec<_> = again.related.iter().map(|hit| hit.shown.memory.id.clone()).collect();
    assert_eq!((again.is_duplicate, related), (false, vec![known.clone()]));
    let opposite = it
        .add(
            agent(),
            "PROJECT_CONTEXT",
            "Do not run the database migrations before the tests",
        )
        .await;
    assert!(
        opposite.related.iter().any(|hit| hit.reason.contains("opposite")),
        "{opposite:?}"
    );
    it.stop().await;
}

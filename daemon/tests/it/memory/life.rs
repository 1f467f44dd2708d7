//! From the first word of a memory to its last.

use super::{add, agent, client, contents, exported, fact, person, read, started, stats, text};
use crate::sandbox::{self, wait};
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;
use std::fs;

#[test]
fn a_memory_is_stored_found_edited_and_gone() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let mut memory = client.memory.clone();
        let request = v1::AddMemoryRequest {
            tags: vec!["storage".to_owned()],
            kind: v1::MemoryKind::Decision.into(),
            ..fact(&me, "The catalog is a SQLite database because zebras like tables")
        };
        let added = add(&client, request.clone()).await.expect("stored");
        assert_eq!(added.state(), v1::MemoryState::Active);
        let again = add(&client, request).await.expect("known");
        assert!(again.duplicate && again.id == added.id, "{again:?}");
        assert_eq!(
            contents(&client, &me, "why is the catalog a SQLite database")
                .await
                .len(),
            1
        );

        let got = v1::GetMemoryRequest {
            caller: Some(me.clone()),
            id: added.id[..8].to_owned(),
            history: true,
        };
        let unit = read(memory.get(got.clone()).await)
            .expect("by a beginning of its id")
            .memory
            .expect("one");
        assert_eq!(
            (unit.tags.as_slice(), unit.kind()),
            (&["storage".to_owned()][..], v1::MemoryKind::Decision)
        );
        assert_eq!((unit.project, unit.version), (text(&sandbox.tree()), 1));

        let edit = v1::EditMemoryRequest {
            caller: Some(me.clone()),
            id: added.id.clone(),
            content: Some("The catalog is a SQLite database because giraffes like tables".to_owned()),
            version: 1,
            ..v1::EditMemoryRequest::default()
        };
        let edited = read(memory.edit(edit.clone()).await)
            .expect("edited")
            .memory
            .expect("one");
        assert_eq!(
            (edited.version, edited.tags),
            (2, vec!["storage".to_owned()]),
            "what is not given stays"
        );
        let stale = read(memory.edit(edit).await).expect_err("it is at another version now");
        assert_eq!(stale.kind, ErrorKind::Usage, "{stale:?}");
        let got = read(memory.get(got).await).expect("there");
        assert!(got.history[0].content.contains("zebras"), "{got:?}");

        let copy = sandbox.path("before.db");
        let delete = v1::DeleteMemoryRequest {
            caller: Some(me.clone()),
            id: added.id.clone(),
            backup: text(&copy),
        };
        read(memory.delete(delete).await).expect("deleted");
        assert_eq!(
            contents(&client, &me, "giraffes zebras tables").await,
            Vec::<String>::new()
        );
        assert_eq!(exported(&client, &me).await, Vec::new());
        for entry in walk(&sandbox.path("data/memory")) {
            let bytes = fs::read(&entry).unwrap_or_default();
            for word in ["giraffes", "zebras"] {
                let is_there = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(
                    !is_there || entry.parent().is_some_and(|up| up.ends_with("backups")),
                    "{word} in {entry:?}"
                );
            }
        }

        let restored = read(memory.restore(v1::RestoreMemoriesRequest { path: text(&copy) }).await).expect("restored");
        assert_eq!(restored.memories, 1);
        assert_eq!(
            contents(&client, &me, "why is the catalog a SQLite database")
                .await
                .len(),
            1
        );
        let stats = stats(&client).await;
        assert_eq!(
            (stats.memories, stats.read_only, stats.problem.as_str()),
            (1, false, "")
        );
        assert!(stats.audited >= 3, "{stats:?}");
    });
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn what_is_exported_can_be_imported_and_bad_lines_are_reported() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let mut memory = client.memory.clone();
        let line = |line: u64, content: &str, level: &str, tags: &[&str]| v1::ImportedMemory {
            line,
            content: content.to_owned(),
            context_level: level.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            created_at_ms: 1_000_000_000_000,
            ..v1::ImportedMemory::default()
        };
        let message = |caller: Option<v1::MemoryCaller>, memories| v1::ImportMemoriesRequest {
            caller,
            redact: false,
            memories,
        };
        let messages = vec![
            message(
                Some(me.clone()),
                vec![
                    line(1, "releases are cut on Tuesdays", "PROJECT_CONTEXT", &["release"]),
                    line(2, "no level", "", &[]),
                    line(3, "bad level", "EVERYBODY", &[]),
                    line(4, "", "PROJECT_CONTEXT", &[]),
                ],
            ),
            message(
                None,
                vec![
                    line(5, "bad tag", "PROJECT_CONTEXT", &["Not Allowed"]),
                    line(6, "releases are cut on Tuesdays", "PROJECT_CONTEXT", &["release"]),
                    line(7, "tabs are four wide", "USER_PREFERENCE", &[]),
                    line(8, "a session without an id", "SESSION_STATE", &[]),
                ],
            ),
        ];
        let report = read(memory.import(tokio_stream::iter(messages)).await).expect("imported");
        assert_eq!((report.imported, report.duplicates), (2, 1), "{report:?}");
        let lines: Vec<u64> = report.rejected.iter().map(|rejected| rejected.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 8], "{report:?}");
        assert!(report.rejected[3].reason.contains("tags[0]"), "{report:?}");

        let other = v1::MemoryCaller {
            project: text(&sandbox.path("home")),
            ..me.clone()
        };
        let messages = vec![message(Some(me.clone()), Vec::new()), message(Some(other), Vec::new())];
        let refused = read(memory.import(tokio_stream::iter(messages)).await).expect_err("one caller each");
        assert!(refused.message.contains("`caller`"), "{refused:?}");
        let refused = read(
            memory
                .import(tokio_stream::iter(Vec::<v1::ImportMemoriesRequest>::new()))
                .await,
        );
        assert_eq!(refused.expect("nothing asked").imported, 0);

        let out = exported(&client, &me).await;
        assert_eq!(out.len(), 2);
        assert!(
            out.iter().all(|unit| unit.created_at_ms == 1_000_000_000_000),
            "{out:?}"
        );
    });
}

#[test]
fn a_project_is_the_same_from_all_its_directories_and_worktrees() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    for (path, content) in [
        (".git/HEAD", "ref: refs/heads/main\n".to_owned()),
        (".git/worktrees/side/HEAD", "ref: refs/heads/side\n".to_owned()),
        (".git/worktrees/side/commondir", "../..\n".to_owned()),
        ("src/deep/lib.rs", "fn main() {}\n".to_owned()),
    ] {
        sandbox.write(path, content);
    }
    let side = sandbox.path("side");
    fs::create_dir_all(side.join("src")).expect("made");
    fs::write(
        side.join(".git"),
        format!("gitdir: {}\n", tree.join(".git/worktrees/side").display()),
    )
    .expect("written");
    fs::write(
        tree.join(".git/worktrees/side/gitdir"),
        format!("{}\n", side.join(".git").display()),
    )
    .expect("written");
    sandbox.codemem(["daemon", "start"]).success();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        add(&client, fact(&me, "the build needs quokka version seven"))
            .await
            .expect("stored");
        let from = |path: &std::path::Path| v1::MemoryCaller {
            project: text(path),
            ..me.clone()
        };
        for place in [tree.join("src/deep"), side.clone(), side.join("src")] {
            assert_eq!(
                contents(&client, &from(&place), "quokka version").await.len(),
                1,
                "{}",
                place.display()
            );
        }
        let elsewhere = from(&sandbox.path("home"));
        assert_eq!(
            contents(&client, &elsewhere, "quokka version").await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn what_an_agent_believes_of_the_user_waits_for_the_user() {
    let sandbox = started();
    wait(async {
        let (client, me, agent) = (client(&sandbox).await, person(&sandbox), agent(&sandbox, "s-1"));
        let mut memory = client.memory.clone();
        let preference = v1::AddMemoryRequest {
            context_level: v1::ContextLevel::UserPreference.into(),
            ..fact(&agent, "the user prefers wombat over emu")
        };
        let added = add(&client, preference).await.expect("stored");
        assert_eq!(added.state(), v1::MemoryState::Proposed);
        for caller in [&agent, &me] {
            assert_eq!(contents(&client, caller, "wombat or emu").await, Vec::<String>::new());
        }
        let confirm = |caller: &v1::MemoryCaller| v1::ConfirmMemoryRequest {
            caller: Some(caller.clone()),
            id: added.id.clone(),
        };
        for caller in [
            &agent,
            &v1::MemoryCaller {
                origin: 0,
                ..me.clone()
            },
        ] {
            let refused = read(memory.confirm(confirm(caller)).await).expect_err("only people confirm");
            assert_eq!(refused.kind, ErrorKind::Denied, "{refused:?}");
        }
        let unit = read(memory.confirm(confirm(&me)).await)
            .expect("confirmed")
            .memory
            .expect("one");
        assert_eq!(unit.state(), v1::MemoryState::Active);
        assert_eq!(contents(&client, &agent, "wombat or emu").await.len(), 1);
    });
}

#[test]
fn each_retrieval_keeps_to_its_level_and_its_session() {
    let sandbox = started();
    wait(async {
        let (client, one, other) = (client(&sandbox).await, agent(&sandbox, "one"), agent(&sandbox, "other"));
        let mut memory = client.memory.clone();
        let me = person(&sandbox);
        for (level, caller, content) in [
            (v1::ContextLevel::UserPreference, &me, "preference about numbat parsing"),
            (v1::ContextLevel::ProjectContext, &me, "fact about numbat parsing"),
            (
                v1::ContextLevel::SessionState,
                &one,
                "state of numbat parsing in session one",
            ),
            (
                v1::ContextLevel::SessionState,
                &other,
                "state of numbat parsing in the other session",
            ),
        ] {
            let request = v1::AddMemoryRequest {
                context_level: level.into(),
                ..fact(caller, content)
            };
            add(&client, request).await.expect("stored");
        }
        let read_contents = |found: v1::FindMemoriesResponse| -> Vec<String> {
            found
                .hits
                .into_iter()
                .filter_map(|hit| Some(hit.memory?.content))
                .collect()
        };
        for query in ["", "numbat parsing"] {
            let (caller, query) = (Some(one.clone()), query.to_owned());
            let preferences = v1::RetrievePreferencesRequest {
                caller: caller.clone(),
                query: query.clone(),
                ..Default::default()
            };
            let preferences = read(memory.retrieve_preferences(preferences).await).expect("answered");
            assert_eq!(read_contents(preferences), ["preference about numbat parsing"]);
            let facts = v1::RetrieveProjectFactsRequest {
                caller: caller.clone(),
                query: query.clone(),
                ..Default::default()
            };
            let facts = read(memory.retrieve_project_facts(facts).await).expect("answered");
            assert_eq!(read_contents(facts), ["fact about numbat parsing"]);
            let session = v1::RetrieveSessionRequest {
                caller,
                query,
                ..Default::default()
            };
            let session = read(memory.retrieve_session(session).await).expect("answered");
            assert_eq!(read_contents(session), ["state of numbat parsing in session one"]);
        }
        let stranger = agent(&sandbox, "stranger");
        let all = contents(&client, &stranger, "numbat parsing").await;
        assert!(all.iter().all(|content| !content.contains("session")), "{all:?}");
    });
}

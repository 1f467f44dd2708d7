//! Memories and code: where anchors point to, what has become of it, memories beside hits, whose project it is.

use crate::memory_setup::{Remembering, draft, found, user};
use crate::setup::{ROOT, World};
use codemem_core::memory::{Memory, SessionId};
use codemem_core::ports::PortErrorKind;
use codemem_engine::memory::{AddMemory, AnchorStatus, Caller, Shown};
use codemem_engine::{AnchoredMemory, SearchRequest};
use codemem_testkit::Fault;
use std::sync::atomic::Ordering;

async fn anchored(it: &Remembering, anchors: &[&str]) -> (Memory, Vec<String>) {
    let request = AddMemory {
        anchors: anchors.iter().map(|anchor| (*anchor).to_owned()).collect(),
        ..draft("PROJECT_CONTEXT", &format!("About {}", anchors.join(" and ")))
    };
    let added = it.memories.add(user(), request).await.expect("stored");
    (shown(it, added.id.as_str()).await.memory, added.notes)
}

async fn shown(it: &Remembering, id: &str) -> Shown {
    it.memories.get(user(), id, false).await.expect("there").shown
}

async fn beside(it: &Remembering, query: &str, session: Option<&str>) -> Vec<(String, Vec<AnchoredMemory>)> {
    let request = SearchRequest {
        query: query.to_owned(),
        paths: vec![ROOT.into()],
        session: session.and_then(SessionId::new),
        ..SearchRequest::default()
    };
    let answer = it.running.engine.search(request).await.expect("an answer");
    answer.hits.into_iter().map(|hit| (hit.path, hit.memories)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn anchors_are_paths_symbols_or_both() {
    let world = World::new();
    let it = world.remember();
    let (memory, notes) = anchored(&it, &["accept"]).await;
    assert!(memory.anchors[0].path.is_empty() && memory.anchors[0].hash.is_none());
    assert!(notes[0].contains("codemem index"), "{notes:?}");
    it.running.index().await;
    world.write("again.fk", "def listen\nand do it again\n");
    it.running.index().await;
    let table = [
        ("router.fk", "router.fk", "", true, 0),
        ("./router.fk", "router.fk", "", true, 0),
        ("/tree/router.fk", "router.fk", "", true, 0),
        ("accept", "socket.fk", "accept", true, 0),
        ("socket.fk#accept", "socket.fk", "accept", true, 0),
        ("socket.fk#nothing", "socket.fk", "nothing", false, 1),
        ("listen", "again.fk", "listen", true, 1),
        ("gone.fk", "gone.fk", "", false, 1),
        ("no_such_symbol", "", "no_such_symbol", false, 1),
    ];
    for (name, path, symbol, is_read, n_notes) in table {
        let (memory, notes) = anchored(&it, &[name]).await;
        let anchor = &memory.anchors[0];
        assert_eq!((anchor.path.as_str(), anchor.symbol.as_str()), (path, symbol), "{name}");
        assert_eq!(
            (anchor.hash.is_some(), notes.len()),
            (is_read, n_notes),
            "{name}: {notes:?}"
        );
    }
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_is_marked_when_its_code_changes_or_goes() {
    let world = World::new();
    let it = world.remember();
    it.running.index().await;
    let (symbol, _) = anchored(&it, &["accept"]).await;
    let (file, _) = anchored(&it, &["socket.fk"]).await;
    let (both, _) = anchored(&it, &["router.fk", "listen"]).await;
    let stale = async |memory: &Memory| shown(&it, memory.id.as_str()).await.stale;
    for memory in [&symbol, &file, &both] {
        assert_eq!(stale(memory).await, None);
    }
    // Another function of the file: the file has changed, the symbol has not.
    world.write(
        "socket.fk",
        "def listen\nbind the socket elsewhere\ndef accept\ntake a connection\n",
    );
    assert_eq!(stale(&symbol).await, None);
    assert_eq!(stale(&file).await.as_deref(), Some("code changed since 1970-01-12"));
    let seen = shown(&it, both.id.as_str()).await;
    assert_eq!(seen.anchors, [AnchorStatus::Current, AnchorStatus::Changed]);
    world.write("socket.fk", "def listen\nbind the socket elsewhere\n");
    assert_eq!(stale(&symbol).await.as_deref(), Some("code is gone since 1970-01-12"));
    assert!(
        it.find(user(), "about accept").await.hits[0].shown.stale.is_some(),
        "wherever it appears"
    );
    world.source.delete(ROOT, "socket.fk");
    assert_eq!(stale(&file).await.as_deref(), Some("code is gone since 1970-01-12"));
    // Who confirms has looked at the code; what is gone stays so.
    world.write("socket.fk", "def listen\nbind two sockets\n");
    world.clock.fetch_add(86_400, Ordering::Relaxed);
    let confirmed = it.memories.confirm(user(), file.id.as_str()).await.expect("confirmed");
    assert_eq!(confirmed.stale, None);
    let confirmed = it
        .memories
        .confirm(user(), symbol.id.as_str())
        .await
        .expect("confirmed");
    assert_eq!(confirmed.stale.as_deref(), Some("code is gone since 1970-01-13"));
    // What cannot be read is not said to have changed.
    world.faults.plan_always(Fault::Read, PortErrorKind::Denied);
    let unknown = shown(&it, file.id.as_str()).await;
    assert_eq!((unknown.stale, unknown.anchors), (None, vec![AnchorStatus::Unknown]));
    world.faults.clear();
    // A file on which the grammar gives up takes no answer with it.
    world.write("socket.fk", "def accept\npanic! now\n");
    assert_eq!(shown(&it, symbol.id.as_str()).await.anchors, [AnchorStatus::Unknown]);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memories_stand_beside_the_code_they_are_about() {
    let world = World::new();
    let it = world.remember();
    it.running.index().await;
    let none = beside(&it, "accept", None).await;
    assert!(none.iter().all(|(_, memories)| memories.is_empty()));
    let (symbol, _) = anchored(&it, &["accept"]).await;
    anchored(&it, &["listen"]).await;
    for n in 0..4 {
        let request = AddMemory {
            anchors: vec!["socket.fk".to_owned()],
            ..draft("PROJECT_CONTEXT", &format!("About the file, {n}\nand more"))
        };
        it.memories.add(user(), request).await.expect("stored");
    }
    let hits = beside(&it, "accept", None).await;
    let (path, memories) = &hits[0];
    assert_eq!((path.as_str(), memories.len()), ("socket.fk", 3), "three at most");
    assert_eq!(
        (&memories[0].id, memories[0].title.as_str()),
        (&symbol.id, "About accept"),
        "the symbol's own first"
    );
    assert!(
        memories[1].title.starts_with("About the file, "),
        "not of another symbol of the file: {memories:?}"
    );
    assert!(hits[1..].iter().all(|(_, memories)| memories.is_empty()));
    world.write(
        "socket.fk",
        "def listen\nbind the socket\ndef accept\ntake two connections\n",
    );
    assert!(beside(&it, "accept", None).await[0].1[0].stale.is_some());
    // A session's memory stands beside hits of that session alone.
    let request = AddMemory {
        anchors: vec!["router.fk".to_owned()],
        ..draft("SESSION_STATE", "Halfway through the router")
    };
    it.memories.add(user(), request).await.expect("stored");
    let of = async |session| beside(&it, "route", session).await.remove(0).1.len();
    assert_eq!((of(Some("s1")).await, of(Some("s2")).await, of(None).await), (1, 0, 0));
    // Without the store, hits go without.
    world.faults.plan(Fault::AnchoredMemories, 1, PortErrorKind::Corrupt);
    assert_eq!(of(Some("s1")).await, 0);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worktrees_and_directories_of_a_repository_are_one_project() {
    let world = World::new();
    for (path, repository, top) in [
        ("/repo", "/repo/.git", Some("/repo")),
        ("/repo/sub", "/repo/.git", Some("/repo")),
        ("/worktree", "/repo/.git", Some("/worktree")),
        ("/plain", "/plain", None),
        ("/tree/inside", "/tree/inside", None),
    ] {
        world.source.set_identity(path, repository, top);
    }
    world.source.write("/repo", "sub/a.fk", "def a\nof the repository\n", 1);
    world
        .source
        .write("/worktree", "sub/a.fk", "def a\nof the worktree\n", 1);
    let it = world.remember();
    it.running.index().await;
    let at = |path: &str| Caller {
        project: Some(path.into()),
        ..user()
    };
    let request = AddMemory {
        anchors: vec!["a.fk".to_owned()],
        ..draft("PROJECT_CONTEXT", "Of the repository")
    };
    it.memories.add(at("/repo/sub"), request).await.expect("stored");
    it.add(at("/plain"), "PROJECT_CONTEXT", "Of the plain directory").await;
    it.add(at("/tree/inside"), "PROJECT_CONTEXT", "Of the registered root")
        .await;
    for path in ["/repo", "/repo/sub", "/worktree"] {
        let answer = it.find(at(path), "repository directory root").await;
        assert_eq!(found(&answer), ["Of the repository"], "{path}");
        let hit = &answer.hits[0].shown;
        assert_eq!(
            (hit.memory.project_path.as_str(), hit.memory.anchors[0].path.as_str()),
            ("/repo", "sub/a.fk")
        );
        assert_eq!(
            hit.stale.is_some(),
            path == "/worktree",
            "the caller's own tree is looked at"
        );
    }
    assert_eq!(it.contents(at("/plain")).await, ["Of the plain directory"]);
    assert_eq!(it.contents(at(ROOT)).await, ["Of the registered root"]);
    // A root that is gone is still known by its name.
    world.source.delete_root(ROOT);
    assert_eq!(it.contents(at(ROOT)).await, ["Of the registered root"]);
    it.stop().await;
}

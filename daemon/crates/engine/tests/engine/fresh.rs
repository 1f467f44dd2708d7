//! Edits of watched roots: read as they are hinted at, searchable at once, durable in time.

use crate::setup::{ROOT, Running, World, finished};
use codemem_core::ports::{Head, Hint, VectorSpace, Watching};
use codemem_engine::EngineConfig;
use std::path::{Path, PathBuf};
use std::time::Duration;

async fn watched() -> (World, Running) {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    (world, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_file_is_found_without_anybody_asking_for_it_to_be_indexed() {
    let (world, running) = watched().await;
    let (n_scans, n_read) = (world.source.n_scans(), world.extractor.n_calls());
    world.save("new.fk", "def fresh\nwords that nobody wrote before\n");
    running.finds("fresh", &["new.fk"]).await;
    world.save("new.fk", "def other\nwords that nobody wrote before\n");
    running.finds("other", &["new.fk"]).await;
    assert_eq!(
        running.paths("fresh").await,
        Vec::<String>::new(),
        "what it was is gone"
    );
    world.source.delete(ROOT, "new.fk");
    world.watcher.touch(ROOT, &["new.fk"]);
    running.finds("other", &[]).await;
    let status = running.quiet().await;
    assert_eq!((status.counts.files, status.state.files_seen), (2, 2));
    assert_eq!(world.source.n_scans(), n_scans, "the root was not listed for it");
    let n_read = world.extractor.n_calls() - n_read;
    assert!(
        n_read <= 2 * 3,
        "{n_read} extractions: the files, and for their vectors"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_an_edit_follow_and_those_of_what_stayed_are_kept() {
    let (world, running) = watched().await;
    let before = world.embedder.n_texts();
    world.save(
        "socket.fk",
        "def listen\nbind the socket\ndef accept\ntake a connection from the queue\n",
    );
    running.finds("queue", &["socket.fk"]).await;
    let status = running.quiet().await;
    assert_eq!(status.counts.chunks_with_vector, 3);
    // The summary of a file names its symbols, which are the same.
    assert_eq!(world.embedder.n_texts() - before, 1, "one chunk of two changed");
    assert!(world.stores().vectors.count(VectorSpace::Chunks).expect("count") >= 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_looked_at_whole() {
    let (world, running) = watched().await;
    for n in 0..30 {
        world.write(&format!("lib/f{n}.fk"), &format!("def part_{n}\ninside of lib {n}\n"));
    }
    world.watcher.touch(ROOT, &["lib"]);
    running.finds("part_29", &["lib/f29.fk"]).await;
    assert_eq!(running.quiet().await.counts.files, 32);
    for n in 0..30 {
        world.source.delete(ROOT, &format!("lib/f{n}.fk"));
    }
    world.write("library.fk", "def library\nbeside the directory\n");
    world.watcher.touch(ROOT, &["lib", "library.fk"]);
    running.finds("inside", &[]).await;
    running.finds("library", &["library.fk"]).await;
    assert_eq!(running.quiet().await.counts.files, 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_that_come_to_nothing_change_nothing() {
    let (world, running) = watched().await;
    running.quiet().await;
    let before = (world.fingerprint(), world.extractor.n_calls());
    world
        .watcher
        .touch(ROOT, &["gone.fk", "no/such/directory", "router.fk"]);
    running.quiet().await;
    assert_eq!((world.fingerprint(), world.extractor.n_calls()), before);
    // Nor does a file that was given its old time, but that is read.
    world
        .source
        .write(ROOT, "router.fk", "def route\nMATCH the path of a request\n", 1);
    world.watcher.touch(ROOT, &["router.fk"]);
    running.finds("route", &["router.fk"]).await;
    running.quiet().await;
    assert!(
        !running.search("route").await.hits[0].stale,
        "the same size and time, and other words"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_counted_as_edits_go() {
    let (world, running) = watched().await;
    world.save("data.fk", "\0\0");
    world.save("broken.fk", "panic!");
    running.quiet().await;
    let skipped = async || {
        // Written when edits are made durable, as a prune wants them.
        running.engine.prune(true).await.expect("counted");
        let status = running.quiet().await;
        let skipped: Vec<(&str, u64)> = status.skipped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
        format!("{skipped:?} of {}", status.state.files_seen)
    };
    assert_eq!(skipped().await, r#"[("binary", 1), ("failed", 1)] of 4"#);
    world.save("data.fk", "def text\nnow it is\n");
    world.source.delete(ROOT, "broken.fk");
    world.watcher.touch(ROOT, &["broken.fk"]);
    running.finds("text", &["data.fk"]).await;
    assert_eq!(skipped().await, "[] of 3");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git_and_lost_events_have_the_whole_root_compared() {
    let (world, running) = watched().await;
    let head = Head {
        branch: Some("main".to_owned()),
        commit: Some("1234567890".to_owned()),
    };
    for (n, hint) in [Hint::Head, Hint::Anything, Hint::Paths(vec![PathBuf::new()])]
        .into_iter()
        .enumerate()
    {
        // Of another size each time, since times stay.
        let name = format!("def checked_{n}\nout by somebody{}\n", "!".repeat(n));
        world.write("unseen.fk", &name);
        world.source.set_git(ROOT, head.clone(), 7);
        let n_scans = world.source.n_scans();
        world.watcher.hint(ROOT, &hint);
        running.finds(&format!("checked_{n}"), &["unseen.fk"]).await;
        let status = running.quiet().await;
        assert!(world.source.n_scans() > n_scans);
        assert_eq!(status.freshness.head, Some(head.clone()), "{hint:?}");
        assert!(status.freshness.checked_at.is_some());
    }
    // Modified files are counted beside all that, once in a while.
    let counted = async {
        while running.search("route").await.freshness.dirty != Some(7) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted)
        .await
        .expect("they are counted");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_hints_ends_where_the_files_are() {
    let (world, running) = watched().await;
    for n in 0..300 {
        let path = format!("many/f{}.fk", n % 60);
        world
            .source
            .write(ROOT, &path, &format!("def version_{n}\nof this file\n"), n);
        world.watcher.touch(ROOT, &[&path]);
        if n % 100 == 50 {
            world.watcher.hint(ROOT, &Hint::Head);
        }
    }
    let all: Vec<PathBuf> = (0..5_000).map(|n| PathBuf::from(format!("many/f{n}.fk"))).collect();
    world.watcher.hint(ROOT, &Hint::Paths(all));
    running.finds("version_299", &["many/f59.fk"]).await;
    let status = running.quiet().await;
    assert_eq!((status.counts.files, status.state.problem), (62, None));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_begins_with_a_root_and_ends_with_it() {
    let world = World::watched();
    let running = world.start();
    assert!(world.watcher.roots().is_empty());
    running.index().await;
    world.source.write("/side", "a.fk", "def aside\n", 1);
    finished(running.engine.index(Path::new("/side"), false).await.expect("accepted")).await;
    assert_eq!(world.watcher.roots(), [Path::new("/side"), Path::new(ROOT)]);
    let status = running.quiet().await;
    assert_eq!(status.freshness.watching, Watching::Events { directories: 1 });
    // Hints of a root that is forgotten meanwhile harm nobody.
    world.watcher.touch("/side", &["a.fk"]);
    running.engine.remove(Path::new("/side")).await.expect("removed");
    assert_eq!(world.watcher.roots(), [Path::new(ROOT)]);
    world.save("router.fk", "def route\nstill read\n");
    running.finds("still", &["router.fk"]).await;
    running.stop().await;
    assert!(world.watcher.roots().is_empty(), "nobody is left to be told");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_can_be_switched_while_it_runs() {
    let (world, running) = watched().await;
    let with = |watch| EngineConfig {
        watch,
        ..world.config.clone()
    };
    running.engine.reconfigure(with(false));
    codemem_testkit::wait_until("watching to end", Duration::from_secs(20), || {
        world.watcher.roots().is_empty()
    });
    world.write("router.fk", "def missed\nwhile nobody watched\n");
    running.engine.reconfigure(with(true));
    running.finds("missed", &["router.fk"]).await;
    world.save("router.fk", "def noticed\nwhile somebody watched\n");
    running.finds("noticed", &["router.fk"]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_changes_nothing_watches_nothing() {
    let mut world = World::watched();
    let running = world.start();
    running.index().await;
    running.stop().await;
    world.config.read_only = true;
    let running = world.start();
    assert_eq!(running.paths("route").await, ["router.fk"]);
    running.settle().await;
    assert!(world.watcher.roots().is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_watched_is_indexed_all_the_same() {
    let world = World::watched();
    world.watcher.set_failing(true);
    let running = world.start();
    assert_eq!(running.index().await.problem, None);
    let status = running.quiet().await;
    assert_eq!(status.freshness.watching, Watching::Off);
    world.watcher.set_failing(false);
    running.index().await;
    assert_eq!(world.watcher.roots().len(), 1, "the next pass tries again");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_a_repository_at_rest_are_looked_into_when_somebody_asks() {
    let (world, running) = watched().await;
    running.quiet().await;
    world.save("router.fk", "def route\nunsettled when it comes to rest\n");
    running.finds("unsettled", &["router.fk"]).await;
    running.quiet().await;
    let n_opened = world.registry.n_opened();
    codemem_testkit::wait_until("the stores to close", Duration::from_secs(20), || {
        running.engine.rest(Duration::ZERO);
        running.engine.n_open().1 == 0
    });
    for n in 0..50 {
        world.save("late.fk", &format!("def late_{n}\nwritten while nobody looked\n"));
    }
    assert_eq!((running.engine.n_open().1, world.registry.n_opened()), (0, n_opened));
    running.finds("late_49", &["late.fk"]).await;
    assert_eq!(world.registry.n_opened(), n_opened + 1);
    assert_eq!(
        running.paths("unsettled").await,
        ["router.fk"],
        "it was made durable before"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_watcher_misses_is_found_in_time() {
    let mut world = World::watched();
    world.config.recheck_every = Duration::from_millis(50);
    let running = world.start();
    running.index().await;
    world.write("missed.fk", "def missed\nof which nobody was told\n");
    running.finds("missed", &["missed.fk"]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_become_durable_when_it_is_quiet_when_there_are_many_and_at_the_end() {
    let mut world = World::watched();
    let is_durable = |world: &World, n_files: usize| {
        let lexical = world.registry.lexical().pop().expect("an index");
        world.stores().catalog.marks().expect("marks").contents.len() >= n_files && {
            lexical.crash();
            lexical.contents().len() >= n_files
        }
    };
    // At the end.
    let running = world.start();
    running.index().await;
    world.save("new.fk", "def fresh\n");
    running.finds("fresh", &["new.fk"]).await;
    running.quiet().await;
    assert_eq!(
        world.stores().catalog.marks().expect("marks").contents.len(),
        2,
        "not yet"
    );
    running.stop().await;
    assert!(is_durable(&world, 3));
    // When there are many.
    let running = world.start();
    running.settle().await;
    for n in 0..600 {
        world.write(&format!("many/f{n}.fk"), &format!("def many_{n}\n"));
    }
    world.watcher.touch(ROOT, &["many"]);
    running.finds("many_599", &["many/f599.fk"]).await;
    running.quiet().await;
    assert!(is_durable(&world, 603));
    running.stop().await;
    // When it is quiet.
    world.config.settle_after = Duration::from_millis(20);
    let running = world.start();
    running.settle().await;
    world.save("newer.fk", "def fresher\n");
    codemem_testkit::wait_until("quiet", Duration::from_secs(20), || {
        world.stores().catalog.marks().expect("marks").contents.len() == 604
    });
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worktrees_switch_branches_and_nothing_is_embedded_or_extracted_twice() {
    let (world, running) = watched().await;
    let branch = |root: &str, name: &str| {
        for n in 0..12 {
            let text = format!("def shared_{n}\nas it is on {name} {n}\n");
            world.source.write(root, &format!("f{n}.fk"), &text, 1);
        }
    };
    branch(ROOT, "alpha");
    branch("/side", "beta");
    finished(running.engine.index(Path::new("/side"), false).await.expect("accepted")).await;
    running.index().await;
    running.quiet().await;
    let hits = async |root: &str, query: &str| {
        let request = codemem_engine::SearchRequest {
            query: query.to_owned(),
            paths: vec![root.into()],
            limit: 100,
            ..codemem_engine::SearchRequest::default()
        };
        let answer = running.engine.search(request).await.expect("an answer");
        answer.hits.into_iter().map(|hit| hit.snippet).collect::<Vec<_>>()
    };
    let all_of = |shown: &[String], name: &str| !shown.is_empty() && shown.iter().all(|text| text.contains(name));
    assert!(all_of(&hits(ROOT, "shared_3").await, "alpha"));
    assert!(all_of(&hits("/side", "shared_3").await, "beta"));
    let seen = world.embedder.n_texts();
    let paths: Vec<PathBuf> = (0..12).map(|n| PathBuf::from(format!("f{n}.fk"))).collect();
    let mut n_calls = world.extractor.n_calls();
    for name in ["beta", "alpha", "beta", "alpha"] {
        branch(ROOT, name);
        world.watcher.hint(ROOT, &Hint::Paths(paths.clone()));
        world.watcher.hint(ROOT, &Hint::Head);
        running.quiet().await;
        let shown = hits(ROOT, "shared_3").await;
        assert!(all_of(&shown, name), "{name}: {shown:?}");
        assert!(
            all_of(&hits("/side", "shared_3").await, "beta"),
            "the other worktree is where it was"
        );
        assert_eq!(world.embedder.n_texts(), seen, "{name}: all of it was seen before");
        assert_eq!(world.extractor.n_calls(), n_calls, "{name}: nor is it extracted again");
        n_calls = world.extractor.n_calls();
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_repositorys_pass_keeps_no_edit_waiting() {
    let world = World::watched();
    world.source.write("/other", "a.fk", "def elsewhere\n", 1);
    world.source.set_identity("/other", "/another", None);
    let gate = world.source.hold_scans("/other");
    let running = world.start();
    running.index().await;
    let ticket = running
        .engine
        .index(Path::new("/other"), false)
        .await
        .expect("accepted");
    gate.meet().await;
    world.save("router.fk", "def meanwhile\nread beside a pass\n");
    running.finds("meanwhile", &["router.fk"]).await;
    // Nor one whose root waits for a pass of its own.
    world.watcher.hint(ROOT, &Hint::Head);
    world.save("router.fk", "def nevertheless\nread before a pass\n");
    running.finds("nevertheless", &["router.fk"]).await;
    assert!(running.search("nevertheless").await.freshness.rescanning);
    gate.meet().await;
    finished(ticket).await;
    assert!(!running.quiet().await.freshness.rescanning);
    running.stop().await;
}

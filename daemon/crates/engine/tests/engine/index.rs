//! Passes: what they read, record, share and forget.

use crate::setup::{ROOT, World, finished};
use codemem_engine::{EngineError, ErrorKind};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_pass_reads_only_what_changed() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    assert_eq!(
        world.extractor.n_calls(),
        2 * 3,
        "a pass, the file summaries, the chunks"
    );
    running.index().await;
    assert_eq!(world.extractor.n_calls(), 6, "nothing changed");
    world.write("router.fk", "def route\nmatch the path of every request\n");
    world.source.delete(ROOT, "socket.fk");
    world.write("new.fk", "def fresh\n");
    let state = running.index().await;
    assert_eq!((state.files_seen, state.problem), (2, None));
    assert_eq!(running.paths("socket").await, Vec::<String>::new());
    assert_eq!(running.paths("fresh").await, ["new.fk"]);
    assert_eq!(running.search("every request").await.hits[0].path, "router.fk");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_brought_up_to_date_equals_a_fresh_one() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.write("socket.fk", "def listen\nbind\ndef close\nshut\n");
    world.source.delete(ROOT, "router.fk");
    running.index().await;
    running.stop().await;
    let fresh = World::new();
    fresh.write("socket.fk", "def listen\nbind\ndef close\nshut\n");
    fresh.source.delete(ROOT, "router.fk");
    let running = fresh.start();
    running.index().await;
    running.stop().await;
    assert_eq!(world.fingerprint(), fresh.fingerprint());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_worktrees_share_what_they_have_in_common() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let before = world.embedder.n_texts();
    for (path, text) in [
        ("router.fk", "def route\nmatch the path of a request\n"),
        ("other.fk", "def other\n"),
    ] {
        world.source.write("/side", path, text, 1);
    }
    finished(running.engine.index(Path::new("/side"), false).await.expect("accepted")).await;
    assert_eq!(world.registry.stores().len(), 1, "one repository");
    assert_eq!(
        world.embedder.n_texts() - before,
        2,
        "the summary and the chunk of the one new file"
    );
    assert_eq!(
        running.paths("other").await,
        Vec::<String>::new(),
        "one worktree never shows another's files"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_indexed_is_counted_and_does_no_harm() {
    let world = World::new();
    world.write("binary.fk", "\0\0");
    world.write("broken.fk", "panic!");
    world.write("empty.fk", "");
    let running = world.start();
    assert_eq!(running.index().await.problem, None);
    let status = running
        .engine
        .status(Some(Path::new(ROOT)))
        .await
        .expect("status")
        .remove(0);
    let skipped: Vec<(&str, u64)> = status.skipped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    assert_eq!(skipped, [("binary", 1), ("failed", 1)]);
    assert_eq!(
        (status.counts.files, status.counts.chunks, status.counts.symbols),
        (3, 3, 3)
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_that_are_no_project_are_refused() {
    let world = World::new();
    for root in ["/", "/home/user", "/home"] {
        world.source.write(root, "a.fk", "def a\n", 1);
    }
    let running = world.start();
    for root in ["/", "/home/user", "/home"] {
        let refused = running.engine.index(Path::new(root), false).await;
        assert!(matches!(refused, Err(EngineError::Refused { .. })), "{root}");
    }
    let missing = running
        .engine
        .index(Path::new("/gone"), false)
        .await
        .err()
        .expect("refused");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(world.roots().is_empty(), "nothing was registered");
    finished(
        running
            .engine
            .index(Path::new("/home/user"), true)
            .await
            .expect("forced"),
    )
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_the_last_root_deletes_the_store_and_another_does_not() {
    let world = World::new();
    world.source.write("/side", "a.fk", "def a\n", 1);
    let running = world.start();
    running.index().await;
    finished(running.engine.index(Path::new("/side"), false).await.expect("accepted")).await;
    running.engine.remove(Path::new("/side")).await.expect("removed");
    assert_eq!(running.paths("route").await, ["router.fk"]);
    assert_eq!(
        running.engine.prune(true).await.expect("counted").contents,
        0,
        "its contents went with it"
    );
    running.engine.remove(Path::new(ROOT)).await.expect("removed");
    assert!(world.registry.stores().is_empty() && world.roots().is_empty());
    let gone = running.engine.remove(Path::new(ROOT)).await.expect_err("gone");
    assert!(gone.hint().expect("a hint").contains("codemem index"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_forgets_roots_that_are_gone_and_counts_first() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.write("router.fk", "def other\n");
    running.index().await;
    assert_eq!(
        running.engine.prune(true).await.expect("counted").contents,
        1,
        "the old router"
    );
    assert_eq!(running.engine.prune(false).await.expect("pruned").contents, 1);
    assert_eq!(running.engine.prune(true).await.expect("counted").contents, 0);
    world.source.delete_root(ROOT);
    let report = running.engine.prune(true).await.expect("counted");
    assert_eq!(
        (report.roots.len(), world.roots().len()),
        (1, 1),
        "a dry run forgets nothing"
    );
    running.engine.prune(false).await.expect("pruned");
    assert!(world.roots().is_empty());
    running.stop().await;
}

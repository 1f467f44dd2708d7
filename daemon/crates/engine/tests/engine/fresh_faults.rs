//! Edits and failures: nothing is lost, nothing is called durable that is not, and it is said.

use crate::setup::{ROOT, Running, World};
use codemem_core::ports::{Hint, PortErrorKind};
use codemem_engine::RootStatus;
use codemem_testkit::Fault;
use std::time::Duration;

/// The words of the edit that the tests make.
const EDITED: &str = "def edited\nsomething of its own\n";

/// The status of the first root once it is as expected.
async fn until(running: &Running, expected: impl Fn(&RootStatus) -> bool) -> RootStatus {
    let status = async {
        loop {
            let status = running.engine.status(None).await.expect("status").remove(0);
            if expected(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), status)
        .await
        .expect("in time")
}

/// What an index that was never edited holds of the same files.
async fn fresh() -> Vec<String> {
    let world = World::new();
    world.write("router.fk", EDITED);
    world.write("new.fk", "def fresh\nnew words\n");
    let running = world.start();
    running.index().await;
    running.stop().await;
    world.fingerprint()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_an_edit_is_taken_in_by_the_next_request() {
    let expected = fresh().await;
    for fault in [
        Fault::Scan,
        Fault::Record,
        Fault::PutChunks,
        Fault::RefreshLexical,
        Fault::Read,
    ] {
        let world = World::watched();
        let running = world.start();
        running.index().await;
        running.quiet().await;
        world.faults.plan(fault, 1, PortErrorKind::DiskFull);
        world.save("router.fk", EDITED);
        until(&running, |status| {
            status.freshness.rescanning && !running.engine.is_busy()
        })
        .await;
        // That status may be older than the end of the work.
        let status = until(&running, |_| true).await;
        let problem = status.state.problem.unwrap_or_default();
        assert!(
            problem.contains("planned fault") || fault == Fault::Read,
            "{fault:?} went unnoticed: {problem}"
        );
        world.write("new.fk", "def fresh\nnew words\n");
        let state = running.index().await;
        assert_eq!((state.problem, state.vectors_problem), (None, None), "{fault:?}");
        assert!(!running.quiet().await.freshness.rescanning);
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_after_the_words_were_shown_marks_nothing() {
    let expected = fresh().await;
    for fault in [Fault::CommitLexical, Fault::MarkLexical] {
        let mut world = World::watched();
        world.config.settle_after = Duration::from_millis(10);
        let running = world.start();
        running.index().await;
        running.quiet().await;
        world.faults.plan(fault, 1, PortErrorKind::DiskFull);
        world.save("router.fk", EDITED);
        // What is true has to be found out.
        until(&running, |status| {
            status.state.problem.is_some() && status.freshness.rescanning
        })
        .await;
        let marks = world.stores().catalog.marks().expect("marks").contents.len();
        assert_eq!(marks, 2, "{fault:?}: the router as it was, and the socket");
        world.write("new.fk", "def fresh\nnew words\n");
        assert_eq!(running.index().await.problem, None, "{fault:?}");
        running.quiet().await;
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_a_commit_has_the_files_read_again() {
    let expected = fresh().await;
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    world.save("router.fk", EDITED);
    world.save("new.fk", "def fresh\nnew words\n");
    running.finds("fresh", &["new.fk"]).await;
    running.finds("edited", &["router.fk"]).await;
    running.quiet().await;
    // The commit at the end fails: as if there had been no end.
    world.faults.plan(Fault::CommitLexical, 1, PortErrorKind::Failed);
    running.stop().await;
    assert_eq!(world.stores().catalog.marks().expect("marks").contents.len(), 2);
    let running = world.start();
    running.finds("fresh", &["new.fk"]).await;
    running.finds("edited", &["router.fk"]).await;
    running.quiet().await;
    running.stop().await;
    assert_eq!(world.fingerprint(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_and_a_prune_find_edits_settled() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    world.save("router.fk", EDITED);
    running.finds("edited", &["router.fk"]).await;
    running.quiet().await;
    let n_calls = world.extractor.n_calls();
    running.index().await;
    assert_eq!(
        world.extractor.n_calls(),
        n_calls,
        "a pass takes nothing back that was read"
    );
    assert_eq!(running.paths("edited").await, ["router.fk"]);
    world.save("router.fk", "def again\nsomething of its own\n");
    running.finds("again", &["router.fk"]).await;
    assert_eq!(
        running.engine.prune(false).await.expect("pruned").contents,
        2,
        "the routers that were"
    );
    assert_eq!(running.paths("again").await, ["router.fk"]);
    running.quiet().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_an_edit_meets_is_repaired() {
    let expected = fresh().await;
    for fault in [Fault::PutChunks, Fault::RefreshLexical, Fault::Record] {
        let world = World::watched();
        let running = world.start();
        running.index().await;
        running.quiet().await;
        world.registry.damage_later(codemem_core::ports::StoreKind::Lexical);
        world.faults.plan(fault, 1, PortErrorKind::Corrupt);
        world.save("router.fk", EDITED);
        world.save("new.fk", "def fresh\nnew words\n");
        codemem_testkit::wait_until("the stores to be opened again", Duration::from_secs(20), || {
            world.registry.n_opened() == 2
        });
        running.finds("edited", &["router.fk"]).await;
        running.finds("fresh", &["new.fk"]).await;
        running.quiet().await;
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_vanishes_while_it_is_watched_keeps_its_index() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    world.source.delete_root(ROOT);
    world.watcher.touch(ROOT, &["router.fk", "socket.fk"]);
    let status = until(&running, |status| status.state.problem.is_some()).await;
    let problem = status.state.problem.expect("it is said");
    assert!(problem.contains("no such directory"), "{problem}");
    assert_eq!(status.counts.files, 2);
    assert_eq!(running.paths("route").await, ["router.fk"]);
    // It comes back as something else.
    world.write("back.fk", "def returned\nto where it was\n");
    running.index().await;
    running.finds("returned", &["back.fk"]).await;
    running.finds("route", &[]).await;
    world.save("back.fk", "def watched\nas it was before\n");
    running.finds("watched", &["back.fk"]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_directory_in_the_place_of_a_repository_costs_no_index() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    for path in ["router.fk", "socket.fk"] {
        world.source.delete(ROOT, path);
    }
    world.source.set_identity(ROOT, ROOT, None);
    world.watcher.hint(ROOT, &Hint::Anything);
    let status = until(&running, |status| status.state.problem.is_some()).await;
    let problem = status.state.problem.expect("it is said");
    assert!(problem.contains("not part of the repository"), "{problem}");
    assert_eq!(status.counts.files, 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_that_fails_keeps_no_other_waiting() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    world.source.write("/side", "a.fk", "def aside\n", 1);
    let ticket = running
        .engine
        .index(std::path::Path::new("/side"), false)
        .await
        .expect("accepted");
    crate::setup::finished(ticket).await;
    world.source.delete_root("/side");
    world.watcher.hint("/side", &Hint::Anything);
    // Sorted by path, the root that is gone is the first.
    until(&running, |status| status.state.problem.is_some()).await;
    let began = std::time::Instant::now();
    world.save("router.fk", EDITED);
    running.finds("edited", &["router.fk"]).await;
    world.write("unseen.fk", "def unseen\n");
    world.watcher.hint(ROOT, &Hint::Head);
    running.finds("unseen", &["unseen.fk"]).await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "less than failures are left alone"
    );
    running.stop().await;
}

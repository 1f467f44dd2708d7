//! Planned failures: the engine says what failed, and the next pass ends where a fresh one would.

use crate::setup::{ROOT, World};
use codemem_core::ports::PortErrorKind;
use codemem_testkit::Fault;

async fn fresh() -> Vec<String> {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.stop().await;
    world.fingerprint()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_the_next_pass_ends_as_a_fresh_one() {
    let expected = fresh().await;
    let faults = [
        Fault::Scan,
        Fault::Record,
        Fault::PutChunks,
        Fault::CommitLexical,
        Fault::MarkLexical,
        Fault::Embed,
        Fault::Upsert,
        Fault::MarkVectors,
        Fault::Open,
    ];
    for fault in faults {
        let world = World::new();
        world.faults.plan(fault, 1, PortErrorKind::DiskFull);
        let running = world.start();
        let state = running.index().await;
        let problem = state.problem.or(state.vectors_problem);
        // Stores that could not be opened are opened again by the first pass, which may come too
        // late for the failure to be anybody's problem.
        assert!(problem.is_some() || fault == Fault::Open, "{fault:?} went unnoticed");
        assert!(problem.is_none_or(|problem| problem.contains("planned fault")));
        let state = running.index().await;
        assert_eq!((state.problem, state.vectors_problem), (None, None), "{fault:?}");
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_finished_at_the_next_start() {
    let expected = fresh().await;
    for fault in [
        Fault::PutChunks,
        Fault::CommitLexical,
        Fault::MarkLexical,
        Fault::Upsert,
        Fault::MarkVectors,
    ] {
        let world = World::new();
        world.faults.plan(fault, 1, PortErrorKind::Failed);
        let running = world.start();
        running.index().await;
        running.stop().await;
        // The second life opens the same stores, without what the lexical index had not committed,
        // and brings its roots up to date without being asked.
        let running = world.start();
        running.settle().await;
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_file_is_skipped_and_found_later() {
    let world = World::new();
    world.faults.plan(Fault::Read, 1, PortErrorKind::Denied);
    let running = world.start();
    running.index().await;
    let status = running.engine.status(None).await.expect("status").remove(0);
    assert_eq!(status.skipped.len(), 1, "{:?}", status.skipped);
    running.index().await;
    let status = running.engine.status(None).await.expect("status").remove(0);
    assert_eq!((status.skipped.len(), status.counts.files), (0, 2));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_vanishes_keeps_its_index_and_says_so() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.source.delete_root(ROOT);
    let refused = running.engine.index(std::path::Path::new(ROOT), false).await;
    assert!(refused.is_err());
    assert_eq!(running.paths("route").await, ["router.fk"]);
    assert!(
        running.search("route").await.hits[0].stale,
        "what cannot be read is not vouched for"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_write_ends_a_large_pass_too() {
    let world = World::new();
    for n in 0..400 {
        world.write(&format!("many/f{n}.fk"), &format!("def f{n}\nbody\n"));
    }
    world.faults.plan(Fault::Record, 1, PortErrorKind::DiskFull);
    let running = world.start();
    assert!(
        running.index().await.problem.is_some(),
        "the readers must not wait for a writer that is gone"
    );
    assert_eq!(running.index().await.problem, None);
    assert_eq!(running.search("f399").await.hits[0].path, "many/f399.fk");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_comes_back_after_a_prune_that_failed_is_found() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let before = world.fingerprint();
    world.write("router.fk", "def other\n");
    running.index().await;
    world.faults.plan(Fault::Collect, 1, PortErrorKind::DiskFull);
    assert!(running.engine.prune(false).await.is_err());
    world.write("router.fk", "def route\nmatch the path of a request\n");
    assert_eq!(running.index().await.problem, None);
    assert_eq!(running.paths("route").await, ["router.fk"]);
    running.stop().await;
    assert_eq!(world.fingerprint(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_extractor_reads_every_file_again() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let expected = world.fingerprint();
    let before = world.extractor.n_calls();
    running.stop().await;
    world.extractor.set_version(7);
    let running = world.start();
    running.settle().await;
    assert!(
        world.extractor.n_calls() >= before + 2,
        "both files were extracted by the old one"
    );
    running.stop().await;
    assert_eq!(world.fingerprint(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_added_to_a_language_has_its_files_read_again_once() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let expected = world.fingerprint();
    let before = world.extractor.n_calls();
    world.extractor.set_added(3);
    running.index().await;
    let after = world.extractor.n_calls();
    assert!(after >= before + 2, "both files were extracted without it");
    running.index().await;
    running.stop().await;
    assert_eq!(world.extractor.n_calls(), after, "nothing changed since");
    assert_eq!(world.fingerprint(), expected);
    let running = world.start();
    running.settle().await;
    assert_eq!(world.extractor.n_calls(), after, "nor by starting again");
    world.extractor.set_added(0);
    running.index().await;
    assert!(world.extractor.n_calls() >= after + 2, "taken away is changed as well");
    running.stop().await;
    assert_eq!(world.fingerprint(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_addition_that_cannot_be_used_is_told_and_gone_when_it_is() {
    let world = World::new();
    let running = world.start();
    world.extractor.set_added(u32::MAX);
    let state = running.index().await;
    assert_eq!(state.problem.as_deref(), Some("the query of `fake` is not valid"));
    world.extractor.set_added(1);
    let state = running.index().await;
    assert_eq!(state.problem, None);
    running.stop().await;
}

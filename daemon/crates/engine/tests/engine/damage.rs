//! Damaged stores: opened again once, filled again, reported, and never in a loop.

use crate::setup::{ROOT, Running, World};
use codemem_core::ports::{PortErrorKind, Severity, StoreKind};
use codemem_engine::RootState;
use codemem_testkit::Fault;
use std::path::Path;

async fn state(running: &Running) -> RootState {
    running.engine.status(None).await.expect("status").remove(0).state
}

/// What an index that nothing ever happened to holds.
async fn fresh() -> Vec<String> {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.stop().await;
    world.fingerprint()
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_job_meets_is_replaced_and_filled_again() {
    let expected = fresh().await;
    for (fault, store) in [
        (Fault::Record, StoreKind::Catalog),
        (Fault::PutChunks, StoreKind::Lexical),
        (Fault::CommitLexical, StoreKind::Lexical),
        (Fault::MarkLexical, StoreKind::Catalog),
        (Fault::Upsert, StoreKind::Vectors),
        (Fault::MarkVectors, StoreKind::Catalog),
    ] {
        let world = World::new();
        world.faults.plan(fault, 1, PortErrorKind::Corrupt);
        world.registry.damage_later(store);
        let running = world.start();
        let state = running.index().await;
        assert_eq!((state.problem, state.vectors_problem), (None, None), "{fault:?}");
        let repaired = state.repaired.expect("it is said");
        assert!(
            repaired.contains(store.as_str()) && repaired.contains("kept as"),
            "{repaired}"
        );
        running.settle().await;
        assert_eq!(world.registry.n_opened(), 2, "{fault:?}: opened again once");
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_search_meets_is_replaced_before_it_answers() {
    let expected = fresh().await;
    for store in [StoreKind::Lexical, StoreKind::Catalog] {
        let world = World::new();
        let running = world.start();
        running.index().await;
        world.faults.plan(Fault::SearchLexical, 1, PortErrorKind::Corrupt);
        world.registry.damage_later(store);
        // The answer comes from what there is again by then, which may be nothing yet.
        let answer = running.search("route").await;
        assert!(answer.coverage.files_searched <= 2, "{:?}", answer.coverage);
        running.settle().await;
        assert_eq!(running.paths("route").await, ["router.fk"], "{store}");
        assert!(state(&running).await.repaired.is_some(), "{store}");
        running.stop().await;
        assert_eq!(world.fingerprint(), expected, "{store}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_vectors_cost_an_answer_its_vectors_and_are_made_again() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.faults.plan(Fault::SearchVectors, 1, PortErrorKind::Corrupt);
    world.registry.damage_later(StoreKind::Vectors);
    let answer = running.search("route").await;
    assert_eq!(answer.hits[0].path, "router.fk");
    assert!(answer.coverage.no_vectors.is_some(), "{:?}", answer.coverage);
    codemem_testkit::wait_until(
        "the stores to be opened again",
        std::time::Duration::from_secs(20),
        || world.registry.n_opened() == 2,
    );
    running.settle().await;
    assert_eq!(running.search("route").await.coverage.no_vectors, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_stays_is_a_problem_and_not_a_loop() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.faults.plan_always(Fault::Record, PortErrorKind::Corrupt);
    world.write("router.fk", "def other\nwords\n");
    let failed = running.index().await;
    assert!(failed.problem.is_some_and(|problem| problem.contains("planned fault")));
    running.settle().await;
    assert_eq!(world.registry.n_opened(), 2, "opened again once, in vain");
    // Searches go on from what there is, and the user's next request tries once more.
    assert_eq!(running.paths("listen").await, ["socket.fk"]);
    world.faults.clear();
    assert_eq!(running.index().await.problem, None);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_damage_opens_nothing_again() {
    for kind in [
        PortErrorKind::DiskFull,
        PortErrorKind::Denied,
        PortErrorKind::Mismatch,
        PortErrorKind::Failed,
        PortErrorKind::Unavailable,
    ] {
        for fault in [Fault::Record, Fault::CommitLexical, Fault::Upsert] {
            let world = World::new();
            world.faults.plan(fault, 1, kind);
            let running = world.start();
            let state = running.index().await;
            assert!(state.problem.or(state.vectors_problem).is_some(), "{fault:?} {kind:?}");
            running.settle().await;
            assert_eq!(world.registry.n_opened(), 1, "{fault:?} {kind:?}");
            running.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_replaced_at_the_start_is_said_until_the_user_indexes_again() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.stop().await;
    world.registry.damage(StoreKind::Lexical);
    let running = world.start();
    running.settle().await;
    assert_eq!(
        running.paths("route").await,
        ["router.fk"],
        "filled again without being asked"
    );
    assert!(state(&running).await.repaired.is_some());
    assert_eq!(
        running.index().await.repaired,
        None,
        "the user has had a chance to read it"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_what_is_wrong_and_disturbs_nothing() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let sound = running.engine.check(Some(Path::new(ROOT))).await.expect("checked");
    assert_eq!(sound.repositories.len(), 1);
    assert_eq!(sound.repositories[0].findings, []);
    assert_eq!(sound.repositories[0].roots, [Path::new(ROOT)]);
    for (fault, store) in [
        (Fault::CheckCatalog, StoreKind::Catalog),
        (Fault::CheckLexical, StoreKind::Lexical),
        (Fault::CheckVectors, StoreKind::Vectors),
    ] {
        world.faults.plan(fault, 1, PortErrorKind::Corrupt);
        let report = running.engine.check(None).await.expect("checked");
        let [finding] = report.repositories[0].findings.as_slice() else {
            panic!("{:?}", report.repositories[0].findings);
        };
        assert_eq!((finding.store, finding.severity), (store, Severity::Problem));
        assert!(finding.what.contains("planned fault") && finding.remedy.contains("codemem"));
    }
    assert!(running.engine.check(Some(Path::new("/elsewhere"))).await.is_err());
    // What the catalog counts and an index has lost is found by comparing them.
    let stores = world.stores();
    stores.vectors.clear().expect("lost");
    let report = running.engine.check(None).await.expect("checked");
    let findings = &report.repositories[0].findings;
    assert!(
        !findings.is_empty() && findings.iter().all(|finding| finding.store == StoreKind::Vectors),
        "{findings:?}"
    );
    assert_eq!(world.registry.n_opened(), 1, "a check repairs nothing");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_status_registers_nothing() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let stores = world.stores();
    let worktree = stores
        .catalog
        .find_worktree(Path::new(ROOT))
        .expect("asked")
        .expect("there");
    stores.catalog.remove_worktree(worktree).expect("removed meanwhile");
    let status = running.engine.status(None).await.expect("status").remove(0);
    assert_eq!((status.counts.files, status.state.problem), (0, None));
    assert_eq!(stores.catalog.worktrees().expect("listed"), []);
    running.stop().await;
}

//! Whatever fails: a write is there or reported failed, and what others write is not affected.

use crate::memory_setup::{Remembering, draft, found, question, user};
use crate::setup::World;
use codemem_core::memory::State;
use codemem_core::ports::PortErrorKind;
use codemem_engine::memory::{AddMemory, EditMemory, ImportedMemory, MemoryError, MemoryErrorKind};
use codemem_testkit::Fault;
use std::time::Duration;

const PORT_CALLS: [Fault; 10] = [
    Fault::StoreMemories,
    Fault::ReadMemory,
    Fault::MemoryHistory,
    Fault::FindMemories,
    Fault::MemoriesWithoutVectors,
    Fault::IndexMemories,
    Fault::BackupMemories,
    Fault::CountMemories,
    Fault::Embed,
    Fault::Read,
];

/// Every way to change something, with a fault planned at each of the first calls of each port.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_there_or_reported_failed() {
    let mut n_failed = 0;
    for fault in PORT_CALLS {
        for nth in 1..=3 {
            let world = World::new();
            let it = world.remember();
            it.running.index().await;
            let former = it.fact("The former one").await;
            let doomed = it.fact("To be deleted").await;
            let plan = || world.faults.plan(fault, nth, PortErrorKind::Failed);
            let stored = || -> Vec<(String, State)> {
                let all = world.memories.all();
                all.into_iter().map(|memory| (memory.content, memory.state)).collect()
            };
            let has = |content: &str, state: State| stored().contains(&(content.to_owned(), state));

            plan();
            let request = AddMemory {
                supersedes: former.to_string(),
                anchors: vec!["router.fk".to_owned()],
                ..draft("PROJECT_CONTEXT", "The newer one")
            };
            let added = it.memories.add(user(), request).await;
            world.faults.clear();
            assert_eq!(
                added.is_ok(),
                has("The newer one", State::Active),
                "add, {fault:?} {nth}: {added:?}"
            );
            assert_eq!(
                added.is_ok(),
                has("The former one", State::Superseded),
                "whole, {fault:?} {nth}"
            );

            plan();
            let edit = EditMemory {
                id: doomed.to_string(),
                content: Some("Edited".to_owned()),
                ..EditMemory::default()
            };
            let edited = it.memories.edit(user(), edit).await;
            world.faults.clear();
            assert_eq!(
                edited.is_ok(),
                has("Edited", State::Active),
                "edit, {fault:?} {nth}: {edited:?}"
            );

            plan();
            let confirmed = it.memories.confirm(user(), doomed.as_str()).await;
            world.faults.clear();
            let is_confirmed = world.memories.all().iter().any(|memory| memory.confirmations > 0);
            assert_eq!(
                confirmed.is_ok(),
                is_confirmed,
                "confirm, {fault:?} {nth}: {confirmed:?}"
            );

            plan();
            let deleted = it
                .memories
                .delete(user(), doomed.as_str(), Some("/copy.db".into()))
                .await;
            world.faults.clear();
            let is_there = world.memories.all().iter().any(|memory| memory.id == doomed);
            assert_eq!(deleted.is_ok(), !is_there, "delete, {fault:?} {nth}: {deleted:?}");

            n_failed += [added.err(), edited.err(), confirmed.err(), deleted.err()]
                .into_iter()
                .flatten()
                .inspect(|error| assert!(matches!(error, MemoryError::Port { .. }), "{error:?}"))
                .count();
            it.stop().await;
        }
    }
    assert!(n_failed > 10, "faults were met: {n_failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_says_reaches_the_caller() {
    let world = World::new();
    let it = world.remember();
    world.faults.plan(Fault::StoreMemories, 1, PortErrorKind::DiskFull);
    let error = it
        .memories
        .add(user(), draft("PROJECT_CONTEXT", "x"))
        .await
        .expect_err("no room");
    assert_eq!(error.kind(), MemoryErrorKind::Data);
    assert!(
        error.chain().starts_with("cannot store the memory: planned fault"),
        "{}",
        error.chain()
    );
    for fault in [
        Fault::FindMemories,
        Fault::ListMemories,
        Fault::ReadMemory,
        Fault::CountMemories,
    ] {
        world.faults.plan_always(fault, PortErrorKind::Corrupt);
    }
    assert!(it.memories.find(user(), question("x")).await.is_err());
    assert!(
        it.memories
            .list(user(), codemem_engine::memory::ListMemories::default())
            .await
            .is_err()
    );
    assert!(it.memories.get(user(), "abcd", false).await.is_err());
    assert!(it.memories.stats(user()).await.is_err());
    world.faults.clear();
    // Vectors are a help: an answer goes without and says why.
    it.fact("The broker listens on port 9092").await;
    world.faults.plan(Fault::EmbedQuery, 1, PortErrorKind::Failed);
    let answer = it.find(user(), "broker port").await;
    assert_eq!(found(&answer), ["The broker listens on port 9092"]);
    assert!(answer.no_vectors.is_some());
    it.stop().await;
}

/// Stores seven memories while the writer is held up by another one, and perhaps a bad one. How many transactions that took.
async fn store_behind_another(world: &World, it: &Remembering, trial: usize, has_bad: bool) -> usize {
    let gate = world.memories.hold_next();
    let (begun, n_texts) = (world.memories.n_applied(), world.embedder.n_texts());
    let add = |content: String| {
        let memories = it.memories.clone();
        tokio::spawn(async move { memories.add(user(), draft("PROJECT_CONTEXT", &content)).await })
    };
    let first = add(format!("The first of trial {trial}"));
    gate.meet().await;
    let others: Vec<_> = (0..7).map(|n| add(format!("Trial {trial}, behind it, {n}"))).collect();
    let bad = has_bad.then(|| add(format!("This is poison {trial}")));
    while world.embedder.n_texts() < n_texts + 8 + usize::from(has_bad) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    gate.meet().await;
    first.await.expect("joined").expect("stored");
    for other in others {
        other.await.expect("joined").expect("stored, whatever it waited with");
    }
    if let Some(bad) = bad {
        let error = bad.await.expect("joined").expect_err("bad");
        assert!(error.chain().contains("planned bad content"), "{}", error.chain());
    }
    assert_eq!(world.memories.all().len(), 8 * (trial + 1));
    world.memories.n_applied() - begun
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_committed_together() {
    let world = World::new();
    let it = world.remember();
    let mut fewest = usize::MAX;
    // How many of them have come by the time the writer looks is theirs to decide.
    for trial in 0..50 {
        fewest = fewest.min(store_behind_another(&world, &it, trial, false).await);
        if fewest <= 3 {
            break;
        }
    }
    assert!(fewest <= 3, "eight memories in {fewest} transactions");
    let notes = world.memories.audits();
    assert!(notes.iter().all(|(_, note)| note.request.contains("r1")), "{notes:?}");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_write_fails_alone() {
    let world = World::new();
    let it = world.remember();
    for trial in 0..10 {
        store_behind_another(&world, &it, trial, true).await;
    }
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_what_can_be_stored() {
    let world = World::new();
    let it = world.remember();
    let line = |line, content: &str| ImportedMemory {
        line,
        content: content.to_owned(),
        level: "PROJECT_CONTEXT".to_owned(),
        ..ImportedMemory::default()
    };
    let lines = vec![line(1, "Good"), line(2, "This is poison"), line(3, "Good as well")];
    let imported = it.memories.import(user(), false, lines).await.expect("imported");
    assert_eq!((imported.n_imported, imported.rejected.len()), (2, 1));
    assert_eq!(imported.rejected[0].line, 2);
    world.faults.plan_always(Fault::StoreMemories, PortErrorKind::DiskFull);
    let error = it
        .memories
        .import(user(), false, vec![line(4, "No room")])
        .await
        .expect_err("no line fits");
    assert_eq!(error.kind(), MemoryErrorKind::Data);
    world.faults.clear();
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_lose_nothing_and_repeat_nothing() {
    let world = World::new();
    let it = world.remember();
    let writers = (0..8).map(|writer| {
        let memories = it.memories.clone();
        tokio::spawn(async move {
            for n in 0..15 {
                let content = format!("Writer {writer} says {n}");
                memories
                    .add(user(), draft("PROJECT_CONTEXT", &content))
                    .await
                    .expect("stored");
                // What everybody says is stored once.
                let shared = format!("Everybody says {}", n % 5);
                memories
                    .add(user(), draft("PROJECT_CONTEXT", &shared))
                    .await
                    .expect("stored");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("joined");
    }
    let mut contents: Vec<String> = world.memories.all().into_iter().map(|memory| memory.content).collect();
    contents.sort();
    let n_stored = contents.len();
    contents.dedup();
    assert_eq!((n_stored, contents.len()), (125, 125));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_on_without_its_caller_and_none_begins_at_the_end() {
    let world = World::new();
    let it = world.remember();
    let gate = world.memories.hold_next();
    let memories = it.memories.clone();
    let caller = tokio::spawn(async move { memories.add(user(), draft("PROJECT_CONTEXT", "Left behind")).await });
    gate.meet().await;
    caller.abort();
    // Accepted before the end or not: it is written, or said not to be.
    let memories = it.memories.clone();
    let waiting = tokio::spawn(async move { memories.add(user(), draft("PROJECT_CONTEXT", "Waited")).await });
    while world.embedder.n_texts() < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    it.running.cancel.cancel();
    let error = it
        .memories
        .add(user(), draft("PROJECT_CONTEXT", "Too late"))
        .await
        .expect_err("it is over");
    assert!(matches!(error, MemoryError::Stopping), "{error:?}");
    gate.meet().await;
    let waited = waiting.await.expect("joined");
    it.stop().await;
    let contents: Vec<String> = world.memories.all().into_iter().map(|memory| memory.content).collect();
    assert!(contents.contains(&"Left behind".to_owned()), "{contents:?}");
    assert_eq!(waited.is_ok(), contents.contains(&"Waited".to_owned()), "{waited:?}");
    assert_eq!(contents.len(), 1 + usize::from(waited.is_ok()));
}

//! Vectors of memories: made at once, or later, or anew; never in the way of a write.

use crate::memory_setup::{Remembering, found, user};
use crate::setup::World;
use codemem_core::ports::PortErrorKind;
use codemem_testkit::{FakeAssets, Fault};
use std::time::Duration;

async fn filled(world: &World) {
    let filled = async {
        while world.memories.n_without_vector() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), filled)
        .await
        .expect("vectors follow");
}

async fn uses_vectors(it: &Remembering) -> bool {
    it.find(user(), "broker port").await.no_vectors.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_is_stored_and_found_without_a_model() {
    let world = World::with_assets(FakeAssets::new(false, false));
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    let answer = it.find(user(), "broker port").await;
    assert_eq!(found(&answer), ["The broker listens on port 9092"]);
    assert!(answer.no_vectors.is_some_and(|why| why.contains("no model")));
    assert_eq!(world.memories.n_without_vector(), 1);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_can_be_had_is_fetched_and_vectors_follow() {
    let world = World::with_assets(FakeAssets::new(false, true));
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    filled(&world).await;
    assert!(uses_vectors(&it).await);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_comes_later_is_put_to_use() {
    let world = World::with_assets(FakeAssets::new(false, true));
    // Fetched by nobody but the test.
    world.faults.plan_always(Fault::Embed, PortErrorKind::Unavailable);
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    assert_eq!(world.memories.n_without_vector(), 1);
    world.faults.clear();
    it.running.engine.retry_vectors().await;
    filled(&world).await;
    assert!(uses_vectors(&it).await);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_former_daemon_left_without_vectors_gets_them() {
    let world = World::new();
    world.faults.plan_always(Fault::Embed, PortErrorKind::Failed);
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    it.stop().await;
    assert_eq!(world.memories.n_without_vector(), 1);
    world.faults.clear();
    let it = world.remember();
    filled(&world).await;
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_another_model_are_made_anew_and_never_compared() {
    let world = World::new();
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    assert!(uses_vectors(&it).await);
    let before = world.embedder.n_texts();
    world.embedder.set_fingerprint("another");
    // The first to notice is a question.
    let answer = it.find(user(), "broker port").await;
    assert_eq!(found(&answer), ["The broker listens on port 9092"]);
    filled(&world).await;
    assert_eq!(world.embedder.n_texts(), before + 1);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_gets_its_vectors() {
    let world = World::new();
    let it = world.remember();
    it.fact("The broker listens on port 9092").await;
    it.memories.backup(Some("/copy.db".into())).await.expect("copied");
    let before = world.embedder.n_texts();
    it.memories.restore("/copy.db".into()).await.expect("restored");
    let again = async {
        while world.embedder.n_texts() == before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again)
        .await
        .expect("embedded again");
    filled(&world).await;
    assert!(uses_vectors(&it).await);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_content_is_embedded_in_parts() {
    let world = World::new();
    let it = world.remember();
    let mut long: Vec<String> = (0..60)
        .map(|n| format!("Paragraph {n} is about subject{n} and its many details, which take a few words to tell."))
        .collect();
    long[41].push_str(" The zeppelin hangar is behind the harbour.");
    it.fact(&long.join("\n\n")).await;
    assert!(world.embedder.n_texts() > 3, "{}", world.embedder.n_texts());
    assert_eq!(it.find(user(), "zeppelin hangar").await.hits.len(), 1);
    it.stop().await;
}

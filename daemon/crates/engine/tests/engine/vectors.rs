//! Vectors: they fill in behind, they can be missing, they never mix.

use crate::setup::{ROOT, World};
use codemem_core::ports::VectorSpace;
use codemem_testkit::FakeAssets;
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn words_answer_without_a_model_and_the_answer_says_so() {
    let world = World::with_assets(FakeAssets::new(false, false));
    let running = world.start();
    let state = running.index().await;
    assert_eq!(state.problem, None, "the pass itself went well");
    let problem = state.vectors_problem.expect("vectors are missing");
    assert!(problem.contains("codemem setup"), "{problem}");
    let answer = running.search("route").await;
    assert_eq!(answer.hits[0].path, "router.fk");
    assert!(answer.coverage.no_vectors.is_some() && answer.coverage.vectors < 0.5);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_model_is_fetched_when_vectors_are_wanted() {
    let world = World::with_assets(FakeAssets::new(false, true));
    let running = world.start();
    assert_eq!(running.index().await.vectors_problem, None);
    assert!(running.search("route").await.coverage.no_vectors.is_none());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_chunk_and_every_file_gets_one_vector() {
    let world = World::new();
    world.write("copy.fk", "def route\nmatch the path of a request\n"); // the content of router.fk
    let running = world.start();
    running.index().await;
    let stores = world.stores();
    let counts = stores
        .catalog
        .counts(stores.catalog.worktree(Path::new(ROOT)).expect("worktree"))
        .expect("counts");
    assert_eq!((counts.chunks, counts.chunks_with_vector), (3, 3));
    assert_eq!((counts.files, counts.files_with_vector), (3, 3));
    assert_eq!(stores.vectors.count(VectorSpace::Chunks).expect("count"), 3);
    assert_eq!(stores.vectors.count(VectorSpace::Files).expect("count"), 3);
    assert_eq!(world.embedder.n_texts(), 6, "shared content is embedded once");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_is_an_error_until_forced() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.embedder.set_fingerprint("another");
    let answer = running.search("route").await;
    assert!(answer.coverage.no_vectors.expect("a reason").contains("--force"));
    world.write("new.fk", "def fresh\n");
    let problem = running.index().await.vectors_problem.expect("no silent mix");
    assert!(problem.contains("codemem index --force"), "{problem}");
    let state = running.index_with(true).await;
    assert_eq!(state.vectors_problem, None);
    assert!(running.search("route").await.coverage.no_vectors.is_none());
    running.stop().await;
}

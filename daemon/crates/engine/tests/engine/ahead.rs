//! A question's vector is made while its words are looked for.

use crate::setup::{ROOT, World};
use codemem_core::ports::{Embedder as _, PortErrorKind};
use codemem_engine::SearchRequest;
use codemem_testkit::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_embedded_before_its_words_are_found() {
    let world = World::new();
    let running = world.start();
    assert_eq!(running.index().await.vectors_problem, None);
    let fails = |query: &str| {
        let request = SearchRequest {
            query: query.to_owned(),
            paths: vec![ROOT.into()],
            ..SearchRequest::default()
        };
        world.faults.plan(Fault::SearchLexical, 1, PortErrorKind::Failed);
        world.faults.plan(Fault::EmbedQuery, 1, PortErrorKind::Failed);
        let engine = running.engine.clone();
        async move { engine.search(request).await.expect_err("words are needed") }
    };
    assert!(world.embedder.is_loaded());
    fails("match the path").await;
    assert!(!world.faults.is_planned(Fault::EmbedQuery), "it was begun beside");
    world.embedder.unload();
    fails("bind the socket").await;
    assert!(
        world.faults.is_planned(Fault::EmbedQuery),
        "no model is loaded for what may not be needed"
    );
    world.faults.clear();
    let answer = running.search("match the path").await;
    assert_eq!(answer.hits[0].path, "router.fk");
    running.stop().await;
}

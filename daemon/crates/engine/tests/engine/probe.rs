//! Whether the engine answers, as its watchdog asks.

use crate::setup::{ROOT, World};
use std::path::Path;
use std::time::Duration;

/// Longest that an engine that is not hung may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn every_actor_answers_whatever_it_is_at() {
    let world = World::new();
    for n in 0..200 {
        world.write(
            &format!("file_{n}.fk"),
            &format!("def function_{n}\nwords to embed {n}\n"),
        );
    }
    let running = world.start();
    let answers = async |when: &str| {
        let answer = tokio::time::timeout(PATIENCE, running.engine.probe()).await;
        answer.expect(when).expect(when);
    };
    answers("without a repository").await;
    let ticket = running.engine.index(Path::new(ROOT), false).await.expect("accepted");
    while running.engine.is_busy() {
        answers("while a job runs").await;
    }
    drop(ticket);
    let forgetting = running.engine.remove(Path::new(ROOT));
    let (forgotten, ()) = tokio::join!(forgetting, answers("while a repository closes"));
    forgotten.expect("forgotten");
    answers("after a repository is gone").await;
    running.index().await;
    let engine = running.engine.clone();
    running.stop().await;
    let ended = tokio::time::timeout(PATIENCE, engine.probe()).await;
    ended
        .expect("it returns")
        .expect("an engine that was stopped is not hung");
}

//! Whether the engine answers, as its watchdog asks.

use crate::setup::{ROOT, World};
use codemem_core::ports::Closing;
use std::path::Path;
use std::sync::{Arc, Barrier};
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

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_answers_while_its_stores_are_closed() {
    let world = World::new();
    // Met once when closing has begun, and once when it may end.
    let gate = Arc::new(Barrier::new(2));
    let closing = Arc::clone(&gate);
    world.registry.close_with(Closing::new(move || {
        closing.wait();
        closing.wait();
    }));
    let running = world.start();
    running.index().await;
    let engine = running.engine.clone();
    let pass = || {
        let gate = Arc::clone(&gate);
        tokio::task::spawn_blocking(move || gate.wait())
    };
    let probing = async {
        pass().await.expect("closing begins");
        let answer = tokio::time::timeout(PATIENCE, engine.probe()).await;
        pass().await.expect("closing ends");
        answer.expect("while the stores are closed").expect("it answers");
    };
    tokio::join!(running.stop(), probing);
}

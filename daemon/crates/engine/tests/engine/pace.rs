//! Vectors wait for the machine and for the user's rate; words do not.

use crate::setup::World;
use codemem_core::ports::{Strain, SystemLoad};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A machine on its battery until a test plugs it in.
#[derive(Default)]
struct FakeSystem {
    is_plugged: AtomicBool,
}

impl SystemLoad for FakeSystem {
    fn strain(&self) -> Option<Strain> {
        (!self.is_plugged.load(Ordering::Relaxed)).then_some(Strain::Battery(11))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_wait_while_the_machine_has_better_things_to_do() {
    let mut world = World::watched();
    let system = Arc::new(FakeSystem::default());
    world.system = Some(Arc::clone(&system) as _);
    let running = world.start();
    let ticket = running
        .engine
        .index(crate::setup::ROOT.as_ref(), false)
        .await
        .expect("accepted");
    let mut state = ticket.state.clone();
    let paused = state
        .wait_for(|state| state.paused.is_some())
        .await
        .expect("it is said");
    assert_eq!(paused.paused.as_deref(), Some("the battery is at 11 %"));
    drop(paused);
    assert_eq!(running.paths("route").await, ["router.fk"], "words do not wait");
    // An edit neither waits nor ends the waiting.
    world.save("new.fk", "def fresh\n");
    running.finds("fresh", &["new.fk"]).await;
    assert_eq!(world.embedder.n_texts(), 0);
    system.is_plugged.store(true, Ordering::Relaxed);
    let done = crate::setup::finished(ticket).await;
    assert_eq!((done.vectors_problem, done.paused), (None, None));
    running.quiet().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_strained_for_long_stops_at_once() {
    let mut world = World::new();
    world.system = Some(Arc::new(FakeSystem::default()));
    let running = world.start();
    let mut ticket = running
        .engine
        .index(crate::setup::ROOT.as_ref(), false)
        .await
        .expect("accepted");
    ticket
        .state
        .wait_for(|state| state.paused.is_some())
        .await
        .expect("it waits");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_rate_is_kept() {
    let mut world = World::new();
    world.config.vectors_per_second = 20;
    let running = world.start();
    let began = Instant::now();
    assert_eq!(running.index().await.vectors_problem, None);
    assert!(
        began.elapsed() >= Duration::from_millis(100),
        "two summaries before the chunks"
    );
    running.stop().await;
}

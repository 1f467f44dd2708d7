//! What makes searches of very many vectors faster is behind everything else.

use crate::setup::World;
use codemem_core::ports::PortErrorKind;
use codemem_testkit::{Fault, wait_until};
use std::time::Duration;

/// Longest that anything in memory may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Has the next attempt take until it is told to stop.
fn never_ends(world: &World) {
    world.faults.plan(Fault::TuneVectors, 1, PortErrorKind::Failed);
}

/// Waits until it has begun.
async fn begun(world: &World) {
    let faults = world.faults.clone();
    let waited = tokio::task::spawn_blocking(move || {
        wait_until("it is begun", PATIENCE, || !faults.is_planned(Fault::TuneVectors));
    });
    waited.await.expect("it begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_room_and_is_taken_up_again() {
    let world = World::watched();
    never_ends(&world);
    let running = world.start();
    assert_eq!(running.index().await.vectors_problem, None, "nobody waits for it");
    begun(&world).await;
    assert!(!running.engine.is_busy(), "nobody is kept awake by it");
    never_ends(&world);
    world.save("new.fk", "def fresh\n");
    running.finds("fresh", &["new.fk"]).await;
    // The edit has its vectors, too.
    running.quiet().await;
    begun(&world).await;
    never_ends(&world);
    assert_eq!(running.index().await.problem, None, "passes go before it");
    begun(&world).await;
    running.stop().await;
}

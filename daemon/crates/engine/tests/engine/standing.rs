//! Who uses what is counted, kept, counted again after edits, and part of every score.

use crate::setup::{ROOT, Running, World};
use codemem_core::rank::Feature;
use codemem_engine::SearchRequest;
use std::time::Duration;

/// A well that two files draw from and a pond that one does; what tests do does not count.
fn village() -> World {
    let world = World::watched();
    for (path, text) in [
        ("well.fk", "def draw_water\nwith a bucket\n"),
        ("pond.fk", "def skim_water\nwith a net\n"),
        ("kitchen.fk", "def cook_soup\ncall draw_water\ncall draw_water\n"),
        ("garden.fk", "def grow_beans\ncall draw_water\ncall skim_water\n"),
        ("tests/pond.fk", "def check_pond\ncall skim_water\n"),
        ("tests/frog.fk", "def check_frog\ncall skim_water\n"),
    ] {
        world.write(path, text);
    }
    world
}

/// What being used adds to the features of a file that answers.
async fn share(running: &Running, path: &str) -> f32 {
    let request = SearchRequest {
        query: "water".to_owned(),
        paths: vec![ROOT.into()],
        explain: true,
        ..SearchRequest::default()
    };
    let answer = running.engine.search(request).await.expect("an answer");
    let hit = answer.hits.iter().find(|hit| hit.path == path).expect("a hit");
    let share = hit.shares.iter().find(|share| share.feature == Feature::Users);
    share.map_or(0.0, |share| share.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_counts_more_for_every_file_that_uses_it() {
    let world = village();
    let running = world.start();
    running.index().await;
    let pond = 2_f32.ln() / 3_f32.ln();
    let (well, least) = (share(&running, "well.fk").await, share(&running, "pond.fk").await);
    assert!(
        (well - 1.0).abs() < 1e-6 && (least - pond).abs() < 1e-6,
        "{well} {least}"
    );
    assert!(share(&running, "garden.fk").await < 1e-6, "nobody uses it");
    running.stop().await;

    // What was counted is still known, though nothing has changed.
    let running = world.start();
    running.index().await;
    assert!((share(&running, "pond.fk").await - pond).abs() < 1e-6);

    world.save("shed.fk", "def fill_can\ncall skim_water\n");
    let follows = async {
        while (share(&running, "pond.fk").await - 1.0).abs() > 1e-6 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), follows)
        .await
        .expect("an edit is counted in time");
    running.stop().await;
}

//! Repositories that nobody uses: their stores close, status goes on, and whoever asks has them opened again.

use crate::setup::{ROOT, Running, World};
use std::time::Duration;

/// Has everything rest, and waits until it does.
async fn rest(running: &Running) {
    running.settle().await;
    let closed = async {
        while running.engine.n_open().1 > 0 {
            running.engine.rest(Duration::ZERO);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed)
        .await
        .expect("nobody uses it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_opens_what_was_closed() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let expected = running.paths("route").await;
    let n_opened = world.registry.n_opened();
    rest(&running).await;
    assert_eq!(running.engine.n_open(), (1, 0));
    assert!(!running.engine.is_busy(), "resting keeps nobody awake");
    let searches = (0..20).map(|_| running.paths("route"));
    let found = futures_of(searches).await;
    assert!(found.iter().all(|paths| *paths == expected), "{found:?}");
    assert_eq!(running.engine.n_open(), (1, 1));
    assert_eq!(world.registry.n_opened(), n_opened + 1, "once for all of them");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_answers_from_what_was_known_and_wakes_nobody() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.settle().await;
    let before = running.engine.status(None).await.expect("status").remove(0);
    rest(&running).await;
    let at_rest = running.engine.status(None).await.expect("status").remove(0);
    assert_eq!((at_rest.counts, &at_rest.skipped), (before.counts, &before.skipped));
    assert!(at_rest.counts.chunks > 0);
    assert_eq!(at_rest.state.problem, None);
    assert_eq!(running.engine.n_open(), (1, 0), "looking opens nothing");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_and_a_check_open_what_was_closed() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    rest(&running).await;
    world.write("late.fk", "def late\nwritten while nobody looked\n");
    running.index().await;
    assert_eq!(running.paths("late").await, ["late.fk"]);
    rest(&running).await;
    let health = running.engine.check(Some(ROOT.as_ref())).await.expect("checked");
    assert!(health.repositories[0].findings.is_empty(), "{health:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_stays_open_and_searches_meet_no_gap() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.settle().await;
    running.engine.rest(Duration::from_hours(1));
    running.search("route").await;
    assert_eq!(running.engine.n_open(), (1, 1), "used within the hour");
    // Closing and opening in turns under searches: each is answered.
    for _ in 0..50 {
        running.engine.rest(Duration::ZERO);
        assert_eq!(running.paths("accept").await, ["socket.fk"]);
    }
    running.stop().await;
}

/// Waits for all of them at once.
async fn futures_of<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, answer) in &mut waiting {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *answer = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}

//! Changing how many may do something at the same time, while some do it.

use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Turns `then` permits into `now`. Those that are out and too many are taken when they come back.
pub(crate) fn resize(permits: &Arc<Semaphore>, then: usize, now: usize, tracker: &TaskTracker) {
    if now >= then {
        permits.add_permits(now - then);
        return;
    }
    let n_idle = permits.forget_permits(then - now);
    let n_out = (then - now - n_idle) as u32;
    let permits = Arc::clone(permits);
    tracker.spawn(async move {
        // One by one: whoever waits for a permit is not kept waiting for all of these.
        for _ in 0..n_out {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            permit.forget();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn settled(tracker: &TaskTracker) {
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn permits_that_are_out_are_taken_when_they_come_back() {
        let (permits, tracker) = (Arc::new(Semaphore::new(4)), TaskTracker::new());
        resize(&permits, 4, 6, &tracker);
        assert_eq!(permits.available_permits(), 6);
        let out = Arc::clone(&permits).acquire_many_owned(5).await.expect("open");
        resize(&permits, 6, 2, &tracker);
        assert_eq!(permits.available_permits(), 0, "the idle one is gone at once");
        drop(out);
        settled(&tracker).await;
        assert_eq!(permits.available_permits(), 2);
    }
}

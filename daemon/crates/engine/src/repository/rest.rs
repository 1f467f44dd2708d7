//! Letting go of the stores of a repository that nobody uses, and taking them up again.
//!
//! Resting runs on a job's thread, so no other job has the stores open. A search that has them keeps
//! them to its end, and they stay open then; one that comes afterwards asks the actor to open them and
//! waits as it does when the daemon starts. Status goes on answering from what was published.

use super::Published;
use super::job::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for searches to let go of the stores; a repository in such use is not one to close.
const LETTING_GO: Duration = Duration::from_secs(1);

/// Between two looks whether they have.
const LOOK: Duration = Duration::from_millis(2);

/// When a repository was last asked for, or worked on.
pub(crate) struct Used {
    began: Instant,
    last_ms: AtomicU64,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            last_ms: AtomicU64::new(0),
        }
    }
}

impl Used {
    /// It is used now.
    pub(crate) fn touch(&self) {
        let now = self.began.elapsed().as_millis() as u64;
        self.last_ms.store(now, Ordering::Relaxed);
    }

    /// Time since it was last used.
    pub(crate) fn quiet(&self) -> Duration {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(last)
    }
}

/// Closes the stores unless they were used within `after`, or are in use.
pub(super) fn rest(context: &Context, after: Duration) {
    let published = &context.published;
    if published.used.quiet() < after || published.stores.load().is_none() {
        return;
    }
    remember_skipped(published);
    // In this order: whoever finds no stores must find out why.
    published.resting.store(true, Ordering::SeqCst);
    published.opened.send_replace(false);
    let Some(stores) = published.stores.swap(None) else {
        return;
    };
    let began = Instant::now();
    while Arc::strong_count(&stores) > 1 {
        if began.elapsed() > LETTING_GO {
            published.stores.store(Some(stores));
            published.wake();
            return;
        }
        std::thread::sleep(LOOK);
    }
    drop(stores);
    published.known.forget();
    for handle in published.roots.load().values() {
        handle.view.store(None);
    }
    tracing::debug!(repository = %context.key, "not used for a while: its stores are closed");
}

/// Keeps for status what is not published anyway.
fn remember_skipped(published: &Published) {
    let Some(stores) = published.stores.load_full() else {
        return;
    };
    for (root, handle) in published.roots.load().iter() {
        let found = stores.catalog.find_worktree(root).ok().flatten();
        if let Some(Ok(skipped)) = found.map(|worktree| stores.catalog.skipped(worktree)) {
            handle.skipped.store(Arc::new(skipped));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_ends_the_quiet() {
        let mut used = Used::default();
        used.began -= Duration::from_secs(100);
        assert!(used.quiet() >= Duration::from_secs(100));
        used.touch();
        assert!(used.quiet() < Duration::from_secs(50));
    }
}

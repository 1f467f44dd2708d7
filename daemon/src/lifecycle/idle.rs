//! Ending a daemon that nobody needs.

use codemem_engine::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// When the last call came in.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    began: Instant,
    last_ms: Arc<AtomicU64>,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            last_ms: Arc::default(),
        }
    }

    /// Something happened now.
    pub(crate) fn touch(&self) {
        self.last_ms
            .store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Time since something last happened.
    fn quiet(&self) -> Duration {
        self.began
            .elapsed()
            .saturating_sub(Duration::from_millis(self.last_ms.load(Ordering::Relaxed)))
    }
}

/// Cancels `stop` once nothing was asked and nothing was done for `timeout`.
pub(crate) async fn watch(activity: Activity, engine: Engine, timeout: Duration, stop: CancellationToken) {
    loop {
        if engine.is_busy() {
            activity.touch();
        }
        let left = timeout.saturating_sub(activity.quiet());
        if left.is_zero() {
            tracing::info!(seconds = timeout.as_secs(), "nothing to do, ending");
            stop.cancel();
            return;
        }
        // A job may begin and end between two looks; it was asked for by a call, which counts.
        let pause = left.min(timeout / 4).max(Duration::from_millis(50));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

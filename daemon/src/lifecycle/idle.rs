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

/// How long nothing must happen before something is let go of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Before the models are unloaded.
    pub(crate) unload: Duration,
    /// Before the daemon ends; never when `None`.
    pub(crate) end: Option<Duration>,
}

/// Unloads the models, and later cancels `stop`, once nothing was asked and nothing was done for so long.
pub(crate) async fn watch(activity: Activity, engine: Engine, patience: Patience, stop: CancellationToken) {
    let mut unloaded = false;
    loop {
        if engine.is_busy() {
            activity.touch();
        }
        let quiet = activity.quiet();
        if patience.end.is_some_and(|end| quiet >= end) {
            tracing::info!(seconds = quiet.as_secs(), "nothing to do, ending");
            stop.cancel();
            return;
        }
        if quiet < patience.unload {
            unloaded = false;
        } else if !unloaded {
            tracing::debug!("nothing to do, unloading the models");
            let engine = engine.clone();
            unloaded = tokio::task::spawn_blocking(move || engine.ports().embedder.unload())
                .await
                .is_ok();
        }
        tokio::select! {
            () = tokio::time::sleep(pause(quiet, patience)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Until the next look: when the next thing is due, but soon enough to see that a job has begun. A
/// job that begins and ends between two looks was asked for by a call, which counts.
fn pause(quiet: Duration, patience: Patience) -> Duration {
    let due = [Some(patience.unload), patience.end].into_iter().flatten();
    let next = due
        .filter_map(|due| due.checked_sub(quiet))
        .filter(|left| !left.is_zero())
        .min();
    let shortest = patience.end.map_or(patience.unload, |end| end.min(patience.unload)) / 4;
    next.unwrap_or(shortest).min(shortest).max(Duration::from_millis(50))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_comes_when_something_is_due() {
        let seconds = Duration::from_secs;
        let patience = Patience {
            unload: seconds(100),
            end: Some(seconds(1_000)),
        };
        assert_eq!(pause(seconds(0), patience), seconds(25), "soon enough to see a job");
        assert_eq!(pause(seconds(90), patience), seconds(10), "unloading is due");
        assert_eq!(pause(seconds(995), patience), seconds(5), "the end is due");
        assert_eq!(pause(seconds(5_000), Patience { end: None, ..patience }), seconds(25));
    }
}

//! Blocking work on named threads that are tracked and joined.

mod rank;

use crate::EngineError;
pub(crate) use rank::step_back;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells a job to stop at its next safe point.
#[derive(Clone, Default, Debug)]
pub(crate) struct Stop {
    is_requested: Arc<AtomicBool>,
    also: Option<CancellationToken>,
}

impl Stop {
    /// One that is requested with a token's cancellation, too.
    pub(crate) fn with(token: CancellationToken) -> Self {
        Self {
            is_requested: Arc::default(),
            also: Some(token),
        }
    }

    pub(crate) fn request(&self) {
        self.is_requested.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Relaxed) || self.also.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Requests the stop when it is dropped.
    pub(crate) fn on_drop(self) -> StopOnDrop {
        StopOnDrop(self)
    }
}

/// Stops work whose result nobody waits for any more.
pub(crate) struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.request();
    }
}

/// Runs `job` on a thread of that name, inside the span that is current here. The tracker waits for it; a
/// panic comes back as an error.
pub(crate) fn run<T: Send + 'static>(
    tracker: &TaskTracker,
    name: &'static str,
    job: impl FnOnce() -> T + Send + 'static,
) -> oneshot::Receiver<Result<T, EngineError>> {
    let (reply_tx, reply_rx) = oneshot::channel();
    let (token, span) = (tracker.token(), tracing::Span::current());
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| span.in_scope(job))).map_err(|_| EngineError::JobLost(name));
        // The receiver may have given up; the work is done all the same.
        let _unheard = reply_tx.send(outcome);
        drop(token);
    });
    if let Err(error) = spawned {
        tracing::error!(%error, name, "cannot start a thread");
    }
    reply_rx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_requested_by_whoever_holds_it_and_with_its_token() {
        let token = CancellationToken::new();
        let (alone, with) = (Stop::default(), Stop::with(token.clone()));
        assert!(!alone.is_requested() && !with.is_requested());
        token.cancel();
        assert!(!alone.is_requested() && with.clone().is_requested());
        drop(alone.clone().on_drop());
        assert!(alone.is_requested());
    }
}

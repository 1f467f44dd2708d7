//! Blocking work on named threads that are tracked and joined.

mod rank;

use crate::EngineError;
pub(crate) use rank::step_back;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

/// Tells a job to stop at its next safe point.
#[derive(Clone, Default, Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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

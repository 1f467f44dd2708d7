//! Letting go of what nobody needs: models, stores, memory, and at last the daemon itself.

use crate::blocking::blocking;
use crate::config::InForce;
use crate::memory;
use codemem_engine::Engine;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a repository is not used before its stores are closed. Opening them again takes milliseconds.
const REST_AFTER: Duration = Duration::from_mins(15);

/// How long nothing is done before freed memory is given back: whoever works on would take it again.
const GIVE_BACK_AFTER: Duration = Duration::from_secs(2);

/// Longest between two looks, so that memory is given back soon after a pass.
const LOOK: Duration = Duration::from_secs(15);

/// When the last call came in, and when something was last done for one.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    began: Instant,
    last_ms: Arc<AtomicU64>,
    last_work_ms: Arc<AtomicU64>,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            last_ms: Arc::default(),
            last_work_ms: Arc::default(),
        }
    }

    /// Somebody is there now.
    pub(crate) fn touch(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Something was done now that stores and models were needed for. Looking at the status is no work, and
    /// neither is a call that failed: they keep the daemon, not what it has loaded.
    pub(crate) fn work(&self) {
        self.touch();
        self.last_work_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Time since somebody was last there.
    fn quiet(&self) -> Duration {
        self.since(&self.last_ms)
    }

    /// Time since something was last done.
    fn idle(&self) -> Duration {
        self.since(&self.last_work_ms)
    }

    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn since(&self, ms: &AtomicU64) -> Duration {
        let then = Duration::from_millis(ms.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(then)
    }
}

/// How long nothing must happen before something is let go of, as the settings have it now.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    settings: watch::Receiver<Arc<InForce>>,
    managed: bool,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Before the models are unloaded.
    unload: Duration,
    /// Before the daemon ends; never when `None`.
    end: Option<Duration>,
}

impl Patience {
    pub(crate) fn new(settings: watch::Receiver<Arc<InForce>>, managed: bool) -> Self {
        Self { settings, managed }
    }

    fn now(&mut self) -> Bounds {
        let settings = &self.settings.borrow_and_update().settings;
        Bounds {
            unload: settings.unload_after,
            // A service manager would only start it again.
            end: settings.idle_timeout.filter(|_| !self.managed),
        }
    }

    /// Waits until the settings change.
    async fn changed(&mut self) {
        if self.settings.changed().await.is_err() {
            // Their owner has ended, and so will the daemon.
            std::future::pending::<()>().await;
        }
    }
}

/// Gives memory back when work ends, unloads the models and closes stores that are not used, and later cancels
/// `stop`, each once there was nothing for so long.
pub(crate) async fn watch(activity: Activity, engine: Engine, mut patience: Patience, stop: CancellationToken) {
    // What the start took is not worth giving back.
    let mut given_back_at = activity.last_work_ms.load(Ordering::Relaxed);
    let mut n_open_before = 0;
    loop {
        if engine.is_busy() {
            activity.work();
        }
        let (quiet, idle, bounds) = (activity.quiet(), activity.idle(), patience.now());
        if bounds.end.is_some_and(|end| quiet >= end) {
            tracing::info!(seconds = quiet.as_secs(), "nothing to do, ending");
            stop.cancel();
            return;
        }
        let worked_at = activity.last_work_ms.load(Ordering::Relaxed);
        let mut gives_back = idle >= GIVE_BACK_AFTER && worked_at != given_back_at;
        if idle >= bounds.unload && engine.ports().embedder.is_loaded() {
            tracing::debug!("nothing to do, unloading the models");
            let embedder = Arc::clone(&engine.ports().embedder);
            let_go(move || embedder.unload()).await;
            gives_back = true;
        }
        // Closing takes its time: what this look asks for, the next one finds done.
        engine.rest(REST_AFTER);
        let (_, n_open) = engine.n_open();
        gives_back |= n_open < n_open_before;
        n_open_before = n_open;
        if gives_back {
            given_back_at = worked_at;
            let_go(memory::give_back).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause(quiet, idle, bounds)) => {}
            () = patience.changed() => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn let_go(work: impl FnOnce() + Send + 'static) {
    if blocking(work).await.is_err() {
        tracing::error!("letting go failed");
    }
}

/// Until the next look: when the next thing is due, but soon enough to see that a job has begun. A
/// job that begins and ends between two looks was asked for by a call, which counts.
fn pause(quiet: Duration, idle: Duration, bounds: Bounds) -> Duration {
    let due = [
        bounds.end.map(|end| (end, quiet)),
        Some((bounds.unload, idle)),
        Some((GIVE_BACK_AFTER, idle)),
    ];
    let next = due
        .into_iter()
        .flatten()
        .filter_map(|(due, passed)| due.checked_sub(passed))
        .filter(|left| !left.is_zero())
        .min();
    let shortest = bounds.end.map_or(bounds.unload, |end| end.min(bounds.unload)) / 4;
    let shortest = shortest.min(LOOK);
    next.unwrap_or(shortest).min(shortest).max(Duration::from_millis(50))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_comes_when_something_is_due() {
        let seconds = Duration::from_secs;
        let bounds = Bounds {
            unload: seconds(100),
            end: Some(seconds(1_000)),
        };
        let both = |idle: u64, bounds| pause(seconds(idle), seconds(idle), bounds);
        assert_eq!(both(0, bounds), GIVE_BACK_AFTER, "memory is given back");
        assert_eq!(both(10, bounds), LOOK, "soon enough to see a job");
        assert_eq!(both(90, bounds), seconds(10), "unloading is due");
        assert_eq!(both(995, bounds), seconds(5), "the end is due");
        assert_eq!(both(5_000, Bounds { end: None, ..bounds }), LOOK);
        assert_eq!(
            pause(seconds(1), seconds(95), bounds),
            seconds(5),
            "somebody looks at the status"
        );
    }

    #[test]
    fn looking_is_no_work() {
        let mut activity = Activity::new();
        activity.began -= Duration::from_secs(100);
        activity.touch();
        assert!(activity.quiet() < Duration::from_secs(50));
        assert!(activity.idle() >= Duration::from_secs(100));
        activity.work();
        assert!(activity.idle() < Duration::from_secs(50));
    }
}

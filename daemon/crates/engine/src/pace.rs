//! Not being in the way: when embedding waits, and how fast it goes.
//!
//! Used by the vector job between two batches, on its thread. Everything else a repository does is either asked for or over in
//! moments, and goes on.

use crate::config::Limits;
use crate::repository::RootHandle;
use crate::threads::Stop;
use codemem_core::ports::SystemLoad;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at whether to stop, or to go on.
const LOOK: Duration = Duration::from_millis(20);

/// Between two questions how strained the machine is.
const ASK: Duration = Duration::from_millis(500);

/// The pace of one vector job.
pub(crate) struct Pace<'a> {
    limits: &'a Limits,
    system: Option<&'a Arc<dyn SystemLoad>>,
    stop: &'a Stop,
    /// When the work since then is paid for.
    due: Instant,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(limits: &'a Limits, system: Option<&'a Arc<dyn SystemLoad>>, stop: &'a Stop) -> Self {
        Self {
            limits,
            system,
            stop,
            due: Instant::now(),
        }
    }

    /// Waits until so many texts more may be embedded, or a stop is requested. Why it waits for the machine's sake
    /// is told in the roots' states.
    pub(crate) fn wait<'r>(&mut self, n_texts: usize, roots: impl Iterator<Item = &'r RootHandle> + Clone) {
        self.wait_for_rate();
        self.wait_for_system(roots);
        let per_second = self.limits.load().vectors_per_second;
        if per_second > 0 {
            let cost = Duration::from_secs_f64(n_texts as f64 / f64::from(per_second));
            self.due = self.due.max(Instant::now()) + cost;
        }
    }

    fn wait_for_rate(&self) {
        while !self.stop.is_requested() && self.limits.load().vectors_per_second > 0 {
            let left = self.due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    fn wait_for_system<'r>(&self, roots: impl Iterator<Item = &'r RootHandle> + Clone) {
        let Some(system) = self.system else { return };
        let mut told = None;
        while !self.stop.is_requested()
            && let Some(strain) = system.strain()
        {
            if told != Some(strain) {
                tracing::info!(%strain, "vectors wait");
                tell(roots.clone(), Some(&strain.to_string()));
                told = Some(strain);
            }
            let asked = Instant::now();
            while asked.elapsed() < ASK && !self.stop.is_requested() {
                std::thread::sleep(LOOK);
            }
        }
        if told.is_some() {
            tell(roots, None);
        }
    }
}

fn tell<'r>(roots: impl Iterator<Item = &'r RootHandle>, reason: Option<&str>) {
    for handle in roots {
        handle
            .state
            .send_modify(|state| state.paused = reason.map(str::to_owned));
    }
}

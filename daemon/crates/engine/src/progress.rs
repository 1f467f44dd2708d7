//! Where a root is in its indexing, as everybody may read it.

use codemem_core::ports::Head;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// What a root is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing to do.
    Idle,
    /// Waiting for its turn.
    Queued,
    /// Listing and comparing files.
    Scan,
    /// Words and symbols.
    Lexical,
    /// Fetching the model and its runtime.
    Setup,
    /// Vectors.
    Vectors,
}

/// How far the phase is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Files done in this phase.
    pub files_done: u64,
    /// Files in all; 0 while not known.
    pub files_total: u64,
    /// Chunks done in this phase; bytes during [`Phase::Setup`].
    pub chunks_done: u64,
    /// Chunks in all; 0 while not known.
    pub chunks_total: u64,
    /// When the phase began.
    pub since: Instant,
}

impl Progress {
    /// The beginning of a phase.
    pub fn begin(phase: Phase) -> Self {
        Self {
            phase,
            files_done: 0,
            files_total: 0,
            chunks_done: 0,
            chunks_total: 0,
            since: Instant::now(),
        }
    }

    /// Time spent in the phase.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Chunks per second; `None` before anything was done.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.elapsed().as_secs_f64();
        (self.chunks_done > 0 && seconds > 0.0).then(|| self.chunks_done as f64 / seconds)
    }

    /// Time to the end of the phase at the rate so far, by chunks when their total is known, else by files.
    pub fn eta(&self) -> Option<Duration> {
        let (done, total) = if self.chunks_total > 0 {
            (self.chunks_done, self.chunks_total)
        } else {
            (self.files_done, self.files_total)
        };
        let left = total.checked_sub(done)?;
        (done > 0).then(|| self.elapsed().mul_f64(left as f64 / done as f64))
    }
}

/// All that is known of a root's indexing. Published by its repository's actor.
#[derive(Clone, PartialEq, Debug)]
pub struct RootState {
    /// What it is doing.
    pub progress: Progress,
    /// Number of the newest request to index.
    pub requested: u64,
    /// Requests up to this number are searchable by words and symbols, or failed.
    pub lexical_done: u64,
    /// Requests up to this number have all their vectors, or failed.
    pub vectors_done: u64,
    /// Files that the last scan found worth indexing.
    pub files_seen: u64,
    /// When the last pass ended.
    pub indexed_at: Option<SystemTime>,
    /// When the last comparison of the whole root with its files began.
    pub checked_at: Option<SystemTime>,
    /// What git said last.
    pub head: Option<Head>,
    /// Why the last pass did not do all it should: what happened, and the next step.
    pub problem: Option<String>,
    /// What was found damaged and made anew. Stays until the user asks for the root to be indexed
    /// after it is complete again: somebody should have had a chance to read it.
    pub repaired: Option<String>,
    /// Why there are no or not all vectors: what happened, and the next step.
    pub vectors_problem: Option<String>,
    /// Why vectors wait just now: what the machine has better to do.
    pub paused: Option<String>,
}

impl Default for RootState {
    fn default() -> Self {
        Self {
            progress: Progress::begin(Phase::Idle),
            requested: 0,
            lexical_done: 0,
            vectors_done: 0,
            files_seen: 0,
            indexed_at: None,
            checked_at: None,
            head: None,
            problem: None,
            repaired: None,
            vectors_problem: None,
            paused: None,
        }
    }
}

/// The writing end of a root's state.
pub(crate) type StateSender = watch::Sender<RootState>;

/// Changes a root's progress in place.
pub(crate) fn advance(state: &StateSender, change: impl FnOnce(&mut Progress)) {
    state.send_modify(|state| change(&mut state.progress));
}

/// Starts a phase.
pub(crate) fn enter(state: &StateSender, phase: Phase) {
    state.send_modify(|state| state.progress = Progress::begin(phase));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_needs_something_done_and_a_total() {
        let mut progress = Progress::begin(Phase::Vectors);
        assert_eq!((progress.rate(), progress.eta()), (None, None));
        progress.chunks_total = 100;
        progress.chunks_done = 50;
        progress.since -= Duration::from_secs(10);
        let eta = progress.eta().expect("half is done");
        assert!((9.0..12.0).contains(&eta.as_secs_f64()), "{eta:?}");
        assert!((4.0..5.1).contains(&progress.rate().expect("some are done")));
    }
}

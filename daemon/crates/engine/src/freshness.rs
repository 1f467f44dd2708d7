//! How true an answer is, and what it would take to make it truer: hints that wait to be looked into.
//!
//! Hints come on a watcher's thread and are only kept here, under a lock that is held for moments; the repository's actor
//! decides when they are looked into. Searches wait here, shortly, for what is being looked into.

use crate::left_out::LeftOutFiles;
use crate::progress::RootState;
use codemem_core::ports::{Head, Hint, TreeWatch, Watching};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// Paths kept one by one; above, comparing the whole root is cheaper than looking at so many places.
const MAX_PATHS: usize = 2_000;

/// Longest that a search waits for files that were just saved to be read.
const BARRIER: Duration = Duration::from_millis(50);

/// Between two looks whether a watcher has said what it noticed.
const LOOK: Duration = Duration::from_millis(1);

/// How true an answer is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Freshness {
    /// What git says is checked out; `None` outside git.
    pub head: Option<Head>,
    /// Files that git would call modified or untracked, as of the last count, which follows edits within seconds.
    pub dirty: Option<u64>,
    /// Files and directories hinted at and not looked into yet.
    pub pending: u64,
    /// A comparison of the whole root is under way or due: anything may have changed.
    pub rescanning: bool,
    /// How changes are noticed.
    pub watching: Watching,
    /// When the last comparison of the whole root with its files began.
    pub checked_at: Option<SystemTime>,
}

/// What is known of a root's freshness beside its [`RootState`].
#[derive(Default)]
pub(crate) struct Fresh {
    hints: Mutex<Hints>,
    /// Hints up to this number were looked into, or are left to a comparison of the whole root.
    done: watch::Sender<u64>,
    watch: Mutex<Option<Box<dyn TreeWatch>>>,
    dirty: Mutex<Option<u64>>,
    left_out: Mutex<LeftOutFiles>,
}

#[derive(Default)]
struct Hints {
    paths: BTreeSet<PathBuf>,
    /// Git may have moved.
    head: bool,
    /// The whole root has to be compared.
    anything: bool,
    /// Number of the newest hint.
    newest: u64,
    /// Paths that are being looked into.
    n_taken: u64,
    /// A pass that will answer `anything` runs.
    in_pass: bool,
}

/// Hints that somebody looks into.
pub(crate) struct Taken {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) head: bool,
    number: u64,
}

/// A pass over a root. What one that ends early leaves undone remains to be done where the root is watched.
pub(crate) struct InPass<'a> {
    fresh: &'a Fresh,
    number: u64,
    is_done: bool,
}

impl InPass<'_> {
    /// It has compared the whole root.
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for InPass<'_> {
    fn drop(&mut self) {
        let is_watched = self.fresh.is_watched();
        let mut hints = lock(&self.fresh.hints);
        hints.in_pass = false;
        hints.anything |= !self.is_done && is_watched;
        drop(hints);
        self.fresh.release(self.number);
    }
}

/// What a root's hints ask for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Wanted {
    /// To look at some paths.
    pub(crate) paths: bool,
    /// To look at what git says.
    pub(crate) head: bool,
    /// To compare the whole root.
    pub(crate) pass: bool,
}

impl Fresh {
    /// Keeps a hint.
    pub(crate) fn add(&self, hint: Hint) {
        let mut hints = lock(&self.hints);
        hints.newest += 1;
        match hint {
            // Of the root itself, all that is below it is meant.
            Hint::Paths(paths) if paths.iter().any(|path| path.as_os_str().is_empty()) => hints.anything = true,
            Hint::Paths(paths) => hints.paths.extend(paths),
            Hint::Head => {
                hints.head = true;
                hints.anything = true;
            }
            // A look at HEAD costs nothing, and a count follows every look.
            Hint::Index => hints.head = true,
            Hint::Anything => hints.anything = true,
        }
        if hints.paths.len() > MAX_PATHS {
            hints.paths.clear();
            hints.anything = true;
        }
    }

    /// Asks for the whole root to be compared.
    pub(crate) fn add_anything(&self) {
        self.add(Hint::Anything);
    }

    /// What the hints ask for.
    pub(crate) fn wanted(&self) -> Wanted {
        let hints = lock(&self.hints);
        Wanted {
            paths: !hints.paths.is_empty(),
            head: hints.head,
            pass: hints.anything,
        }
    }

    /// Takes the paths that wait; followed by [`Fresh::looked`].
    pub(crate) fn take(&self) -> Taken {
        let mut hints = lock(&self.hints);
        let paths: Vec<PathBuf> = std::mem::take(&mut hints.paths).into_iter().collect();
        hints.n_taken = paths.len() as u64;
        Taken {
            paths,
            head: std::mem::take(&mut hints.head),
            number: hints.newest,
        }
    }

    /// What was taken is part of the published view, or is left to a comparison of the whole root.
    pub(crate) fn looked(&self, taken: &Taken, whole_root: bool) {
        let mut hints = lock(&self.hints);
        hints.n_taken = 0;
        hints.anything |= whole_root;
        drop(hints);
        self.release(taken.number);
    }

    /// A pass begins, which looks into everything that was hinted at before.
    pub(crate) fn begin_pass(&self) -> InPass<'_> {
        let mut hints = lock(&self.hints);
        hints.paths.clear();
        hints.head = false;
        hints.anything = false;
        hints.in_pass = true;
        InPass {
            fresh: self,
            number: hints.newest,
            is_done: false,
        }
    }

    fn release(&self, number: u64) {
        self.done.send_if_modified(|done| {
            let later = number > *done;
            *done = number.max(*done);
            later
        });
    }

    /// Waits until the files that were saved before this call can be found, but not long: what then still is
    /// pending is told in the answer. Nobody waits for a comparison of the whole root.
    pub(crate) async fn barrier(&self) {
        let is_gathering = || lock(&self.watch).as_ref().is_some_and(|watch| watch.is_gathering());
        let seen = async {
            while is_gathering() {
                tokio::time::sleep(LOOK).await;
            }
            if let Some(newest) = self.awaited() {
                let mut done = self.done.subscribe();
                // Its sender is part of this.
                let _never_closed = done.wait_for(|done| *done >= newest).await;
            }
        };
        // Late or not, the answer says what it rests on.
        let _late = tokio::time::timeout(BARRIER, seen).await;
    }

    /// The newest hint, if paths wait that are looked at soon.
    fn awaited(&self) -> Option<u64> {
        let hints = lock(&self.hints);
        let waits = !hints.paths.is_empty() || hints.n_taken > 0;
        (waits && !hints.anything && !hints.in_pass).then_some(hints.newest)
    }

    /// Begins or ends watching. The former watch is returned, to be ended where that may block.
    pub(crate) fn set_watch(&self, watch: Option<Box<dyn TreeWatch>>) -> Option<Box<dyn TreeWatch>> {
        std::mem::replace(&mut *lock(&self.watch), watch)
    }

    pub(crate) fn is_watched(&self) -> bool {
        lock(&self.watch).is_some()
    }

    pub(crate) fn set_dirty(&self, n_dirty: Option<u64>) {
        *lock(&self.dirty) = n_dirty;
    }

    pub(crate) fn left_out(&self) -> MutexGuard<'_, LeftOutFiles> {
        lock(&self.left_out)
    }

    /// How true an answer from the view that is published now is.
    pub(crate) fn told(&self, state: &RootState) -> Freshness {
        let (n_paths, rescanning) = {
            let hints = lock(&self.hints);
            let n_paths = hints.paths.len() as u64 + hints.n_taken;
            (n_paths, hints.anything || hints.in_pass)
        };
        let rescanning = rescanning || state.requested > state.lexical_done;
        let watch = lock(&self.watch);
        Freshness {
            head: state.head.clone(),
            dirty: *lock(&self.dirty),
            pending: n_paths,
            rescanning,
            watching: watch.as_ref().map(|watch| watch.watching()).unwrap_or_default(),
            checked_at: state.checked_at,
        }
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Wanted = Wanted {
        paths: true,
        head: false,
        pass: false,
    };

    const PASS: Wanted = Wanted {
        paths: false,
        head: false,
        pass: true,
    };

    fn paths(names: &[&str]) -> Hint {
        Hint::Paths(names.iter().map(PathBuf::from).collect())
    }

    #[test]
    fn hints_add_up_and_too_many_mean_anything() {
        let fresh = Fresh::default();
        assert_eq!(fresh.wanted(), Wanted::default());
        fresh.add(paths(&["a", "b"]));
        fresh.add(paths(&["b", "c"]));
        assert_eq!(fresh.wanted(), LOOK);
        assert_eq!(fresh.told(&RootState::default()).pending, 3);
        let taken = fresh.take();
        assert_eq!(taken.paths.len(), 3);
        assert_eq!(fresh.told(&RootState::default()).pending, 3, "they are not read yet");
        fresh.looked(&taken, false);
        assert_eq!(fresh.told(&RootState::default()).pending, 0);
        for n in 0..=MAX_PATHS {
            fresh.add(paths(&[&format!("f{n}")]));
        }
        assert_eq!(fresh.wanted(), PASS);
        assert!(fresh.told(&RootState::default()).rescanning);
    }

    #[test]
    fn git_and_the_root_itself_mean_the_whole_root() {
        for (hint, head) in [(Hint::Head, true), (Hint::Anything, false), (paths(&["a", ""]), false)] {
            let fresh = Fresh::default();
            fresh.add(hint);
            assert_eq!((fresh.wanted().pass, fresh.wanted().head), (true, head));
            let pass = fresh.begin_pass();
            assert_eq!(fresh.wanted(), Wanted::default());
            assert!(fresh.told(&RootState::default()).rescanning);
            fresh.add(paths(&["a"]));
            pass.done();
            assert_eq!(
                fresh.wanted(),
                LOOK,
                "what came during the pass is looked into after it"
            );
        }
    }

    #[test]
    fn a_list_of_tracked_files_that_was_written_costs_no_look_at_any() {
        let fresh = Fresh::default();
        fresh.add(Hint::Index);
        let look = Wanted {
            head: true,
            ..Wanted::default()
        };
        assert_eq!(fresh.wanted(), look);
        let told = fresh.told(&RootState::default());
        assert_eq!(
            (told.pending, told.rescanning),
            (0, false),
            "no file is known to be another"
        );
        let taken = fresh.take();
        assert!(taken.head && taken.paths.is_empty());
        fresh.looked(&taken, false);
        assert_eq!(fresh.wanted(), Wanted::default());
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_waits_for_what_was_hinted_before_it_and_not_long() {
        let fresh = Fresh::default();
        fresh.barrier().await;
        fresh.add(paths(&["a"]));
        let began = tokio::time::Instant::now();
        fresh.barrier().await;
        assert!(began.elapsed() >= BARRIER, "nobody looked");
        let taken = fresh.take();
        fresh.add(paths(&["b"]));
        let look = async {
            fresh.looked(&taken, false);
            fresh.looked(&fresh.take(), false);
        };
        let began = tokio::time::Instant::now();
        tokio::join!(fresh.barrier(), look);
        assert!(began.elapsed() < BARRIER);
    }
}

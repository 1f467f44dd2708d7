//! What an actor does without being asked: looking into hints, making edits durable, counting what git calls
//! modified, and comparing roots with their files now and then.
//!
//! Runs in the actor's task. Of a repository whose stores are closed for want of use, hints are only kept: nobody asks
//! about it, and whoever does has them looked into first.

use super::RootHandle;
use super::actor::Actor;
use super::job::{Context, Job};
use super::light::{LightJob, LightOutcome};
use super::running::JobName;
use crate::EngineError;
use crate::threads;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long hints are left alone after looking into them failed; twice as long after each further failure.
const HOLD: Duration = Duration::from_secs(5);

/// The longest.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// Between two counts of modified files: as long as nobody notices.
const COUNT_EVERY: Duration = Duration::from_secs(3);

/// Of the time a count takes, so many times as much goes by before the next: it takes as long as listing the root.
const COUNT_SHARE: u32 = 20;

/// What an actor remembers about hints.
pub(super) struct Hinted {
    /// The last job that was started took an edit in.
    pub(super) is_last_started: bool,
    /// Texts have come while vectors ran.
    pub(super) new_texts: bool,
    last_root: PathBuf,
    /// Roots whose hints are left alone: until when, and after how many failures.
    holds: BTreeMap<PathBuf, (Instant, u32)>,
    settle_at: Option<Instant>,
    recheck_at: Instant,
}

impl Hinted {
    pub(super) fn new(recheck_every: Duration) -> Self {
        Self {
            is_last_started: false,
            new_texts: false,
            last_root: PathBuf::new(),
            holds: BTreeMap::new(),
            settle_at: None,
            recheck_at: Instant::now() + recheck_every,
        }
    }

    /// A pass over a root has ended: what it failed at is not tried again at once.
    pub(super) fn passed(&mut self, root: &Path, well: bool) {
        if well {
            self.holds.remove(root);
        } else {
            self.failed(root);
        }
    }

    fn failed(&mut self, root: &Path) {
        let n_failures = self.holds.get(root).map_or(0, |(_, n_failures)| *n_failures);
        let hold = HOLD.saturating_mul(1 << n_failures.min(10)).min(LONGEST_HOLD);
        let held = (Instant::now() + hold, n_failures + 1);
        self.holds.insert(root.to_path_buf(), held);
    }

    fn is_held(&self, root: &Path) -> bool {
        let held = self.holds.get(root);
        held.is_some_and(|(until, _)| Instant::now() < *until)
    }

    /// When the next root's hints may be looked into again.
    fn next_release(&self) -> Option<Instant> {
        let now = Instant::now();
        let untils = self.holds.values().map(|(until, _)| *until);
        untils.filter(|until| *until > now).min()
    }

    /// Has watched roots compared with their files when it is time: a watcher may have missed something.
    pub(super) fn recheck(&mut self, now: Instant, context: &Context) {
        if now < self.recheck_at {
            return;
        }
        self.recheck_at = now + context.config.load().recheck_every;
        if context.published.stores.load().is_none() {
            return;
        }
        let roots = context.published.roots.load();
        for handle in roots.values().filter(|handle| handle.fresh.is_watched()) {
            handle.fresh.add_anything();
        }
    }
}

/// Counts of modified files: one at a time, on a thread that steps back for others.
#[derive(Default)]
pub(super) struct Counting {
    due: BTreeSet<PathBuf>,
    not_before: Option<Instant>,
    running: Option<oneshot::Receiver<Result<Counted, EngineError>>>,
}

/// A count that has ended.
pub(super) struct Counted {
    took: Duration,
}

impl Counting {
    /// A root's files have changed.
    pub(super) fn add(&mut self, root: &Path) {
        self.due.insert(root.to_path_buf());
    }

    /// The end of the count that runs.
    pub(super) async fn finished(&mut self) -> Option<Counted> {
        match &mut self.running {
            Some(running) => running.await.ok()?.ok(),
            None => std::future::pending().await,
        }
    }

    fn starts_at(&self) -> Option<Instant> {
        let is_due = self.running.is_none() && !self.due.is_empty();
        is_due.then(|| self.not_before.unwrap_or_else(Instant::now))
    }
}

impl Actor {
    /// When something is due that nobody tells about.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.closing.is_some() {
            return None;
        }
        let release = self.hinted.next_release();
        let settle = self
            .hinted
            .settle_at
            .filter(|_| self.may_run_light() && !self.is_owed());
        let count = self.counting.starts_at().filter(|_| self.may_count());
        [release, settle, count, Some(self.hinted.recheck_at)]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_open(&self) -> bool {
        let published = &self.context.published;
        published.stores.load().is_some() && !published.resting.load(Ordering::SeqCst)
    }

    fn may_run_light(&self) -> bool {
        self.light.is_none() && (self.running.is_none() || self.runs_behind()) && self.is_open()
    }

    /// Queues the passes that hints ask for.
    pub(super) fn follow_hints(&mut self) {
        if !self.is_open() {
            return;
        }
        let roots = self.context.published.roots.load_full();
        for (root, handle) in roots.iter() {
            // An edit that asks for one may have failed at what a pass would fail at, too: how it ended is not known yet.
            let is_wanted = handle.fresh.wanted().pass && !self.hinted.is_held(root) && !self.looks_into(root);
            if is_wanted && !self.has_queued_pass(root) && !self.is_about_to_go(root) {
                self.enqueue_pass(root.clone(), false, true);
            }
        }
    }

    fn looks_into(&self, root: &Path) -> bool {
        let light = self.light.as_ref();
        light.is_some_and(|light| matches!(&light.job, JobName::Touch(of) if of == root))
    }

    fn is_about_to_go(&self, root: &Path) -> bool {
        let removes = |job: &Job| matches!(job, Job::Remove { root: of, .. } if of == root);
        self.queue.iter().any(|queued| removes(&queued.job))
    }

    /// Takes an edit in, or makes edits durable, if there is something to do and nothing in the way.
    pub(super) fn start_light(&mut self) {
        if !self.may_run_light() || self.context.is_read_only() {
            return;
        }
        if let Some(root) = self.next_edit() {
            self.hinted.is_last_started = true;
            self.hinted.last_root.clone_from(&root);
            self.run_light(LightJob::Touch(root));
        } else if self.hinted.settle_at.is_some_and(|at| at <= Instant::now()) {
            self.hinted.settle_at = None;
            if !self.context.unsettled.is_empty() {
                self.run_light(LightJob::Settle);
            }
        }
    }

    /// The next root with paths to look at; the roots take turns.
    fn next_edit(&self) -> Option<PathBuf> {
        let roots = self.context.published.roots.load();
        let last = &self.hinted.last_root;
        let after = roots.range::<PathBuf, _>((Bound::Excluded(last), Bound::Unbounded));
        let before = roots.range::<PathBuf, _>((Bound::Unbounded, Bound::Included(last)));
        let has_edit = |(root, handle): &(&PathBuf, &RootHandle)| {
            let wanted = handle.fresh.wanted();
            // A pass that can begin looks at the paths as well.
            let has_edit = wanted.head || (wanted.paths && (!wanted.pass || !self.permit.is_held()));
            has_edit && !self.hinted.is_held(root)
        };
        after.chain(before).find(has_edit).map(|(root, _)| root.clone())
    }

    pub(super) fn finish_light(&mut self, outcome: Result<LightOutcome, EngineError>) {
        let Some(light) = self.light.take() else { return };
        match outcome {
            Ok(LightOutcome::Done { new_texts: true }) if self.runs_vectors() => self.hinted.new_texts = true,
            Ok(LightOutcome::Done { new_texts: true }) => self.enqueue_vectors(true),
            Ok(LightOutcome::Done { new_texts: false }) => {}
            Ok(LightOutcome::Failed) => self.failed(&light.job),
            Ok(LightOutcome::Damaged) => {
                self.heal();
                if self.runs_behind() {
                    self.make_room();
                }
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "an edit is left to a pass");
                self.failed(&light.job);
            }
        }
        if let JobName::Touch(root) = light.job {
            self.counting.add(&root);
        }
        let quiet = self.context.config.load().settle_after;
        self.hinted.settle_at = (!self.context.unsettled.is_empty()).then(|| Instant::now() + quiet);
    }

    fn failed(&mut self, job: &JobName) {
        match job {
            JobName::Touch(root) => self.hinted.failed(root),
            // Edits of any root.
            JobName::Open
            | JobName::Reopen
            | JobName::Rest
            | JobName::Pass(..)
            | JobName::Vectors
            | JobName::Tune
            | JobName::Other => {
                for root in self.context.published.roots.load().keys() {
                    self.hinted.failed(root);
                }
            }
        }
    }

    /// Counting reads the whole root: not while a pass does.
    fn may_count(&self) -> bool {
        self.running.is_none() || self.runs_behind()
    }

    /// Starts a count when one is due.
    pub(super) fn start_counting(&mut self) {
        let is_time = self.counting.starts_at().is_some_and(|at| at <= Instant::now());
        if !is_time || !self.may_count() {
            return;
        }
        let Some(root) = self.counting.due.pop_first() else {
            return;
        };
        let Some(handle) = self.context.published.roots.load().get(&root).cloned() else {
            return;
        };
        let source = Arc::clone(&self.context.ports.source);
        let count = move || {
            threads::step_back();
            let began = std::time::Instant::now();
            handle.fresh.set_dirty(source.dirty(&root));
            Counted { took: began.elapsed() }
        };
        self.counting.running = Some(threads::run(&self.tracker, "repo-count", count));
    }

    pub(super) fn finish_counting(&mut self, counted: Option<Counted>) {
        self.counting.running = None;
        let took = counted.map(|counted| counted.took).unwrap_or_default();
        self.counting.not_before = Some(Instant::now() + (took * COUNT_SHARE).max(COUNT_EVERY));
    }

    /// Begins to watch what is not watched, or ends all watches, as the settings say.
    pub(super) fn watch_or_not(&mut self) {
        if !self.context.config.load().watch {
            self.end_watches();
            return;
        }
        if self.context.ports.watcher.is_none() || !self.is_open() {
            return;
        }
        let roots = self.context.published.roots.load_full();
        for (root, _) in roots.iter().filter(|(_, handle)| !handle.fresh.is_watched()) {
            if !self.has_queued_pass(root) && !self.runs_pass_over(root) {
                // A pass begins by watching, and finds what has changed before.
                self.enqueue_pass(root.clone(), false, true);
            }
        }
    }

    /// Ends all watches, where that may take its time.
    pub(super) fn end_watches(&self) {
        let roots = self.context.published.roots.load();
        let watches: Vec<_> = roots
            .values()
            .filter_map(|handle| handle.fresh.set_watch(None))
            .collect();
        if !watches.is_empty() {
            // Nobody waits for it but the end of the engine.
            drop(threads::run(&self.tracker, "repo-unwatch", move || drop(watches)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_left_alone_for_longer_and_longer() {
        let (root, other) = (Path::new("/root"), Path::new("/other"));
        let mut hinted = Hinted::new(Duration::from_secs(1));
        for expected in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
            assert!(!hinted.is_held(root));
            hinted.passed(root, false);
            assert!(hinted.is_held(root) && !hinted.is_held(other));
            let until = hinted.next_release().expect("it is held");
            assert_eq!(until - Instant::now(), Duration::from_secs(expected));
            tokio::time::advance(Duration::from_secs(expected)).await;
        }
        assert_eq!(hinted.next_release(), None);
        hinted.passed(root, true);
        hinted.passed(root, false);
        let until = hinted.next_release().expect("it is held");
        assert_eq!(until - Instant::now(), HOLD, "what went well is forgotten");
    }
}

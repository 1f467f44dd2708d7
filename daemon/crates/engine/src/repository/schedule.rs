//! What an actor does next: its queue, and the jobs that run.
//!
//! At most one job of the queue runs. Jobs that last moments (`light`) have a place of their own, which they may take while
//! nothing or vectors run; whatever else waits comes after one of them at the latest.

use super::actor::Actor;
use super::job::{self, Job, Outcome};
use super::running::{JobName, Queued, Running};
use super::{RootHandle, light};
use crate::EngineError;
use crate::progress::{Phase, Progress};
use crate::threads::{self, Stop};
use codemem_core::ports::Root;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

impl Actor {
    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some() || self.light.is_some() || !self.queue.is_empty()
    }

    /// The handle of a root with its project, published when it is new.
    pub(super) fn register(&self, root: &Root) -> RootHandle {
        if let Some(handle) = self.root(&root.path) {
            handle.project.store(Arc::new(root.project.clone()));
            return handle;
        }
        let handle = RootHandle::new(root);
        self.context.published.roots.rcu(|roots| {
            let mut roots = (**roots).clone();
            roots.insert(root.path.clone(), handle.clone());
            roots
        });
        handle
    }

    fn root(&self, root: &Path) -> Option<RootHandle> {
        self.context.published.roots.load().get(root).cloned()
    }

    /// Queues a pass over a root; one that waits already serves both requests. The request's number; none for a root that was
    /// forgotten meanwhile.
    pub(super) fn enqueue_pass(&mut self, root: PathBuf, force: bool, by_hint: bool) -> Option<u64> {
        let handle = self.root(&root)?;
        if self.context.is_read_only() {
            return Some(handle.state.borrow().requested);
        }
        let busy = self.runs_pass_over(&root);
        let mut number = 0;
        handle.state.send_modify(|state| {
            state.requested += 1;
            number = state.requested;
            if !busy {
                state.progress = Progress::begin(Phase::Queued);
            }
        });
        let waiting = self.queue.iter_mut().find_map(|queued| match &mut queued.job {
            Job::Pass { root: waiting, force } if *waiting == root => Some((force, &mut queued.by_hint)),
            _ => None,
        });
        match waiting {
            Some((waiting, hinted)) => {
                *waiting |= force;
                *hinted &= by_hint;
                tracing::debug!("a pass that waits already serves this request as well");
            }
            None => self.enqueue(Job::Pass { root, force }, by_hint),
        }
        Some(number)
    }

    /// Whether a pass over the root waits.
    pub(super) fn has_queued_pass(&self, root: &Path) -> bool {
        let is_pass = |queued: &Queued| matches!(&queued.job, Job::Pass { root: of, .. } if of == root);
        self.queue.iter().any(is_pass)
    }

    pub(super) fn enqueue_vectors(&mut self, by_hint: bool) {
        if self.context.is_read_only() {
            return;
        }
        if let Some(waiting) = self.queue.iter_mut().find(|queued| matches!(queued.job, Job::Vectors)) {
            waiting.by_hint &= by_hint;
            return;
        }
        // The one job that is behind them.
        self.queue.retain(|queued| !matches!(queued.job, Job::Tune));
        self.queue.push_back(Queued {
            by_hint,
            ..Queued::here(Job::Vectors)
        });
        if self.runs(&JobName::Tune) {
            self.make_room();
        }
    }

    /// Queues what makes searches faster behind everything else; vectors are followed by it anyway.
    fn enqueue_tune(&mut self) {
        let is_behind = |queued: &Queued| matches!(queued.job, Job::Vectors | Job::Tune);
        if !self.queue.iter().any(is_behind) {
            self.queue.push_back(Queued {
                by_hint: true,
                ..Queued::here(Job::Tune)
            });
        }
    }

    /// Queues a job ahead of waiting vectors and asks running vectors to make room: they can take an
    /// hour, and resume where they were. So does what comes behind them.
    pub(super) fn enqueue(&mut self, job: Job, by_hint: bool) {
        let place = self
            .queue
            .iter()
            .position(|queued| matches!(queued.job, Job::Vectors | Job::Tune))
            .unwrap_or(self.queue.len());
        let queued = Queued {
            by_hint,
            ..Queued::here(job)
        };
        self.queue.insert(place, queued);
        if self.runs_behind() {
            self.make_room();
        }
    }

    /// Asks the job of the queue that runs to stop.
    pub(super) fn make_room(&self) {
        if let Some(running) = &self.running {
            running.stop.request();
        }
    }

    pub(super) fn runs_vectors(&self) -> bool {
        self.runs(&JobName::Vectors)
    }

    /// Whether the job of the queue that runs makes room for every other, and edits are taken in beside it.
    pub(super) fn runs_behind(&self) -> bool {
        self.runs_vectors() || self.runs(&JobName::Tune)
    }

    fn runs(&self, job: &JobName) -> bool {
        self.running.as_ref().is_some_and(|running| running.job == *job)
    }

    /// The permit that was waited for has come.
    pub(super) fn take_permit(&mut self, permit: Option<OwnedSemaphorePermit>) {
        self.permit.take(permit);
        if self.runs_behind() {
            self.make_room();
        }
    }

    /// Starts what can be started.
    pub(super) fn start_next(&mut self) {
        if self.closing.is_none() {
            self.follow_hints();
            let passes = self
                .queue
                .front()
                .is_some_and(|first| matches!(first.job, Job::Pass { .. }));
            let has_room = self.running.is_none() || self.runs_behind();
            self.permit.want(passes && has_room, &self.context.pass_permits);
            if !self.is_owed() {
                self.start_light();
            }
            self.start_queued();
            self.start_counting();
        } else {
            self.permit.want(false, &self.context.pass_permits);
        }
        let running = self.running.as_ref().filter(|running| is_work(&running.job));
        if running.is_some_and(|running| !running.by_hint) {
            self.context.published.used.touch();
        }
        let works = running.is_some() || self.light.is_some();
        self.context.published.busy.send_replace(works);
    }

    /// Whether a job of the queue comes before the next edit: stores are opened first, and whatever else
    /// could start has waited for an edit before.
    pub(super) fn is_owed(&self) -> bool {
        match self.queue.front().map(|first| &first.job) {
            Some(Job::Open | Job::Reopen) => true,
            Some(Job::Pass { .. }) => self.hinted.is_last_started && self.permit.is_held(),
            Some(Job::Rest(_) | Job::Remove { .. } | Job::Prune { .. }) => self.hinted.is_last_started,
            Some(Job::Vectors | Job::Tune) | None => false,
        }
    }

    fn start_queued(&mut self) {
        if self.running.is_some() {
            return;
        }
        let place = match self.queue.front().map(|first| &first.job) {
            // Vectors are not kept waiting by other repositories' passes.
            Some(Job::Pass { .. }) if !self.permit.is_held() => {
                self.queue.iter().position(|queued| matches!(queued.job, Job::Vectors))
            }
            first => first.map(|_| 0),
        };
        let Some(place) = place else { return };
        let starts_beside = matches!(self.queue[place].job, Job::Vectors | Job::Tune);
        if self.light.is_some() && !starts_beside {
            return;
        }
        let Some(Queued { job, span, by_hint }) = self.queue.remove(place) else {
            return;
        };
        let (name, permit) = match &job {
            Job::Open => (JobName::Open, None),
            Job::Reopen => (JobName::Reopen, None),
            Job::Rest(_) => (JobName::Rest, None),
            Job::Pass { root, .. } => (JobName::Pass(root.clone(), self.requested(root)), self.permit.spend()),
            Job::Vectors => (JobName::Vectors, None),
            Job::Tune => (JobName::Tune, None),
            Job::Remove { .. } | Job::Prune { .. } => (JobName::Other, None),
        };
        self.hinted.is_last_started &= matches!(name, JobName::Vectors | JobName::Tune);
        let (context, stop) = (Arc::clone(&self.context), Stop::default());
        let (thread, job_stop) = (job.thread_name(), stop.clone());
        let may_heal = self.may_heal();
        if is_work(&name) {
            // Before it has done anything that shows.
            self.context.published.busy.send_replace(true);
        }
        let run = || {
            threads::run(&self.tracker, thread, move || {
                let _permit = permit;
                job::run(&context, job, &job_stop, may_heal)
            })
        };
        let outcome = span.in_scope(run);
        self.running = Some(Running {
            job: name,
            span,
            stop,
            by_hint,
            outcome,
        });
    }

    /// Starts a job that lasts moments.
    pub(super) fn run_light(&mut self, job: light::LightJob) {
        let name = match &job {
            light::LightJob::Touch(root) => JobName::Touch(root.clone()),
            light::LightJob::Settle => JobName::Other,
        };
        let (context, stop, span) = (Arc::clone(&self.context), Stop::default(), Span::none());
        let (job_stop, may_heal) = (stop.clone(), self.may_heal());
        self.context.published.busy.send_replace(true);
        let run = || {
            threads::run(&self.tracker, job.thread_name(), move || {
                light::run(&context, &job, &job_stop, may_heal)
            })
        };
        let outcome = span.in_scope(run);
        self.light = Some(Running {
            job: name,
            span,
            stop,
            by_hint: true,
            outcome,
        });
    }

    pub(super) fn finish(&mut self, outcome: Result<Outcome, EngineError>) {
        let Some(running) = self.running.take() else { return };
        if running.job != JobName::Rest && !running.by_hint {
            self.context.published.used.touch();
        }
        if let Err(error) = &outcome {
            tracing::error!(error = error.chain(), "a job ended early");
        }
        if running.job == JobName::Vectors {
            self.healing.begun &= !matches!(outcome, Ok(Outcome::Done));
        }
        self.follow_opening(running.job == JobName::Reopen);
        if matches!(outcome, Ok(Outcome::Damaged)) {
            self.heal();
            return;
        }
        if let JobName::Pass(root, _) = &running.job {
            self.hinted
                .passed(root, matches!(outcome, Ok(Outcome::Done | Outcome::Interrupted)));
            self.counting.add(root);
        }
        let published = Arc::clone(&self.context.published);
        match (running.job, outcome) {
            // Vectors that made room for another job, and passes, leave vectors to do, however far they came.
            (JobName::Pass(..), Ok(Outcome::Done | Outcome::Failed)) | (JobName::Vectors, Ok(Outcome::Interrupted)) => {
                self.enqueue_vectors(running.by_hint);
            }
            (JobName::Vectors, Ok(Outcome::Done)) if std::mem::take(&mut self.hinted.new_texts) => {
                self.enqueue_vectors(true);
            }
            (JobName::Vectors, Ok(Outcome::Done)) | (JobName::Tune, Ok(Outcome::Interrupted)) => self.enqueue_tune(),
            (JobName::Pass(root, covers), Err(error)) => {
                if let Some(handle) = published.roots.load().get(&root) {
                    job::record_failure(handle, covers, &error);
                }
            }
            (JobName::Vectors, Err(error)) => job::record_lost_vectors(&published, &error),
            // Whoever waits for the stores finds out that there are none.
            (JobName::Open | JobName::Reopen, _) => {
                published.opened.send_replace(true);
                // While they were closed, nothing was begun.
                self.watch_or_not();
            }
            (JobName::Pass(..), Ok(Outcome::Interrupted | Outcome::Damaged))
            | (JobName::Vectors, Ok(Outcome::Failed | Outcome::Damaged))
            | (JobName::Tune, Ok(Outcome::Done | Outcome::Failed | Outcome::Damaged) | Err(_))
            | (JobName::Other | JobName::Rest | JobName::Touch(_), _) => {}
        }
    }

    fn requested(&self, root: &Path) -> u64 {
        let roots = self.context.published.roots.load();
        roots.get(root).map_or(0, |handle| handle.state.borrow().requested)
    }

    pub(super) fn runs_pass_over(&self, root: &Path) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| matches!(&running.job, JobName::Pass(of, _) if of == root))
    }
}

/// Whether a job keeps anybody awake. Resting does not, nor does what nobody waits for.
fn is_work(job: &JobName) -> bool {
    !matches!(job, JobName::Rest | JobName::Tune)
}

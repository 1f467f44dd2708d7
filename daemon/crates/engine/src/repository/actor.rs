//! The actor task: takes commands, keeps the queue, runs one job at a time.

use super::job::{self, Context, Job, Outcome};
use super::{Asked, Command, IndexReply, MAILBOX, Published, RepositoryHandle, RootHandle};
use crate::EngineError;
use crate::config::{Limits, Ports};
use crate::progress::Phase;
use crate::threads::{self, Stop};
use codemem_core::ids::RepositoryKey;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

/// Starts the actor of a repository. Opening its stores is its first job; each root already
/// registered is brought up to date next.
pub(crate) fn spawn(
    key: RepositoryKey,
    roots: Vec<PathBuf>,
    ports: Ports,
    config: Arc<Limits>,
    pass_permits: Arc<Semaphore>,
    cancel: CancellationToken,
    tracker: &TaskTracker,
) -> RepositoryHandle {
    let (mailbox_tx, mailbox_rx) = mpsc::channel(MAILBOX);
    let (probe_tx, probe_rx) = mpsc::channel(1);
    let published = Arc::new(Published::new(roots.iter().cloned()));
    let context = Arc::new(Context {
        key: key.clone(),
        ports,
        config,
        published: Arc::clone(&published),
        pass_permits,
    });
    let mut actor = Actor {
        context,
        mailbox: mailbox_rx,
        probes: probe_rx,
        queue: VecDeque::from([Queued::here(Job::Open)]),
        running: None,
        cancel,
        tracker: tracker.clone(),
        closing: None,
        healing: Healing::default(),
    };
    if actor.context.is_read_only() {
        // What is damaged stays as it is.
        actor.healing.in_vain = true;
    }
    for root in roots {
        actor.enqueue_pass(root, false);
    }
    tracker.spawn(actor.run());
    RepositoryHandle {
        key,
        mailbox: mailbox_tx,
        probe: probe_tx,
        published,
    }
}

struct Actor {
    context: Arc<Context>,
    mailbox: mpsc::Receiver<Asked>,
    probes: mpsc::Receiver<oneshot::Sender<()>>,
    queue: VecDeque<Queued>,
    running: Option<Running>,
    cancel: CancellationToken,
    tracker: TaskTracker,
    closing: Option<oneshot::Sender<()>>,
    healing: Healing,
}

/// What has been done about damage. Stores are opened again for it once, not in a loop: damage that is
/// met again before everything was filled again, or that no check finds, is a problem for the user.
#[derive(Default)]
struct Healing {
    /// They were opened again, and what follows from it has not come to its end.
    begun: bool,
    /// Nothing was found damaged then: what was met cannot be healed that way.
    in_vain: bool,
    /// Who waits for them to be open again.
    waiters: Vec<oneshot::Sender<bool>>,
}

/// A job that waits, in the span of the request that asked for it first.
struct Queued {
    job: Job,
    span: Span,
}

impl Queued {
    /// A job of the request that is current here.
    fn here(job: Job) -> Self {
        Self {
            job,
            span: Span::current(),
        }
    }
}

struct Running {
    job: JobName,
    span: Span,
    stop: Stop,
    outcome: oneshot::Receiver<Result<Outcome, EngineError>>,
}

/// What the actor must remember of a job that it has handed over.
#[derive(Clone, PartialEq, Eq)]
enum JobName {
    Open,
    Reopen,
    Rest,
    /// The root, and the newest request that the pass serves.
    Pass(PathBuf, u64),
    Vectors,
    Other,
}

enum Event {
    Probe(oneshot::Sender<()>),
    Command(Option<Asked>),
    Finished(Result<Outcome, EngineError>),
    Cancelled,
}

impl Actor {
    async fn run(mut self) {
        loop {
            self.start_next();
            if self.running.is_none() && self.closing.is_some() {
                break;
            }
            let event = tokio::select! {
                () = self.cancel.cancelled(), if self.closing.is_none() => Event::Cancelled,
                outcome = finished(&mut self.running) => Event::Finished(outcome),
                Some(probe) = self.probes.recv() => Event::Probe(probe),
                command = self.mailbox.recv(), if self.closing.is_none() => Event::Command(command),
            };
            match event {
                Event::Probe(reply) => {
                    let _unheard = reply.send(());
                }
                Event::Command(Some(asked)) => asked.span.in_scope(|| self.take(asked.command)),
                Event::Command(None) | Event::Cancelled => self.close(None),
                Event::Finished(outcome) => {
                    let span = self
                        .running
                        .as_ref()
                        .map_or_else(Span::none, |running| running.span.clone());
                    span.in_scope(|| self.finish(outcome));
                }
            }
        }
        if let Some(stores) = self.context.published.stores.swap(None) {
            // Closing writes and reads files.
            let mut closed = threads::run(&self.tracker, "repo-close", move || drop(stores));
            let closed = loop {
                tokio::select! {
                    closed = &mut closed => break closed,
                    // That takes its time, and whoever asks meanwhile must not take it for a hang.
                    Some(probe) = self.probes.recv() => {
                        let _unheard = probe.send(());
                    }
                }
            };
            if closed.is_err() {
                tracing::error!("the stores were not closed in order");
            }
        }
        if let Some(reply) = self.closing.take() {
            let _unheard = reply.send(());
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Index { root, force, reply } => {
                let handle = self.root(&root);
                self.healing.begun &= self.is_busy();
                self.healing.in_vain = false;
                handle.state.send_modify(|state| {
                    if state.lexical_done == state.requested {
                        state.repaired = None;
                    }
                });
                let number = self.enqueue_pass(root, force);
                let _unheard = reply.send(IndexReply {
                    number,
                    state: handle.state.subscribe(),
                });
            }
            Command::Vectors => self.enqueue_vectors(),
            Command::Remove { root, reply } => {
                // A pass over what is to be forgotten is wasted.
                self.queue
                    .retain(|queued| !matches!(&queued.job, Job::Pass { root: of, .. } if *of == root));
                if let Some(running) = self.running.as_ref().filter(|_| self.runs_pass_over(&root)) {
                    running.stop.request();
                }
                self.enqueue(Job::Remove { root, reply });
            }
            Command::Prune { dry_run, reply } => self.enqueue(Job::Prune { dry_run, reply }),
            Command::Suspect { reply } => self.suspect(reply),
            Command::Rest { after } => {
                if !self.is_busy() {
                    self.enqueue(Job::Rest(after));
                }
            }
            Command::Wake => self.wake(),
            Command::Close { reply } => {
                // What is about to be deleted need not be noted as closed in order.
                if let Some(stores) = self.context.published.stores.load_full() {
                    stores.closing.distrust();
                }
                self.close(Some(reply));
            }
        }
    }

    fn close(&mut self, reply: Option<oneshot::Sender<()>>) {
        self.queue.clear();
        if let Some(running) = &self.running {
            running.stop.request();
        }
        // Nobody waits after a cancellation; the channel then only marks that the end has begun.
        self.closing = Some(reply.unwrap_or_else(|| oneshot::channel().0));
    }

    /// Has stores opened that were closed for want of use, before everything else.
    fn wake(&mut self) {
        let opens = |queued: &Queued| matches!(queued.job, Job::Open);
        let under_way = self.queue.iter().any(opens)
            || self
                .running
                .as_ref()
                .is_some_and(|running| running.job == JobName::Open);
        if self.context.published.resting.load(Ordering::SeqCst) && !under_way {
            self.queue.push_front(Queued::here(Job::Open));
        }
    }

    /// Has the stores opened again because a reader met damage.
    fn suspect(&mut self, reply: Option<oneshot::Sender<bool>>) {
        let reopens = |queued: &Queued| matches!(queued.job, Job::Reopen);
        let under_way = self.queue.iter().any(reopens)
            || self
                .running
                .as_ref()
                .is_some_and(|running| running.job == JobName::Reopen);
        if !under_way {
            if !self.may_heal() {
                if let Some(reply) = reply {
                    let _unheard = reply.send(false);
                }
                return;
            }
            self.heal();
            if let Some(running) = &self.running {
                running.stop.request();
            }
        }
        self.healing.waiters.extend(reply);
    }

    fn may_heal(&self) -> bool {
        !self.healing.begun && !self.healing.in_vain
    }

    /// Queues the opening before everything else; every root is read again afterwards.
    fn heal(&mut self) {
        self.healing.begun = true;
        if !self.queue.iter().any(|queued| matches!(queued.job, Job::Reopen)) {
            self.queue.push_front(Queued::here(Job::Reopen));
        }
    }

    /// What comes after stores were opened: all roots are read again when one was replaced.
    fn follow_opening(&mut self, reopened: bool) {
        let replaced = self.context.published.replaced.swap(false, Ordering::Relaxed);
        if reopened {
            self.healing.in_vain = !replaced;
            for waiter in self.healing.waiters.drain(..) {
                let _unheard = waiter.send(true);
            }
        }
        if replaced || reopened {
            let roots: Vec<PathBuf> = self.context.published.roots.load().keys().cloned().collect();
            for root in roots {
                self.enqueue_pass(root, false);
            }
        }
    }

    fn is_busy(&self) -> bool {
        self.running.is_some() || !self.queue.is_empty()
    }

    /// The handle of a root, published when it is new.
    fn root(&self, root: &Path) -> RootHandle {
        let roots = self.context.published.roots.load();
        if let Some(handle) = roots.get(root) {
            return handle.clone();
        }
        let handle = RootHandle::default();
        self.context.published.roots.rcu(|roots| {
            let mut roots = (**roots).clone();
            roots.insert(root.to_path_buf(), handle.clone());
            roots
        });
        handle
    }

    /// Queues a pass over a root; one that waits already serves both requests.
    fn enqueue_pass(&mut self, root: PathBuf, force: bool) -> u64 {
        let handle = self.root(&root);
        if self.context.is_read_only() {
            return handle.state.borrow().requested;
        }
        let busy = self.runs_pass_over(&root);
        let mut number = 0;
        handle.state.send_modify(|state| {
            state.requested += 1;
            number = state.requested;
            if !busy {
                state.progress = crate::progress::Progress::begin(Phase::Queued);
            }
        });
        let waiting = self.queue.iter_mut().find_map(|queued| match &mut queued.job {
            Job::Pass { root: waiting, force } if *waiting == root => Some(force),
            _ => None,
        });
        match waiting {
            Some(waiting) => {
                *waiting |= force;
                tracing::debug!("a pass that waits already serves this request as well");
            }
            None => self.enqueue(Job::Pass { root, force }),
        }
        number
    }

    fn enqueue_vectors(&mut self) {
        if !self.context.is_read_only() && !self.queue.iter().any(|queued| matches!(queued.job, Job::Vectors)) {
            self.queue.push_back(Queued::here(Job::Vectors));
        }
    }

    /// Queues a job ahead of waiting vectors and asks running vectors to make room: they are the
    /// one job that can take an hour, and they resume where they were.
    fn enqueue(&mut self, job: Job) {
        let place = self
            .queue
            .iter()
            .position(|queued| matches!(queued.job, Job::Vectors))
            .unwrap_or(self.queue.len());
        self.queue.insert(place, Queued::here(job));
        if let Some(running) = self.running.as_ref().filter(|running| running.job == JobName::Vectors) {
            running.stop.request();
        }
    }

    fn start_next(&mut self) {
        if self.running.is_none()
            && self.closing.is_none()
            && let Some(Queued { job, span }) = self.queue.pop_front()
        {
            let name = match &job {
                Job::Open => JobName::Open,
                Job::Reopen => JobName::Reopen,
                Job::Rest(_) => JobName::Rest,
                Job::Pass { root, .. } => JobName::Pass(root.clone(), self.requested(root)),
                Job::Vectors => JobName::Vectors,
                Job::Remove { .. } | Job::Prune { .. } => JobName::Other,
            };
            let (context, stop) = (Arc::clone(&self.context), Stop::default());
            let (thread, job_stop) = (job.thread_name(), stop.clone());
            let may_heal = self.may_heal();
            let run = || {
                threads::run(&self.tracker, thread, move || {
                    job::run(&context, job, &job_stop, may_heal)
                })
            };
            let outcome = span.in_scope(run);
            self.running = Some(Running {
                job: name,
                span,
                stop,
                outcome,
            });
        }
        // Resting is no work: nobody is to be kept awake by it.
        let works = self
            .running
            .as_ref()
            .is_some_and(|running| running.job != JobName::Rest);
        if works {
            self.context.published.used.touch();
        }
        self.context.published.busy.send_replace(works);
    }

    fn finish(&mut self, outcome: Result<Outcome, EngineError>) {
        let Some(running) = self.running.take() else { return };
        if running.job != JobName::Rest {
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
        let published = Arc::clone(&self.context.published);
        match (running.job, outcome) {
            // Vectors that made room for another job, and passes, leave vectors to do.
            (JobName::Pass(..), Ok(Outcome::Done)) | (JobName::Vectors, Ok(Outcome::Interrupted)) => {
                self.enqueue_vectors();
            }
            (JobName::Pass(root, covers), Err(error)) => {
                if let Some(handle) = published.roots.load().get(&root) {
                    job::record_failure(handle, covers, &error);
                }
            }
            (JobName::Vectors, Err(error)) => job::record_lost_vectors(&published, &error),
            // Whoever waits for the stores finds out that there are none.
            (JobName::Open | JobName::Reopen, _) => drop(published.opened.send_replace(true)),
            (JobName::Pass(..), Ok(Outcome::Interrupted | Outcome::Damaged))
            | (JobName::Vectors, Ok(Outcome::Done | Outcome::Damaged))
            | (JobName::Other | JobName::Rest, _) => {}
        }
    }

    fn requested(&self, root: &Path) -> u64 {
        let roots = self.context.published.roots.load();
        roots.get(root).map_or(0, |handle| handle.state.borrow().requested)
    }

    fn runs_pass_over(&self, root: &Path) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| matches!(&running.job, JobName::Pass(of, _) if of == root))
    }
}

async fn finished(running: &mut Option<Running>) -> Result<Outcome, EngineError> {
    match running {
        Some(running) => match (&mut running.outcome).await {
            Ok(outcome) => outcome,
            Err(_) => Err(EngineError::JobLost("job")),
        },
        None => std::future::pending().await,
    }
}

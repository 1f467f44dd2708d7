//! The actor task: takes commands and hints, and ends.
//!
//! What it does next is decided in [`schedule`](super::schedule), what follows from hints and from time in
//! [`hints`](super::hints).

use super::hints::{Counted, Counting, Hinted};
use super::job::{self, Context, Job, Outcome};
use super::light::LightOutcome;
use super::running::{JobName, PassPermit, Queued, Running};
use super::{Asked, Command, IndexReply, MAILBOX, Published, RepositoryHandle};
use crate::EngineError;
use crate::config::{Limits, Ports};
use crate::pass::settle::Unsettled;
use crate::threads;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::Root;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

/// Starts the actor of a repository. Opening its stores is its first job; each root already
/// registered is brought up to date next.
pub(crate) fn spawn(
    key: RepositoryKey,
    roots: Vec<Root>,
    ports: Ports,
    config: Arc<Limits>,
    pass_permits: Arc<Semaphore>,
    cancel: CancellationToken,
    tracker: &TaskTracker,
) -> RepositoryHandle {
    let (mailbox_tx, mailbox_rx) = mpsc::channel(MAILBOX);
    let (probe_tx, probe_rx) = mpsc::channel(1);
    let published = Arc::new(Published::new(&roots));
    let context = Arc::new(Context {
        key: key.clone(),
        ports,
        config,
        published: Arc::clone(&published),
        pass_permits,
        unsettled: Unsettled::default(),
        hinted: Arc::new(Notify::new()),
    });
    let hinted = Hinted::new(context.config.load().recheck_every);
    let mut actor = Actor {
        context,
        mailbox: mailbox_rx,
        probes: probe_rx,
        queue: VecDeque::from([Queued::here(Job::Open)]),
        running: None,
        light: None,
        permit: PassPermit::default(),
        hinted,
        counting: Counting::default(),
        cancel,
        tracker: tracker.clone(),
        closing: None,
        deletes: false,
        healing: Healing::default(),
    };
    if actor.context.is_read_only() {
        // What is damaged stays as it is.
        actor.healing.in_vain = true;
    }
    for root in roots {
        actor.enqueue_pass(root.path, false, false);
    }
    tracker.spawn(actor.run());
    RepositoryHandle {
        key,
        mailbox: mailbox_tx,
        probe: probe_tx,
        published,
    }
}

pub(super) struct Actor {
    pub(super) context: Arc<Context>,
    mailbox: mpsc::Receiver<Asked>,
    probes: mpsc::Receiver<oneshot::Sender<()>>,
    pub(super) queue: VecDeque<Queued>,
    pub(super) running: Option<Running<Outcome>>,
    /// Beside vectors, or alone.
    pub(super) light: Option<Running<LightOutcome>>,
    pub(super) permit: PassPermit,
    pub(super) hinted: Hinted,
    pub(super) counting: Counting,
    cancel: CancellationToken,
    pub(super) tracker: TaskTracker,
    pub(super) closing: Option<oneshot::Sender<()>>,
    /// The stores are closed to be deleted.
    deletes: bool,
    pub(super) healing: Healing,
}

/// What has been done about damage. Stores are opened again for it once, not in a loop: damage that is
/// met again before everything was filled again, or that no check finds, is a problem for the user.
#[derive(Default)]
pub(super) struct Healing {
    /// They were opened again, and what follows from it has not come to its end.
    pub(super) begun: bool,
    /// Nothing was found damaged then: what was met cannot be healed that way.
    in_vain: bool,
    /// Who waits for them to be open again.
    waiters: Vec<oneshot::Sender<bool>>,
}

enum Event {
    Probe(oneshot::Sender<()>),
    Command(Option<Asked>),
    Finished(Result<Outcome, EngineError>),
    LightFinished(Result<LightOutcome, EngineError>),
    Permit(Option<OwnedSemaphorePermit>),
    Hinted,
    Counted(Option<Counted>),
    Time,
    Cancelled,
}

impl Actor {
    async fn run(mut self) {
        loop {
            self.start_next();
            if self.running.is_none() && self.light.is_none() && self.closing.is_some() {
                break;
            }
            let deadline = self.deadline();
            let event = tokio::select! {
                () = self.cancel.cancelled(), if self.closing.is_none() => Event::Cancelled,
                outcome = Running::finished(&mut self.running) => Event::Finished(outcome),
                outcome = Running::finished(&mut self.light) => Event::LightFinished(outcome),
                permit = self.permit.granted() => Event::Permit(permit),
                counted = self.counting.finished() => Event::Counted(counted),
                () = self.context.hinted.notified() => Event::Hinted,
                () = elapsed(deadline) => Event::Time,
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
                Event::LightFinished(outcome) => self.finish_light(outcome),
                Event::Permit(permit) => self.take_permit(permit),
                Event::Counted(counted) => self.finish_counting(counted),
                // What is to be done about both is looked at before every wait.
                Event::Hinted => {}
                Event::Time => self.hinted.recheck(Instant::now(), &self.context),
            }
        }
        self.end_watches();
        if self.context.published.stores.load().is_some() {
            // Closing writes and reads files.
            let (context, deletes) = (Arc::clone(&self.context), self.deletes);
            let mut closed = threads::run(&self.tracker, "repo-close", move || close(&context, deletes));
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
                let handle = self.register(&root);
                self.healing.begun &= self.is_busy();
                self.healing.in_vain = false;
                handle.state.send_modify(|state| {
                    if state.lexical_done == state.requested {
                        state.repaired = None;
                    }
                });
                let number = self.enqueue_pass(root.path, force, false).unwrap_or_default();
                let _unheard = reply.send(IndexReply {
                    number,
                    state: handle.state.subscribe(),
                });
            }
            Command::Vectors => self.enqueue_vectors(false),
            Command::Remove { root, reply } => {
                // A pass over what is to be forgotten is wasted.
                self.queue
                    .retain(|queued| !matches!(&queued.job, Job::Pass { root: of, .. } if *of == root));
                if let Some(running) = self.running.as_ref().filter(|_| self.runs_pass_over(&root)) {
                    running.stop.request();
                }
                self.enqueue(Job::Remove { root, reply }, false);
            }
            Command::Prune { dry_run, reply } => self.enqueue(Job::Prune { dry_run, reply }, false),
            Command::Suspect { reply } => self.suspect(reply),
            Command::Rest { after } => {
                if !self.is_busy() {
                    self.enqueue(Job::Rest(after), false);
                }
            }
            Command::Wake => self.wake(),
            Command::Watch => self.watch_or_not(),
            Command::Close { reply } => {
                // What is about to be deleted need not be noted as closed in order.
                if let Some(stores) = self.context.published.stores.load_full() {
                    stores.closing.distrust();
                }
                self.deletes = true;
                self.close(Some(reply));
            }
        }
    }

    fn close(&mut self, reply: Option<oneshot::Sender<()>>) {
        self.queue.clear();
        if let Some(running) = &self.running {
            running.stop.request();
        }
        if let Some(light) = &self.light {
            light.stop.request();
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
            self.make_room();
        }
        self.healing.waiters.extend(reply);
    }

    pub(super) fn may_heal(&self) -> bool {
        !self.healing.begun && !self.healing.in_vain
    }

    /// Queues the opening before everything else; every root is read again afterwards.
    pub(super) fn heal(&mut self) {
        self.healing.begun = true;
        if !self.queue.iter().any(|queued| matches!(queued.job, Job::Reopen)) {
            self.queue.push_front(Queued::here(Job::Reopen));
        }
    }

    /// What comes after stores were opened: all roots are read again when one was replaced.
    pub(super) fn follow_opening(&mut self, reopened: bool) {
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
                self.enqueue_pass(root, false, false);
            }
        }
    }
}

/// Makes edits durable and closes the stores.
fn close(context: &Context, deletes: bool) {
    if !deletes && let Err(error) = job::settled(context) {
        tracing::warn!(error = error.chain(), "some edits will be read again at the next start");
    }
    drop(context.published.stores.swap(None));
}

async fn elapsed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

//! The actor task: takes commands, keeps the queue, runs one job at a time.

use super::job::{self, Context, Job, Outcome};
use super::{Command, IndexReply, MAILBOX, Published, RepositoryHandle, RootHandle};
use crate::EngineError;
use crate::config::{EngineConfig, Ports};
use crate::progress::Phase;
use crate::threads::{self, Stop};
use codemem_core::ids::RepositoryKey;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts the actor of a repository. Opening its stores is its first job; each root already
/// registered is brought up to date next.
pub(crate) fn spawn(
    key: RepositoryKey,
    roots: Vec<PathBuf>,
    ports: Ports,
    config: Arc<EngineConfig>,
    pass_permits: Arc<Semaphore>,
    cancel: CancellationToken,
    tracker: &TaskTracker,
) -> RepositoryHandle {
    let (mailbox_tx, mailbox_rx) = mpsc::channel(MAILBOX);
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
        queue: VecDeque::from([Job::Open]),
        running: None,
        cancel,
        tracker: tracker.clone(),
        closing: None,
    };
    for root in roots {
        actor.enqueue_pass(root, false);
    }
    tracker.spawn(actor.run());
    RepositoryHandle {
        key,
        mailbox: mailbox_tx,
        published,
    }
}

struct Actor {
    context: Arc<Context>,
    mailbox: mpsc::Receiver<Command>,
    queue: VecDeque<Job>,
    running: Option<Running>,
    cancel: CancellationToken,
    tracker: TaskTracker,
    closing: Option<oneshot::Sender<()>>,
}

struct Running {
    job: JobName,
    stop: Stop,
    outcome: oneshot::Receiver<Result<Outcome, EngineError>>,
}

/// What the actor must remember of a job that it has handed over.
#[derive(Clone, PartialEq, Eq)]
enum JobName {
    Open,
    /// The root, and the newest request that the pass serves.
    Pass(PathBuf, u64),
    Vectors,
    Other,
}

enum Event {
    Command(Option<Command>),
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
                command = self.mailbox.recv(), if self.closing.is_none() => Event::Command(command),
            };
            match event {
                Event::Command(Some(command)) => self.take(command),
                Event::Command(None) | Event::Cancelled => self.close(None),
                Event::Finished(outcome) => self.finish(outcome),
            }
        }
        self.context.published.stores.store(None);
        if let Some(reply) = self.closing.take() {
            let _unheard = reply.send(());
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Index { root, force, reply } => {
                let handle = self.root(&root);
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
                    .retain(|job| !matches!(job, Job::Pass { root: queued, .. } if *queued == root));
                if let Some(running) = self.running.as_ref().filter(|_| self.runs_pass_over(&root)) {
                    running.stop.request();
                }
                self.enqueue(Job::Remove { root, reply });
            }
            Command::Prune { dry_run, reply } => self.enqueue(Job::Prune { dry_run, reply }),
            Command::Close { reply } => self.close(Some(reply)),
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
        let busy = self.runs_pass_over(&root);
        let mut number = 0;
        handle.state.send_modify(|state| {
            state.requested += 1;
            number = state.requested;
            if !busy {
                state.progress = crate::progress::Progress::begin(Phase::Queued);
            }
        });
        let waiting = self.queue.iter_mut().find_map(|job| match job {
            Job::Pass { root: waiting, force } if *waiting == root => Some(force),
            _ => None,
        });
        match waiting {
            Some(waiting) => *waiting |= force,
            None => self.enqueue(Job::Pass { root, force }),
        }
        number
    }

    fn enqueue_vectors(&mut self) {
        if !self.queue.iter().any(|job| matches!(job, Job::Vectors)) {
            self.queue.push_back(Job::Vectors);
        }
    }

    /// Queues a job ahead of waiting vectors and asks running vectors to make room: they are the
    /// one job that can take an hour, and they resume where they were.
    fn enqueue(&mut self, job: Job) {
        let place = self
            .queue
            .iter()
            .position(|job| matches!(job, Job::Vectors))
            .unwrap_or(self.queue.len());
        self.queue.insert(place, job);
        if let Some(running) = self.running.as_ref().filter(|running| running.job == JobName::Vectors) {
            running.stop.request();
        }
    }

    fn start_next(&mut self) {
        if self.running.is_none()
            && self.closing.is_none()
            && let Some(job) = self.queue.pop_front()
        {
            let name = match &job {
                Job::Open => JobName::Open,
                Job::Pass { root, .. } => JobName::Pass(root.clone(), self.requested(root)),
                Job::Vectors => JobName::Vectors,
                Job::Remove { .. } | Job::Prune { .. } => JobName::Other,
            };
            let (context, stop) = (Arc::clone(&self.context), Stop::default());
            let (thread, job_stop) = (job.thread_name(), stop.clone());
            let outcome = threads::run(&self.tracker, thread, move || job::run(&context, job, &job_stop));
            self.running = Some(Running {
                job: name,
                stop,
                outcome,
            });
        }
        self.context.published.busy.send_replace(self.running.is_some());
    }

    fn finish(&mut self, outcome: Result<Outcome, EngineError>) {
        let Some(running) = self.running.take() else { return };
        let published = &self.context.published;
        if let Err(error) = &outcome {
            tracing::error!(error = error.chain(), "a job ended early");
        }
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
            (JobName::Vectors, Err(error)) => job::record_lost_vectors(published, &error),
            // Whoever waits for the stores finds out that there are none.
            (JobName::Open, _) => drop(published.opened.send_replace(true)),
            (JobName::Pass(..), Ok(Outcome::Interrupted))
            | (JobName::Vectors, Ok(Outcome::Done))
            | (JobName::Other, _) => {}
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

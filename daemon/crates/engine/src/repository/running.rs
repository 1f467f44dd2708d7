//! The jobs of an actor: those that wait, those that run, and the permit that a pass needs.

use super::job::Job;
use crate::EngineError;
use crate::threads::Stop;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Span;

/// A job that waits, in the span of the request that asked for it first.
pub(super) struct Queued {
    pub(super) job: Job,
    pub(super) span: Span,
    /// Nobody asked for it but the files: it is no use of the repository.
    pub(super) by_hint: bool,
}

impl Queued {
    /// A job of the request that is current here.
    pub(super) fn here(job: Job) -> Self {
        Self {
            job,
            span: Span::current(),
            by_hint: false,
        }
    }
}

/// A job that runs.
pub(super) struct Running<T> {
    pub(super) job: JobName,
    pub(super) span: Span,
    pub(super) stop: Stop,
    pub(super) by_hint: bool,
    pub(super) outcome: oneshot::Receiver<Result<T, EngineError>>,
}

impl<T> Running<T> {
    /// The outcome of the job, if there is one.
    pub(super) async fn finished(running: &mut Option<Self>) -> Result<T, EngineError> {
        match running {
            Some(running) => match (&mut running.outcome).await {
                Ok(outcome) => outcome,
                Err(_) => Err(EngineError::JobLost("job")),
            },
            None => std::future::pending().await,
        }
    }
}

/// What the actor must remember of a job that it has handed over.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum JobName {
    Open,
    Reopen,
    Rest,
    /// The root, and the newest request that the pass serves.
    Pass(PathBuf, u64),
    Vectors,
    Tune,
    /// An edit of the root.
    Touch(PathBuf),
    Other,
}

/// The daemon's one permit for a pass, or the wait for it. Meanwhile edits are taken in and vectors made.
#[derive(Default)]
pub(super) struct PassPermit {
    held: Option<OwnedSemaphorePermit>,
    wait: Option<Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>>,
}

impl PassPermit {
    /// Whether a pass can begin.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Waits for the permit, if it is wanted.
    pub(super) async fn granted(&mut self) -> Option<OwnedSemaphorePermit> {
        match &mut self.wait {
            Some(wait) => wait.await,
            None => std::future::pending().await,
        }
    }

    /// The wait is over.
    pub(super) fn take(&mut self, permit: Option<OwnedSemaphorePermit>) {
        self.wait = None;
        self.held = permit;
    }

    /// Gives the permit to a pass, which returns it to the daemon.
    pub(super) fn spend(&mut self) -> Option<OwnedSemaphorePermit> {
        self.held.take()
    }

    /// Takes the permit, or queues for it, as long as it is wanted.
    pub(super) fn want(&mut self, wanted: bool, permits: &Arc<Semaphore>) {
        if !wanted {
            *self = Self::default();
        } else if self.held.is_none() && self.wait.is_none() {
            self.held = Arc::clone(permits).try_acquire_owned().ok();
            if self.held.is_none() {
                let permits = Arc::clone(permits);
                self.wait = Some(Box::pin(async move { permits.acquire_owned().await.ok() }));
            }
        }
    }
}

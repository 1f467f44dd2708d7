//! The one owner of the settings at run time: a task that reads the configuration again when asked.
//!
//! It publishes what is in force through a watch channel and hands it to one function that brings the
//! rest of the daemon in line. Requests come through a bounded mailbox, so that one is finished before
//! the next begins; files are read on a blocking thread.

use super::error::ConfigError;
use super::in_force::{Changes, InForce};
use super::key::{Kind, is_filter};
use super::{Configuration, Sources};
use crate::blocking::blocking;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Requests that may wait; people and service managers make them one by one.
const MAILBOX: usize = 8;

/// Brings the daemon in line with what is in force. Must not block.
pub(crate) type Apply = Box<dyn FnMut(&InForce) + Send>;

/// The way to the owner, and to what it publishes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    mailbox: mpsc::Sender<Command>,
    in_force: watch::Receiver<Arc<InForce>>,
}

/// Why a request had no effect.
#[derive(thiserror::Error, Debug)]
pub(crate) enum RequestError {
    #[error("the settings stay as they were: {}", .0.chain())]
    Config(Box<ConfigError>),
    #[error("{}", no_filter(.0))]
    Filter(String),
    #[error("the daemon is ending")]
    Ending,
}

fn no_filter(text: &str) -> String {
    format!("`{text}` is not a log filter{}", Kind::Filter.suggestion(text))
}

enum Command {
    Reload(oneshot::Sender<Result<Changes, RequestError>>),
    SetLog(Option<String>, oneshot::Sender<()>),
}

/// The task to be run.
pub(crate) struct Owner {
    sources: Arc<Sources>,
    in_force: watch::Sender<Arc<InForce>>,
    commands: mpsc::Receiver<Command>,
    apply: Apply,
}

impl Handle {
    /// What is in force now.
    pub(crate) fn now(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// To be told of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<InForce>> {
        self.in_force.clone()
    }

    /// Reads the configuration again, and returns when what changed is in force.
    pub(crate) async fn reload(&self) -> Result<Changes, RequestError> {
        let (reply_tx, reply_rx) = oneshot::channel();
        let sent = self.mailbox.send(Command::Reload(reply_tx)).await;
        sent.map_err(|_| RequestError::Ending)?;
        reply_rx.await.map_err(|_| RequestError::Ending)?
    }

    /// Lets the log follow a filter until it is reset with `None` or the daemon ends.
    pub(crate) async fn set_log(&self, filter: Option<String>) -> Result<(), RequestError> {
        if let Some(filter) = filter.as_ref().filter(|filter| !is_filter(filter)) {
            return Err(RequestError::Filter(filter.clone()));
        }
        let (reply_tx, reply_rx) = oneshot::channel();
        let sent = self.mailbox.send(Command::SetLog(filter, reply_tx)).await;
        sent.map_err(|_| RequestError::Ending)?;
        reply_rx.await.map_err(|_| RequestError::Ending)
    }
}

impl Owner {
    /// An owner of a configuration, and the way to it.
    pub(crate) fn new(configuration: Configuration, apply: Apply) -> (Self, Handle) {
        let (mailbox, commands) = mpsc::channel(MAILBOX);
        let (in_force, in_force_rx) = watch::channel(Arc::new(configuration.in_force));
        let owner = Self {
            sources: Arc::new(configuration.sources),
            in_force,
            commands,
            apply,
        };
        let handle = Handle {
            mailbox,
            in_force: in_force_rx,
        };
        (owner, handle)
    }

    /// Serves until the daemon ends.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let command = tokio::select! {
                command = self.commands.recv() => command,
                () = stop.cancelled() => return,
            };
            // Nobody waits any more for an answer when a client has left; the change counts all the same.
            match command {
                Some(Command::Reload(reply)) => drop(reply.send(self.reload().await)),
                Some(Command::SetLog(filter, reply)) => {
                    tracing::info!(filter, "the log follows another filter");
                    self.change(|in_force| in_force.request_log(filter));
                    let _gone = reply.send(());
                }
                None => return,
            }
        }
    }

    async fn reload(&mut self) -> Result<Changes, RequestError> {
        let sources = Arc::clone(&self.sources);
        let fresh = blocking(move || (sources.read(), sources.missing_file())).await;
        let (fresh, missing_file) = fresh.map_err(|_| RequestError::Ending)?;
        match fresh {
            Ok(fresh) => {
                let changes = self.change(|in_force| {
                    in_force.missing_file = missing_file;
                    in_force.take(&fresh)
                });
                tracing::info!(changed = changes.changed.join(" "), "read the configuration again");
                if !changes.waiting.is_empty() {
                    let keys = changes.waiting.join(" ");
                    tracing::warn!(keys, "these keys have changed and count after a restart");
                }
                Ok(changes)
            }
            Err(error) => {
                let problem = error.chain();
                tracing::error!(
                    problem,
                    "the configuration is not valid, so the settings stay as they were"
                );
                self.change(|in_force| in_force.problem = Some(problem));
                Err(RequestError::Config(Box::new(error)))
            }
        }
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut InForce) -> T) -> T {
        let mut in_force = InForce::clone(&self.in_force.borrow());
        let result = change(&mut in_force);
        (self.apply)(&in_force);
        self.in_force.send_replace(Arc::new(in_force));
        result
    }
}

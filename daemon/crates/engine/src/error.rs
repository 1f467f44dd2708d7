//! What the engine reports to its callers.

use codemem_core::ports::{PortError, PortErrorKind};
use std::path::PathBuf;

/// A request that could not be served.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No registered root holds the path.
    #[error("`{}` is not indexed", .0.display())]
    NotRegistered(PathBuf),
    /// A root that would index far more than a project.
    #[error("refusing to index `{}`: {why}", path.display())]
    Refused {
        /// The root.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The request itself makes no sense.
    #[error("{message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// Something the engine stands on failed.
    #[error("cannot {action}")]
    Port {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: PortError,
    },
    /// The root's stores are still being opened.
    #[error("`{}` is still being opened", .0.display())]
    NotReady(PathBuf),
    /// The root's stores could not be opened.
    #[error("`{}` cannot be searched: {problem}", root.display())]
    Unsearchable {
        /// The root.
        root: PathBuf,
        /// What its last job said.
        problem: String,
    },
    /// A thread of the engine ended early.
    #[error("the job `{0}` ended without an answer")]
    JobLost(&'static str),
    /// Whoever asked has left.
    #[error("the search was given up")]
    GivenUp,
    /// The daemon is on its way out.
    #[error("the daemon is stopping")]
    Stopping,
}

/// How a caller should take an error; decides exit codes and gRPC codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// The caller asked for something that cannot be.
    Usage,
    /// What was asked about is not there.
    NotFound,
    /// The daemon's fault, or its end.
    Daemon,
    /// Stored or source data is at fault.
    Data,
    /// Something is not ready yet; trying again helps.
    Unavailable,
}

impl EngineError {
    /// Wraps a port's failure with what was being done.
    pub(crate) fn port(action: impl Into<String>) -> impl FnOnce(PortError) -> Self {
        move |source| Self::Port {
            action: action.into(),
            source,
        }
    }

    /// How to take it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotRegistered(_) => ErrorKind::NotFound,
            Self::NotReady(_) | Self::GivenUp => ErrorKind::Unavailable,
            Self::Refused { .. } | Self::Invalid { .. } => ErrorKind::Usage,
            Self::Unsearchable { .. } => ErrorKind::Data,
            Self::JobLost(_) | Self::Stopping => ErrorKind::Daemon,
            Self::Port { source, .. } => match source.kind {
                PortErrorKind::Unavailable => ErrorKind::Unavailable,
                PortErrorKind::NotFound => ErrorKind::NotFound,
                PortErrorKind::Corrupt
                | PortErrorKind::DiskFull
                | PortErrorKind::Denied
                | PortErrorKind::Mismatch
                | PortErrorKind::Failed => ErrorKind::Data,
            },
        }
    }

    /// The next step for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRegistered(path) => Some(format!("run `codemem index {}` first", path.display())),
            Self::Refused { path, .. } => Some(format!(
                "index a project inside it, or run `codemem index --force {}`",
                path.display()
            )),
            Self::Invalid { hint, .. } => Some(hint.clone()),
            Self::Port { source, .. } => source.hint.clone(),
            Self::NotReady(_) | Self::GivenUp => Some("try again in a moment".to_owned()),
            Self::Unsearchable { .. } => Some("see `codemem status`, then run `codemem index`".to_owned()),
            Self::JobLost(_) => Some("see `codemem daemon logs` for the cause".to_owned()),
            Self::Stopping => Some("try again; the daemon starts by itself".to_owned()),
        }
    }

    /// The message with all its causes, for a log line or a status field.
    pub fn chain(&self) -> String {
        codemem_core::error::chain(self)
    }
}

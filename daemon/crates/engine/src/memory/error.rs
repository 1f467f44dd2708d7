//! Why a request about memories was not served.

use codemem_core::memory::validate::FieldError;
use codemem_core::memory::{Memory, MemoryId};
use codemem_core::ports::{PortError, PortErrorKind};
use std::path::PathBuf;

/// A request that was not served.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A field holds what is not allowed.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// What is to be stored holds secrets.
    #[error("`{field}`: holds {what} (rule `{rule}`{})", and_more(*n_more))]
    Secret {
        /// Where.
        field: String,
        /// The rule that found the first.
        rule: &'static str,
        /// What that is.
        what: &'static str,
        /// How many others there are.
        n_more: usize,
    },
    /// The caller may read no such memory.
    #[error("there is no memory `{0}` here")]
    NotFound(String),
    /// Somebody else was faster.
    #[error("memory `{id}` is at version {found}, not {asked}")]
    VersionChanged {
        /// Which.
        id: MemoryId,
        /// The version that was to be edited.
        asked: u32,
        /// The one that is there.
        found: u32,
    },
    /// Somebody else changes the same memory again and again.
    #[error("memory `{0}` is being changed by others")]
    Contended(MemoryId),
    /// A newer memory has taken its place.
    #[error("memory `{id}` was superseded{}", by.as_ref().map_or_else(String::new, |by| format!(" by `{by}`")))]
    Superseded {
        /// Which.
        id: MemoryId,
        /// The newer one.
        by: Option<MemoryId>,
    },
    /// Only people may do that.
    #[error("only a person may {0}")]
    PeopleOnly(&'static str),
    /// An agent wants to change what every project reads.
    #[error("an agent may not change memory `{0}`, which every project reads")]
    CrossesProjects(MemoryId),
    /// The caller's project cannot be told.
    #[error("`caller.project`: cannot tell the project of `{}`", path.display())]
    Project {
        /// The path that was given.
        path: PathBuf,
        /// Why.
        source: PortError,
    },
    /// Nothing is written.
    #[error("cannot {action}: memories are read-only")]
    ReadOnly {
        /// What was to be done.
        action: &'static str,
        /// What is wrong with the store, when that is why.
        problem: Option<String>,
    },
    /// Something that memories stand on failed.
    #[error("cannot {action}")]
    Port {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: PortError,
    },
    /// A thread or task ended early.
    #[error("the job `{0}` ended without an answer")]
    JobLost(&'static str),
    /// The daemon is on its way out.
    #[error("the daemon is stopping")]
    Stopping,
}

/// How a caller should take an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryErrorKind {
    /// The caller asked for something that cannot be.
    Usage,
    /// The caller may not do that.
    Denied,
    /// Stored data is at fault, or has no room.
    Data,
    /// Something is not ready yet; trying again helps.
    Unavailable,
    /// The daemon's fault, or its end.
    Daemon,
}

impl MemoryError {
    /// Wraps a port's failure with what was being done.
    pub(super) fn port(action: &'static str) -> impl FnOnce(PortError) -> Self {
        move |source| Self::Port { action, source }
    }

    /// The refusal of something that has to do with a superseded memory.
    pub(super) fn superseded(memory: &Memory) -> Self {
        Self::Superseded {
            id: memory.id.clone(),
            by: memory.superseded_by.clone(),
        }
    }

    /// How to take it.
    pub fn kind(&self) -> MemoryErrorKind {
        match self {
            Self::Field(_)
            | Self::Secret { .. }
            | Self::NotFound(_)
            | Self::VersionChanged { .. }
            | Self::Superseded { .. }
            | Self::Project { .. } => MemoryErrorKind::Usage,
            Self::ReadOnly { problem: Some(_), .. } => MemoryErrorKind::Data,
            Self::PeopleOnly(_) | Self::CrossesProjects(_) | Self::ReadOnly { problem: None, .. } => {
                MemoryErrorKind::Denied
            }
            Self::Contended(_) => MemoryErrorKind::Unavailable,
            Self::JobLost(_) | Self::Stopping => MemoryErrorKind::Daemon,
            Self::Port { source, .. } => match source.kind {
                PortErrorKind::Unavailable => MemoryErrorKind::Unavailable,
                PortErrorKind::NotFound => MemoryErrorKind::Usage,
                PortErrorKind::Denied
                | PortErrorKind::Corrupt
                | PortErrorKind::DiskFull
                | PortErrorKind::Mismatch
                | PortErrorKind::Failed => MemoryErrorKind::Data,
            },
        }
    }

    /// The next step for the user.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Field(error) => return field_hint(&error.field),
            Self::Secret { .. } => {
                "take it out, or store the rest: `--redact` at the command line, `redact` in a tool".to_owned()
            }
            Self::NotFound(_) => "see `codemem memory list` for what there is".to_owned(),
            Self::VersionChanged { id, .. } => format!("read it again with `codemem memory get {id}`, then edit"),
            Self::Contended(_) => "try again in a moment".to_owned(),
            Self::Superseded { id, by } => {
                let newer = by.as_ref().unwrap_or(id);
                format!("see `codemem memory get {newer}`, and change that one")
            }
            Self::PeopleOnly(_) => "ask the user to do it with `codemem memory`".to_owned(),
            Self::CrossesProjects(id) => {
                format!("store a new one that supersedes `{id}`; it counts once the user confirms it")
            }
            Self::Project { source, .. } => match &source.hint {
                Some(hint) => hint.clone(),
                None => "give the absolute path of a directory in the project".to_owned(),
            },
            Self::ReadOnly { problem, .. } => match problem {
                Some(problem) => problem.clone(),
                None => "restart the daemon without `--read-only`, or connect without it".to_owned(),
            },
            Self::Port { source, .. } => return source.hint.clone(),
            Self::JobLost(_) => "see `codemem daemon logs` for the cause".to_owned(),
            Self::Stopping => "try again; the daemon starts by itself".to_owned(),
        };
        Some(hint)
    }

    /// The message with all its causes.
    pub fn chain(&self) -> String {
        codemem_core::error::chain(self)
    }
}

/// How what is missing or wrong is given, where the field's name does not say so.
fn field_hint(field: &str) -> Option<String> {
    match field {
        "caller.project" => {
            Some("name a directory of the project: `--project` at the command line, `path` in a tool".to_owned())
        }
        "caller.session" => Some("name the session: `--session` at the command line, `session` in a tool".to_owned()),
        _ => None,
    }
}

fn and_more(n_more: usize) -> String {
    match n_more {
        0 => String::new(),
        n => format!(", and {n} more"),
    }
}

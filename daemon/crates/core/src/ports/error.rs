//! What a port reports when an action failed.

use std::error::Error;
use std::fmt;

/// What the engine should make of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PortErrorKind {
    /// What it needs is not there yet (a model, a library); the rest works without it.
    Unavailable,
    /// A check showed the stored data to be damaged.
    Corrupt,
    /// No room on the disk.
    DiskFull,
    /// Not allowed to write or read.
    Denied,
    /// Stored data and running program do not fit together (another embedder, a newer schema).
    Mismatch,
    /// The subject is not there (any more).
    NotFound,
    /// Anything else.
    Failed,
}

/// A failed action of a port: what was tried, why it failed, and what the user can do.
#[derive(Debug)]
pub struct PortError {
    /// How the engine should react.
    pub kind: PortErrorKind,
    /// What to do next, with the exact command where there is one.
    pub hint: Option<String>,
    source: Box<dyn Error + Send + Sync>,
}

impl PortError {
    /// Wraps an adapter's own error. It displays as that error does, and its source is that error's source.
    pub fn new(kind: PortErrorKind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            hint: None,
            source: error.into(),
        }
    }

    /// Adds the next step for the user.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for PortError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// The result of a port.
pub type PortResult<T> = Result<T, PortError>;

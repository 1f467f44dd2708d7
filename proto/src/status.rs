//! How an error crosses the wire.
//!
//! The daemon turns each failure into a [`WireError`]: a kind, a message and the next step. It
//! travels as a [`Status`] whose code follows from the kind, so that a foreign client sees something
//! sensible, and whose metadata carries kind and hint, so that ours lose nothing.

use std::error::Error;
use std::fmt;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

/// Metadata key of [`ErrorKind::as_str`].
pub const KIND_KEY: &str = "codemem-kind";

/// Metadata key of the hint; binary, for a hint may hold any path.
pub const HINT_KEY: &str = "codemem-hint-bin";

/// Most bytes of message and of hint, each. HTTP/2 peers refuse header lists over 16 KiB, and on the wire
/// a message of another script takes three times its bytes.
pub const MAX_TEXT_BYTES: usize = 2048;

/// What an error means to whoever asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The request can never succeed as it stands: an empty query, an unknown language, a path that
    /// does not exist or may not be indexed.
    Usage,
    /// The path lies in no registered root.
    NotRegistered,
    /// Stored data is damaged, does not fit this version, or cannot be written or read.
    Data,
    /// A model or the runtime library is missing and could not be installed.
    Assets,
    /// Not now: warming up, stopping. The same request may succeed later.
    Unavailable,
    /// Too much was asked at once. The same request succeeds when others are done.
    Busy,
    /// Client and daemon do not understand each other.
    Incompatible,
    /// The peer may not talk to this daemon.
    Denied,
    /// Whoever asked gave the request up, or its time ran out.
    Cancelled,
    /// A defect; the log says more.
    Internal,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Usage,
        Self::NotRegistered,
        Self::Data,
        Self::Assets,
        Self::Unavailable,
        Self::Busy,
        Self::Incompatible,
        Self::Denied,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::NotRegistered => "not_registered",
            Self::Data => "data",
            Self::Assets => "assets",
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Incompatible => "incompatible",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// The kind with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The gRPC code that goes with it.
    pub fn code(self) -> Code {
        match self {
            Self::Usage => Code::InvalidArgument,
            Self::NotRegistered => Code::NotFound,
            Self::Data => Code::DataLoss,
            Self::Assets | Self::Incompatible => Code::FailedPrecondition,
            Self::Unavailable => Code::Unavailable,
            Self::Busy => Code::ResourceExhausted,
            Self::Denied => Code::PermissionDenied,
            Self::Cancelled => Code::Cancelled,
            Self::Internal => Code::Internal,
        }
    }

    /// The best guess for a status that names no kind: one that gRPC itself made.
    fn of_code(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::Usage,
            Code::NotFound => Self::NotRegistered,
            Code::DataLoss => Self::Data,
            Code::Unavailable | Code::Aborted => Self::Unavailable,
            Code::ResourceExhausted => Self::Busy,
            Code::FailedPrecondition | Code::Unimplemented => Self::Incompatible,
            Code::PermissionDenied | Code::Unauthenticated => Self::Denied,
            Code::Cancelled | Code::DeadlineExceeded => Self::Cancelled,
            Code::Ok | Code::Unknown | Code::AlreadyExists | Code::Internal => Self::Internal,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error as it crosses the wire.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
#[error("{message}")]
pub struct WireError {
    /// What it means.
    pub kind: ErrorKind,
    /// What failed, with its causes, for a person.
    pub message: String,
    /// What to do next, with the exact command where there is one.
    pub hint: Option<String>,
}

impl WireError {
    /// An error without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Reads a status, ours or anybody's.
    pub fn from_status(status: &Status) -> Self {
        let kind = status
            .metadata()
            .get(KIND_KEY)
            .and_then(|value| value.to_str().ok())
            .and_then(ErrorKind::parse);
        let hint = status
            .metadata()
            .get_bin(HINT_KEY)
            .and_then(|value| value.to_bytes().ok())
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        if is_connection_lost(status) {
            return Self::new(ErrorKind::Unavailable, "the connection to the daemon broke");
        }
        let message = match status.message() {
            "" => status.code().description().to_owned(),
            message => message.to_owned(),
        };
        Self {
            kind: kind.unwrap_or_else(|| ErrorKind::of_code(status.code())),
            message,
            hint,
        }
    }
}

/// Whether the call failed because the connection broke under it or was broken before.
///
/// A status that came over the wire has no source; one that the transport made has.
pub fn is_connection_lost(status: &Status) -> bool {
    let codes_of_transport = [Code::Unknown, Code::Unavailable, Code::Internal, Code::Cancelled];
    let mut causes = std::iter::successors(status.source(), |&error| error.source()).peekable();
    causes.peek().is_some()
        && !causes.any(<dyn Error>::is::<tonic::TimeoutExpired>)
        && codes_of_transport.contains(&status.code())
        && !is_from_daemon(status)
}

/// Whether the daemon made this status, rather than gRPC or a broken connection.
pub fn is_from_daemon(status: &Status) -> bool {
    status.metadata().contains_key(KIND_KEY)
}

impl From<WireError> for Status {
    fn from(error: WireError) -> Self {
        let mut status = Self::new(error.kind.code(), shortened(&error.message));
        let metadata = status.metadata_mut();
        metadata.insert(KIND_KEY, MetadataValue::from_static(error.kind.as_str()));
        if let Some(hint) = &error.hint {
            metadata.insert_bin(HINT_KEY, MetadataValue::from_bytes(shortened(hint).as_bytes()));
        }
        status
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_back_as_they_were_sent() {
        for kind in ErrorKind::ALL {
            for hint in [None, Some("run `codemem index /tmp/ü`\nthen wait")] {
                let mut error = WireError::new(kind, "`/tmp/ü` is not registered");
                error.hint = hint.map(str::to_owned);
                let status = Status::from(error.clone());
                assert_eq!(status.code(), kind.code());
                assert!(is_from_daemon(&status));
                assert_eq!(WireError::from_status(&status), error);
            }
        }
    }

    #[test]
    fn kinds_have_names() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ErrorKind::parse("Usage"), None);
    }

    #[test]
    fn foreign_statuses_are_read_by_their_code() {
        for (code, expected) in [
            (Code::Unavailable, ErrorKind::Unavailable),
            (Code::Unimplemented, ErrorKind::Incompatible),
            (Code::DeadlineExceeded, ErrorKind::Cancelled),
            (Code::Unknown, ErrorKind::Internal),
        ] {
            let status = Status::new(code, "");
            assert!(!is_from_daemon(&status));
            let error = WireError::from_status(&status);
            assert_eq!(error.kind, expected);
            assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn what_the_transport_says_is_a_broken_connection() {
        let mut status = Status::unknown("transport error");
        assert!(!is_connection_lost(&status));
        status.set_source(std::sync::Arc::new(std::io::Error::other("broken pipe")));
        assert!(is_connection_lost(&status));
        let error = WireError::from_status(&status);
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.message, "the connection to the daemon broke");
        // Time that is up says nothing about the connection.
        status.set_source(std::sync::Arc::new(tonic::TimeoutExpired(())));
        assert!(!is_connection_lost(&status));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let status = Status::from(WireError::new(ErrorKind::Internal, "ü".repeat(5000)));
        assert_eq!(status.message().len(), MAX_TEXT_BYTES);
        let status = Status::from(WireError::new(ErrorKind::Internal, format!("a{}", "ü".repeat(5000))));
        assert_eq!(status.message().len(), MAX_TEXT_BYTES - 1);
    }
}

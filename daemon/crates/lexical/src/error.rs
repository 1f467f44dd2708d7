//! What can go wrong with the index, and what the engine should make of it.

use codemem_core::ports::{PortError, PortErrorKind};
use std::io;
use std::path::{Path, PathBuf};
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

/// A failed action of the lexical index. After a failed write or commit everything since the last
/// commit is gone and has to be put again; searches go on answering from the last commit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory could not be made, read, emptied or measured.
    #[error("cannot prepare the lexical index directory `{}`", path.display())]
    Directory {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A new, empty index could not be written.
    #[error("cannot create the lexical index in `{}`", path.display())]
    Create {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
    /// An index that is there could not be opened, for a reason other than damage.
    #[error("cannot open the lexical index in `{}`", path.display())]
    Open {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
    /// The files contradict each other or are incomplete; [`crate::CodeIndex::recreate`] starts over.
    #[error("the lexical index in `{}` is damaged", path.display())]
    Corrupt {
        /// The index's directory.
        path: PathBuf,
        /// What contradicts.
        source: TantivyError,
    },
    /// Documents could not be added or removed.
    #[error("cannot write to the lexical index in `{}`", path.display())]
    Write {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
    /// What was written could not be made durable.
    #[error("cannot commit the lexical index in `{}`", path.display())]
    Commit {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
    /// What was committed could not be opened for searching; the next commit tries again.
    #[error("cannot reload the lexical index in `{}`", path.display())]
    Reload {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
    /// Reading the index panicked: what it holds contradicts itself.
    #[error("searching the lexical index in `{}` failed: {reason}", path.display())]
    Panicked {
        /// The index's directory.
        path: PathBuf,
        /// The panic's message.
        reason: String,
    },
    /// A search could not read the index.
    #[error("cannot search the lexical index in `{}`", path.display())]
    Search {
        /// The index's directory.
        path: PathBuf,
        /// Why.
        source: TantivyError,
    },
}

impl Error {
    /// How the engine should react.
    pub fn kind(&self) -> PortErrorKind {
        match self {
            Self::Directory { source, .. } => io_kind(source),
            Self::Corrupt { .. } | Self::Panicked { .. } => PortErrorKind::Corrupt,
            Self::Create { source, .. }
            | Self::Open { source, .. }
            | Self::Write { source, .. }
            | Self::Commit { source, .. }
            | Self::Reload { source, .. }
            | Self::Search { source, .. } => kind(source),
        }
    }

    /// The failure to open what is there: damage is told apart from trouble with the machine.
    pub(crate) fn opening(path: &Path, source: TantivyError) -> Self {
        let path = path.to_owned();
        match kind(&source) {
            PortErrorKind::Corrupt => Self::Corrupt { path, source },
            PortErrorKind::Unavailable
            | PortErrorKind::DiskFull
            | PortErrorKind::Denied
            | PortErrorKind::Mismatch
            | PortErrorKind::NotFound
            | PortErrorKind::Failed => Self::Open { path, source },
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Directory { path, .. }
            | Self::Create { path, .. }
            | Self::Open { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Write { path, .. }
            | Self::Commit { path, .. }
            | Self::Reload { path, .. }
            | Self::Panicked { path, .. }
            | Self::Search { path, .. } => path,
        }
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        let place = error.path().display();
        let hint = match error.kind() {
            PortErrorKind::DiskFull => Some(format!("free some space on the disk that holds `{place}`")),
            PortErrorKind::Denied => Some(format!("make `{place}` readable and writable for this user")),
            PortErrorKind::Unavailable
            | PortErrorKind::Corrupt
            | PortErrorKind::Mismatch
            | PortErrorKind::NotFound
            | PortErrorKind::Failed => None,
        };
        let port_error = Self::new(error.kind(), error);
        match hint {
            Some(hint) => port_error.with_hint(hint),
            None => port_error,
        }
    }
}

/// Tantivy's own enum is open-ended; whatever is not told apart here is [`PortErrorKind::Failed`].
fn kind(error: &TantivyError) -> PortErrorKind {
    match error {
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: error, .. })
        | TantivyError::LockFailure(LockError::IoError(error), _) => io_kind(error),
        TantivyError::DataCorruption(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::SchemaError(_)
        | TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_)) => {
            PortErrorKind::Corrupt
        }
        _ => PortErrorKind::Failed,
    }
}

fn io_kind(error: &io::Error) -> PortErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            PortErrorKind::DiskFull
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => PortErrorKind::Denied,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => PortErrorKind::Corrupt,
        _ => PortErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::sync::Arc;

    fn commit(kind: io::ErrorKind) -> Error {
        Error::Commit {
            path: "/data/lexical".into(),
            source: TantivyError::IoError(Arc::new(io::Error::from(kind))),
        }
    }

    #[test]
    fn the_machine_s_troubles_keep_their_kind() {
        for (io, port) in [
            (io::ErrorKind::StorageFull, PortErrorKind::DiskFull),
            (io::ErrorKind::PermissionDenied, PortErrorKind::Denied),
            (io::ErrorKind::ReadOnlyFilesystem, PortErrorKind::Denied),
            (io::ErrorKind::UnexpectedEof, PortErrorKind::Corrupt),
            (io::ErrorKind::QuotaExceeded, PortErrorKind::DiskFull),
            (io::ErrorKind::FileTooLarge, PortErrorKind::DiskFull),
            (io::ErrorKind::TimedOut, PortErrorKind::Failed),
            (io::ErrorKind::Interrupted, PortErrorKind::Failed),
            (io::ErrorKind::OutOfMemory, PortErrorKind::Failed),
            (io::ErrorKind::Other, PortErrorKind::Failed),
            (io::ErrorKind::InvalidData, PortErrorKind::Corrupt),
        ] {
            assert_eq!(commit(io).kind(), port, "{io}");
        }
    }

    #[test]
    fn trouble_of_the_machine_is_no_damage_wherever_tantivy_meets_it() {
        // EMFILE, ENFILE, EIO: kinds that have no name of their own.
        for errno in [24, 23, 5] {
            let io_error = || Arc::new(io::Error::from_raw_os_error(errno));
            for error in [
                TantivyError::IoError(io_error()),
                TantivyError::OpenReadError(OpenReadError::IoError {
                    io_error: io_error(),
                    filepath: "a.idx".into(),
                }),
                TantivyError::OpenDirectoryError(OpenDirectoryError::IoError {
                    io_error: io_error(),
                    directory_path: "/data".into(),
                }),
                TantivyError::LockFailure(LockError::IoError(io_error()), None),
                TantivyError::LockFailure(LockError::LockBusy, None),
                TantivyError::Poisoned,
            ] {
                assert_eq!(kind(&error), PortErrorKind::Failed, "{error}");
            }
        }
    }

    #[test]
    fn a_port_error_says_the_action_then_the_cause_and_the_remedy() {
        let error = PortError::from(commit(io::ErrorKind::StorageFull));
        assert_eq!(error.to_string(), "cannot commit the lexical index in `/data/lexical`");
        assert!(error.source().is_some());
        assert_eq!(
            error.hint.as_deref(),
            Some("free some space on the disk that holds `/data/lexical`")
        );
    }

    #[test]
    fn a_missing_segment_is_damage() {
        let missing = TantivyError::OpenReadError(OpenReadError::FileDoesNotExist("a.idx".into()));
        assert!(matches!(
            Error::opening(Path::new("/data"), missing),
            Error::Corrupt { .. }
        ));
    }
}

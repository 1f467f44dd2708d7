//! What can go wrong with a working tree.

use codemem_core::ports::{PortError, PortErrorKind};
use std::io;
use std::path::PathBuf;

/// A failed action on a working tree.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The root does not exist.
    #[error("no such directory: `{}`", .0.display())]
    Missing(PathBuf),
    /// The root is a file.
    #[error("not a directory: `{}`", .0.display())]
    NotADirectory(PathBuf),
    /// The root's name cannot be shown or stored.
    #[error("the path `{}` is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// The root could not be looked at.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The root.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The walk broke off, for want of descriptors or memory.
    #[error("cannot list `{}`", path.display())]
    Scan {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The root went away while its files were read.
    #[error("the directory `{}` is gone", path.display())]
    RootLost {
        /// The root.
        path: PathBuf,
        /// Why it cannot be opened.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link, or something that is no file, stands where a file or directory stood.
    #[error("`{}` is not what was indexed: a link or a special file has taken its place", .0.display())]
    Escapes(PathBuf),
    /// A root is not watched for want of a thread.
    #[error("cannot start a thread to watch `{}`", path.display())]
    Thread {
        /// The root.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file outgrew the limit.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes read.
        limit: u64,
    },
}

impl From<WatchError> for PortError {
    fn from(error: WatchError) -> Self {
        let (kind, hint) = match &error {
            WatchError::Missing(_) => (
                PortErrorKind::NotFound,
                Some("check the path; `codemem status` lists the registered roots"),
            ),
            WatchError::NotADirectory(_) => (PortErrorKind::NotFound, Some("give the directory that holds the file")),
            WatchError::NotUtf8(_) => (PortErrorKind::Failed, Some("rename the directory to valid UTF-8")),
            WatchError::Open { source, .. } => (io_kind(source), Some("check that you may read the directory")),
            WatchError::Scan { .. } => (
                PortErrorKind::Failed,
                Some("check the limit of open files with `ulimit -n`"),
            ),
            WatchError::Thread { .. } => (
                PortErrorKind::Failed,
                Some("check the limit of processes with `ulimit -u`"),
            ),
            WatchError::TooLarge { .. } => (PortErrorKind::Failed, None),
            // Not the file's fault: what is known of it stays.
            WatchError::RootLost { .. } => (PortErrorKind::Unavailable, None),
            WatchError::Read { source, .. } => (io_kind(source), None),
            WatchError::Escapes(_) => (PortErrorKind::Denied, None),
        };
        let error = PortError::new(kind, error);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

fn io_kind(error: &io::Error) -> PortErrorKind {
    match error.kind() {
        io::ErrorKind::NotFound => PortErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => PortErrorKind::Denied,
        _ => PortErrorKind::Failed,
    }
}

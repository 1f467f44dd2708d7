//! Where daemon and clients meet: one private directory with two locks and a socket.
//!
//! Both sides find the directory the same way and refuse it unless it is a real directory of this
//! user that nobody else can enter. The lock files are never deleted. Only the holder of
//! `daemon.lock` may unlink the socket.

mod holder;
mod lock;

pub use holder::Holder;
pub use lock::{FileLock, LockError};

use crate::env::{Env, Variable};
use rustix::process::geteuid;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Most bytes of a socket path: macOS has room for 104 with the NUL, Linux for 108.
pub const MAX_SOCKET_PATH_BYTES: usize = 103;

/// Longest name in the directory: `start-4294967295.sock`.
const LONGEST_SOCKET_NAME: usize = 21;

/// The runtime directory of one user, and what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendezvous {
    directory: PathBuf,
}

/// Why a runtime directory is not used.
#[derive(thiserror::Error, Debug)]
pub enum RendezvousError {
    /// A relative path means another place in every program.
    #[error("the runtime directory is not an absolute path: {}", .0.display())]
    Relative(PathBuf),
    /// No socket path in it would fit into a socket address.
    #[error("the runtime directory's path is too long for a socket: {}", .0.display())]
    TooLong(PathBuf),
    /// It could not be made.
    #[error("cannot create the runtime directory {}", .path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It could not be looked at.
    #[error("cannot read the runtime directory {}", .path.display())]
    Inspect {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody could lead us elsewhere.
    #[error("the runtime directory is a symbolic link: {}", .0.display())]
    Symlink(PathBuf),
    /// Something else stands there.
    #[error("the runtime directory is not a directory: {}", .0.display())]
    NotADirectory(PathBuf),
    /// Somebody else could replace what is in it.
    #[error("the runtime directory belongs to user {owner}, not to user {user}: {}", .path.display())]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user this process runs as.
        user: u32,
    },
    /// Others could reach the socket.
    #[error("the runtime directory is open to others (mode {mode:04o}): {}", .path.display())]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl RendezvousError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Relative(_) | Self::TooLong(_) => {
                "set CODEMEM_RUNTIME_DIR to a short absolute path, as in `/tmp/codemem-$(id -u)`".to_owned()
            }
            Self::Create { .. } | Self::Inspect { .. } => {
                "set CODEMEM_RUNTIME_DIR to a directory that you can write".to_owned()
            }
            Self::Symlink(path) | Self::NotADirectory(path) => {
                format!(
                    "remove `{}`, or set CODEMEM_RUNTIME_DIR to another directory",
                    path.display()
                )
            }
            Self::ForeignOwner { .. } => "set CODEMEM_RUNTIME_DIR to a directory of your own".to_owned(),
            Self::OpenToOthers { path, .. } => format!("run `chmod 700 {}`", path.display()),
        }
    }
}

impl Rendezvous {
    /// Finds the directory; touches nothing but looks whether the base of a default exists.
    pub fn locate(env: &Env) -> Result<Self, RendezvousError> {
        Self::at(Self::directory_of(env, geteuid().as_raw()))
    }

    /// A rendezvous in a given directory, which need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Result<Self, RendezvousError> {
        let directory = directory.into();
        if !directory.is_absolute() {
            return Err(RendezvousError::Relative(directory));
        }
        if directory.as_os_str().as_bytes().len() + 1 + LONGEST_SOCKET_NAME > MAX_SOCKET_PATH_BYTES {
            return Err(RendezvousError::TooLong(directory));
        }
        Ok(Self { directory })
    }

    fn directory_of(env: &Env, user: u32) -> PathBuf {
        if let Some(directory) = env.path(Variable::RuntimeDir) {
            return directory.to_owned();
        }
        // A session without a login manager may name a directory that nobody made.
        if let Some(base) = env
            .path(Variable::XdgRuntimeDir)
            .filter(|base| base.is_absolute() && base.is_dir())
        {
            return base.join("codemem");
        }
        let base = env
            .path(Variable::TmpDir)
            .filter(|base| cfg!(target_os = "macos") && base.is_absolute())
            .unwrap_or(Path::new("/tmp"));
        base.join(format!("codemem-{user}"))
    }

    /// Makes the directory if it is missing, for this user alone, and refuses it if it is not safe.
    pub fn prepare(&self) -> Result<(), RendezvousError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)
            .or_else(|source| match source.kind() {
                // Something stands there; `verify` says what is wrong with it.
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory
                    if self.directory.symlink_metadata().is_ok() =>
                {
                    Ok(())
                }
                _ => Err(RendezvousError::Create {
                    path: self.directory.clone(),
                    source,
                }),
            })?;
        self.verify()
    }

    /// Refuses the directory unless it is a real one of this user that nobody else can enter.
    pub fn verify(&self) -> Result<(), RendezvousError> {
        self.verify_for(geteuid().as_raw())
    }

    fn verify_for(&self, user: u32) -> Result<(), RendezvousError> {
        let path = self.directory.clone();
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(source) => return Err(RendezvousError::Inspect { path, source }),
        };
        let mode = metadata.mode() & 0o7777;
        if metadata.is_symlink() {
            Err(RendezvousError::Symlink(path))
        } else if !metadata.is_dir() {
            Err(RendezvousError::NotADirectory(path))
        } else if metadata.uid() != user {
            let owner = metadata.uid();
            Err(RendezvousError::ForeignOwner { path, owner, user })
        } else if mode & 0o077 != 0 {
            Err(RendezvousError::OpenToOthers { path, mode })
        } else {
            Ok(())
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Held by the daemon for its whole life.
    pub fn daemon_lock(&self) -> PathBuf {
        self.directory.join("daemon.lock")
    }

    /// Held by the one client that is starting or replacing the daemon.
    pub fn start_lock(&self) -> PathBuf {
        self.directory.join("start.lock")
    }

    /// Where the daemon listens.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("daemon.sock")
    }

    /// The report of a service's last start, as long as that failed: it has no client to tell.
    pub fn start_failure(&self) -> PathBuf {
        self.directory.join("last-start-failure")
    }

    /// Where the client with this process id waits for a start-up report.
    pub fn notify_socket(&self, pid: u32) -> PathBuf {
        self.directory.join(format!("start-{pid}.sock"))
    }
}

/// The user this process runs as: the only one who may be at the other end of the socket.
pub fn own_uid() -> u32 {
    geteuid().as_raw()
}

#[cfg(test)]
mod tests;

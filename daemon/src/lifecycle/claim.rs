//! Being the only daemon: the lock for life, then the socket.

use super::StartError;
use codemem_proto::env::Env;
use codemem_proto::rendezvous::{FileLock, Rendezvous};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

/// A client that looks whether a daemon lives holds the lock for an instant; that is no other daemon.
const PATIENCE: Duration = Duration::from_millis(500);

/// The right to be this user's daemon. Held until dropped.
pub(crate) struct Claim {
    rendezvous: Rendezvous,
    /// Never unlocked by hand: the kernel does it, however the process ends.
    _lock: FileLock,
}

impl Claim {
    /// Takes the lock; `None` when another daemon holds it.
    pub(crate) fn take(env: &Env) -> Result<Option<Self>, StartError> {
        let rendezvous = Rendezvous::locate(env).map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        rendezvous
            .prepare()
            .map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        let lock = FileLock::acquire_within(&rendezvous.daemon_lock(), PATIENCE).map_err(StartError::Lock)?;
        Ok(lock.map(|lock| Self {
            rendezvous,
            _lock: lock,
        }))
    }

    /// Where clients connect.
    pub(crate) fn socket(&self) -> PathBuf {
        self.rendezvous.socket()
    }

    /// Replaces whatever socket a dead daemon left. Holding the lock is what makes that safe.
    pub(crate) fn bind(&self) -> Result<UnixListener, StartError> {
        let path = self.socket();
        let bind = || {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        bind().map_err(|source| StartError::Bind {
            path: path.clone(),
            source,
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A socket without a daemon makes clients wait for a refusal; its absence tells them at once.
        let _already_gone = std::fs::remove_file(self.socket());
    }
}

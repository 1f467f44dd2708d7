//! Being the only daemon: the lock for life, then the socket.

use super::{Handover, StartError};
use codemem_proto::env::Env;
use codemem_proto::rendezvous::{FileLock, Rendezvous};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// A client that looks whether a daemon lives holds the lock for an instant; that is no other daemon.
const PATIENCE: Duration = Duration::from_millis(500);

/// The right to be this user's daemon. Held until dropped.
pub(crate) struct Claim {
    rendezvous: Rendezvous,
    /// Never unlocked by hand: the kernel does it, however the process ends.
    _lock: FileLock,
    /// Device and inode of the socket that was bound here; a passed one is its manager's.
    bound: OnceLock<(u64, u64)>,
}

/// The daemon that holds the lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Holder {
    pub(crate) lock: PathBuf,
    /// What the holder wrote into it; an older daemon wrote nothing.
    pub(crate) pid: Option<u32>,
}

impl Holder {
    fn of(lock: PathBuf) -> Self {
        let text = std::fs::read_to_string(&lock).ok();
        let pid = text.and_then(|text| text.trim().parse().ok());
        Self { lock, pid }
    }
}

impl Claim {
    /// Takes the lock, or tells who has it.
    pub(crate) fn take(env: &Env) -> Result<Result<Self, Holder>, StartError> {
        let rendezvous = Rendezvous::locate(env).map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        rendezvous
            .prepare()
            .map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        let path = rendezvous.daemon_lock();
        let Some(lock) = FileLock::acquire_within(&path, PATIENCE).map_err(StartError::Lock)? else {
            return Ok(Err(Holder::of(path)));
        };
        // Only a remark for whoever finds the lock taken: a full disk is no reason not to start.
        let _unwritten = std::fs::write(&path, format!("{}\n", std::process::id()));
        Ok(Ok(Self {
            rendezvous,
            _lock: lock,
            bound: OnceLock::new(),
        }))
    }

    /// Where clients connect.
    pub(crate) fn socket(&self) -> PathBuf {
        self.rendezvous.socket()
    }

    /// The socket that the service manager passed, or else one that is bound here.
    pub(crate) fn listen(&self, handover: &Handover) -> Result<UnixListener, StartError> {
        match handover.listener(&self.socket()).map_err(StartError::Activation)? {
            Some(listener) => Ok(listener),
            None => self.bind(),
        }
    }

    /// Replaces whatever socket a dead daemon left. Holding the lock is what makes that safe.
    fn bind(&self) -> Result<UnixListener, StartError> {
        let path = self.socket();
        let bind = || {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            self.bound.get_or_init(|| identity(&path).unwrap_or_default());
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
        // A socket without a daemon makes clients wait for a refusal; its absence tells them at once. A
        // service manager that was told to listen meanwhile has put its own in the place of ours.
        let path = self.socket();
        if self.bound.get().is_some_and(|bound| Some(*bound) == identity(&path)) {
            let _already_gone = std::fs::remove_file(path);
        }
    }
}

/// Device and inode, which stay a socket's own as long as it is there.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.symlink_metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_proto::env::Variable;

    fn claim(directory: &Path) -> Result<Claim, Holder> {
        let env = Env::default().with(Variable::RuntimeDir, directory);
        Claim::take(&env).expect("a usable directory")
    }

    #[test]
    fn whoever_finds_the_lock_taken_learns_by_whom() {
        let directory = tempfile::tempdir().expect("directory");
        let run = directory.path().join("run");
        let first = claim(&run);
        assert!(first.is_ok());
        let holder = claim(&run).err().expect("taken");
        assert_eq!(
            (holder.lock, holder.pid),
            (run.join("daemon.lock"), Some(std::process::id()))
        );
        drop(first);
        assert!(claim(&run).is_ok());
    }

    #[test]
    fn only_a_socket_of_its_own_goes_with_the_daemon() {
        let directory = tempfile::tempdir().expect("directory");
        let run = directory.path().join("run");
        let socket = run.join("daemon.sock");
        let first = claim(&run).expect("free");
        let listener = first.listen(&Handover::nothing()).expect("bound");
        drop(first);
        assert!(!socket.exists());
        let second = claim(&run).expect("free");
        let _listening = second.listen(&Handover::nothing()).expect("bound");
        // What systemd does when its socket unit starts.
        std::fs::remove_file(&socket).expect("unlinked");
        let _theirs = UnixListener::bind(&socket).expect("bound");
        drop(second);
        assert!(socket.exists(), "another's socket stays");
        drop(listener);
    }
}

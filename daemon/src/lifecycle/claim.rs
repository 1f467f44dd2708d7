//! Being the only daemon: the lock for life, then the socket.

use super::{Handover, StartError, failure};
use codemem_proto::env::Env;
use codemem_proto::rendezvous::{FileLock, Holder as Note, Rendezvous};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A client that looks whether a daemon lives holds the lock for an instant; that is no other daemon. A
/// process that is killed closes what it has open one after the other, the lock perhaps first.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a daemon that was passed its socket waits for the lock: whoever holds it has lost the socket,
/// notices within seconds, and then has 30 s for its calls and jobs.
const SUCCESSION: Duration = Duration::from_secs(35);

/// How often a socket is looked at that must not be served.
const LOOK: Duration = Duration::from_millis(50);

/// The right to be this user's daemon. Held until dropped.
pub(crate) struct Claim {
    rendezvous: Rendezvous,
    /// Never unlocked by hand: the kernel does it, however the process ends.
    _lock: FileLock,
    /// What was bound here; a passed socket is its manager's.
    bound: OnceLock<Bound>,
}

/// A socket that this daemon has bound.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    path: PathBuf,
    /// Device and inode, which stay the socket's own as long as it is open.
    identity: (u64, u64),
}

impl Bound {
    /// Whether clients find another socket there: then nobody reaches this daemon any more.
    pub(super) fn is_replaced(&self) -> bool {
        identity(&self.path).is_some_and(|present| present != self.identity)
    }

    fn is_there(&self) -> bool {
        identity(&self.path) == Some(self.identity)
    }
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
        let pid = Note::read(&lock).map(|note| note.pid);
        Self { lock, pid }
    }
}

impl Claim {
    /// Takes the lock, or tells who has it.
    pub(crate) fn take(env: &Env, handover: &Handover) -> Result<Result<Self, Holder>, StartError> {
        let patience = if handover.has_listener() { SUCCESSION } else { PATIENCE };
        Self::take_within(patience, env, handover)
    }

    fn take_within(patience: Duration, env: &Env, handover: &Handover) -> Result<Result<Self, Holder>, StartError> {
        let rendezvous = Rendezvous::locate(env).map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        rendezvous
            .prepare()
            .map_err(|error| StartError::Rendezvous(Box::new(error)))?;
        let path = rendezvous.daemon_lock();
        let Some(lock) = FileLock::acquire_within(&path, patience).map_err(StartError::Lock)? else {
            return Ok(Err(Holder::of(path)));
        };
        // Only a remark for whoever finds the lock taken: a full disk is no reason not to start.
        let note = Note {
            pid: std::process::id(),
            managed: handover.is_managed(),
        };
        let _unwritten = note.note(&path);
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

    /// The socket that was bound here, once one was.
    pub(crate) fn bound(&self) -> Option<Bound> {
        self.bound.get().cloned()
    }

    /// What failed before is past: this daemon accepts connections.
    pub(crate) fn forget_failure(&self) {
        failure::forget(&self.rendezvous);
    }

    /// The socket that the service manager passed, or else one that is bound here.
    pub(crate) fn listen(&self, handover: &Handover) -> Result<UnixListener, StartError> {
        match handover.listener(&self.socket()).map_err(StartError::Activation)? {
            Some(listener) => Ok(listener),
            None => self.bind(),
        }
    }

    /// Replaces whatever socket a dead daemon left. Holding the lock is what makes that safe, but for the
    /// socket of a service manager, which needs no lock to listen.
    fn bind(&self) -> Result<UnixListener, StartError> {
        let path = self.socket();
        if is_served(&path) {
            return Err(StartError::Served(path));
        }
        let bind = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            self.bound.get_or_init(|| Bound {
                path: path.clone(),
                identity: identity(&path).unwrap_or_default(),
            });
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
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
        if let Some(bound) = self.bound.get().filter(|bound| bound.is_there()) {
            let _already_gone = fs::remove_file(&bound.path);
        }
    }
}

/// Whether somebody accepts connections there, and goes on to.
fn is_served(socket: &Path) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while UnixStream::connect(socket).is_ok() {
        if Instant::now() >= deadline {
            return true;
        }
        std::thread::sleep(LOOK);
    }
    false
}

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
        Claim::take(&env, &Handover::nothing()).expect("a usable directory")
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
        let bound = second.bound().expect("it bound one");
        assert!(!bound.is_replaced());
        fs::remove_file(&socket).expect("unlinked");
        assert!(!bound.is_replaced(), "nobody else is there");
        let _theirs = UnixListener::bind(&socket).expect("bound");
        assert!(bound.is_replaced());
        drop(second);
        assert!(socket.exists(), "another's socket stays");
        drop(listener);
    }

    #[test]
    fn a_socket_that_is_listened_on_is_not_stolen() {
        let directory = tempfile::tempdir().expect("directory");
        let run = directory.path().join("run");
        let claim = claim(&run).expect("free");
        let socket = claim.socket();
        let theirs = UnixListener::bind(&socket).expect("bound");
        let inode = identity(&socket);
        let error = claim.listen(&Handover::nothing()).expect_err("somebody listens");
        assert!(matches!(&error, StartError::Served(path) if *path == socket), "{error}");
        assert_eq!(identity(&socket), inode, "it was left alone");
        drop(theirs);
        let _listening = claim
            .listen(&Handover::nothing())
            .expect("what the dead leave is replaced");
    }

    #[test]
    fn whoever_was_passed_a_socket_waits_for_its_predecessor() {
        let directory = tempfile::tempdir().expect("directory");
        let run = directory.path().join("run");
        let env = Env::default().with(Variable::RuntimeDir, &run);
        let predecessor = claim(&run).expect("free");
        let successor = std::thread::spawn({
            let env = env.clone();
            move || Claim::take_within(SUCCESSION, &env, &Handover::nothing())
        });
        let refused = Claim::take_within(Duration::ZERO, &env, &Handover::nothing()).expect("tried");
        assert!(refused.is_err(), "it is still there");
        drop(predecessor);
        assert!(successor.join().expect("no panic").expect("tried").is_ok());
    }
}

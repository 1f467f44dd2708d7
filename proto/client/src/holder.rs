//! The process that holds the daemon's lock, and the one way to end it when nobody can talk to it.

use codemem_proto::rendezvous::{FileLock, Holder, LockError, own_uid};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Whether somebody holds the lock, whose file is not made by looking.
pub(crate) fn is_held(lock: &Path) -> Result<bool, LockError> {
    Ok(lock.exists() && !FileLock::is_free(lock)?)
}

/// Asks a process to end as its terminal would; false when it is not the holder of the lock, or is not ours.
pub(crate) fn terminate(holder: Holder, lock: &Path) -> bool {
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw);
    // A note may outlive its writer, and its process id may be another's by now.
    pid.is_some_and(|pid| has_open(holder.pid, lock) && kill_process(pid, Signal::TERM).is_ok())
}

/// Whether a process of this user has a file open. Where the system does not show that, the kernel still lets
/// nobody but the superuser signal the process of another user.
fn has_open(pid: u32, file: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    if !Path::new("/proc/self/fd").exists() {
        return true;
    }
    let identity = |path: &Path| path.metadata().ok().map(|file| (file.dev(), file.ino()));
    let is_ours = process.metadata().is_ok_and(|process| process.uid() == own_uid());
    let wanted = identity(file);
    is_ours
        && wanted.is_some()
        && process
            .join("fd")
            .read_dir()
            .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| identity(&entry.path()) == wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_the_lock_open_is_signalled() {
        let directory = tempfile::tempdir().expect("directory");
        let lock = directory.path().join("daemon.lock");
        assert!(!is_held(&lock).expect("tried"));
        assert!(!lock.exists(), "looking makes nothing");
        let mut bystander = std::process::Command::new("sleep").arg("60").spawn().expect("started");
        let holder = Holder {
            pid: bystander.id(),
            managed: false,
        };
        let held = FileLock::try_acquire(&lock).expect("tried").expect("free");
        assert!(is_held(&lock).expect("tried"));
        holder.note(&lock).expect("written");
        if cfg!(target_os = "linux") {
            assert!(!terminate(holder, &lock), "its process id is another's");
            assert_eq!(bystander.try_wait().expect("asked"), None, "it was left alone");
        }
        assert!(!terminate(Holder { pid: 0, ..holder }, &lock), "that is no process");
        drop(held);
        assert!(!is_held(&lock).expect("tried"));
        bystander.kill().expect("ended");
        bystander.wait().expect("ended");
    }
}

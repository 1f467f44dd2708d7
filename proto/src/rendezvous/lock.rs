//! Advisory locks on files: held by an open descriptor, freed by the kernel whatever the holder's end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a taken lock is tried again.
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// A lock that is held as long as this value lives. The file stays behind: a deleted lock file could
/// be locked twice, once by its old and once by its new inode.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// A lock could not be tried.
#[derive(thiserror::Error, Debug)]
#[error("cannot lock {}", .path.display())]
pub struct LockError {
    /// The lock file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl FileLock {
    /// Takes the lock if it is free; `None` when somebody else holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, LockError> {
        let failed = |source| LockError {
            path: path.to_owned(),
            source,
        };
        // The descriptor closes on exec, so that a spawned daemon does not inherit a client's lock.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Tries for `patience`, blocking this thread; `None` when the lock stays taken.
    ///
    /// A daemon takes `daemon.lock` with a little patience: a client that looks whether the lock is
    /// free holds it for an instant.
    pub fn acquire_within(path: &Path, patience: Duration) -> Result<Option<Self>, LockError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(lock) = Self::try_acquire(path)? {
                return Ok(Some(lock));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(RETRY_EVERY);
        }
    }

    /// Whether nobody holds the lock right now.
    pub fn is_free(path: &Path) -> Result<bool, LockError> {
        Ok(Self::try_acquire(path)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("lock");
        assert!(FileLock::is_free(&path).expect("tried"));
        let held = FileLock::try_acquire(&path).expect("tried").expect("free");
        assert!(!FileLock::is_free(&path).expect("tried"));
        assert!(
            FileLock::acquire_within(&path, Duration::ZERO)
                .expect("tried")
                .is_none()
        );
        drop(held);
        assert!(FileLock::is_free(&path).expect("tried"));
        assert!(path.exists());
    }

    #[test]
    fn a_lock_that_is_let_go_is_taken_over() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("lock");
        let held = FileLock::try_acquire(&path).expect("tried").expect("free");
        let waiter = std::thread::spawn({
            let path = path.clone();
            move || FileLock::acquire_within(&path, Duration::from_secs(30))
        });
        drop(held);
        assert!(waiter.join().expect("no panic").expect("tried").is_some());
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("missing").join("lock");
        let error = FileLock::try_acquire(&path).expect_err("no directory");
        assert_eq!(error.path, path);
    }
}

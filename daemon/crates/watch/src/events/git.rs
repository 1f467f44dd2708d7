//! When git moves: another commit or branch is checked out.
//!
//! Nothing but the files of git's directory is looked at, and what they say decides, not that they were
//! written. While git holds the lock of its index a checkout is half done.

use crate::git::{self, GitDir};
use codemem_core::ports::Head;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Longest wait for git to let go of a lock. Checkouts take less, and one that a killed git left stays for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// What git locks while it changes the tree.
const LOCKS: [&str; 2] = ["index.lock", "HEAD.lock"];

/// The git worktree that a root is in.
pub(super) struct Git {
    place: GitDir,
    /// What HEAD named when it was last told.
    head: Option<Head>,
    /// A lock that was seen, and since when.
    lock: Option<(Lock, Instant)>,
}

/// One lock file, told from the next one of the same name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lock {
    number: u64,
    created: Option<SystemTime>,
}

impl Git {
    /// The worktree that holds a root, and what it has checked out.
    pub(super) fn find(root: &Path) -> Option<Self> {
        let git = git::find(root)?;
        Some(Self {
            head: git::head(&git),
            place: git,
            lock: None,
        })
    }

    /// Takes over what was last told, so that a move in between is not missed.
    pub(super) fn following(mut self, former: Option<Self>) -> Self {
        if let Some(former) = former {
            self.head = former.head;
        }
        self
    }

    /// The directories in which git writes when it moves.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        let mut directories = vec![self.place.dir.clone(), self.place.common.clone()];
        let branch = self.head.as_ref().and_then(|head| head.branch.as_ref());
        let reference = self.place.common.join("refs/heads");
        let reference = branch.map_or(reference.clone(), |branch| reference.join(branch));
        // A packed reference has no file, and perhaps no directory: it will be made in one that is there.
        let holder = reference.ancestors().skip(1).find(|path| path.is_dir());
        directories.extend(holder.map(Path::to_path_buf));
        directories
    }

    /// Whether a path is one that git writes when it moves.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let is_lock = path.extension().is_some_and(|extension| extension == "lock");
        !is_lock
            && (path == self.place.dir.join("HEAD")
                || path == self.place.common.join("packed-refs")
                || path.starts_with(self.place.common.join("refs")))
    }

    /// Whether a path is the list of tracked files.
    pub(super) fn is_index(&self, path: &Path) -> bool {
        path == self.place.dir.join("index")
    }

    /// Whether git is changing the tree just now.
    pub(super) fn is_busy(&mut self, now: Instant) -> bool {
        let mut locks = LOCKS
            .iter()
            .filter_map(|name| fs::symlink_metadata(self.place.dir.join(name)).ok());
        let lock = locks.next().map(|metadata| Lock {
            number: metadata.ino(),
            created: metadata.created().ok(),
        });
        self.lock = lock.map(|lock| match self.lock {
            Some((known, since)) if known == lock => (known, since),
            Some(_) | None => (lock, now),
        });
        self.lock
            .is_some_and(|(_, since)| now.saturating_duration_since(since) < PATIENCE)
    }

    /// Whether HEAD names something else than when it was last asked.
    pub(super) fn has_moved(&mut self) -> bool {
        let head = git::head(&self.place);
        let has_moved = head != self.head;
        self.head = head;
        has_moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (tempfile::TempDir, Git) {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::create_dir_all(dir.path().join(".git/refs/heads")).expect("create");
        fs::write(dir.path().join(".git/HEAD"), "ref: refs/heads/feature/one\n").expect("write");
        let root = dir.path().canonicalize().expect("canonical");
        let git = Git::find(&root).expect("a worktree");
        (dir, git)
    }

    #[test]
    fn a_lock_is_waited_for_but_not_for_ever() {
        let (dir, mut git) = repository();
        let now = Instant::now();
        assert!(!git.is_busy(now));
        let lock = dir.path().join(".git/index.lock");
        fs::write(&lock, "").expect("write");
        assert!(git.is_busy(now) && git.is_busy(now + PATIENCE / 2));
        assert!(
            !git.is_busy(now + PATIENCE),
            "a lock that stays is not waited for again"
        );
        fs::remove_file(&lock).expect("remove");
        assert!(!git.is_busy(now + PATIENCE));
        fs::write(&lock, "").expect("write");
        assert!(git.is_busy(now + PATIENCE * 2), "another one is");
    }

    #[test]
    fn a_branch_is_followed_into_directories_that_come_and_go() {
        let (dir, mut git) = repository();
        let heads = git.place.common.join("refs/heads");
        assert!(git.directories().contains(&heads));
        fs::create_dir(heads.join("feature")).expect("create");
        fs::write(heads.join("feature/one"), "a".repeat(40)).expect("write");
        assert!(git.directories().contains(&heads.join("feature")));
        assert!(git.has_moved() && !git.has_moved());
        assert!(git.concerns(&heads.join("feature/one")) && git.concerns(&heads.join("feature")));
        assert!(!git.concerns(&heads.join("feature/one.lock")) && !git.concerns(&git.place.dir.join("index")));
        fs::write(dir.path().join(".git/HEAD"), "b".repeat(40)).expect("write");
        assert!(git.has_moved());
    }
}

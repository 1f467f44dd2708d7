//! Listing a root: everything that is not left out, each thing once.
//!
//! One directory is open at a time, opened from the root by its parts, so that neither a deep tree nor
//! one that changes meanwhile leads anywhere else. What is not a regular file is never opened.
//!
//! A repository inside the tree, submodule or not, is part of it like any directory: what stands there
//! is what its owner sees. Its own rules count inside it, the outer repository's `.gitignore` files do
//! not. A linked worktree of the tree's own repository is not part of it: it is the same code in
//! another state, and a root of its own.

use crate::WatchError;
use crate::beneath::{self, Root, is_exhausted};
use crate::git;
use crate::rules::Rules;
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileStamp, ScanEntry};
use codemem_core::skip::SkipReason;
use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;
use std::ffi::{CStr, OsStr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Directories that hold no source of the project whatever git thinks of them: version control,
/// environments, caches and installed packages.
const NEVER_ENTERED: [&str; 13] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".gradle",
    "__pycache__",
    "node_modules",
];

/// Longest absolute path listed, in bytes: the system opens no longer one by its name, so no editor
/// could show it.
const MAX_PATH: usize = 4095;

type Sink<'a> = &'a mut dyn FnMut(ScanEntry) -> ControlFlow<()>;

/// Walks `root`, which must be canonical, until the sink breaks.
pub(crate) fn scan(root: &Path, max_file_bytes: u64, sink: Sink<'_>) -> Result<(), WatchError> {
    if root.canonicalize().is_ok_and(|now| now != root) {
        return Err(WatchError::Escapes(root.to_path_buf()));
    }
    let directory = Root::open(root).map_err(|error| unopened(root, error))?;
    let git = git::find(root);
    let base = git.as_ref().map_or(root, |git| git.top.as_path());
    let mut scan = Scan {
        root,
        directory,
        above: root.strip_prefix(base).unwrap_or(Path::new("")),
        common: git.as_ref().map(|git| git.common.as_path()),
        max_file_bytes,
        pending: Vec::new(),
    };
    let rules = rules_above(base, scan.above);
    scan.pending.push((PathBuf::new(), rules));
    while let Some((path, rules)) = scan.pending.pop() {
        if scan.list(&path, &rules, sink)?.is_break() {
            return Ok(());
        }
    }
    // A root that vanishes half-way looks like one that lost half of its files.
    if scan.directory.is_still_at(root) {
        Ok(())
    } else {
        Err(WatchError::Missing(root.to_path_buf()))
    }
}

/// Size and modification time as the manifest keeps them.
fn stamp(stat: &Stat) -> FileStamp {
    // The fields' types differ from system to system; no time or size is anywhere near their ends.
    let (seconds, nanos) = (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec));
    FileStamp {
        size: u64::try_from(stat.st_size).unwrap_or(u64::MAX),
        mtime_ns: i64::try_from(seconds * 1_000_000_000 + nanos).unwrap_or(0),
    }
}

/// Why a root cannot be opened.
pub(crate) fn unopened(root: &Path, error: Errno) -> WatchError {
    match error {
        Errno::NOENT => WatchError::Missing(root.to_path_buf()),
        Errno::NOTDIR | Errno::LOOP => WatchError::NotADirectory(root.to_path_buf()),
        error => WatchError::Open {
            path: root.to_path_buf(),
            source: error.into(),
        },
    }
}

/// The rules of the directories from the top of a worktree down to, and without, the root inside it.
fn rules_above(base: &Path, root: &Path) -> Rules {
    let mut rules = Rules::default();
    let Ok(directory) = Root::open(base) else {
        return rules;
    };
    let mut above: Vec<&Path> = root.ancestors().skip(1).collect();
    above.reverse();
    for path in above {
        if let Ok(directory) = directory.directory(path) {
            let git = git::at(&base.join(path));
            rules = rules.inside(&directory, path, git.as_ref());
        }
    }
    rules
}

struct Scan<'a> {
    root: &'a Path,
    directory: Root,
    /// The root's path from the base of all rules.
    above: &'a Path,
    /// The repository's common directory.
    common: Option<&'a Path>,
    max_file_bytes: u64,
    /// Directories to list, relative to the root, with the rules of their parents.
    pending: Vec<(PathBuf, Rules)>,
}

impl Scan<'_> {
    fn list(&mut self, path: &Path, rules: &Rules, sink: Sink<'_>) -> Result<ControlFlow<()>, WatchError> {
        let opened = self.directory.directory(path);
        let listing = opened.and_then(|directory| Ok((Dir::read_from(&directory)?, directory)));
        let (entries, directory) = match listing {
            Ok(listing) => listing,
            Err(error) => return self.unlisted(path, error, sink),
        };
        let git = git_entry(&directory).then(|| git::at(&self.root.join(path))).flatten();
        if let Some(git) = &git
            && !path.as_os_str().is_empty()
            && self.common == Some(&*git.common)
            && git.is_linked()
        {
            return Ok(ControlFlow::Continue(()));
        }
        let rules = rules.inside(&directory, &self.above.join(path), git.as_ref());
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.unlisted(path, error, sink),
            };
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let found = self.look_at(&directory, path, entry.file_name(), entry.file_type(), &rules);
            if let Some(found) = found
                && sink(found).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What becomes of a directory that cannot be listed.
    fn unlisted(&self, path: &Path, error: Errno, sink: Sink<'_>) -> Result<ControlFlow<()>, WatchError> {
        let full = self.root.join(path);
        if path.as_os_str().is_empty() {
            return Err(unopened(&full, error));
        }
        if is_exhausted(error) {
            let source = error.into();
            return Err(WatchError::Scan { path: full, source });
        }
        Ok(match error {
            // It was deleted after its parent was listed.
            Errno::NOENT => ControlFlow::Continue(()),
            error if beneath::is_replaced(error) => sink(skipped(path, SkipReason::NotAFile)),
            _ => sink(skipped(path, SkipReason::Unreadable)),
        })
    }

    fn look_at(
        &mut self,
        directory: &OwnedFd,
        parent: &Path,
        name: &CStr,
        kind: FileType,
        rules: &Rules,
    ) -> Option<ScanEntry> {
        let stat = || statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = match kind {
            // Some file systems do not tell while they list.
            FileType::Unknown => FileType::from_raw_mode(stat().ok()?.st_mode),
            kind => kind,
        };
        let is_directory = kind == FileType::Directory;
        let name = OsStr::from_bytes(name.to_bytes());
        if is_never_entered(name, is_directory) {
            return None;
        }
        let path = parent.join(name);
        if rules.leave_out(&self.above.join(&path), is_directory) {
            return None;
        }
        if self.root.as_os_str().len() + 1 + path.as_os_str().len() > MAX_PATH {
            return Some(skipped(&path, SkipReason::Unreadable));
        }
        if is_directory {
            self.pending.push((path, rules.clone()));
            return None;
        }
        if kind != FileType::RegularFile {
            return Some(skipped(&path, SkipReason::NotAFile));
        }
        let Some(relative) = path.to_str().and_then(RepoPath::new) else {
            return Some(skipped(&path, SkipReason::BadName));
        };
        match stat() {
            Ok(stat) => {
                let stamp = stamp(&stat);
                Some(if stamp.size > self.max_file_bytes {
                    skipped(&path, SkipReason::TooLarge)
                } else {
                    ScanEntry::File(relative, stamp)
                })
            }
            // It was deleted while its directory was listed.
            Err(Errno::NOENT) => None,
            Err(_) => Some(skipped(&path, SkipReason::Unreadable)),
        }
    }
}

/// Something left out, with a name that no other has: what is not UTF-8 is shown as `\xff`.
fn skipped(path: &Path, reason: SkipReason) -> ScanEntry {
    let mut shown = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        shown.push_str(chunk.valid());
        shown.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    ScanEntry::Skipped(shown, reason)
}

fn is_never_entered(name: &OsStr, is_directory: bool) -> bool {
    name == ".git" || is_directory && NEVER_ENTERED.iter().any(|never| name == *never)
}

fn git_entry(directory: impl AsFd) -> bool {
    statat(directory, ".git", AtFlags::empty()).is_ok()
}

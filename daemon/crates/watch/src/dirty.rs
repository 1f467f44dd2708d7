//! How far a working tree is from git's index, counted as `git status` counts but for what is staged.
//!
//! Sizes and times decide first, as they do for git; a file is read only when they leave it open. Filters
//! that change what is stored (line ends, large files kept elsewhere) are not applied: a file under one
//! counts as modified when its time has changed and git has not looked at it since. Untracked is what a
//! scan finds and the index does not name. Another repository inside the tree counts once while it is
//! untracked, and not at all as a submodule.

use crate::beneath::Root;
use crate::git::{self, GitDir};
use crate::index::{Entry, Index, Kind, Time};
use crate::walk::{Found, Step, Visitor, Walk};
use rustix::fs::{AtFlags, FileType, Stat, readlinkat, statat};
use rustix::io::{Errno, Result};
use sha1::{Digest as _, Sha1};
use std::ffi::OsStr;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Most bytes read for one count. A tree that was copied without its times would otherwise be read whole for every
/// count until git looks at it; who has more than that to read gets none.
const MOST_READ: u64 = 256 * 1024 * 1024;

/// Bytes read at a time.
const BUFFER: usize = 64 * 1024;

/// Counts what git would call modified or untracked below a canonical root; `None` outside git or where its index is not
/// understood.
pub(crate) fn dirty(root: &Path) -> Option<u64> {
    let git = git::find(root)?;
    let index = Index::read(&git, root.strip_prefix(&git.top).ok()?)?;
    let mut walk = Walk::open(root).ok()?;
    let mut tally = Tally {
        root: Root::open(root).ok()?,
        keeps_modes: git::configured(&git, "core", "filemode").is_none_or(|value| value != "false"),
        seen: vec![false; index.entries.len()],
        index,
        n_dirty: 0,
        left: MOST_READ,
    };
    if walk.whole(&mut tally).ok()?.is_break() {
        return None;
    }
    walk.finish().ok()?;
    for place in 0..tally.seen.len() {
        if !tally.seen[place] && tally.unseen(place)? {
            tally.n_dirty += 1;
        }
    }
    Some(tally.n_dirty)
}

struct Tally {
    root: Root,
    index: Index,
    /// Whether the walk came by an entry's file, by place.
    seen: Vec<bool>,
    /// Whether git keeps who may run a file.
    keeps_modes: bool,
    n_dirty: u64,
    /// Bytes that may still be read.
    left: u64,
}

impl Visitor for Tally {
    fn enter(&mut self, path: &Path, git: Option<&GitDir>) -> Step {
        if git.is_none() || path.as_os_str().is_empty() {
            return Step::Into;
        }
        if self.index.find(path.as_os_str().as_bytes()).is_none() {
            self.n_dirty += 1;
        }
        Step::Past
    }

    fn found(&mut self, path: &Path, found: Found) -> ControlFlow<()> {
        let place = self.index.find(path.as_os_str().as_bytes());
        let is_dirty = match (place, found) {
            (None, Found::File(_)) => true,
            (None, Found::Special | Found::Unreadable) => self.is_content(path),
            (Some(place), Found::File(stat)) => {
                self.seen[place] = true;
                match self.is_modified(place, &stat) {
                    Some(is_modified) => is_modified,
                    None => return ControlFlow::Break(()),
                }
            }
            // Looked at when the walk is over.
            (Some(_), Found::Special | Found::Unreadable) => false,
        };
        self.n_dirty += u64::from(is_dirty);
        ControlFlow::Continue(())
    }
}

impl Tally {
    /// Whether git would track what stands at a path: neither pipes nor directories.
    fn is_content(&self, path: &Path) -> bool {
        self.stat(path).is_ok_and(|stat| {
            let kind = FileType::from_raw_mode(stat.st_mode);
            kind == FileType::RegularFile || kind == FileType::Symlink
        })
    }

    /// Whether an entry that the walk did not come by is modified: deleted, a link, or left out although it is tracked.
    fn unseen(&mut self, place: usize) -> Option<bool> {
        let entry = &self.index.entries[place];
        match entry.kind {
            Kind::Repository | Kind::Ignored => return Some(false),
            Kind::Unsettled => return Some(true),
            Kind::File { .. } | Kind::Link => {}
        }
        match self.stat(Path::new(OsStr::from_bytes(&entry.path))) {
            Ok(stat) => self.is_modified(place, &stat),
            // It is not there, or another thing than a directory is above it.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Some(true),
            Err(_) => None,
        }
    }

    /// Whether what stands at an entry's path differs from it; none when that would take too much reading.
    fn is_modified(&mut self, place: usize, stat: &Stat) -> Option<bool> {
        let entry = &self.index.entries[place];
        let kind = FileType::from_raw_mode(stat.st_mode);
        let is_other = match entry.kind {
            Kind::Ignored => return Some(false),
            Kind::Unsettled | Kind::Repository => true,
            Kind::Link => kind != FileType::Symlink,
            Kind::File { runs } => {
                let runs_now = stat.st_mode & 0o100 != 0;
                kind != FileType::RegularFile || self.keeps_modes && runs_now != runs
            }
        };
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if is_other || entry.size != 0 && entry.size != size as u32 {
            return Some(true);
        }
        if entry.size == size as u32 && is_untouched(entry, stat, self.index.written) {
            return Some(false);
        }
        self.left = self.left.checked_sub(size)?;
        let name = match entry.kind {
            Kind::Link => self.link_name(&entry.path),
            Kind::File { .. } | Kind::Repository | Kind::Unsettled | Kind::Ignored => self.file_name(&entry.path, size),
        };
        // What cannot be read cannot be called unmodified.
        Some(name.is_none_or(|name| name != entry.id))
    }

    /// The name that git would give to a file's content.
    fn file_name(&self, path: &[u8], size: u64) -> Option<[u8; 20]> {
        let (file, _) = self.root.file(Path::new(OsStr::from_bytes(path))).ok()?;
        // More than was announced makes another name.
        let mut file = file.take(size + 1);
        let mut hasher = Sha1::new_with_prefix(format!("blob {size}\0"));
        let mut buffer = vec![0; BUFFER.min(size as usize + 1)];
        loop {
            match file.read(&mut buffer).ok()? {
                0 => return Some(hasher.finalize().into()),
                n_bytes => hasher.update(&buffer[..n_bytes]),
            }
        }
    }

    fn link_name(&self, path: &[u8]) -> Option<[u8; 20]> {
        let path = Path::new(OsStr::from_bytes(path));
        let directory = self.root.directory(path.parent()?).ok()?;
        let target = readlinkat(&directory, path.file_name()?, Vec::new()).ok()?;
        let mut hasher = Sha1::new_with_prefix(format!("blob {}\0", target.as_bytes().len()));
        hasher.update(target.as_bytes());
        Some(hasher.finalize().into())
    }

    fn stat(&self, path: &Path) -> Result<Stat> {
        let (parent, name) = path.parent().zip(path.file_name()).ok_or(Errno::INVAL)?;
        statat(self.root.directory(parent)?, name, AtFlags::SYMLINK_NOFOLLOW)
    }
}

/// Whether a file's time says that nobody wrote it since git looked: the same, and from before the index was written.
/// A git that keeps whole seconds leaves the rest zero.
fn is_untouched(entry: &Entry, stat: &Stat, written: Time) -> bool {
    let (seconds, nanos) = entry.modified;
    if nanos == 0 {
        return stat.st_mtime as u32 == seconds && seconds < written.0;
    }
    (stat.st_mtime as u32, stat.st_mtime_nsec as u32) == entry.modified && entry.modified < written
}

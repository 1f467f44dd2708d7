//! Opening things below a root, one part of a path at a time, never through a link.
//!
//! A path that was checked first and opened later can be turned into a link in between. Here the system
//! is told to refuse links in one call, or, where it cannot be, each part is opened relative to the
//! directory before it and refused when it is a link: there is nothing in between. Nothing here blocks: a
//! pipe that stands where a file stood is opened and let go.

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::{Errno, Result, retry_on_intr};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// For opening what may be a pipe by other means.
pub(crate) const NEVER_WAIT: i32 = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();

/// A directory that stays the same one whatever is done to its name.
#[derive(Debug)]
pub(crate) struct Root {
    directory: OwnedFd,
}

impl Root {
    /// Opens a root by its absolute path, whose last part must not be a link.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let directory = retry_on_intr(|| rustix::fs::open(path, DIRECTORY, Mode::empty()))?;
        Ok(Self { directory })
    }

    /// A directory below it; the root itself for the empty path.
    pub(crate) fn directory(&self, relative: &Path) -> Result<OwnedFd> {
        let relative = if relative.as_os_str().is_empty() {
            Path::new(".")
        } else {
            relative
        };
        match at_once(&self.directory, relative, DIRECTORY) {
            Some(opened) => opened,
            None => self.directory_by_parts(relative),
        }
    }

    fn directory_by_parts(&self, relative: &Path) -> Result<OwnedFd> {
        let mut parts = relative.iter();
        let mut directory = open_directory(&self.directory, parts.next().unwrap_or(OsStr::new(".")))?;
        for part in parts {
            directory = open_directory(&directory, part)?;
        }
        Ok(directory)
    }

    /// A regular file below it, and what the system says of it.
    pub(crate) fn file(&self, relative: &Path) -> Result<(File, Stat)> {
        match at_once(&self.directory, relative, FILE) {
            Some(opened) => regular(opened?),
            None => self.file_by_parts(relative),
        }
    }

    fn file_by_parts(&self, relative: &Path) -> Result<(File, Stat)> {
        let name = relative.file_name().ok_or(Errno::INVAL)?;
        match relative.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => open_file(self.directory_by_parts(parent)?, name),
            None => open_file(&self.directory, name),
        }
    }

    /// Whether the same directory still has that name.
    pub(crate) fn is_still_at(&self, path: &Path) -> bool {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        let there = Self::open(path).and_then(|root| fstat(&root.directory));
        let here = fstat(&self.directory);
        there.is_ok_and(|there| here.is_ok_and(|here| identity(here) == identity(there)))
    }
}

/// Opens a regular file in a directory; anything else that has the name is [`Errno::INVAL`].
pub(crate) fn open_file(directory: impl AsFd, name: &OsStr) -> Result<(File, Stat)> {
    regular(retry_on_intr(|| openat(&directory, name, FILE, Mode::empty()))?)
}

fn regular(file: OwnedFd) -> Result<(File, Stat)> {
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Errno::INVAL);
    }
    Ok((File::from(file), stat))
}

/// Opens in one call what lies below a directory behind no link; `None` where the system cannot, or may not. Besides being one call
/// for many, it opens no directory on the way, of which everybody would be told who watches the tree.
#[cfg(target_os = "linux")]
fn at_once(directory: impl AsFd, relative: &Path, flags: OFlags) -> Option<Result<OwnedFd>> {
    use rustix::fs::{ResolveFlags, openat2};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match retry_on_intr(|| openat2(&directory, relative, flags, Mode::empty(), resolve)) {
        // Older kernels, filters of system calls, paths longer than one call takes, a tree that is being moved.
        Err(Errno::NOSYS | Errno::PERM | Errno::NAMETOOLONG | Errno::AGAIN) => None,
        opened => Some(opened),
    }
}

/// There is no such call.
#[cfg(not(target_os = "linux"))]
fn at_once(_: impl AsFd, _: &Path, _: OFlags) -> Option<Result<OwnedFd>> {
    None
}

fn open_directory(directory: impl AsFd, name: &OsStr) -> Result<OwnedFd> {
    retry_on_intr(|| openat(&directory, name, DIRECTORY, Mode::empty()))
}

/// Whether something else stands where a file or directory stood: a link, a pipe, a file for a directory.
pub(crate) fn is_replaced(error: Errno) -> bool {
    // A pipe that nobody reads, a socket.
    [Errno::LOOP, Errno::NOTDIR, Errno::INVAL, Errno::NXIO, Errno::OPNOTSUPP].contains(&error)
}

/// Whether the process, not the tree, is at fault: it says nothing about what could not be opened.
pub(crate) fn is_exhausted(error: Errno) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::NOMEM].contains(&error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn both_ways_open_the_same_and_follow_no_link() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path();
        fs::create_dir_all(path.join("a/b")).expect("made");
        fs::write(path.join("a/b/c"), "text").expect("written");
        fs::write(path.join("top"), "text").expect("written");
        symlink("a", path.join("link")).expect("linked");
        symlink("a/b/c", path.join("to-file")).expect("linked");
        let root = Root::open(path).expect("a directory");
        let inode = |opened: Result<(File, Stat)>| opened.map(|(_, stat)| stat.st_ino);
        for (relative, is_there) in [
            ("top", true),
            ("a/b/c", true),
            ("a/b", false),
            ("a/b/none", false),
            ("top/c", false),
            ("link/b/c", false),
            ("to-file", false),
            ("", false),
        ] {
            let relative = Path::new(relative);
            let (one, other) = (inode(root.file(relative)), inode(root.file_by_parts(relative)));
            assert_eq!(one.is_ok(), is_there, "{}", relative.display());
            assert_eq!(one.ok(), other.ok(), "{}", relative.display());
        }
        for (relative, is_there) in [
            ("", true),
            ("a/b", true),
            ("top", false),
            ("link", false),
            ("link/b", false),
        ] {
            let relative = Path::new(relative);
            let (one, other) = (root.directory(relative), root.directory_by_parts(relative));
            assert_eq!(one.is_ok(), is_there, "{}", relative.display());
            let inode = |opened: Result<OwnedFd>| opened.and_then(fstat).map(|stat| stat.st_ino).ok();
            assert_eq!(inode(one), inode(other), "{}", relative.display());
        }
        for error in [root.file(Path::new("link/b/c")), root.file(Path::new("to-file"))] {
            assert!(error.is_err_and(is_replaced), "a link is told from a file that is gone");
        }
        let gone = root.file(Path::new("a/none/c")).expect_err("nothing");
        assert!(!is_replaced(gone), "{gone}");
    }
}

//! Opening things below a root, one part of a path at a time, never through a link.
//!
//! A path that was checked first and opened later can be turned into a link in between. Here each part
//! is opened relative to the directory before it and refused when it is a link, so that there is
//! nothing in between. Nothing here blocks: a pipe that stands where a file stood is opened and let go.

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
        let mut parts = relative.iter();
        let mut directory = open_directory(&self.directory, parts.next().unwrap_or(OsStr::new(".")))?;
        for part in parts {
            directory = open_directory(&directory, part)?;
        }
        Ok(directory)
    }

    /// A regular file below it, and what the system says of it.
    pub(crate) fn file(&self, relative: &Path) -> Result<(File, Stat)> {
        let name = relative.file_name().ok_or(Errno::INVAL)?;
        match relative.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => open_file(self.directory(parent)?, name),
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
    let file = retry_on_intr(|| openat(&directory, name, FILE, Mode::empty()))?;
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Errno::INVAL);
    }
    Ok((File::from(file), stat))
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

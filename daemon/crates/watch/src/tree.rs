//! The [`SourceTree`] port over the real file system.

use crate::beneath::{self, Root};
use crate::{WatchError, dirty, git, gone, group, scan, trail};
use codemem_core::path::RepoPath;
use codemem_core::ports::{Head, Identity, IndexGroup, PortResult, ScanEntry, SourceTree, Trail};
use codemem_core::skip::{SNIFFED, is_binary};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Reads working trees from disk. Has no state: every answer is what the disk says now.
#[derive(Clone, Copy, Default, Debug)]
pub struct WorkingTree;

impl SourceTree for WorkingTree {
    fn identify(&self, path: &Path) -> PortResult<Identity> {
        Ok(identify(path)?)
    }

    fn group(&self, identity: &Identity) -> IndexGroup {
        match &identity.git_top {
            Some(_) => group::group(&identity.repository),
            None => IndexGroup::own(identity.repository.clone()),
        }
    }

    fn is_gone(&self, root: &Path, known_since: Option<SystemTime>) -> bool {
        gone::is_gone(root, known_since)
    }

    fn trail(&self, directory: &Path) -> Trail {
        trail::trail(directory)
    }

    fn head(&self, root: &Path) -> Option<Head> {
        git::head(&git::find(root)?)
    }

    fn scan(
        &self,
        root: &Path,
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()> {
        Ok(scan::scan(root, max_file_bytes, sink)?)
    }

    fn look(
        &self,
        root: &Path,
        paths: &[PathBuf],
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()> {
        Ok(scan::look(root, paths, max_file_bytes, sink)?)
    }

    fn dirty(&self, root: &Path) -> Option<u64> {
        dirty::dirty(root)
    }

    fn read(&self, root: &Path, path: &RepoPath, max_bytes: u64) -> PortResult<Vec<u8>> {
        Ok(read(root, path, max_bytes)?)
    }

    fn read_text(&self, root: &Path, path: &RepoPath, max_bytes: u64) -> PortResult<Option<Vec<u8>>> {
        Ok(read_text(root, path, max_bytes)?)
    }
}

fn identify(path: &Path) -> Result<Identity, WatchError> {
    let root = path.canonicalize().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => WatchError::Missing(path.to_path_buf()),
        _ => WatchError::Open {
            path: path.to_path_buf(),
            source,
        },
    })?;
    if !root.is_dir() {
        return Err(WatchError::NotADirectory(root));
    }
    if root.to_str().is_none() {
        return Err(WatchError::NotUtf8(root));
    }
    // A root that cannot be listed fails here, with its name, rather than as an empty index.
    fs::read_dir(&root).map_err(|source| WatchError::Open {
        path: root.clone(),
        source,
    })?;
    let git = git::find(&root);
    let repository = git.as_ref().map_or_else(|| root.clone(), |git| git.common.clone());
    Ok(Identity {
        repository,
        git_top: git.map(|git| git.top),
        root,
    })
}

/// A file that is being read.
struct Reading {
    file: File,
    /// As the system said when it was opened.
    size: u64,
    /// For errors.
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Reading {
    fn open(root: &Path, path: &RepoPath) -> Result<Self, WatchError> {
        let full = root.join(path.as_str());
        let directory = Root::open(root).map_err(|error| WatchError::RootLost {
            path: root.to_path_buf(),
            source: error.into(),
        })?;
        let opened = directory.file(Path::new(path.as_str()));
        let (file, stat) = opened.map_err(|error| {
            if beneath::is_replaced(error) {
                WatchError::Escapes(full.clone())
            } else {
                WatchError::Read {
                    path: full.clone(),
                    source: error.into(),
                }
            }
        })?;
        Ok(Self {
            file,
            size: u64::try_from(stat.st_size).unwrap_or(u64::MAX),
            path: full,
            bytes: Vec::new(),
        })
    }

    /// Reads on until there are `n_bytes`, or no more.
    fn up_to(&mut self, n_bytes: u64) -> Result<(), WatchError> {
        let n_read = self.bytes.len() as u64;
        // One more than there are, which tells the end.
        let expected = self.size.min(n_bytes).saturating_sub(n_read) + 1;
        self.bytes.reserve_exact(expected as usize);
        let mut rest = (&mut self.file).take(n_bytes.saturating_sub(n_read));
        let read = rest.read_to_end(&mut self.bytes);
        read.map(|_| ()).map_err(|source| WatchError::Read {
            path: self.path.clone(),
            source,
        })
    }

    /// The whole file.
    fn finish(mut self, max_bytes: u64) -> Result<Vec<u8>, WatchError> {
        // The file may grow while it is read: one byte over the limit tells.
        self.up_to(max_bytes + 1)?;
        if self.bytes.len() as u64 > max_bytes {
            return Err(WatchError::TooLarge {
                path: self.path,
                limit: max_bytes,
            });
        }
        Ok(self.bytes)
    }
}

fn read(root: &Path, path: &RepoPath, max_bytes: u64) -> Result<Vec<u8>, WatchError> {
    Reading::open(root, path)?.finish(max_bytes)
}

fn read_text(root: &Path, path: &RepoPath, max_bytes: u64) -> Result<Option<Vec<u8>>, WatchError> {
    let mut reading = Reading::open(root, path)?;
    reading.up_to(SNIFFED as u64)?;
    if is_binary(&reading.bytes) {
        return Ok(None);
    }
    if reading.size > max_bytes {
        return Err(WatchError::TooLarge {
            path: reading.path,
            limit: max_bytes,
        });
    }
    if reading.bytes.len() < SNIFFED {
        return Ok(Some(reading.bytes));
    }
    reading.finish(max_bytes).map(Some)
}

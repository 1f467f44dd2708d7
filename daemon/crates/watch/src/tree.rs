//! The [`SourceTree`] port over the real file system.

use crate::beneath::{self, Root};
use crate::{WatchError, dirty, git, gone, scan, trail};
use codemem_core::path::RepoPath;
use codemem_core::ports::{Head, Identity, PortResult, ScanEntry, SourceTree, Trail};
use std::fs;
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

fn read(root: &Path, path: &RepoPath, max_bytes: u64) -> Result<Vec<u8>, WatchError> {
    let full = root.join(path.as_str());
    let failed = |source| WatchError::Read {
        path: full.clone(),
        source,
    };
    let directory = Root::open(root).map_err(|error| WatchError::RootLost {
        path: root.to_path_buf(),
        source: error.into(),
    })?;
    let (file, stat) = directory.file(Path::new(path.as_str())).map_err(|error| {
        if beneath::is_replaced(error) {
            WatchError::Escapes(full.clone())
        } else {
            failed(error.into())
        }
    })?;
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(size.min(max_bytes) as usize);
    // The file may grow while it is read: one byte over the limit tells.
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max_bytes {
        return Err(WatchError::TooLarge {
            path: full,
            limit: max_bytes,
        });
    }
    Ok(bytes)
}

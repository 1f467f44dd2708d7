//! A shard's copy, for an index that is only read: the engine cannot open a shard without writing to it.
//!
//! In the system's directory for temporary files, readable by the owner alone, and gone with the value.

use crate::engine;
use crate::error::{StoreError, StoreResult};
use crate::files;
use rustix::fs::SeekFrom;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes copied at a time.
const BLOCK: usize = 256 * 1024;

/// Room that is left beside the copy.
const RESERVE: u64 = 64 * 1024 * 1024;

/// Copies that this process has made: part of their names.
static N_COPIES: AtomicU32 = AtomicU32::new(0);

/// A copy.
pub(super) struct ShardCopy {
    path: PathBuf,
}

impl ShardCopy {
    /// Copies a shard that nobody has open.
    pub(super) fn of(shard: &Path) -> StoreResult<Self> {
        engine::refuse_when_in_use(shard)?;
        let name = format!(
            "codemem-memory-{}-{}",
            std::process::id(),
            N_COPIES.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        // One that is there is of a process that was killed, had the same number, and has ended: or somebody else's,
        // and then making it fails.
        files::remove_directory(&path)?;
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|source| StoreError::CreateDirectory {
                path: path.clone(),
                source,
            })?;
        let copy = Self { path };
        files::require_room(&copy.path, RESERVE + files::disk_bytes(shard))?;
        copy_tree(shard, &copy.path).map_err(|(path, source)| StoreError::ReadFile { path, source })?;
        Ok(copy)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ShardCopy {
    fn drop(&mut self) {
        if let Err(error) = files::remove_directory(&self.path) {
            tracing::warn!(%error, "a copy of the index of memories is left behind");
        }
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), (PathBuf, io::Error)> {
    let failed = |error| (from.to_owned(), error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed)?.is_dir() {
            fs::create_dir(&target).map_err(|error| (target.clone(), error))?;
            copy_tree(&source, &target)?;
        } else {
            copy_file(&source, &target).map_err(|error| (source, error))?;
        }
    }
    Ok(())
}

/// Copies what a file holds and leaves its holes: the engine allocates in tens of megabytes.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let (source, target) = (File::open(from)?, File::create_new(to)?);
    let length = source.metadata()?.len();
    target.set_len(length)?;
    let mut block = vec![0; BLOCK];
    let mut position = 0;
    while position < length {
        let Ok(data) = rustix::fs::seek(&source, SeekFrom::Data(position)) else {
            // Nothing but a hole is left.
            return Ok(());
        };
        let end = rustix::fs::seek(&source, SeekFrom::Hole(data))?.min(length);
        position = data;
        while position < end {
            let n_wanted = block.len().min((end - position) as usize);
            let n_read = source.read_at(&mut block[..n_wanted], position)?;
            if n_read == 0 {
                return Ok(());
            }
            target.write_all_at(&block[..n_read], position)?;
            position += n_read as u64;
        }
    }
    Ok(())
}

//! The few things done to files directly: private directories, whole-file replacement, sizes.
//!
//! Runs on the caller's thread. Knows nothing of what the files mean.

use crate::error::{StoreError, StoreResult};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What stores hold is as private as the code it was read from.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// `st_blocks` counts in these, whatever the file system's own block size is.
const STAT_BLOCK_BYTES: u64 = 512;

/// Creates a directory and its parents, readable by the owner alone; one that exists is left as it is.
pub(crate) fn create_private_directory(path: &Path) -> StoreResult<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .map_err(|source| StoreError::CreateDirectory {
            path: path.to_owned(),
            source,
        })
}

/// Creates an empty file readable by the owner alone, for an engine that would create it readable by all.
pub(crate) fn create_private_file(path: &Path) -> StoreResult<()> {
    File::options()
        .create(true)
        .append(true)
        .mode(FILE_MODE)
        .open(path)
        .map(drop)
        .map_err(|source| write_error(path, source))
}

/// Removes a directory with all it holds; none there is fine.
pub(crate) fn remove_directory(path: &Path) -> StoreResult<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::RemoveDirectory {
            path: path.to_owned(),
            source,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Renames a directory to `NAME.suffix`, in place of what was set aside there before.
pub(crate) fn set_aside(path: &Path, suffix: &str) -> StoreResult<()> {
    let mut target = path.as_os_str().to_owned();
    target.push(".");
    target.push(suffix);
    let target = Path::new(&target);
    remove_directory(target)?;
    fs::rename(path, target).map_err(|source| write_error(target, source))
}

/// Replaces a file whole: a reader, or a crash, sees the old bytes or the new ones. Durable on return.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> StoreResult<()> {
    let replace = || -> io::Result<()> {
        let temporary = path.with_extension("new");
        let mut file = File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    replace().map_err(|source| write_error(path, source))
}

/// Bytes that a file or a directory tree takes on the disk: blocks, not lengths, because the vector
/// engine's files are sparse. What cannot be read counts nothing.
pub(crate) fn disk_bytes(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    let own = metadata.blocks() * STAT_BLOCK_BYTES;
    if !metadata.is_dir() {
        return own;
    }
    let Ok(entries) = fs::read_dir(path) else {
        return own;
    };
    own + entries.flatten().map(|entry| disk_bytes(&entry.path())).sum::<u64>()
}

/// Bytes that may still be written to the file system of `path`; `None` when it does not say.
pub(crate) fn available_bytes(path: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(path).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

fn write_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::WriteFile {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn directories_and_files_are_private() {
        let root = tempfile::tempdir().expect("temporary directory");
        let directory = root.path().join("a/b");
        create_private_directory(&directory).expect("created");
        create_private_directory(&directory).expect("again is fine");
        let file = directory.join("file");
        replace_file(&file, b"one").expect("written");
        replace_file(&file, b"two").expect("replaced");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
        assert_eq!(fs::read(&file).expect("readable"), b"two");
    }

    #[test]
    fn sizes_count_blocks_and_missing_is_nothing() {
        let root = tempfile::tempdir().expect("temporary directory");
        let sparse = File::create(root.path().join("sparse")).expect("created");
        sparse.set_len(1 << 30).expect("grown");
        assert!(disk_bytes(root.path()) < 1 << 20);
        assert_eq!(disk_bytes(&root.path().join("missing")), 0);
    }
}

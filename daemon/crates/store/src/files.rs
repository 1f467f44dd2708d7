//! The few things done to files directly: private directories, whole-file replacement, sizes.
//!
//! Runs on the caller's thread. Knows nothing of what the files mean.

use crate::error::{StoreError, StoreResult};
use rustix::fs::SeekFrom;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What stores hold is as private as the code it was read from.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Put between the name of a store and the time at which it was found damaged.
const SET_ASIDE: &str = ".damaged-";

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

/// Removes a file, durably; none there is fine.
pub(crate) fn remove_file(path: &Path) -> StoreResult<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_directory_of(path).map_err(|source| write_error(path, source)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(write_error(path, source)),
    }
}

/// Copies a directory with all below it. Holes stay holes: the vector engine's files are mostly that.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> StoreResult<()> {
    require_room(existing(to), disk_bytes(from))?;
    let mut pending = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = pending.pop() {
        create_private_directory(&to)?;
        let failed = |source| StoreError::ReadFile {
            path: from.clone(),
            source,
        };
        for entry in fs::read_dir(&from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if entry.file_type().map_err(failed)?.is_dir() {
                pending.push((from, to));
            } else {
                copy_file(&from, &to).map_err(|source| StoreError::WriteFile { path: to, source })?;
            }
        }
    }
    Ok(())
}

/// The path, or the nearest above it that is there.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(path)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    /// Bytes read at a time.
    const BLOCK: usize = 256 * 1024;
    let source = File::open(from)?;
    let target = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(to)?;
    let bytes = source.metadata()?.len();
    target.set_len(bytes)?;
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    while offset < bytes {
        let length = BLOCK.min((bytes - offset) as usize);
        offset = match rustix::fs::seek(&source, SeekFrom::Data(offset)) {
            Ok(found) if found > offset => found,
            // A file system that does not know its holes has none to pass over.
            Ok(_) | Err(rustix::io::Errno::INVAL) => {
                source.read_exact_at(&mut block[..length], offset)?;
                target.write_all_at(&block[..length], offset)?;
                offset + length as u64
            }
            // Nothing but a hole is left.
            Err(rustix::io::Errno::NXIO) => bytes,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(())
}

/// Renames a damaged store, a file or a directory, to `NAME.damaged-SECONDS` beside it, and deletes
/// what was set aside of it before: one damaged copy is kept for whoever wants to look. What belongs
/// to a database file (its log) goes with it. `None` when there is nothing to set aside.
pub fn set_aside(path: &Path, unix_seconds: u64) -> StoreResult<Option<PathBuf>> {
    for old in set_aside_before(path) {
        let removed = if old.is_dir() {
            fs::remove_dir_all(&old)
        } else {
            fs::remove_file(&old)
        };
        removed.map_err(|source| write_error(&old, source))?;
    }
    let target = suffixed(path, &format!("{SET_ASIDE}{unix_seconds}"));
    let mut kept = None;
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(suffixed(path, suffix), suffixed(&target, suffix)) {
            Ok(()) if suffix.is_empty() => kept = Some(target.clone()),
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(write_error(&target, source)),
        }
    }
    sync_directory_of(path).map_err(|source| write_error(path, source))?;
    Ok(kept)
}

/// What was set aside of a store, sorted.
pub fn set_aside_before(path: &Path) -> Vec<PathBuf> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let start = format!("{}{SET_ASIDE}", name.to_string_lossy());
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&start))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// A file beside another one, whose name goes on with `suffix`.
pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Replaces a file whole: a reader, or a crash, sees the old bytes or the new ones. Durable on return.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> StoreResult<()> {
    let replace = || -> io::Result<()> {
        let temporary = suffixed(path, ".new");
        let mut file = File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_directory_of(path)
    };
    replace().map_err(|source| write_error(path, source))
}

/// Renames a file over another one, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> StoreResult<()> {
    fs::rename(from, to)
        .and_then(|()| sync_directory_of(to))
        .map_err(|source| write_error(to, source))
}

/// Gives a file that is whole and durable its name, unless something has that name already. Durable on return.
pub(crate) fn name_anew(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => fs::remove_file(unfinished)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // A file system without second names.
        Err(_) if fs::symlink_metadata(path).is_ok() => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(unfinished, path)?,
    }
    sync_directory_of(path)
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

/// Refuses to write when less than `bytes` are left on the disk of `path`: room is kept for what
/// cannot be refused half-way, and for everybody else.
pub(crate) fn require_room(path: &Path, bytes: u64) -> StoreResult<()> {
    match available_bytes(path) {
        Some(available) if available < bytes => Err(StoreError::NoRoom {
            path: path.to_owned(),
            available,
            wanted: bytes,
        }),
        Some(_) | None => Ok(()),
    }
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
    fn what_is_set_aside_replaces_what_was_before_and_takes_its_log_along() {
        let root = tempfile::tempdir().expect("temporary directory");
        let store = root.path().join("a.db");
        assert_eq!(set_aside(&store, 1).expect("nothing to do"), None);
        for seconds in [7, 8] {
            fs::write(&store, format!("{seconds}")).expect("written");
            fs::write(suffixed(&store, "-wal"), "log").expect("written");
            let kept = set_aside(&store, seconds).expect("set aside").expect("kept");
            assert_eq!(kept, suffixed(&store, &format!(".damaged-{seconds}")));
        }
        fs::create_dir_all(store.join("deep")).expect("a directory in its place");
        let names = |path: &Path| -> Vec<String> {
            let found = set_aside_before(path).into_iter();
            found
                .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(&store), ["a.db.damaged-8", "a.db.damaged-8-wal"]);
        set_aside(&store, 9).expect("set aside");
        assert_eq!(names(&store), ["a.db.damaged-9"]);
        assert!(root.path().join("a.db.damaged-9/deep").is_dir());
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

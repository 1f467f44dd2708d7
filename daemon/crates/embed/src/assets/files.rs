//! Files that are complete or not there, and their hashes.

use crate::error::EmbedError;
use crate::manifest::{FileRecord, hex};
use crate::progress::{Progress, report};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How the names of directories start that hold work in progress.
const STAGING: &str = ".incoming-";

/// Bytes hashed between two reports.
const HASH_STEP: usize = 1 << 20;

/// A directory beside the place where its content will appear; gone when dropped.
pub(crate) struct Staging(TempDir);

impl Staging {
    pub(crate) fn new(parent: &Path) -> Result<Self, EmbedError> {
        fs::create_dir_all(parent).map_err(EmbedError::write(parent))?;
        let dir = tempfile::Builder::new().prefix(STAGING).tempdir_in(parent);
        dir.map(Self).map_err(EmbedError::write(parent))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes the directory appear under its final name, in place of one that is there.
    pub(crate) fn publish(self, target: &Path) -> Result<(), EmbedError> {
        let failed = EmbedError::write(target);
        let publish = || {
            // A directory cannot be renamed over another: the old one moves away first.
            let old = tempfile::Builder::new()
                .prefix(STAGING)
                .tempdir_in(target.parent().unwrap_or(target))?;
            if target.exists() {
                fs::rename(target, old.path().join("old"))?;
            }
            fs::rename(self.path(), target)
        };
        publish().map_err(failed)
    }
}

/// Removes what a killed process left of its work in progress. The caller holds the lock.
pub(super) fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGING)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "could not remove an unfinished download");
        }
    }
}

/// Writes a file and sees it to the disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), EmbedError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(EmbedError::write(path))
}

/// Writes a file so that readers see the old content or the new one, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), EmbedError> {
    let parent = path.parent().unwrap_or(path);
    let replace = || {
        fs::create_dir_all(parent)?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    replace().map_err(EmbedError::write(path))
}

/// The identity of bytes in memory.
pub(crate) fn record(bytes: &[u8]) -> FileRecord {
    FileRecord {
        sha256: hex(&Sha256::digest(bytes)),
        bytes: bytes.len() as u64,
    }
}

/// The identity of a file, read whole.
pub(super) fn record_file(path: &Path, progress: Progress<'_>) -> Result<FileRecord, EmbedError> {
    let label = format!("checking {}", path.file_name().unwrap_or_default().display());
    let mut file = File::open(path).map_err(EmbedError::read(path))?;
    let total = file.metadata().map_err(EmbedError::read(path))?.len();
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; HASH_STEP];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer).map_err(EmbedError::read(path))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
        bytes += n as u64;
        report(progress, &label, bytes, total.max(bytes))?;
    }
    Ok(FileRecord {
        sha256: hex(&hasher.finalize()),
        bytes,
    })
}

/// Refuses a file that is not the pinned one.
pub(crate) fn expect_hash(path: &Path, expected: &str, found: &str) -> Result<(), EmbedError> {
    if expected == found {
        return Ok(());
    }
    Err(EmbedError::HashMismatch {
        subject: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// Bytes of all files below a directory, as far as it can be read; what a download has reached.
pub(super) fn tree_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => tree_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The only file in a directory whose name ends like this.
pub(super) fn find_by_extension(dir: &Path, extension: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).ok()?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.find(|path| path.extension().is_some_and(|found| found == extension))
}

/// Hashes what passes through.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// The writer below, and the identity of what was written.
    pub(crate) fn finish(self) -> (W, FileRecord) {
        let record = FileRecord {
            sha256: hex(&self.hasher.finalize()),
            bytes: self.bytes,
        };
        (self.inner, record)
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

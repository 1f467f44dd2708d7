//! The embedded vector engine, with its panics caught, its log kept short and its errors given a kind.
//!
//! One [`Engine`] is one Qdrant shard in its directory. Runs on the caller's threads: reads run beside one
//! another and beside updates; updates, flushing and optimising must not overlap, the caller holds its
//! writer lock around them (the engine's flush panics when it meets another writer). Knows nothing of what
//! the vectors mean.

use crate::error::{StoreError, StoreResult};
use crate::files;
use qdrant_edge::{EdgeConfig, EdgeShard, OperationResult, PointOperations, UpdateOperation, WalOptions};
use std::any::Any;
use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Bytes of one file of the engine's operation log, allocated in full: the smallest that holds a few batches.
const LOG_FILE_BYTES: usize = 1024 * 1024;

/// Bytes of operation log kept before it is cut. The engine never reads it back and never cuts it
/// itself; cutting means opening the shard again, tens of milliseconds every 8,000 vectors.
const LOG_KEPT_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes left on a disk that is full for our purposes: less than one file of the operation log.
const FULL_DISK_BYTES: u64 = LOG_FILE_BYTES as u64;

/// Bytes that opening a shard may need: the next file of its log, and of its first segment.
const OPENING_BYTES: u64 = 48 * 1024 * 1024;

/// Bytes of disk left alone by whoever adds. The engine writes through mapped files, where a full disk is
/// not an error but the end of the process.
pub(crate) const DISK_RESERVE: u64 = 64 * 1024 * 1024;

/// Bytes of disk left alone by deletions, which are how room is made.
pub(crate) const DELETE_RESERVE: u64 = 4 * 1024 * 1024;

/// Copies of a vector that are on disk until the operation log is cut, rounded up.
pub(crate) const WRITE_AMPLIFICATION: u64 = 4;

/// An open shard of the engine.
pub(crate) struct Engine {
    directory: PathBuf,
    // Always there until dropped; dropping the engine's type may panic and so is done by hand.
    shard: Option<Box<EdgeShard>>,
}

impl Engine {
    /// Makes an empty shard; the directory must not exist or hold nothing.
    pub(crate) fn create(directory: &Path, config: EdgeConfig) -> StoreResult<Self> {
        files::create_private_directory(directory)?;
        let shard = guard(directory, "create a shard", || EdgeShard::new(directory, config))?;
        Ok(Self {
            directory: directory.to_owned(),
            shard: Some(Box::new(shard)),
        })
    }

    /// Opens a shard that [`Engine::create`] made, and cuts its log.
    pub(crate) fn load(directory: &Path, config: EdgeConfig) -> StoreResult<Self> {
        let log = log_directory(directory);
        refuse_when_in_use(directory)?;
        cut_log(&log);
        let shard = caught(|| EdgeShard::load(directory, Some(config)))
            .map_err(|failure| diagnose(directory, failure.into_reason()))?;
        Ok(Self {
            directory: directory.to_owned(),
            shard: Some(Box::new(shard)),
        })
    }

    /// The shard's directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs a piece of the engine; `action` says what for, as a verb phrase.
    pub(crate) fn run<T>(
        &self,
        action: &'static str,
        run: impl FnOnce(&EdgeShard) -> OperationResult<T>,
    ) -> StoreResult<T> {
        guard(&self.directory, action, || run(self.shard()))
    }

    /// The same for a check: whatever fails is damage.
    pub(crate) fn examine<T>(&self, run: impl FnOnce(&EdgeShard) -> OperationResult<T>) -> StoreResult<T> {
        caught(|| run(self.shard())).map_err(|failure| self.damaged(failure.into_reason()))
    }

    /// The error that says so.
    pub(crate) fn damaged(&self, finding: String) -> StoreError {
        StoreError::DamagedVectors {
            directory: self.directory.clone(),
            finding,
        }
    }

    /// Adds, replaces or removes points.
    pub(crate) fn update(&self, action: &'static str, operation: PointOperations) -> StoreResult<()> {
        self.run(action, |shard| shard.update(UpdateOperation::PointOperation(operation)))
    }

    /// How many points there are.
    pub(crate) fn count(&self) -> StoreResult<u64> {
        self.run("count vectors", |shard| Ok(shard.info().points_count as u64))
    }

    /// Makes everything so far durable.
    pub(crate) fn flush(&self) -> StoreResult<()> {
        self.run("flush vectors", |shard| {
            shard.flush();
            Ok(())
        })
    }

    /// Whether the operation log has grown enough for closing and opening again to be worth its while.
    pub(crate) fn has_long_log(&self) -> bool {
        files::disk_bytes(&log_directory(&self.directory)) > LOG_KEPT_BYTES
    }

    /// Closes the shard, which flushes it.
    pub(crate) fn close(mut self) -> StoreResult<()> {
        self.let_go()
    }

    fn shard(&self) -> &EdgeShard {
        self.shard
            .as_deref()
            .expect("a shard that is not closed has its engine")
    }

    fn let_go(&mut self) -> StoreResult<()> {
        let shard = self.shard.take();
        guard(&self.directory, "close a shard", || {
            drop(shard);
            Ok(())
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.shard.is_some()
            && let Err(error) = self.let_go()
        {
            tracing::warn!(%error, "vectors since the last flush are lost and will be made again");
        }
    }
}

/// How the operation log is kept.
pub(crate) fn log_options() -> WalOptions {
    WalOptions {
        segment_capacity: LOG_FILE_BYTES,
        ..WalOptions::default()
    }
}

/// Whether a stored vector can be what was given: unit length, but for rounding.
pub(crate) fn is_unit(vector: &[f32]) -> bool {
    /// Furthest that a squared length may be from one.
    const ROUNDING: f32 = 0.05;
    let squared = vector.iter().map(|x| x * x).sum::<f32>();
    (squared - 1.0).abs() <= ROUNDING
}

/// A healthy shard that is open elsewhere must not pass for a damaged one. The engine holds a lock on
/// the directory of its log.
pub(crate) fn refuse_when_in_use(directory: &Path) -> StoreResult<()> {
    let Ok(file) = File::open(log_directory(directory)) else {
        return Ok(());
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(StoreError::VectorsInUse {
            directory: directory.to_owned(),
        }),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Runs a piece of the engine and gives its failure a subject. The engine only has words for what went
/// wrong, so a full disk is recognised by looking.
fn guard<T>(directory: &Path, action: &'static str, run: impl FnOnce() -> OperationResult<T>) -> StoreResult<T> {
    caught(run).map_err(|failure| match files::available_bytes(directory) {
        Some(available) if available < FULL_DISK_BYTES => StoreError::DiskFull {
            action,
            path: directory.to_owned(),
            source: failure.into_reason().into(),
        },
        Some(_) | None => match failure {
            Failure::Refused(reason) => StoreError::Vectors {
                action,
                directory: directory.to_owned(),
                reason,
            },
            Failure::Panicked(reason) => StoreError::VectorsPanicked {
                action,
                directory: directory.to_owned(),
                reason,
            },
        },
    })
}

/// How the engine failed, in its own words.
enum Failure {
    /// It said so.
    Refused(String),
    /// It panicked.
    Panicked(String),
}

impl Failure {
    fn into_reason(self) -> String {
        match self {
            Self::Refused(reason) | Self::Panicked(reason) => reason,
        }
    }
}

/// Runs a piece of the engine; a panic becomes an error like any other.
fn caught<T>(run: impl FnOnce() -> OperationResult<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|error| Failure::Refused(error.to_string())),
        Err(panic) => Err(Failure::Panicked(panic_message(panic.as_ref()))),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(message) = panic.downcast_ref::<&str>() {
        return (*message).to_owned();
    }
    panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| "panic without a message".to_owned())
}

/// Says why a shard could not be opened. The engine only has words for it, so the machine is looked
/// at: a disk without room, files that may not be read or written, descriptors that have run out are
/// no damage. What is left is, and so is a file or a directory that is missing.
fn diagnose(directory: &Path, finding: String) -> StoreError {
    if let Err(error) = files::require_room(directory, OPENING_BYTES) {
        return error;
    }
    match reachable(directory) {
        Err((path, source)) if source.kind() != io::ErrorKind::NotFound => StoreError::WriteFile { path, source },
        Ok(()) | Err(_) => StoreError::DamagedVectors {
            directory: directory.to_owned(),
            finding,
        },
    }
}

/// Whether every file below a directory can be opened for reading and writing, and one more be made.
fn reachable(directory: &Path) -> Result<(), (PathBuf, io::Error)> {
    let probe = directory.join("probe.tmp");
    fs::write(&probe, [0; 4096])
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| (probe, error))?;
    let mut pending = vec![directory.to_owned()];
    while let Some(place) = pending.pop() {
        let failed = |error| (place.clone(), error);
        for entry in fs::read_dir(&place).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                pending.push(path);
            } else {
                File::options()
                    .read(true)
                    .write(true)
                    .open(&path)
                    .map_err(|error| (path, error))?;
            }
        }
    }
    Ok(())
}

fn log_directory(shard: &Path) -> PathBuf {
    shard.join("wal")
}

/// Removes the closed files of a shard's operation log, except the last: the numbers of coming
/// operations go on from it, and an operation with a smaller number than a point's last one is ignored.
fn cut_log(log: &Path) {
    let cut = || -> io::Result<()> {
        let mut closed = Vec::new();
        for entry in fs::read_dir(log)? {
            let entry = entry?;
            let name = entry.file_name();
            let start = name.to_str().and_then(|name| name.strip_prefix("closed-"));
            if let Some(start) = start.and_then(|start| start.parse::<u64>().ok()) {
                closed.push((start, entry.path()));
            }
        }
        closed.sort();
        closed.pop();
        // Oldest first: whatever is left after a crash is without gaps.
        for (_, path) in closed {
            fs::remove_file(path)?;
        }
        Ok(())
    };
    if let Err(error) = cut() {
        tracing::debug!(%error, log = %log.display(), "operation log left as it is");
    }
}

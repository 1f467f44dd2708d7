//! Backups, and putting one back.

use super::schema::{BACKUP_REMEDY, FILE_NAME, SCHEMA};
use super::truth::Truth;
use super::{Memories, Writer, audit, backups, check, facts, outbox, read};
use crate::engine::DISK_RESERVE;
use crate::error::{DatabaseName, StoreError, StoreResult};
use crate::files;
use crate::sqlite::{Database, Fault, open_copy};
use codemem_core::error::chain;
use codemem_core::memory::TimestampMs;
use codemem_core::ports::MemoryCopy;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Copies what is stored to a file that is not there yet.
pub(super) fn backup(memories: &Memories, path: Option<&Path>, now: TimestampMs) -> StoreResult<MemoryCopy> {
    let database = memories.writable()?;
    let target = match path {
        Some(path) => path.to_owned(),
        None => backups::new_backup(&memories.directory, now)?,
    };
    let copy = memories.watched(write_copy(&database, &target))?;
    if path.is_some() {
        backups::note_elsewhere(&memories.directory, &target, now);
    }
    Ok(copy)
}

fn write_copy(database: &Database, target: &Path) -> StoreResult<MemoryCopy> {
    let name = DatabaseName {
        path: target.to_owned(),
        remedy: SCHEMA.remedy,
    };
    let n_memories = database.copy_to(target, |copy| {
        check::contents(copy, &name)?;
        read::count_of(copy, "SELECT count(*) FROM memories", [])
    })?;
    Ok(MemoryCopy {
        path: target.to_owned(),
        n_memories,
        bytes: bytes(target),
    })
}

/// Puts a backup in the place of what is stored, which is backed up first, or kept as it is when it is damaged.
pub(super) fn restore(memories: &Memories, path: &Path, now: TimestampMs) -> StoreResult<MemoryCopy> {
    if memories.is_read_only {
        return Err(StoreError::ReadOnly {
            path: memories.directory.join(FILE_NAME),
        });
    }
    let (source, n_memories) = open_backup(memories, path)?;
    let mut writer = memories.lock_writer();
    files::require_room(&memories.directory, DISK_RESERVE + bytes(path))?;
    let kept = match memories.writable() {
        Ok(database) => over_sound(memories, &database, &source, now)?,
        Err(_) => over_damaged(memories, &source, now)?,
    };
    let database = memories.writable()?;
    // What is noted in memory is about what was stored before.
    *writer = Writer::default();
    memories.watched(database.write("finish restoring", |tx| {
        outbox::add_all(tx)?;
        facts::set_unerased(tx, true)?;
        audit::add_restore(tx, now)
    }))?;
    if let Err(error) = memories.finder.rebuild(&database) {
        tracing::error!(
            error = chain(&error),
            "the index of what was restored could not be made"
        );
    }
    memories.erase(&database);
    Ok(MemoryCopy {
        bytes: bytes(&kept),
        path: kept,
        n_memories,
    })
}

/// Opens a backup after looking at all of it.
fn open_backup(memories: &Memories, path: &Path) -> StoreResult<(Connection, u64)> {
    let identity = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let database = memories.directory.join(FILE_NAME);
    if identity(path).is_some() && identity(path) == identity(&database) {
        return Err(StoreError::NotABackup { path: path.to_owned() });
    }
    let source = open_copy(path, &SCHEMA, BACKUP_REMEDY)?;
    let name = DatabaseName {
        path: path.to_owned(),
        remedy: BACKUP_REMEDY,
    };
    check::contents(&source, &name)?;
    match read::count_of(&source, "SELECT count(*) FROM memories", []) {
        Ok(n_memories) => Ok((source, n_memories)),
        Err(Fault::Refused(error)) => Err(error),
        Err(Fault::Sqlite(error)) => Err(StoreError::Query {
            action: "count memories",
            database: name,
            source: error,
        }),
    }
}

fn over_sound(memories: &Memories, database: &Database, source: &Connection, now: TimestampMs) -> StoreResult<PathBuf> {
    let kept = backups::new_backup(&memories.directory, now)?;
    memories.watched(write_copy(database, &kept))?;
    // An index that is gone is made anew by whoever opens the memories next, whatever happens to us on the way.
    memories.finder.destroy()?;
    let replaced = memories.watched(database.replace_from(source));
    if replaced.is_err()
        && let Err(error) = memories.finder.rebuild(database)
    {
        tracing::error!(
            error = chain(&error),
            "the index could not be made again after a failed restore"
        );
    }
    replaced.map(|()| kept)
}

fn over_damaged(memories: &Memories, source: &Connection, now: TimestampMs) -> StoreResult<PathBuf> {
    let path = memories.directory.join(FILE_NAME);
    let kept = backups::new_damaged(&memories.directory, now)?;
    keep(&path, &kept)?;
    memories.finder.destroy()?;
    let fresh = files::suffixed(&path, ".restored");
    for leftover in ["", "-wal", "-shm", "-journal"] {
        files::remove_file(&files::suffixed(&fresh, leftover))?;
    }
    let database = Database::open(&fresh, &SCHEMA, false)?;
    database.replace_from(source)?;
    drop(database);
    let mut truth = memories.truth.write().unwrap_or_else(PoisonError::into_inner);
    *truth = truth.clone().without_database();
    // A log of the damaged file must never meet the new one.
    for beside in ["-wal", "-shm", ".seal"] {
        files::remove_file(&files::suffixed(&path, beside))?;
    }
    files::rename(&fresh, &path)?;
    *truth = Truth::open(&memories.directory)?;
    memories
        .seal
        .is_trusted
        .store(truth.finding.is_none(), Ordering::Relaxed);
    Ok(kept)
}

/// Copies a damaged database, with its log, byte for byte: whoever wants to look, can.
fn keep(path: &Path, kept: &Path) -> StoreResult<()> {
    for beside in ["-wal", ""] {
        let target = files::suffixed(kept, beside);
        let copied = files::create_private_file(&target).and_then(|()| {
            match fs::copy(files::suffixed(path, beside), &target).and_then(|_| File::open(&target)?.sync_all()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => files::remove_file(&target),
                result => result.map_err(|source| StoreError::WriteFile {
                    path: target.clone(),
                    source,
                }),
            }
        });
        copied?;
    }
    Ok(())
}

fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

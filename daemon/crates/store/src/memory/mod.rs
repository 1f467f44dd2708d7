//! The memories of a user: `codemem_core`'s port on a SQLite file that is the truth, and an index that finds.
//!
//! One file per noun. Most hold functions over an open transaction; this one and `changing`, `embedded` and `asking` open
//! the transactions. Changes are made one batch at a time: a transaction that also notes what the index does not have
//! yet, then the index, then the answer. What a crash leaves noted is done at the next opening. Runs on the caller's
//! threads; reads run beside a change.

mod asking;
mod audit;
mod backups;
mod changing;
mod check;
mod copy;
mod embedded;
mod facts;
mod finder;
mod index;
mod outbox;
mod parts;
mod read;
mod rows;
mod scan;
mod schema;
#[cfg(test)]
mod tests;
mod truth;
mod write;

use crate::error::{StoreError, StoreResult};
use crate::sqlite::{Database, Fault};
use codemem_core::error::chain;
use codemem_core::memory::{Memory, MemoryFilter, MemoryId, Reader, State, TimestampMs};
use codemem_core::ports::{
    Applied, AuditNote, Fingerprint, IndexedMemory, MemoryCandidates, MemoryChange, MemoryCopy, MemoryPage,
    MemoryQuery, MemoryScope, MemoryStats, MemoryStore, PortErrorKind, PortResult, StoreFinding,
};
use finder::Finder;
use rows::Key;
use rusqlite::Connection;
use schema::FILE_NAME;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use truth::{SealWhenClosed, Truth};

/// How memories are opened.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MemoryOptions {
    /// Nothing is made or changed, on the disk or in the database.
    pub read_only: bool,
}

/// The memories of a user, in a directory of their own. Any thread reads; changes queue.
pub struct Memories {
    directory: PathBuf,
    is_read_only: bool,
    /// Held around every change of database and index.
    writer: Mutex<Writer>,
    truth: RwLock<Truth>,
    finder: Finder,
    /// The vectors that are stored are of another embedder than questions are.
    is_foreign: AtomicBool,
    // Dropped last: a seal is put on what is closed.
    seal: SealWhenClosed,
}

/// What the one who makes changes knows.
#[derive(Default)]
struct Writer {
    /// What the index has been told and has not made durable yet.
    unflushed: Vec<Key>,
    /// What the index has for good by now, and the database notes still: to be taken out with the next change, which saves a commit.
    settled: Vec<Key>,
}

impl Memories {
    /// Opens the memories in `directory`, creating both when missing. A damaged database is kept as it is and only
    /// read: [`MemoryStore::stats`] says so. A damaged index is made anew from the database.
    pub fn open(directory: &Path, options: MemoryOptions) -> StoreResult<Self> {
        let truth = if options.read_only {
            Truth::open_read_only(directory)?
        } else {
            Truth::open(directory)?
        };
        let is_sound = truth.finding.is_none();
        let finder = match truth.writable(directory) {
            Ok(database) if options.read_only => Finder::open_read_only(directory, database),
            Ok(database) => {
                if database.write("drop vectors of nobody", parts::drop_unclaimed)? {
                    database.write("note all memories as not indexed", outbox::add_all)?;
                }
                Finder::open(directory, database)
            }
            Err(_) => Finder::absent(directory, None),
        };
        let memories = Self {
            directory: directory.to_owned(),
            is_read_only: options.read_only,
            writer: Mutex::default(),
            truth: RwLock::new(truth),
            finder,
            is_foreign: AtomicBool::new(false),
            seal: SealWhenClosed {
                path: directory.join(FILE_NAME),
                is_trusted: AtomicBool::new(is_sound && !options.read_only),
            },
        };
        if is_sound && !options.read_only {
            let database = memories.writable()?;
            memories.erase(&database);
        }
        Ok(memories)
    }

    fn read<T>(&self, action: &'static str, body: impl FnOnce(&Connection) -> Result<T, Fault>) -> StoreResult<T> {
        let database = self.readable()?;
        self.watched(database.read(action, body))
    }

    fn readable(&self) -> StoreResult<Arc<Database>> {
        self.truth().readable(&self.directory).map(Arc::clone)
    }

    fn writable(&self) -> StoreResult<Arc<Database>> {
        if self.is_read_only {
            return Err(StoreError::ReadOnly {
                path: self.directory.join(FILE_NAME),
            });
        }
        self.truth().writable(&self.directory).map(Arc::clone)
    }

    /// Damage that anybody meets ends all writing.
    fn watched<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        result.map_err(|error| {
            let is_ours = matches!(
                &error,
                StoreError::Query { database, .. }
                    | StoreError::OpenDatabase { database, .. }
                    | StoreError::DamagedDatabase { database, .. }
                    if database.path == self.directory.join(FILE_NAME)
            );
            if !is_ours || error.kind() != PortErrorKind::Corrupt {
                return error;
            }
            tracing::error!(
                error = chain(&error),
                "the memories are damaged and only read from now on"
            );
            self.seal.is_trusted.store(false, Ordering::Relaxed);
            let mut truth = self.truth.write().unwrap_or_else(PoisonError::into_inner);
            truth.finding.get_or_insert_with(|| chain(&error));
            truth.error(&self.directory)
        })
    }

    /// Why no changes are taken, if the database is damaged.
    fn damage(&self) -> Option<StoreError> {
        let truth = self.truth();
        truth.finding.is_some().then(|| truth.error(&self.directory))
    }

    fn truth(&self) -> Truth {
        self.truth.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Memories {
    fn drop(&mut self) {
        let mut writer = self.lock_writer();
        if writer.settled.is_empty() && writer.unflushed.is_empty() {
            return;
        }
        let noted = self.writable().and_then(|database| {
            self.flush(&database, &mut writer);
            self.commit(&database, &mut writer, "note what is indexed", |_| Ok(()))
        });
        if let Err(error) = noted {
            tracing::debug!(
                error = chain(&error),
                "what is indexed already is indexed again when it is opened"
            );
        }
    }
}

impl MemoryStore for Memories {
    fn apply(&self, changes: Vec<MemoryChange>, note: &AuditNote) -> PortResult<Vec<Applied>> {
        Ok(self.change(changes, note)?)
    }

    fn get(&self, scope: &MemoryScope, id: &str) -> PortResult<Option<Memory>> {
        Ok(self.read("find a memory", |tx| read::get(tx, scope, id))?)
    }

    fn history(&self, id: &MemoryId) -> PortResult<Vec<Memory>> {
        Ok(self.read("find former versions", |tx| match rows::find(tx, id)? {
            Some(key) => rows::former(tx, key),
            None => Ok(Vec::new()),
        })?)
    }

    fn list(
        &self,
        scope: &MemoryScope,
        filter: &MemoryFilter,
        states: &[State],
        after: Option<&str>,
        limit: usize,
        now: TimestampMs,
    ) -> PortResult<MemoryPage> {
        Ok(self.read("list memories", |tx| {
            read::list(tx, scope, filter, states, after, limit, now)
        })?)
    }

    fn candidates(&self, query: &MemoryQuery) -> PortResult<MemoryCandidates> {
        Ok(self.find(query)?)
    }

    fn anchored(&self, reader: &Reader, paths: &[&str], now: TimestampMs) -> PortResult<Vec<Memory>> {
        Ok(self.read("find anchored memories", |tx| read::anchored(tx, reader, paths, now))?)
    }

    fn expired(&self, now: TimestampMs, limit: usize) -> PortResult<Vec<MemoryId>> {
        Ok(self.read("find what has expired", |tx| read::expired(tx, now, limit))?)
    }

    fn without_vectors(&self, fingerprint: &Fingerprint, limit: usize) -> PortResult<Vec<Memory>> {
        Ok(self.find_without_vectors(fingerprint, limit)?)
    }

    fn index(&self, fingerprint: &Fingerprint, memories: Vec<IndexedMemory>) -> PortResult<()> {
        Ok(self.add_vectors(fingerprint, memories)?)
    }

    fn backup(&self, path: Option<&Path>, now: TimestampMs) -> PortResult<MemoryCopy> {
        Ok(copy::backup(self, path, now)?)
    }

    fn restore(&self, path: &Path, now: TimestampMs) -> PortResult<MemoryCopy> {
        Ok(copy::restore(self, path, now)?)
    }

    fn stats(&self, scope: &MemoryScope) -> PortResult<MemoryStats> {
        Ok(self.count(scope)?)
    }

    fn is_read_only(&self) -> bool {
        self.is_read_only || self.truth().finding.is_some()
    }

    fn check(&self) -> Vec<StoreFinding> {
        self.findings()
    }
}

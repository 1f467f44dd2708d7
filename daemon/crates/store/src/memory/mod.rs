//! The memories of a user: `codemem_core`'s port on a SQLite file that is the truth, and an index that finds.
//!
//! One file per noun; each holds functions over an open transaction, and this one opens the transactions. Changes are made one
//! batch at a time: a transaction that also notes what the index does not have yet, then the index, then the answer. What
//! a crash leaves noted is done at the next opening. Runs on the caller's threads; reads run beside a change.

mod audit;
mod backups;
mod check;
mod copy;
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

use crate::engine::DISK_RESERVE;
use crate::error::{StoreError, StoreResult, restore_hint};
use crate::files;
use crate::sqlite::{Database, Fault};
use codemem_core::error::chain;
use codemem_core::memory::{Memory, MemoryFilter, MemoryId, Reader, State, TimestampMs};
use codemem_core::ports::{
    Applied, AuditNote, Fingerprint, IndexedMemory, MemoryCandidate, MemoryCandidates, MemoryChange, MemoryCopy,
    MemoryPage, MemoryQuery, MemoryScope, MemoryStats, MemoryStore, PortErrorKind, PortResult, Severity, StoreFinding,
    StoreKind,
};
use finder::Finder;
use rows::Key;
use rusqlite::Connection;
use schema::FILE_NAME;
use std::collections::BTreeMap;
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

/// Memories that the index has been told of before it makes them durable. Until then the database notes them, and whoever
/// opens it after a crash tells the index again: a flush waits for every file of the index, ten times as long as a commit.
const FLUSH_AFTER: usize = 256;

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
            memories.erase(&*memories.writable()?);
        }
        Ok(memories)
    }

    fn change(&self, mut changes: Vec<MemoryChange>, note: &AuditNote) -> StoreResult<Vec<Applied>> {
        let mut writer = self.lock_writer();
        let database = self.writable()?;
        if changes.iter().any(|change| !matches!(change, MemoryChange::Delete(_))) {
            // What the index would refuse must not be in the database without being found.
            files::require_room(&self.directory, DISK_RESERVE)?;
        }
        let mut dimension = self.watched(database.read("find the dimension", parts::dimension))?;
        for change in &mut changes {
            match change {
                MemoryChange::Add(indexed) | MemoryChange::Replace(indexed) => {
                    parts::drop_unfit(indexed, &mut dimension);
                }
                MemoryChange::Touch(_) | MemoryChange::Delete(_) => {}
            }
        }
        let made = self.commit(&database, &mut writer, "change memories", |tx| {
            write::apply(tx, &changes, note)
        })?;
        self.settle(&database, &mut writer, &made.dirty, |number| match &changes[number] {
            MemoryChange::Add(indexed) | MemoryChange::Replace(indexed) => Some(indexed),
            MemoryChange::Touch(_) | MemoryChange::Delete(_) => None,
        });
        if made.has_deleted {
            // What is deleted is to be gone from the index's files, too.
            self.flush(&database, &mut writer);
            self.erase(&database);
        }
        Ok(made.applied)
    }

    /// One transaction, which also takes note of what the index has by now.
    fn commit<T>(
        &self,
        database: &Database,
        writer: &mut Writer,
        action: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> StoreResult<T> {
        let made = self.watched(database.write(action, |tx| {
            outbox::remove(tx, &writer.settled)?;
            body(tx)
        }))?;
        writer.settled.clear();
        Ok(made)
    }

    /// Tells the index what was committed.
    fn settle<'c>(
        &self,
        database: &Database,
        writer: &mut Writer,
        dirty: &BTreeMap<Key, Option<usize>>,
        supplied: impl Fn(usize) -> Option<&'c IndexedMemory>,
    ) {
        let keys: Vec<Key> = dirty.keys().copied().collect();
        let of_key = |key: Key| dirty.get(&key).copied().flatten().and_then(&supplied);
        if self.finder.update(database, &keys, of_key) {
            writer.unflushed.extend(keys);
        } else {
            // There is no index, and the next one is made of all that is noted.
            writer.unflushed.clear();
        }
        if writer.unflushed.len() >= FLUSH_AFTER {
            self.flush(database, writer);
        }
    }

    /// Makes durable what the index has been told.
    fn flush(&self, database: &Database, writer: &mut Writer) {
        if !writer.unflushed.is_empty() && self.finder.settle(database) {
            writer.settled.append(&mut writer.unflushed);
        }
    }

    /// Leaves nothing of what was deleted. What cannot be done now is done at the next deletion or opening.
    fn erase(&self, database: &Database) {
        let run = || -> StoreResult<()> {
            if !database.read("find what is not erased", facts::is_unerased)? {
                return Ok(());
            }
            if database.erase()? {
                // The mark's own commit writes a page again that was erased, not one that was deleted.
                database.write("note what is erased", |tx| facts::set_unerased(tx, false))?;
            }
            Ok(())
        };
        if let Err(error) = self.watched(run()) {
            tracing::warn!(
                error = chain(&error),
                "what was deleted is not yet erased from the file"
            );
        }
    }

    fn add_vectors(&self, fingerprint: &Fingerprint, mut memories: Vec<IndexedMemory>) -> StoreResult<()> {
        let mut writer = self.lock_writer();
        let database = self.writable()?;
        files::require_room(&self.directory, DISK_RESERVE)?;
        self.claim(&database, &mut writer, fingerprint)?;
        let mut dimension = self.watched(database.read("find the dimension", parts::dimension))?;
        for indexed in &mut memories {
            parts::drop_unfit(indexed, &mut dimension);
        }
        let dirty = self.commit(&database, &mut writer, "add vectors", |tx| {
            let mut dirty = BTreeMap::new();
            for (number, indexed) in memories.iter().enumerate() {
                let Some(key) = rows::find(tx, &indexed.memory.id)? else {
                    continue;
                };
                let Some(stored) = rows::load(tx, key)? else { continue };
                if stored.version == indexed.memory.version && stored.state != State::Superseded {
                    parts::set(tx, key, &indexed.parts)?;
                    // The database knows better than the caller what became of it meanwhile.
                    dirty.insert(key, (stored == indexed.memory).then_some(number));
                }
            }
            outbox::add(tx, dirty.keys().copied())?;
            Ok(dirty)
        })?;
        self.settle(&database, &mut writer, &dirty, |number| memories.get(number));
        Ok(())
    }

    /// Makes sure that all vectors are of that embedder.
    fn claim(&self, database: &Database, writer: &mut Writer, fingerprint: &Fingerprint) -> StoreResult<()> {
        let stored = self.watched(database.read("read the fingerprint", facts::fingerprint))?;
        if stored.as_ref() == Some(fingerprint) {
            return Ok(());
        }
        let has_dropped = self.commit(database, writer, "drop vectors of another embedder", |tx| {
            let has_dropped = parts::keep_only(tx, fingerprint)?;
            if has_dropped {
                outbox::add_all(tx)?;
            }
            Ok(has_dropped)
        })?;
        if has_dropped && let Err(error) = self.finder.rebuild(database) {
            tracing::error!(
                error = chain(&error),
                "the index could not be made without the vectors of another embedder"
            );
        }
        Ok(())
    }

    fn find_without_vectors(&self, fingerprint: &Fingerprint, limit: usize) -> StoreResult<Vec<Memory>> {
        let database = self.readable()?;
        let stored = self.watched(database.read("read the fingerprint", facts::fingerprint))?;
        if stored.as_ref() != Some(fingerprint) {
            if self.is_read_only() {
                self.is_foreign.store(true, Ordering::Relaxed);
                return Ok(Vec::new());
            }
            let mut writer = self.lock_writer();
            let database = self.writable()?;
            self.claim(&database, &mut writer, fingerprint)?;
        }
        self.is_foreign.store(false, Ordering::Relaxed);
        self.read("find memories without vectors", |tx| parts::without_vectors(tx, limit))
    }

    fn find(&self, query: &MemoryQuery) -> StoreResult<MemoryCandidates> {
        let database = self.readable()?;
        let dimension = self.watched(database.read("find the dimension", parts::dimension))?;
        let is_comparable = query
            .vector
            .as_ref()
            .is_none_or(|vector| Some(vector.len()) == dimension)
            && !self.is_foreign.load(Ordering::Relaxed);
        let found = if is_comparable {
            self.finder.search(&database, query)
        } else {
            let words = MemoryQuery {
                vector: None,
                ..query.clone()
            };
            self.finder.search(&database, &words)
        };
        let found = self.watched(found)?;
        self.read("read what was found", |tx| {
            let mut candidates = Vec::with_capacity(found.len());
            for (key, scores) in &found {
                let Some(memory) = rows::load(tx, *key)? else { continue };
                let counts = memory.state == State::Active
                    && !memory.is_expired(query.now)
                    && query.reader.may_read(&memory.place)
                    && query.filter.admits(&memory);
                if counts {
                    candidates.push(MemoryCandidate {
                        memory,
                        cosine: scores.cosine,
                        whole: scores.whole,
                        part: scores.part,
                    });
                }
            }
            let n_searched = read::count(tx, &query.reader, &query.filter, query.now)?;
            Ok(MemoryCandidates { candidates, n_searched })
        })
    }

    fn count(&self, scope: &MemoryScope) -> StoreResult<MemoryStats> {
        let counted = self
            .readable()
            .and_then(|database| self.watched(database.read("count memories", |tx| read::stats(tx, scope))));
        let (counts, problem) = match counted {
            Ok(counts) => (counts, None),
            // What is wrong is what is asked for, too.
            Err(error) if error.kind() == PortErrorKind::Corrupt => (MemoryStats::default(), Some(error)),
            Err(error) => return Err(error),
        };
        let problem = problem.or_else(|| self.damage());
        Ok(MemoryStats {
            disk_bytes: self.finder.disk_bytes() + self.readable().map_or(0, |database| database.disk_bytes()),
            database: self.directory.join(FILE_NAME),
            newest_backup: backups::newest(&self.directory),
            is_read_only: self.is_read_only(),
            problem: problem
                .map(|error| match error.hint() {
                    Some(hint) => format!("{error}; {hint}"),
                    None => error.to_string(),
                })
                .or_else(|| self.finder.problem()),
            ..counts
        })
    }

    fn findings(&self) -> Vec<StoreFinding> {
        let finding = |path: PathBuf, what: String, remedy: String| StoreFinding {
            store: StoreKind::Memories,
            path,
            severity: Severity::Problem,
            what,
            remedy,
        };
        let path = self.directory.join(FILE_NAME);
        let mut findings = Vec::new();
        let sound = match self.damage() {
            Some(error) => Err(error),
            None => self
                .readable()
                .and_then(|database| self.watched(truth::examine(&database))),
        };
        if let Err(error) = sound {
            let newest = backups::newest(&self.directory).map(|(path, _)| path);
            let remedy = error.hint().unwrap_or_else(|| restore_hint(&path, newest.as_deref()));
            findings.push(finding(path, chain(&error), remedy));
        }
        let problem = self
            .finder
            .problem()
            .or_else(|| self.finder.check().err().map(|error| chain(&error)));
        if let Some(what) = problem {
            let remedy = "it is made again from the database: `codemem daemon restart`".to_owned();
            findings.push(finding(self.finder.directory().to_owned(), what, remedy));
        }
        findings
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

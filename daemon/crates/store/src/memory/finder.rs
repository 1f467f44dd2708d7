//! The index beside the database: kept in step, made anew when it is not sound.
//!
//! It is disposable: everything in it follows from the database. What goes wrong with it is never an error of a change,
//! which is durable by then: it is noted, memories are looked at one by one meanwhile, and the next change tries again.

use super::index::MemoryIndex;
use super::rows::{self, Key};
use super::scan::{self, Scores};
use super::schema::INDEX_NAME;
use super::{outbox, parts, read};
use crate::error::{StoreError, StoreResult};
use crate::files;
use crate::sqlite::Database;
use codemem_core::error::chain;
use codemem_core::memory::State;
use codemem_core::ports::{IndexedMemory, MemoryQuery};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Memories that are put into the index at a time when it is filled.
const BATCH: usize = 256;

/// The index, or why there is none.
pub(super) struct Finder {
    directory: PathBuf,
    index: RwLock<Slot>,
}

struct Slot {
    index: Option<MemoryIndex>,
    /// Why it cannot be asked.
    problem: Option<String>,
}

/// What one memory's points should be.
enum Wanted {
    Put(Key, Box<IndexedMemory>),
    Gone(Key),
}

impl Finder {
    /// No index: every memory is looked at.
    pub(super) fn absent(directory: &Path, problem: Option<String>) -> Self {
        Self {
            directory: directory.join(INDEX_NAME),
            index: RwLock::new(Slot { index: None, problem }),
        }
    }

    /// Opens the index for searching alone. One that is not there or not up to date is done without.
    pub(super) fn open_read_only(directory: &Path, database: &Database) -> Self {
        let finder = Self::absent(directory, None);
        let open = || -> StoreResult<Option<MemoryIndex>> {
            if !database.read("find what is not indexed", outbox::is_empty)? {
                return Ok(None);
            }
            let dimension = database.read("find the dimension", parts::dimension)?;
            MemoryIndex::open(&finder.directory, dimension, true)
        };
        match open() {
            Ok(index) => finder.slot_mut().index = index,
            Err(error) => finder.fail(&error),
        }
        finder
    }

    /// Opens the index and brings it up to date with the database; one that is not sound is made anew.
    pub(super) fn open(directory: &Path, database: &Database) -> Self {
        let finder = Self::absent(directory, None);
        let dimension = database.read("find the dimension", parts::dimension);
        match dimension.and_then(|dimension| MemoryIndex::open(&finder.directory, dimension, false)) {
            Ok(Some(index)) => {
                finder.slot_mut().index = Some(index);
                finder.catch_up(database);
                finder.require_whole(database);
            }
            Ok(None) => finder.rebuild_or_note(database),
            Err(error) => {
                tracing::warn!(error = chain(&error), "the index of memories is made anew");
                finder.rebuild_or_note(database);
            }
        }
        finder
    }

    /// Makes an index anew that does not hold as many memories as it should: whatever it is of, it is not this database's.
    fn require_whole(&self, database: &Database) {
        let n_indexed = self.slot().index.as_ref().map(MemoryIndex::count);
        match database.read("count memories", read::count_active) {
            Ok(n_active) if n_indexed.is_some_and(|n_indexed| n_indexed != n_active) => {
                tracing::warn!(
                    ?n_indexed,
                    n_active,
                    "the index of memories is another database's and is made anew"
                );
                self.rebuild_or_note(database);
            }
            Ok(_) => {}
            Err(error) => self.fail(&error),
        }
    }

    /// Puts what the database notes as not indexed into the index.
    fn catch_up(&self, database: &Database) {
        if let Err(error) = self.fill(database) {
            self.mend(database, &error);
        }
    }

    /// Tells the index what has changed: it is found from now on, and in the index for good after [`Finder::settle`].
    /// `supplied` says what is indexed of a memory; the database does where it says nothing. False when the index could
    /// not be told: the keys stay noted in the database.
    pub(super) fn update<'c>(
        &self,
        database: &Database,
        keys: &[Key],
        supplied: impl Fn(Key) -> Option<&'c IndexedMemory>,
    ) -> bool {
        if keys.is_empty() {
            return true;
        }
        if self.slot().index.is_none() {
            self.rebuild_or_note(database);
            return self.slot().index.is_some();
        }
        match self.apply(database, keys, supplied) {
            Ok(has_index) => has_index,
            Err(error) => {
                self.mend(database, &error);
                self.slot().index.is_some()
            }
        }
    }

    /// Makes durable what the index has been told. False when it could not be.
    pub(super) fn settle(&self, database: &Database) -> bool {
        match self.flush() {
            Ok(has_index) => has_index,
            Err(error) => {
                self.mend(database, &error);
                self.slot().index.is_some()
            }
        }
    }

    /// The memories that answer best. Every memory is looked at when there is no index that could be asked.
    pub(super) fn search(&self, database: &Database, query: &MemoryQuery) -> StoreResult<Vec<(Key, Scores)>> {
        {
            let slot = self.slot();
            let found = match &slot.index {
                Some(index) => index.search(query).map(Some),
                None => Ok(None),
            };
            match found {
                Ok(Some(hits)) => {
                    let scores = |hit: &super::index::IndexHit| Scores {
                        cosine: hit.cosine,
                        whole: hit.whole,
                        part: hit.part,
                    };
                    return Ok(hits.iter().map(|hit| (hit.key, scores(hit))).collect());
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(
                        error = chain(&error),
                        "the index of memories failed; it is done without"
                    );
                    drop(slot);
                    self.fail(&error);
                }
            }
        }
        database.read("look at every memory", |tx| scan::search(tx, query))
    }

    /// Removes the index from the disk, until [`Finder::rebuild`].
    pub(super) fn destroy(&self) -> StoreResult<()> {
        let mut slot = self.slot_mut();
        slot.index = None;
        files::remove_directory(&self.directory)
    }

    /// Makes the index anew from the database.
    pub(super) fn rebuild(&self, database: &Database) -> StoreResult<()> {
        // Noted first: whoever is interrupted goes on where this began.
        database.write("note all memories as not indexed", outbox::add_all)?;
        self.destroy()?;
        let dimension = database.read("find the dimension", parts::dimension)?;
        let index = MemoryIndex::create(&self.directory, dimension)?;
        *self.slot_mut() = Slot {
            index: Some(index),
            problem: None,
        };
        self.fill(database)
    }

    /// What is wrong with the index.
    pub(super) fn problem(&self) -> Option<String> {
        self.slot().problem.clone()
    }

    /// Looks for damage.
    pub(super) fn check(&self) -> StoreResult<()> {
        match &self.slot().index {
            Some(index) => index.check(),
            None => Ok(()),
        }
    }

    /// Where the index is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes on disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        files::disk_bytes(&self.directory)
    }

    fn rebuild_or_note(&self, database: &Database) {
        if let Err(error) = self.rebuild(database) {
            self.fail(&error);
        }
    }

    /// An index that failed is made anew, once.
    fn mend(&self, database: &Database, error: &StoreError) {
        if let StoreError::Dimension { .. } = error {
            tracing::debug!("the index of memories is made anew for vectors of this length");
        } else {
            tracing::warn!(error = chain(error), "the index of memories failed and is made anew");
        }
        self.rebuild_or_note(database);
    }

    fn fail(&self, error: &StoreError) {
        tracing::error!(
            error = chain(error),
            "memories are found without their index, which failed"
        );
        *self.slot_mut() = Slot {
            index: None,
            problem: Some(chain(error)),
        };
    }

    fn fill(&self, database: &Database) -> StoreResult<()> {
        let mut last = None;
        loop {
            let keys = database.read("find what is not indexed", |tx| outbox::after(tx, last, BATCH))?;
            let Some(&newest) = keys.last() else {
                return Ok(());
            };
            last = Some(newest);
            if !self.apply(database, &keys, |_| None)? || !self.flush()? {
                return Ok(());
            }
            database.write("note what is indexed", |tx| outbox::remove(tx, &keys))?;
        }
    }

    /// False when there is no index.
    fn flush(&self) -> StoreResult<bool> {
        match &self.slot().index {
            Some(index) => index.flush().map(|()| true),
            None => Ok(false),
        }
    }

    /// False when there is no index.
    fn apply<'c>(
        &self,
        database: &Database,
        keys: &[Key],
        supplied: impl Fn(Key) -> Option<&'c IndexedMemory>,
    ) -> StoreResult<bool> {
        let missing: Vec<Key> = keys.iter().copied().filter(|key| supplied(*key).is_none()).collect();
        let wanted = database.read("find what is indexed of memories", |tx| {
            missing
                .iter()
                .map(|&key| match rows::load(tx, key)? {
                    Some(memory) if memory.state == State::Active => {
                        Ok(Wanted::Put(key, Box::new(parts::load(tx, key, &memory)?)))
                    }
                    Some(_) | None => Ok(Wanted::Gone(key)),
                })
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut put: Vec<(Key, &IndexedMemory)> = Vec::new();
        let mut gone = Vec::new();
        for wanted in &wanted {
            match wanted {
                Wanted::Put(key, indexed) => put.push((*key, indexed)),
                Wanted::Gone(key) => gone.push(*key),
            }
        }
        for &key in keys {
            match supplied(key) {
                Some(indexed) if indexed.memory.state == State::Active => put.push((key, indexed)),
                Some(_) => gone.push(key),
                None => {}
            }
        }
        let slot = self.slot();
        let Some(index) = &slot.index else {
            return Ok(false);
        };
        if !gone.is_empty() {
            index.remove(&gone)?;
        }
        if !put.is_empty() {
            index.put_many(&put)?;
        }
        Ok(true)
    }

    fn slot(&self) -> RwLockReadGuard<'_, Slot> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_mut(&self) -> std::sync::RwLockWriteGuard<'_, Slot> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Vectors: filled in when there is a model, and of one embedder at a time.

use super::{Memories, Writer, facts, outbox, parts, rows};
use crate::engine::DISK_RESERVE;
use crate::error::StoreResult;
use crate::files;
use crate::sqlite::Database;
use codemem_core::error::chain;
use codemem_core::memory::{Memory, State};
use codemem_core::ports::{Fingerprint, IndexedMemory, MemoryStore as _};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

impl Memories {
    pub(super) fn add_vectors(&self, fingerprint: &Fingerprint, mut memories: Vec<IndexedMemory>) -> StoreResult<()> {
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
    pub(super) fn claim(&self, database: &Database, writer: &mut Writer, fingerprint: &Fingerprint) -> StoreResult<()> {
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

    pub(super) fn find_without_vectors(&self, fingerprint: &Fingerprint, limit: usize) -> StoreResult<Vec<Memory>> {
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
}

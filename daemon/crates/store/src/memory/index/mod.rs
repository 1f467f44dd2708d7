//! The index of memories: an embedded Qdrant shard that finds what the database holds.
//!
//! One shard holds all memories, whosever they are: every search is filtered by the reader's places before anything is
//! cut, and what others have written does not show in a score. Disposable: everything in it follows from the
//! database, and no content is in it. Searches run on the caller's threads beside one another and beside changes; changes
//! queue. What is changed is found at once, and durable after [`MemoryIndex::flush`].

mod census;
mod copy;
mod descriptor;
mod filter;
mod points;
mod search;
mod shard;
#[cfg(test)]
mod tests;

pub(super) use search::IndexHit;

use crate::engine::{DELETE_RESERVE, DISK_RESERVE, WRITE_AMPLIFICATION};
use crate::error::{StoreError, StoreResult};
use crate::files;
use census::Census;
use codemem_core::ports::{IndexedMemory, MemoryQuery};
use copy::ShardCopy;
use descriptor::Descriptor;
use shard::Shard;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// The shard's directory in the index's.
const SHARD: &str = "shard";

/// Bytes of a word with its weight, in the log and in its lists.
const WORD_BYTES: usize = 16;

/// An index.
pub(super) struct MemoryIndex {
    directory: PathBuf,
    dimension: Option<usize>,
    /// Held around every change.
    writer: Mutex<()>,
    /// `None` after it could not be opened again.
    shard: RwLock<Option<Shard>>,
    census: RwLock<Census>,
    /// Where the shard really is, of an index that is only read. Dropped after the shard.
    copy: Option<ShardCopy>,
}

impl MemoryIndex {
    /// Opens the index in `directory`; `None` when there is none. `dimension` is the length of the vectors that it
    /// should have, when there are any: another is a [`StoreError::Dimension`]; files that cannot be read are a
    /// [`StoreError::DamagedVectors`]. When it is only read, no file of it is changed: a copy is opened.
    pub(super) fn open(directory: &Path, dimension: Option<usize>, read_only: bool) -> StoreResult<Option<Self>> {
        let Some(descriptor) = Descriptor::load(directory)? else {
            return Ok(None);
        };
        if let Some(given) = dimension {
            require_dimension(directory, descriptor.dimension, given)?;
        }
        let original = directory.join(SHARD);
        let copy = if read_only {
            Some(ShardCopy::of(&original)?)
        } else {
            None
        };
        let place = copy.as_ref().map_or(original.as_path(), ShardCopy::path);
        let shard = Shard::load(place, descriptor.dimension)?;
        let census = shard.census()?;
        Ok(Some(Self::new(directory, descriptor, shard, census, copy)))
    }

    /// Makes an empty index in `directory` for vectors of this length; none: for words alone. One that is there is
    /// deleted.
    pub(super) fn create(directory: &Path, dimension: Option<usize>) -> StoreResult<Self> {
        // Without its descriptor, what is left of a removal that is interrupted is no index.
        Descriptor::remove(directory)?;
        files::remove_directory(directory)?;
        files::create_private_directory(directory)?;
        files::require_room(directory, DISK_RESERVE)?;
        let shard = Shard::create(&directory.join(SHARD), dimension)?;
        let descriptor = Descriptor { dimension };
        descriptor.save(directory)?;
        Ok(Self::new(directory, descriptor, shard, Census::default(), None))
    }

    /// Adds or replaces memories, each once. They can be found when this returns.
    pub(super) fn put_many(&self, memories: &[(u32, &IndexedMemory)]) -> StoreResult<()> {
        let _writer = self.lock_writer()?;
        for (key, indexed) in memories {
            self.require_fit(*key, indexed)?;
        }
        let bytes: usize = memories.iter().map(|(_, indexed)| size(indexed)).sum();
        files::require_room(&self.directory, DISK_RESERVE + WRITE_AMPLIFICATION * bytes as u64)?;
        let guard = self.read_shard();
        let shard = self.opened(&guard)?;
        let (known, beyond) = {
            let census = self.census.read().unwrap_or_else(PoisonError::into_inner);
            let known: Vec<u32> = memories
                .iter()
                .map(|(key, _)| *key)
                .filter(|key| census.n_parts(*key) > 0)
                .collect();
            let beyond = memories
                .iter()
                .flat_map(|(key, indexed)| points::ids(*key, points::count(indexed), census.n_parts(*key)));
            (known, beyond.collect())
        };
        let former = shard.words(&known)?;
        shard.delete(beyond)?;
        shard.upsert(memories)?;
        let mut census = self.census.write().unwrap_or_else(PoisonError::into_inner);
        census.remove_all(&known, &former);
        for (key, indexed) in memories {
            let place = filter::of_place(&indexed.memory.place);
            let expires_at = indexed.memory.expires_at;
            census.add(
                *key,
                points::count(indexed),
                &place,
                expires_at,
                &points::words(indexed),
            );
        }
        Ok(())
    }

    /// Removes memories; unknown ones are ignored. Where many have gone, what is left is rewritten.
    pub(super) fn remove(&self, keys: &[u32]) -> StoreResult<()> {
        let _writer = self.lock_writer()?;
        // Deleting writes, too, if little: into the log, and flags. Rewriting a segment needs room for one.
        files::require_room(&self.directory, DELETE_RESERVE)?;
        let has_room = files::require_room(&self.directory, DISK_RESERVE).is_ok();
        let guard = self.read_shard();
        let shard = self.opened(&guard)?;
        let (known, ids): (Vec<u32>, Vec<_>) = {
            let census = self.census.read().unwrap_or_else(PoisonError::into_inner);
            let known: Vec<u32> = keys.iter().copied().filter(|key| census.n_parts(*key) > 0).collect();
            let ids = known
                .iter()
                .flat_map(|key| points::ids(*key, 0, census.n_parts(*key)))
                .collect();
            (known, ids)
        };
        let former = shard.words(&known)?;
        shard.delete(ids)?;
        self.census
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove_all(&known, &former);
        if has_room {
            shard.vacuum()?;
        }
        Ok(())
    }

    /// Makes everything so far durable.
    pub(super) fn flush(&self) -> StoreResult<()> {
        let _writer = self.lock_writer()?;
        let has_long_log = {
            let guard = self.read_shard();
            let shard = self.opened(&guard)?;
            shard.flush()?;
            shard.has_long_log()
        };
        if has_long_log {
            let mut slot = self.shard.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(shard) = slot.take() {
                *slot = Some(shard.reopen()?);
            }
        }
        Ok(())
    }

    /// The memories that answer best, in no particular order: of each way of looking as many as the question says, and
    /// all scores of each.
    pub(super) fn search(&self, query: &MemoryQuery) -> StoreResult<Vec<IndexHit>> {
        if let (Some(vector), Some(_)) = (&query.vector, self.dimension) {
            require_dimension(&self.directory, self.dimension, vector.len())?;
        }
        let guard = self.read_shard();
        search::search(self.opened(&guard)?, &self.census, query)
    }

    /// Memories in it.
    pub(super) fn count(&self) -> u64 {
        self.census.read().unwrap_or_else(PoisonError::into_inner).n_memories()
    }

    /// Reads everything; what cannot be what was put there is a [`StoreError::DamagedVectors`].
    pub(super) fn check(&self) -> StoreResult<()> {
        let guard = self.read_shard();
        self.opened(&guard)?.check()
    }

    fn new(directory: &Path, descriptor: Descriptor, shard: Shard, census: Census, copy: Option<ShardCopy>) -> Self {
        Self {
            directory: directory.to_owned(),
            dimension: descriptor.dimension,
            writer: Mutex::default(),
            shard: RwLock::new(Some(shard)),
            census: RwLock::new(census),
            copy,
        }
    }

    fn require_fit(&self, key: u32, indexed: &IndexedMemory) -> StoreResult<()> {
        for vector in indexed.parts.iter().filter_map(|part| part.vector.as_ref()) {
            require_dimension(&self.directory, self.dimension, vector.len())?;
            if !vector.iter().all(|component| component.is_finite()) {
                return Err(StoreError::NotFinite { text: key });
            }
        }
        Ok(())
    }

    fn lock_writer(&self) -> StoreResult<MutexGuard<'_, ()>> {
        if self.copy.is_some() {
            return Err(StoreError::ReadOnly {
                path: self.directory.clone(),
            });
        }
        Ok(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read_shard(&self) -> RwLockReadGuard<'_, Option<Shard>> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened<'g>(&self, guard: &'g RwLockReadGuard<'_, Option<Shard>>) -> StoreResult<&'g Shard> {
        guard.as_ref().ok_or_else(|| StoreError::DamagedVectors {
            directory: self.directory.clone(),
            finding: "the shard could not be opened again".to_owned(),
        })
    }
}

fn require_dimension(directory: &Path, stored: Option<usize>, given: usize) -> StoreResult<()> {
    if stored == Some(given) {
        return Ok(());
    }
    Err(StoreError::Dimension {
        directory: directory.to_owned(),
        stored: stored.unwrap_or(0),
        given,
    })
}

/// Bytes that the index of a memory takes, about.
fn size(indexed: &IndexedMemory) -> usize {
    let parts = indexed.parts.iter();
    let of_parts: usize = parts
        .map(|part| part.terms.len() * WORD_BYTES + part.vector.as_ref().map_or(0, |vector| size_of_val(&vector[..])))
        .sum();
    of_parts + indexed.whole.len() * WORD_BYTES
}

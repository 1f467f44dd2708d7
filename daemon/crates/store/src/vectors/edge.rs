//! The vector index of one repository: a directory with a descriptor and a shard per space.

use super::descriptor::{Descriptor, SPACES, shard_directory, slot};
use super::graph::{self, Build};
use super::shard::Shard;
use crate::engine::{DELETE_RESERVE, DISK_RESERVE, WRITE_AMPLIFICATION};
use crate::error::{StoreError, StoreResult};
use crate::files;
use codemem_core::ids::{IdSet, TextId};
use codemem_core::ports::{Catalog, PortResult, VectorIndex, VectorSpace};
use std::mem::size_of;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The vector index of one repository. Any thread searches; writers queue.
pub struct EdgeVectors {
    directory: PathBuf,
    generation: u64,
    /// Held around every change.
    writer: Mutex<Writer>,
    spaces: [RwLock<Slot>; 2],
    written: Arc<AtomicBool>,
}

/// What only one thread at a time has.
pub(super) struct Writer {
    /// What the descriptor file says.
    descriptor: Descriptor,
    /// The graph that is being built.
    pub(super) build: Option<Build>,
    /// Building one has failed; it is not tried again.
    pub(super) has_failed_to_build: bool,
}

impl Writer {
    /// Notes for a build of the space that these vectors come or go.
    fn note(&mut self, space: VectorSpace, texts: impl IntoIterator<Item = TextId>) {
        if let Some(build) = self.build.as_mut().filter(|build| build.space() == space) {
            build.note(texts);
        }
    }
}

/// What there is of a space.
pub(super) enum Slot {
    /// Nothing yet.
    Absent,
    /// A shard.
    Open(Shard),
    /// A shard that could not be opened again after its log was cut, or in its new place. Its files are left alone.
    Lost,
}

impl EdgeVectors {
    /// Opens the index in `directory`; `None` when there is none. A shard that cannot be read is a
    /// [`StoreError::DamagedVectors`].
    pub fn open(directory: &Path) -> StoreResult<Option<Self>> {
        graph::clear_up(directory)?;
        let Some(descriptor) = Descriptor::load(directory)? else {
            return Ok(None);
        };
        let mut slots = [Slot::Absent, Slot::Absent];
        for space in SPACES {
            let shard = shard_directory(directory, space);
            match descriptor.dimension {
                Some(dimension) if descriptor.has_shard[slot(space)] => {
                    slots[slot(space)] = Slot::Open(Shard::load(&shard, dimension)?);
                }
                // Left over from a creation or a removal that was interrupted.
                Some(_) | None => files::remove_directory(&shard)?,
            }
        }
        Ok(Some(Self::new(directory.to_owned(), descriptor, slots)))
    }

    /// Opens the index in `directory` without changing it, by a copy in `scratch`, which must not exist and is the
    /// caller's to remove: the engine writes into what it opens, if only to note that it did. `None` when there is none.
    pub fn open_copy(directory: &Path, scratch: &Path) -> StoreResult<Option<Self>> {
        let Some(descriptor) = Descriptor::load(directory)? else {
            return Ok(None);
        };
        files::create_private_directory(scratch)?;
        descriptor.save(scratch)?;
        for space in SPACES {
            if descriptor.has_shard[slot(space)] {
                files::copy_directory(&shard_directory(directory, space), &shard_directory(scratch, space))?;
            }
        }
        Self::open(scratch)
    }

    /// Makes an empty index in `directory` for the catalog of this generation. One that is there is deleted.
    pub fn create(directory: &Path, generation: u64) -> StoreResult<Self> {
        graph::clear_up(directory)?;
        files::remove_directory(directory)?;
        files::create_private_directory(directory)?;
        let descriptor = Descriptor {
            generation,
            dimension: None,
            has_shard: [false; 2],
        };
        descriptor.save(directory)?;
        Ok(Self::new(
            directory.to_owned(),
            descriptor,
            [Slot::Absent, Slot::Absent],
        ))
    }

    /// Opens the index that belongs to a catalog. One that is missing or of another generation is made
    /// anew. The catalog is told before that: whoever is interrupted between the two starts over, instead
    /// of missing vectors that the catalog believes to be there.
    pub fn open_for(directory: &Path, catalog: &dyn Catalog) -> PortResult<Self> {
        match Self::open(directory)? {
            Some(vectors) if vectors.generation == catalog.generation() => Ok(vectors),
            Some(_) | None => Self::replace(directory, catalog),
        }
    }

    /// Makes an empty index for a catalog, and tells it so first.
    pub fn replace(directory: &Path, catalog: &dyn Catalog) -> PortResult<Self> {
        catalog.reset_vectors()?;
        Ok(Self::create(directory, catalog.generation())?)
    }

    /// Whether anything was written since the index was opened. Outlives the index.
    pub fn written(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.written)
    }

    fn new(directory: PathBuf, descriptor: Descriptor, slots: [Slot; 2]) -> Self {
        Self {
            directory,
            generation: descriptor.generation,
            writer: Mutex::new(Writer {
                descriptor,
                build: None,
                has_failed_to_build: false,
            }),
            spaces: slots.map(RwLock::new),
            written: Arc::default(),
        }
    }

    fn add(&self, space: VectorSpace, points: &[(TextId, Vec<f32>)]) -> StoreResult<()> {
        let Some((_, first)) = points.first() else {
            return Ok(());
        };
        let mut writer = self.lock_writer();
        let dimension = writer.descriptor.dimension.unwrap_or(first.len());
        for (text, vector) in points {
            self.require_dimension(dimension, vector)?;
            if !vector.iter().all(|component| component.is_finite()) {
                return Err(StoreError::NotFinite { text: text.0 });
            }
        }
        self.require_room((points.len() * dimension * size_of::<f32>()) as u64)?;
        if self.read(space).shard()?.is_none() {
            self.create_shard(&mut writer.descriptor, space, dimension)?;
        }
        writer.note(space, points.iter().map(|(text, _)| *text));
        match self.read(space).shard()? {
            Some(shard) => shard.upsert(points),
            None => Ok(()),
        }
    }

    fn create_shard(&self, descriptor: &mut Descriptor, space: VectorSpace, dimension: usize) -> StoreResult<()> {
        let directory = shard_directory(&self.directory, space);
        files::remove_directory(&directory)?;
        let shard = Shard::create(&directory, dimension)?;
        shard.flush()?;
        let mut next = descriptor.clone();
        next.dimension = Some(dimension);
        next.has_shard[slot(space)] = true;
        next.save(&self.directory)?;
        *descriptor = next;
        *self.write(space) = Slot::Open(shard);
        Ok(())
    }

    fn remove(&self, texts: &[TextId]) -> StoreResult<()> {
        if texts.is_empty() {
            return Ok(());
        }
        let mut writer = self.lock_writer();
        // Deleting writes, too, if little: into the log, and flags. Rewriting a segment needs room for one.
        files::require_room(&self.directory, DELETE_RESERVE)?;
        let has_room = self.require_room(0).is_ok();
        for space in SPACES {
            writer.note(space, texts.iter().copied());
            let (n_left, rewritten) = match self.read(space).shard()? {
                Some(shard) => {
                    shard.delete(texts)?;
                    // With a graph, rewriting means building it again: that is left to `tune`.
                    let rewritten = has_room && !shard.has_graph()? && shard.optimize(None)?;
                    if rewritten {
                        shard.flush()?;
                    }
                    (shard.count()?, rewritten)
                }
                None => continue,
            };
            if n_left == 0 {
                self.remove_shard(&mut writer, space)?;
            } else if rewritten {
                // The log still says how what was deleted had come.
                self.cut_log(space)?;
            }
        }
        Ok(())
    }

    fn remove_shard(&self, writer: &mut Writer, space: VectorSpace) -> StoreResult<()> {
        if writer.build.as_ref().is_some_and(|build| build.space() == space) {
            writer.build = None;
        }
        let mut next = writer.descriptor.clone();
        next.has_shard[slot(space)] = false;
        if next.has_shard == [false; 2] {
            next.dimension = None;
        }
        next.save(&self.directory)?;
        writer.descriptor = next;
        match std::mem::replace(&mut *self.write(space), Slot::Absent) {
            Slot::Open(shard) => shard.destroy(),
            Slot::Lost => files::remove_directory(&shard_directory(&self.directory, space)),
            Slot::Absent => Ok(()),
        }
    }

    fn remove_all(&self) -> StoreResult<()> {
        let mut writer = self.lock_writer();
        for space in SPACES {
            self.remove_shard(&mut writer, space)?;
        }
        Ok(())
    }

    fn make_durable(&self) -> StoreResult<()> {
        let _writer = self.lock_writer();
        for space in SPACES {
            let has_long_log = match self.read(space).shard()? {
                Some(shard) => {
                    shard.flush()?;
                    shard.has_long_log()
                }
                None => false,
            };
            if has_long_log {
                self.cut_log(space)?;
            }
        }
        Ok(())
    }

    fn cut_log(&self, space: VectorSpace) -> StoreResult<()> {
        let mut slot = self.write(space);
        if let Slot::Open(shard) = std::mem::replace(&mut *slot, Slot::Lost) {
            *slot = Slot::Open(shard.reopen()?);
        }
        Ok(())
    }

    fn find(
        &self,
        space: VectorSpace,
        vector: &[f32],
        within: Option<&IdSet>,
        limit: usize,
    ) -> StoreResult<Vec<(TextId, f32)>> {
        let slot = self.read(space);
        let Some(shard) = slot.shard()? else {
            return Ok(Vec::new());
        };
        self.require_dimension(shard.dimension(), vector)?;
        if limit == 0 || within.is_some_and(IdSet::is_empty) {
            return Ok(Vec::new());
        }
        shard.search(vector, within, limit)
    }

    fn require_dimension(&self, stored: usize, vector: &[f32]) -> StoreResult<()> {
        if vector.len() == stored {
            return Ok(());
        }
        Err(StoreError::Dimension {
            directory: self.directory.clone(),
            stored,
            given: vector.len(),
        })
    }

    fn require_room(&self, vector_bytes: u64) -> StoreResult<()> {
        files::require_room(&self.directory, DISK_RESERVE + WRITE_AMPLIFICATION * vector_bytes)
    }

    pub(super) fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.written.store(true, Ordering::Relaxed);
        self.look_at_writer()
    }

    /// The same for those who change nothing.
    pub(super) fn look_at_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn read(&self, space: VectorSpace) -> SlotRead<'_> {
        SlotRead {
            slot: self.spaces[slot(space)].read().unwrap_or_else(PoisonError::into_inner),
            directory: &self.directory,
        }
    }

    pub(super) fn write(&self, space: VectorSpace) -> RwLockWriteGuard<'_, Slot> {
        self.spaces[slot(space)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A space held for reading.
pub(super) struct SlotRead<'v> {
    slot: RwLockReadGuard<'v, Slot>,
    directory: &'v Path,
}

impl SlotRead<'_> {
    pub(super) fn shard(&self) -> StoreResult<Option<&Shard>> {
        match &*self.slot {
            Slot::Absent => Ok(None),
            Slot::Open(shard) => Ok(Some(shard)),
            Slot::Lost => Err(StoreError::DamagedVectors {
                directory: self.directory.to_owned(),
                finding: "a shard could not be opened again".to_owned(),
            }),
        }
    }
}

impl VectorIndex for EdgeVectors {
    fn upsert(&self, space: VectorSpace, points: &[(TextId, Vec<f32>)]) -> PortResult<()> {
        Ok(self.add(space, points)?)
    }

    fn delete(&self, texts: &[TextId]) -> PortResult<()> {
        Ok(self.remove(texts)?)
    }

    fn clear(&self) -> PortResult<()> {
        Ok(self.remove_all()?)
    }

    fn flush(&self) -> PortResult<()> {
        Ok(self.make_durable()?)
    }

    fn search(
        &self,
        space: VectorSpace,
        vector: &[f32],
        within: Option<&IdSet>,
        limit: usize,
    ) -> PortResult<Vec<(TextId, f32)>> {
        let found = self.find(space, vector, within, limit)?;
        tracing::debug!(?space, n_found = found.len(), "searched the vectors");
        Ok(found)
    }

    fn held(&self, space: VectorSpace) -> PortResult<IdSet> {
        match self.read(space).shard()? {
            Some(shard) => Ok(shard.ids()?),
            None => Ok(IdSet::default()),
        }
    }

    fn count(&self, space: VectorSpace) -> PortResult<u64> {
        match self.read(space).shard()? {
            Some(shard) => Ok(shard.count()?),
            None => Ok(0),
        }
    }

    fn check(&self) -> PortResult<()> {
        for space in SPACES {
            if let Some(shard) = self.read(space).shard()? {
                shard.check()?;
            }
        }
        Ok(())
    }

    fn tune(&self, stop: &dyn Fn() -> bool) -> PortResult<bool> {
        Ok(self.tune_above(graph::EXACT_UP_TO, stop)?)
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn disk_bytes(&self) -> u64 {
        files::disk_bytes(&self.directory)
    }
}

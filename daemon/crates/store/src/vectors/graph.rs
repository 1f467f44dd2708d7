//! Building a graph over many vectors, beside the shard that they lie in.
//!
//! The engine builds in one go that takes minutes, cannot be interrupted and stands in the way of every change. So it builds over a
//! copy of the shard in a directory of its own, on a thread of its own, while searches and changes go on with the shard itself;
//! what changed meanwhile is noted, and taken over when the copy takes the shard's place. Whoever closes the index leaves the
//! thread to its end, which comes to nothing. The directory of a build that came to nothing, whatever ended it, is removed when the
//! index is opened next.

use super::descriptor::{SPACES, shard_directory};
use super::edge::{EdgeVectors, Slot};
use super::shard::{SEGMENTS, Shard};
use crate::engine::DISK_RESERVE;
use crate::error::{StoreError, StoreResult};
use crate::files;
use codemem_core::ids::{IdSet, TextId};
use codemem_core::ports::VectorSpace;
use qdrant_edge::external::uuid::Uuid;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Vectors up to which a query looks at each of them: 50,000 of 384 dimensions take 3.4 ms of processor time, through a graph 1.7. A
/// graph over them takes 17 s to build.
pub(super) const EXACT_UP_TO: usize = 50_000;

/// Between two looks whether a build has ended.
const LOOK: Duration = Duration::from_millis(100);

/// Put between the name of an index and what tells one of its builds from another.
const BUILD: &str = ".build-";

/// Where a build leaves the shard whose place it takes, until it has it.
const REPLACED: &str = "replaced";

/// Put after the name of a build whose directory is being removed.
const REMOVED: &str = ".removed";

/// Copies of a shard on disk while its graph is built, beside itself: the engine rewrites what it works on, and asks for as much again.
const COPIES: u64 = 4;

/// Pieces of a shard that the engine builds graphs over one by one: what is to lie in a graph may lie in all of them.
const PARTS: usize = SEGMENTS + 1;

/// Ids taken over at a time.
const TAKEN_OVER: usize = 256;

/// A graph that is being built.
pub(super) struct Build {
    space: VectorSpace,
    /// Its own, beside the index: what lies in the index may be sealed while it goes on.
    directory: PathBuf,
    /// The texts whose vectors came or went since it began.
    changed: IdSet,
    /// Nobody waits for it any more.
    abandoned: Arc<AtomicBool>,
    thread: Option<JoinHandle<StoreResult<()>>>,
}

impl Build {
    /// Begins with what a shard holds now, durably; the caller keeps others from changing it.
    fn begin(index: &Path, shard: &Shard, space: VectorSpace, graph_above: usize) -> StoreResult<Self> {
        let source = shard_directory(index, space);
        files::require_room(index, DISK_RESERVE + COPIES * files::disk_bytes(&source))?;
        let directory = files::suffixed(index, &format!("{BUILD}{}", Uuid::new_v4()));
        let copy = shard_directory(&directory, space);
        let (dimension, abandoned) = (shard.dimension(), Arc::new(AtomicBool::new(false)));
        files::copy_directory(&source, &copy).inspect_err(|_| drop(files::remove_directory(&directory)))?;
        let (of, gave_up) = (directory.clone(), Arc::clone(&abandoned));
        let run = move || {
            let built = build(&copy, dimension, graph_above);
            if gave_up.load(Ordering::Relaxed) {
                // Else the next opening does it.
                drop(files::remove_directory(&of));
            }
            built
        };
        let thread = thread::Builder::new().name("vector-graph".to_owned()).spawn(run);
        let thread = thread.map_err(|error| StoreError::Vectors {
            action: "start to build a graph",
            directory: directory.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            space,
            directory,
            changed: IdSet::default(),
            abandoned,
            thread: Some(thread),
        })
    }

    /// What it is built for.
    pub(super) fn space(&self) -> VectorSpace {
        self.space
    }

    /// Notes that vectors come or go.
    pub(super) fn note(&mut self, texts: impl IntoIterator<Item = TextId>) {
        for text in texts {
            self.changed.insert(text.0);
        }
    }

    fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn outcome(&mut self) -> StoreResult<()> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            // The engine's panics are errors; this one is ours.
            Some(Err(panic)) => resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
        // By another name, nothing can be put into it while it is removed.
        let removed = files::suffixed(&self.directory, REMOVED);
        if fs::rename(&self.directory, &removed).is_ok() {
            drop(files::remove_directory(&removed));
        }
    }
}

/// What the thread does.
fn build(directory: &Path, dimension: usize, graph_above: usize) -> StoreResult<()> {
    build_over(Shard::load(directory, dimension)?, graph_above)
}

/// The same for a copy that is open. One that comes to nothing is let go of without a word: whoever waits for it is told, and nothing
/// is lost with a copy.
fn build_over(copy: Shard, graph_above: usize) -> StoreResult<()> {
    let built = copy.optimize(Some(graph_above.div_ceil(PARTS)));
    match built.and_then(|_| copy.flush()) {
        Ok(()) => copy.close(),
        Err(error) => {
            copy.abandon();
            Err(error)
        }
    }
}

impl EdgeVectors {
    /// Builds graphs over spaces that hold more than `graph_above` vectors outside of one, and rewrites those of which much has been
    /// deleted. False when asked to stop before the end; the work then goes on, and who calls again waits for it again.
    pub(super) fn tune_above(&self, graph_above: usize, stop: &dyn Fn() -> bool) -> StoreResult<bool> {
        for space in SPACES {
            if !self.begin_build(space, graph_above)? {
                continue;
            }
            while !self.build_has_ended() {
                if stop() {
                    return Ok(false);
                }
                thread::sleep(LOOK);
            }
            self.end_build()?;
        }
        Ok(true)
    }

    /// Whether something is being built for the space, or is from now on.
    fn begin_build(&self, space: VectorSpace, graph_above: usize) -> StoreResult<bool> {
        {
            let writer = self.look_at_writer();
            if let Some(build) = &writer.build {
                return Ok(build.space == space);
            }
            if writer.has_failed_to_build {
                return Ok(false);
            }
        }
        let is_worth_it = match self.read(space).shard()? {
            Some(shard) => shard.is_worth_a_graph(graph_above)?,
            None => false,
        };
        if !is_worth_it {
            return Ok(false);
        }
        let mut writer = self.lock_writer();
        let slot = self.read(space);
        let Some(shard) = slot.shard()? else {
            return Ok(false);
        };
        shard.flush()?;
        let build = Build::begin(self.directory(), shard, space, graph_above)?;
        tracing::info!(
            ?space,
            n_vectors = shard.count()?,
            "a graph over vectors is being built"
        );
        writer.build = Some(build);
        Ok(true)
    }

    fn build_has_ended(&self) -> bool {
        self.look_at_writer().build.as_ref().is_none_or(Build::has_ended)
    }

    /// Puts what was built in its shard's place.
    fn end_build(&self) -> StoreResult<()> {
        let mut writer = self.lock_writer();
        // Whoever deleted all vectors meanwhile has ended it, too.
        let Some(mut build) = writer.build.take() else {
            return Ok(());
        };
        // What has failed once is not tried after every edit.
        writer.has_failed_to_build = true;
        build.outcome()?;
        self.take_over(&build)?;
        writer.has_failed_to_build = false;
        tracing::info!(space = ?build.space, n_changed = build.changed.len(), "a graph over vectors is in use");
        Ok(())
    }

    /// Brings the copy up to date and exchanges it for its shard. The caller keeps others from changing either.
    fn take_over(&self, build: &Build) -> StoreResult<()> {
        let (place, copy) = (
            shard_directory(self.directory(), build.space),
            shard_directory(&build.directory, build.space),
        );
        let dimension = {
            let held = self.read(build.space);
            let Some(current) = held.shard()? else { return Ok(()) };
            let shard = Shard::load(&copy, current.dimension())?;
            let changed: Vec<TextId> = build.changed.iter().map(TextId).collect();
            for texts in changed.chunks(TAKEN_OVER) {
                let points = current.vectors_of(texts)?;
                let there: IdSet = points.iter().map(|(text, _)| text.0).collect();
                let gone: Vec<TextId> = texts.iter().copied().filter(|text| !there.contains(text.0)).collect();
                shard.delete(&gone)?;
                shard.upsert(&points)?;
            }
            shard.flush()?;
            shard.close()?;
            current.dimension()
        };
        let mut slot = self.write(build.space);
        if let Slot::Open(current) = std::mem::replace(&mut *slot, Slot::Lost) {
            current.close()?;
            let replaced = build.directory.join(REPLACED);
            files::rename(&place, &replaced)?;
            if let Err(error) = files::rename(&copy, &place) {
                files::rename(&replaced, &place)?;
                *slot = Slot::Open(Shard::load(&place, dimension)?);
                return Err(error);
            }
            *slot = Slot::Open(Shard::load(&place, dimension)?);
        }
        Ok(())
    }
}

/// Removes what builds have left beside an index that is about to be opened. One that was ended between giving the shard's place up
/// and taking it gives the shard back.
pub(super) fn clear_up(index: &Path) -> StoreResult<()> {
    let (Some(parent), Some(name)) = (index.parent(), index.file_name()) else {
        return Ok(());
    };
    let start = format!("{}{BUILD}", name.to_string_lossy());
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(&start) {
            continue;
        }
        let replaced = entry.path().join(REPLACED);
        for space in SPACES {
            let (place, copy) = (shard_directory(index, space), shard_directory(&entry.path(), space));
            // A build has one space; of the other, nothing is there.
            if replaced.exists() && copy.exists() && !place.exists() {
                files::rename(&replaced, &place)?;
            }
        }
        files::remove_directory(&entry.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

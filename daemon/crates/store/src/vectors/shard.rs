//! One Qdrant shard, with its panics caught, its log kept short and its errors given a kind.
//!
//! Searches run beside one another and beside updates. Updates, flushing and optimising must not
//! overlap: the caller holds its writer lock around them (the engine's flush panics when it meets
//! another writer).

use crate::error::{StoreError, StoreResult};
use crate::files;
use codemem_core::ids::{IdSet, TextId};
use qdrant_edge::{
    Condition, Distance, EdgeConfig, EdgeConfigBuilder, EdgeOptimizersConfig, EdgeShard, EdgeVectorParamsBuilder,
    Filter, HasIdCondition, NamedQuery, OperationResult, PointId, PointInsertOperations, PointOperations,
    PointStructPersisted, QueryEnum, QueryRequest, ScoringQuery, ScrollRequest, UpdateOperation, VectorStructInternal,
    VectorStructPersisted, WalOptions, WithPayloadInterface, WithVector,
};
use std::any::Any;
use std::fs::{self, File, TryLockError};
use std::io;
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Name of the one vector that each point has.
const VECTOR_NAME: &str = "";

/// Bytes of one file of the engine's operation log, allocated in full: the smallest that holds a few batches.
const LOG_FILE_BYTES: usize = 1024 * 1024;

/// Bytes of operation log kept before it is cut. The engine never reads it back and never cuts it
/// itself; cutting means opening the shard again, tens of milliseconds every 8,000 vectors.
const LOG_KEPT_BYTES: u64 = 16 * 1024 * 1024;

/// Points per operation: the segment is locked against searches for as long as one takes, about 5 ms.
const UPSERT_BATCH: usize = 256;

/// Vectors read at a time by a check: 1.5 MiB of them.
const CHECK_BATCH: usize = 1_000;

/// Vectors compared in the time that one more hit, or one more id of a filter, takes: about a microsecond.
const VECTORS_PER_HIT: usize = 15;

/// Share and number of vectors deleted from a segment that make rewriting it worth while.
const VACUUM_SHARE: f64 = 0.2;
const VACUUM_MIN_VECTORS: usize = 1_000;

/// Segments that are left side by side: one that is being written and one that is not.
const SEGMENTS: usize = 2;

/// Bytes left on a disk that is full for our purposes: less than one file of the operation log.
const FULL_DISK_BYTES: u64 = LOG_FILE_BYTES as u64;

/// Bytes that opening a shard may need: the next file of its log, and of its first segment.
const OPENING_BYTES: u64 = 48 * 1024 * 1024;

/// An `indexing_threshold` that means never.
const NEVER: usize = 0;

/// An open shard.
pub(super) struct Shard {
    directory: PathBuf,
    dimension: usize,
    // Always there until dropped; dropping the engine's type may panic and so is done by hand.
    engine: Option<Box<EdgeShard>>,
}

impl Shard {
    /// Makes an empty shard; the directory must not exist or hold nothing.
    pub(super) fn create(directory: &Path, dimension: usize) -> StoreResult<Self> {
        files::create_private_directory(directory)?;
        let engine = guard(directory, "create a shard", || {
            EdgeShard::new(directory, config(dimension))
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            dimension,
            engine: Some(Box::new(engine)),
        })
    }

    /// Opens a shard that [`Shard::create`] made.
    pub(super) fn load(directory: &Path, dimension: usize) -> StoreResult<Self> {
        let log = log_directory(directory);
        refuse_when_in_use(directory, &log)?;
        cut_log(&log);
        let engine = caught(|| EdgeShard::load(directory, Some(config(dimension))))
            .map_err(|failure| diagnose(directory, failure.into_reason()))?;
        Ok(Self {
            directory: directory.to_owned(),
            dimension,
            engine: Some(Box::new(engine)),
        })
    }

    /// Length of every vector.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Adds or replaces vectors, which all have the shard's dimension.
    pub(super) fn upsert(&self, points: &[(TextId, Vec<f32>)]) -> StoreResult<()> {
        for batch in points.chunks(UPSERT_BATCH) {
            let points = batch
                .iter()
                .map(|(text, vector)| PointStructPersisted {
                    id: point_id(text.0),
                    vector: VectorStructPersisted::Single(vector.clone()),
                    payload: None,
                })
                .collect();
            let operation = PointOperations::UpsertPoints(PointInsertOperations::PointsList(points));
            self.update("add vectors", operation)?;
        }
        Ok(())
    }

    /// Removes vectors; unknown ones are ignored.
    pub(super) fn delete(&self, texts: &[TextId]) -> StoreResult<()> {
        for batch in texts.chunks(UPSERT_BATCH) {
            let ids = batch.iter().map(|text| point_id(text.0)).collect();
            self.update("delete vectors", PointOperations::DeletePoints { ids })?;
        }
        Ok(())
    }

    /// The nearest vectors, best first; equally near ones by id.
    pub(super) fn search(
        &self,
        vector: &[f32],
        within: Option<&IdSet>,
        limit: usize,
    ) -> StoreResult<Vec<(TextId, f32)>> {
        let Some(within) = within else {
            return self.nearest(vector, None, limit);
        };
        // The engine's filter costs as much per id allowed as a longer answer does per hit. Where much is
        // allowed, a longer answer without filter usually holds enough of it, and is made sooner.
        let n_vectors = self.count()? as usize;
        let widened = limit.saturating_mul(2 * n_vectors.div_ceil(within.len().max(1)).max(1));
        if widened.saturating_add(n_vectors / VECTORS_PER_HIT) < within.len() {
            let mut found = self.nearest(vector, None, widened)?;
            found.retain(|(text, _)| within.contains(text.0));
            found.truncate(limit);
            if found.len() == limit {
                return Ok(found);
            }
        }
        let ids: HasIdCondition = within.iter().map(point_id).collect();
        self.nearest(vector, Some(Filter::new_must(Condition::HasId(ids))), limit)
    }

    fn nearest(&self, vector: &[f32], filter: Option<Filter>, limit: usize) -> StoreResult<Vec<(TextId, f32)>> {
        let nearest = QueryEnum::Nearest(NamedQuery::default_dense(vector.to_vec()));
        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(nearest)),
            filter,
            score_threshold: None,
            limit,
            offset: 0,
            params: None,
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };
        let found = guard(&self.directory, "search vectors", || self.engine().query(request))?;
        let mut found: Vec<_> = found
            .into_iter()
            .filter_map(|point| match point.id {
                PointId::NumId(id) => Some((TextId(u32::try_from(id).ok()?), point.score)),
                PointId::Uuid(_) => None,
            })
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(found)
    }

    /// How many vectors there are.
    pub(super) fn count(&self) -> StoreResult<u64> {
        guard(&self.directory, "count vectors", || {
            Ok(self.engine().info().points_count as u64)
        })
    }

    /// Reads every vector; one that is not there, or that is no unit vector, is damage.
    pub(super) fn check(&self) -> StoreResult<()> {
        let damaged = |finding: String| StoreError::DamagedVectors {
            directory: self.directory.clone(),
            finding,
        };
        let (mut offset, mut n_read) = (None, 0);
        let n_points = self.count()?;
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(CHECK_BATCH),
                filter: None,
                with_payload: Some(WithPayloadInterface::Bool(false)),
                with_vector: WithVector::Bool(true),
                order_by: None,
            };
            let (records, next) =
                caught(|| self.engine().scroll(request)).map_err(|failure| damaged(failure.into_reason()))?;
            n_read += records.len() as u64;
            for record in records {
                if !is_unit(record.vector.as_ref(), self.dimension) {
                    return Err(damaged(format!("the vector of point {} is not one", record.id)));
                }
            }
            let Some(next) = next else { break };
            offset = Some(next);
        }
        // Vectors may have come or gone while they were read.
        if n_read < n_points.min(self.count()?) {
            return Err(damaged(format!("{n_read} vectors can be read, {n_points} are counted")));
        }
        Ok(())
    }

    /// Makes everything so far durable.
    pub(super) fn flush(&self) -> StoreResult<()> {
        guard(&self.directory, "flush vectors", || {
            self.engine().flush();
            Ok(())
        })
    }

    /// Whether the operation log has grown enough for [`Shard::reopen`] to be worth its while.
    pub(super) fn has_long_log(&self) -> bool {
        files::disk_bytes(&log_directory(&self.directory)) > LOG_KEPT_BYTES
    }

    /// Closes and opens the shard, which gives its operation log back to the file system.
    pub(super) fn reopen(mut self) -> StoreResult<Self> {
        self.close()?;
        Self::load(&self.directory, self.dimension)
    }

    /// Closes the shard and removes it from the disk.
    pub(super) fn destroy(mut self) -> StoreResult<()> {
        // What flushing would have said about files that are about to go is of no interest.
        let _closed = self.close();
        files::remove_directory(&self.directory)
    }

    /// Rewrites segments of which much has been deleted, and builds graphs over those that hold
    /// more than `graph_above` vectors; `None` builds none. True when anything changed.
    pub(super) fn optimize(&self, graph_above: Option<usize>) -> StoreResult<bool> {
        let threshold = graph_above.map_or(NEVER, |n_vectors| {
            (n_vectors * self.dimension * size_of::<f32>() / 1024).max(1)
        });
        guard(&self.directory, "optimise a shard", || {
            self.engine().set_optimizers_config(optimizers(threshold))?;
            self.engine().optimize()
        })
    }

    /// Whether a search may go through a graph.
    pub(super) fn has_graph(&self) -> StoreResult<bool> {
        guard(&self.directory, "look at a shard", || {
            Ok(self.engine().info().indexed_vectors_count > 0)
        })
    }

    fn update(&self, action: &'static str, operation: PointOperations) -> StoreResult<()> {
        guard(&self.directory, action, || {
            self.engine().update(UpdateOperation::PointOperation(operation))
        })
    }

    fn engine(&self) -> &EdgeShard {
        self.engine
            .as_deref()
            .expect("a shard that is not closed has its engine")
    }

    fn close(&mut self) -> StoreResult<()> {
        let engine = self.engine.take();
        guard(&self.directory, "close a shard", || {
            drop(engine);
            Ok(())
        })
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        if self.engine.is_some()
            && let Err(error) = self.close()
        {
            tracing::warn!(%error, "vectors since the last flush are lost and will be made again");
        }
    }
}

fn config(dimension: usize) -> EdgeConfig {
    // Unit vectors: their dot product is their cosine, without normalising them once more. Vectors are
    // mapped, not read in, so that an idle repository's leave memory when it is needed elsewhere.
    let vector = EdgeVectorParamsBuilder::new(dimension, Distance::Dot)
        .on_disk(true)
        .build();
    EdgeConfigBuilder::new()
        .vector(VECTOR_NAME, vector)
        .optimizers(optimizers(NEVER))
        .wal_options(WalOptions {
            segment_capacity: LOG_FILE_BYTES,
            ..WalOptions::default()
        })
        .build()
}

fn optimizers(indexing_threshold_kib: usize) -> EdgeOptimizersConfig {
    EdgeOptimizersConfig {
        deleted_threshold: Some(VACUUM_SHARE),
        vacuum_min_vector_number: Some(VACUUM_MIN_VECTORS),
        default_segment_number: Some(SEGMENTS),
        max_segment_size: None,
        indexing_threshold: Some(indexing_threshold_kib),
        prevent_unoptimized: None,
    }
}

/// Whether a stored vector can be what was given: unit length, but for rounding.
fn is_unit(vector: Option<&VectorStructInternal>, dimension: usize) -> bool {
    /// Furthest that a squared length may be from one.
    const ROUNDING: f32 = 0.05;
    match vector {
        Some(VectorStructInternal::Single(vector)) => {
            let squared = vector.iter().map(|x| x * x).sum::<f32>();
            vector.len() == dimension && (squared - 1.0).abs() <= ROUNDING
        }
        Some(VectorStructInternal::MultiDense(_) | VectorStructInternal::Named(_)) | None => false,
    }
}

fn point_id(text: u32) -> PointId {
    PointId::NumId(u64::from(text))
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

/// A healthy shard that is open elsewhere must not pass for a damaged one. The engine holds a lock on
/// the directory of its log.
fn refuse_when_in_use(directory: &Path, log: &Path) -> StoreResult<()> {
    let Ok(file) = File::open(log) else {
        return Ok(());
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(StoreError::VectorsInUse {
            directory: directory.to_owned(),
        }),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
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

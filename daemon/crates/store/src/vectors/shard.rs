//! One Qdrant shard of plain vectors: what is asked of it, and how it is configured.
//!
//! Searches run beside one another and beside updates. Updates, flushing and optimising must not
//! overlap: the caller holds its writer lock around them.

use crate::engine::{self, Engine};
use crate::error::StoreResult;
use crate::files;
use codemem_core::ids::{IdSet, TextId};
use qdrant_edge::{
    Condition, Distance, EdgeConfig, EdgeConfigBuilder, EdgeOptimizersConfig, EdgeVectorParamsBuilder, Filter,
    HasIdCondition, HnswIndexConfig, NamedQuery, PointId, PointInsertOperations, PointOperations, PointStructPersisted,
    QueryEnum, QueryRequest, ScoringQuery, ScrollRequest, SearchParams, VectorStructInternal, VectorStructPersisted,
    WithPayloadInterface, WithVector,
};
use std::mem::size_of;
use std::path::Path;

/// Name of the one vector that each point has.
const VECTOR_NAME: &str = "";

/// Points per operation: the segment is locked against searches for as long as one takes, about 5 ms.
const UPSERT_BATCH: usize = 256;

/// Vectors read at a time by a check: 1.5 MiB of them.
const CHECK_BATCH: usize = 1_000;

/// Ids listed at a time.
const ID_BATCH: usize = 10_000;

/// Vectors compared in the time that one more hit, or one more id of a filter, takes: about a microsecond.
const VECTORS_PER_HIT: usize = 15;

/// Vectors of a graph that are kept in view for each one asked for: of 50,000 chunks of 24 repositories, the 10 nearest are found to
/// 99.7 % and the 300 nearest to 98 % with 2, to 99 % and 95 % with 1.
const CANDIDATES_PER_HIT: usize = 2;

/// Share and number of vectors deleted from a segment that make rewriting it worth while.
const VACUUM_SHARE: f64 = 0.2;
const VACUUM_MIN_VECTORS: usize = 1_000;

/// Segments that are left side by side: one that is being written and one that is not.
pub(super) const SEGMENTS: usize = 2;

/// An `indexing_threshold` that means never.
const NEVER: usize = 0;

/// An open shard.
pub(super) struct Shard {
    dimension: usize,
    engine: Engine,
}

impl Shard {
    /// Makes an empty shard; the directory must not exist or hold nothing.
    pub(super) fn create(directory: &Path, dimension: usize) -> StoreResult<Self> {
        Ok(Self {
            dimension,
            engine: Engine::create(directory, config(dimension))?,
        })
    }

    /// Opens a shard that [`Shard::create`] made.
    pub(super) fn load(directory: &Path, dimension: usize) -> StoreResult<Self> {
        Ok(Self {
            dimension,
            engine: Engine::load(directory, config(dimension))?,
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
            self.engine.update("add vectors", operation)?;
        }
        Ok(())
    }

    /// Removes vectors; unknown ones are ignored.
    pub(super) fn delete(&self, texts: &[TextId]) -> StoreResult<()> {
        for batch in texts.chunks(UPSERT_BATCH) {
            let ids = batch.iter().map(|text| point_id(text.0)).collect();
            self.engine
                .update("delete vectors", PointOperations::DeletePoints { ids })?;
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
            params: Some(SearchParams {
                // The engine's way through a graph by a filter finds too little where the filter leaves little.
                exact: filter.is_some(),
                hnsw_ef: Some(CANDIDATES_PER_HIT * limit),
                ..SearchParams::default()
            }),
            filter,
            score_threshold: None,
            limit,
            offset: 0,
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };
        let found = self.engine.run("search vectors", |shard| shard.query(request))?;
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
        self.engine.count()
    }

    /// The texts that have a vector.
    pub(super) fn ids(&self) -> StoreResult<IdSet> {
        let (mut ids, mut offset) = (IdSet::default(), None);
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(ID_BATCH),
                filter: None,
                with_payload: Some(WithPayloadInterface::Bool(false)),
                with_vector: WithVector::Bool(false),
                order_by: None,
            };
            let (records, next) = self.engine.run("list vectors", |shard| shard.scroll(request))?;
            for record in records {
                if let PointId::NumId(id) = record.id
                    && let Ok(id) = u32::try_from(id)
                {
                    ids.insert(id);
                }
            }
            let Some(next) = next else { return Ok(ids) };
            offset = Some(next);
        }
    }

    /// Reads every vector; one that is not there, or that is no unit vector, is damage.
    pub(super) fn check(&self) -> StoreResult<()> {
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
            let (records, next) = self.engine.examine(|shard| shard.scroll(request))?;
            n_read += records.len() as u64;
            for record in records {
                if !is_unit(record.vector.as_ref(), self.dimension) {
                    let finding = format!("the vector of point {} is not one", record.id);
                    return Err(self.engine.damaged(finding));
                }
            }
            let Some(next) = next else { break };
            offset = Some(next);
        }
        // Vectors may have come or gone while they were read.
        if n_read < n_points.min(self.count()?) {
            let finding = format!("{n_read} vectors can be read, {n_points} are counted");
            return Err(self.engine.damaged(finding));
        }
        Ok(())
    }

    /// Makes everything so far durable.
    pub(super) fn flush(&self) -> StoreResult<()> {
        self.engine.flush()
    }

    /// Whether the operation log has grown enough for [`Shard::reopen`] to be worth its while.
    pub(super) fn has_long_log(&self) -> bool {
        self.engine.has_long_log()
    }

    /// Closes the shard, which makes everything durable.
    pub(super) fn close(self) -> StoreResult<()> {
        self.engine.close()
    }

    /// Closes and opens the shard, which gives its operation log back to the file system.
    pub(super) fn reopen(self) -> StoreResult<Self> {
        let directory = self.engine.directory().to_owned();
        self.engine.close()?;
        Self::load(&directory, self.dimension)
    }

    /// Closes the shard and removes it from the disk.
    pub(super) fn destroy(self) -> StoreResult<()> {
        let directory = self.engine.directory().to_owned();
        self.abandon();
        files::remove_directory(&directory)
    }

    /// Closes a shard whose files are of no use to anybody.
    pub(super) fn abandon(self) {
        // What flushing would have said about them is of no interest.
        let _closed = self.engine.close();
    }

    /// Rewrites segments of which much has been deleted, and builds graphs over those that hold
    /// more than `graph_above` vectors; `None` builds none. True when anything changed.
    pub(super) fn optimize(&self, graph_above: Option<usize>) -> StoreResult<bool> {
        let threshold = graph_above.map_or(NEVER, |n_vectors| {
            (n_vectors * self.dimension * size_of::<f32>() / 1024).max(1)
        });
        self.engine.run("optimise a shard", |shard| {
            shard.set_optimizers_config(optimizers(threshold))?;
            shard.optimize()
        })
    }

    /// Whether enough vectors lie outside of a graph, or enough of one has been deleted, for building to be worth its while. What
    /// was deleted hides as many that lie outside.
    pub(super) fn is_worth_a_graph(&self, above: usize) -> StoreResult<bool> {
        self.engine.run("look at a shard", |shard| {
            let info = shard.info();
            let (n_all, n_indexed) = (info.points_count, info.indexed_vectors_count);
            let n_deleted = n_indexed.saturating_sub(n_all);
            Ok(n_all.saturating_sub(n_indexed) > above || n_deleted as f64 > VACUUM_SHARE * n_indexed as f64)
        })
    }

    /// The vectors of those of the texts that have one.
    pub(super) fn vectors_of(&self, texts: &[TextId]) -> StoreResult<Vec<(TextId, Vec<f32>)>> {
        let ids: Vec<PointId> = texts.iter().map(|text| point_id(text.0)).collect();
        let (payload, vector) = (WithPayloadInterface::Bool(false), WithVector::Bool(true));
        let records = self.engine.run("read vectors", |shard| {
            shard.retrieve(&ids, Some(payload), Some(vector))
        })?;
        let mut found = Vec::with_capacity(records.len());
        for record in records {
            match (record.id, record.vector) {
                (PointId::NumId(id), Some(VectorStructInternal::Single(vector))) => {
                    found.extend(u32::try_from(id).ok().map(|id| (TextId(id), vector)));
                }
                (PointId::NumId(_) | PointId::Uuid(_), _) => {
                    return Err(self
                        .engine
                        .damaged(format!("the vector of point {} is not one", record.id)));
                }
            }
        }
        Ok(found)
    }

    /// Whether a search may go through a graph.
    pub(super) fn has_graph(&self) -> StoreResult<bool> {
        self.engine
            .run("look at a shard", |shard| Ok(shard.info().indexed_vectors_count > 0))
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
        .hnsw_config(graph())
        .wal_options(engine::log_options())
        .build()
}

/// How graphs are built and kept: on half of the processors, and mapped as the vectors are.
fn graph() -> HnswIndexConfig {
    let n_threads = std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2));
    HnswIndexConfig {
        max_indexing_threads: n_threads,
        on_disk: Some(true),
        ..HnswIndexConfig::default()
    }
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

/// Whether a stored vector can be what was given.
fn is_unit(vector: Option<&VectorStructInternal>, dimension: usize) -> bool {
    match vector {
        Some(VectorStructInternal::Single(vector)) => vector.len() == dimension && engine::is_unit(vector),
        Some(VectorStructInternal::MultiDense(_) | VectorStructInternal::Named(_)) | None => false,
    }
}

fn point_id(text: u32) -> PointId {
    PointId::NumId(u64::from(text))
}

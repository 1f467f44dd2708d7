//! The one shard of all memories: what is asked of it, and how it is configured.
//!
//! Searches run beside one another and beside updates. Updates, flushing and optimising must not
//! overlap: the caller holds its writer lock around them.

use super::census::Census;
use super::filter;
use super::points::{self, DENSE, PART, WHOLE};
use crate::engine::{self, Engine};
use crate::error::StoreResult;
use codemem_core::ports::IndexedMemory;
use qdrant_edge::{
    Distance, EdgeConfig, EdgeConfigBuilder, EdgeOptimizersConfig, EdgeShard, EdgeSparseVectorParamsBuilder,
    EdgeVectorParamsBuilder, Filter, NamedQuery, PayloadSelector, PayloadSelectorInclude, PointId,
    PointInsertOperations, PointOperations, QueryEnum, QueryRequest, Record, ScoringQuery, ScrollRequest,
    UpdateOperation, VectorInternal, VectorStorageDatatype, VectorStructInternal, WithPayloadInterface, WithVector,
};
use std::collections::HashMap;
use std::path::Path;

/// Points per operation: the segment is locked against searches for as long as one takes, about 5 ms.
const UPSERT_BATCH: usize = 64;

/// Points read at a time when all are.
const SCROLL_BATCH: usize = 1_000;

/// Share and number of points deleted from a segment that make rewriting it worth while.
const VACUUM_SHARE: f64 = 0.2;
const VACUUM_MIN_POINTS: usize = 1_000;

/// Segments that are left side by side: one that is being written and one that is not.
const SEGMENTS: usize = 2;

/// An `indexing_threshold` that means never: 50,000 vectors are compared in about 12 ms, and words are found through
/// lists that can be added to.
const NEVER: usize = 0;

/// An open shard.
pub(super) struct Shard {
    dimension: Option<usize>,
    engine: Engine,
}

impl Shard {
    /// Makes an empty shard; the directory must not exist or hold nothing.
    pub(super) fn create(directory: &Path, dimension: Option<usize>) -> StoreResult<Self> {
        let shard = Self {
            dimension,
            engine: Engine::create(directory, config(dimension))?,
        };
        shard.index_fields()?;
        shard.flush()?;
        Ok(shard)
    }

    /// Opens a shard that [`Shard::create`] made.
    pub(super) fn load(directory: &Path, dimension: Option<usize>) -> StoreResult<Self> {
        Ok(Self {
            dimension,
            engine: Engine::load(directory, config(dimension))?,
        })
    }

    /// Whether parts may have embeddings.
    pub(super) fn has_vectors(&self) -> bool {
        self.dimension.is_some()
    }

    /// Adds or replaces the points of memories.
    pub(super) fn upsert(&self, memories: &[(u32, &IndexedMemory)]) -> StoreResult<()> {
        let points: Vec<_> = memories
            .iter()
            .flat_map(|(key, indexed)| points::of_memory(*key, indexed))
            .collect();
        for batch in points.chunks(UPSERT_BATCH) {
            let operation = PointOperations::UpsertPoints(PointInsertOperations::PointsList(batch.to_vec()));
            self.engine.update("add memories", operation)?;
        }
        Ok(())
    }

    /// Removes points; unknown ones are ignored.
    pub(super) fn delete(&self, ids: Vec<PointId>) -> StoreResult<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.engine
            .update("remove memories", PointOperations::DeletePoints { ids })
    }

    /// The points that answer best, best first; equally good ones in order. Words weigh what the caller says.
    pub(super) fn nearest(
        &self,
        name: &str,
        vector: VectorInternal,
        filter: Filter,
        limit: usize,
    ) -> StoreResult<Vec<(u32, f32)>> {
        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(QueryEnum::Nearest(NamedQuery::new(vector, name)))),
            filter: Some(filter),
            score_threshold: None,
            limit,
            offset: 0,
            params: None,
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };
        let found = self.engine.run("search memories", |shard| shard.query(request))?;
        let mut found: Vec<_> = found
            .into_iter()
            .filter_map(|point| Some((points::parse(point.id)?, point.score)))
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(found.into_iter().map(|((key, _part), score)| (key, score)).collect())
    }

    /// The distinct words of memories, as they are stored.
    pub(super) fn words(&self, keys: &[u32]) -> StoreResult<HashMap<u32, Vec<u32>>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<PointId> = keys.iter().map(|key| points::id(*key, 0)).collect();
        let records = self.engine.run("read the words of memories", |shard| {
            let no_payload = WithPayloadInterface::Bool(false);
            shard.retrieve(
                &ids,
                Some(no_payload),
                Some(WithVector::Selector(vec![WHOLE.to_owned()])),
            )
        })?;
        let words = |record: Record| Some((points::parse(record.id)?.0, words_of(&record)));
        Ok(records.into_iter().filter_map(words).collect())
    }

    /// Counts everything, reading it all.
    pub(super) fn census(&self) -> StoreResult<Census> {
        let mut census = Census::default();
        let fields = PayloadSelector::Include(PayloadSelectorInclude::new(filter::counted_fields()));
        let with_payload = WithPayloadInterface::Selector(fields);
        self.scroll(&with_payload, &WithVector::Selector(vec![WHOLE.to_owned()]), |record| {
            let Some((key, part)) = points::parse(record.id) else {
                return Err(format!("{} is no point of a memory", record.id));
            };
            if part > 0 {
                census.add_part(key, part);
                return Ok(());
            }
            let payload = record.payload.as_ref();
            let Some((payload, place)) = payload.and_then(|payload| Some((payload, filter::place_in(payload)?))) else {
                return Err(format!("point {} is nowhere", record.id));
            };
            census.add(key, 1, place, filter::expiry_in(payload), &words_of(record));
            Ok(())
        })?;
        Ok(census)
    }

    /// Reads every point; one that cannot be what was put there is damage.
    pub(super) fn check(&self) -> StoreResult<()> {
        let n_points = self.engine.count()?;
        let mut n_read = 0;
        self.scroll(&WithPayloadInterface::Bool(true), &WithVector::Bool(true), |record| {
            n_read += 1;
            self.fault(record).map_or(Ok(()), Err)
        })?;
        // Points may have come or gone while they were read.
        if n_read < n_points.min(self.engine.count()?) {
            let finding = format!("{n_read} points can be read, {n_points} are counted");
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

    /// Closes and opens the shard, which gives its operation log back to the file system.
    pub(super) fn reopen(self) -> StoreResult<Self> {
        let directory = self.engine.directory().to_owned();
        self.engine.close()?;
        Self::load(&directory, self.dimension)
    }

    /// Rewrites segments of which much has been deleted. True when anything changed.
    pub(super) fn vacuum(&self) -> StoreResult<bool> {
        let changed = self.engine.run("rewrite memories", EdgeShard::optimize)?;
        if changed {
            // A segment that was begun meanwhile has no field indexes.
            self.index_fields()?;
        }
        Ok(changed)
    }

    fn index_fields(&self) -> StoreResult<()> {
        for operation in filter::field_indexes() {
            self.engine.run("index the fields of memories", |shard| {
                shard.update(UpdateOperation::FieldIndexOperation(operation))
            })?;
        }
        Ok(())
    }

    fn scroll(
        &self,
        with_payload: &WithPayloadInterface,
        with_vector: &WithVector,
        mut each: impl FnMut(&Record) -> Result<(), String>,
    ) -> StoreResult<()> {
        let mut offset = None;
        loop {
            let request = ScrollRequest {
                offset,
                limit: Some(SCROLL_BATCH),
                filter: None,
                with_payload: Some(with_payload.clone()),
                with_vector: with_vector.clone(),
                order_by: None,
            };
            let (records, next) = self.engine.examine(|shard| shard.scroll(request))?;
            for record in &records {
                each(record).map_err(|finding| self.engine.damaged(finding))?;
            }
            let Some(next) = next else { return Ok(()) };
            offset = Some(next);
        }
    }

    /// What is wrong with a point.
    fn fault(&self, record: &Record) -> Option<String> {
        let fault = |what: &str| Some(format!("{what} of point {}", record.id));
        if points::parse(record.id).is_none() {
            return fault("the number");
        }
        if record.payload.as_ref().and_then(filter::place_in).is_none() {
            return fault("the place");
        }
        let Some(VectorStructInternal::Named(vectors)) = &record.vector else {
            return fault("the vectors");
        };
        for (name, vector) in vectors {
            let is_sound = match vector {
                VectorInternal::Dense(vector) => {
                    name == DENSE && Some(vector.len()) == self.dimension && engine::is_unit(vector)
                }
                VectorInternal::Sparse(terms) => {
                    (name == WHOLE || name == PART)
                        && terms.indices.len() == terms.values.len()
                        && terms.values.iter().all(|weight| weight.is_finite())
                }
                VectorInternal::MultiDense(_) => false,
            };
            if !is_sound {
                return fault(&format!("the vector `{name}`"));
            }
        }
        None
    }
}

fn words_of(record: &Record) -> Vec<u32> {
    match &record.vector {
        Some(VectorStructInternal::Named(vectors)) => match vectors.get(WHOLE) {
            Some(VectorInternal::Sparse(terms)) => terms.indices.clone(),
            Some(VectorInternal::Dense(_) | VectorInternal::MultiDense(_)) | None => Vec::new(),
        },
        Some(VectorStructInternal::Single(_) | VectorStructInternal::MultiDense(_)) | None => Vec::new(),
    }
}

fn config(dimension: Option<usize>) -> EdgeConfig {
    // Words are weighed by the caller, not by the engine's own count of points: see `census`.
    let mut builder = EdgeConfigBuilder::new()
        .sparse_vector(WHOLE, EdgeSparseVectorParamsBuilder::new().build())
        .sparse_vector(PART, EdgeSparseVectorParamsBuilder::new().build());
    if let Some(dimension) = dimension {
        // Unit vectors: their dot product is their cosine, without normalising them once more. Mapped, not read in, and
        // twice by the engine: half as long components save 18 MiB at 10,000 memories and cost 0.0005 of a cosine at most.
        let vector = EdgeVectorParamsBuilder::new(dimension, Distance::Dot)
            .on_disk(true)
            .datatype(VectorStorageDatatype::Float16)
            .build();
        builder = builder.vector(DENSE, vector);
    }
    builder
        .optimizers(EdgeOptimizersConfig {
            deleted_threshold: Some(VACUUM_SHARE),
            vacuum_min_vector_number: Some(VACUUM_MIN_POINTS),
            default_segment_number: Some(SEGMENTS),
            max_segment_size: None,
            indexing_threshold: Some(NEVER),
            prevent_unoptimized: None,
        })
        .wal_options(engine::log_options())
        .build()
}

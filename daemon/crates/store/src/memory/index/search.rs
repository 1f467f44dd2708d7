//! Answering a question: three ways of looking, each filtered before it is cut, put together to one hit a memory.

use super::census::Census;
use super::points::{self, DENSE, PART, WHOLE};
use super::{filter, shard::Shard};
use crate::error::StoreResult;
use codemem_core::ports::MemoryQuery;
use qdrant_edge::{Condition, Filter, HasIdCondition, PointId, VectorInternal};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// How much longer an answer is asked for when one memory has taken several places of it.
const WIDEN: usize = 4;

/// A memory that may answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in super::super) struct IndexHit {
    /// The memory.
    pub(in super::super) key: u32,
    /// Cosine of its best part; `None` when it has no vector, or there is none to compare with.
    pub(in super::super) cosine: Option<f32>,
    /// Weighted overlap of words of the whole; `None` when there is none.
    pub(in super::super) whole: Option<f32>,
    /// The same of its best part.
    pub(in super::super) part: Option<f32>,
}

/// The answer of one way of looking.
#[derive(Default)]
struct Ranking {
    /// The best score of each memory.
    best: HashMap<u32, f32>,
    /// Whether no other memory has a score.
    is_complete: bool,
}

/// The memories that answer best.
pub(super) fn search(shard: &Shard, census: &RwLock<Census>, query: &MemoryQuery) -> StoreResult<Vec<IndexHit>> {
    let (weighed, first_expiry) = {
        let places = filter::places(&query.reader, &[]);
        let census = census.read().unwrap_or_else(PoisonError::into_inner);
        (census.weigh(&query.terms, &places), census.first_expiry())
    };
    let filter = filter::of_query(query, first_expiry);
    let Some(filter) = filter.filter(|_| query.limit > 0) else {
        return Ok(Vec::new());
    };
    let vector = query.vector.clone().filter(|_| shard.has_vectors());
    let words = (!weighed.is_empty()).then(|| points::sparse(&weighed));
    let ways = [
        (DENSE, vector.map(VectorInternal::Dense)),
        (WHOLE, words.clone().map(VectorInternal::Sparse)),
        (PART, words.map(VectorInternal::Sparse)),
    ];
    let mut rankings = Vec::with_capacity(ways.len());
    for (name, vector) in &ways {
        rankings.push(match vector {
            Some(vector) => rank(shard, name, vector, &filter, query.limit)?,
            None => Ranking {
                is_complete: true,
                ..Ranking::default()
            },
        });
    }
    let mut keys: Vec<u32> = rankings
        .iter()
        .flat_map(|ranking| ranking.best.keys().copied())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let n_parts: Vec<u16> = {
        let census = census.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| census.n_parts(*key)).collect()
    };
    for ((name, vector), ranking) in ways.iter().zip(&mut rankings) {
        if let Some(vector) = vector
            && !ranking.is_complete
        {
            let missing = keys
                .iter()
                .zip(&n_parts)
                .filter(|(key, _)| !ranking.best.contains_key(key));
            let ids = missing.flat_map(|(key, n_parts)| ids(name, *key, *n_parts)).collect();
            fill(shard, name, vector, ids, ranking)?;
        }
    }
    let hit = |(&key, &n_parts): (&u32, &u16)| {
        let [cosine, whole, part] = [0, 1, 2].map(|way: usize| rankings[way].best.get(&key).copied());
        // The words of an only part are those of the whole.
        let part = if n_parts > 1 { part } else { whole };
        IndexHit {
            key,
            cosine,
            whole,
            part,
        }
    };
    Ok(keys.iter().zip(&n_parts).map(hit).collect())
}

/// The best memories of one way of looking, at most `limit`.
fn rank(shard: &Shard, name: &str, vector: &VectorInternal, filter: &Filter, limit: usize) -> StoreResult<Ranking> {
    let mut n_points = match name {
        WHOLE => limit,
        _several_a_memory => limit + limit / 2,
    };
    loop {
        let found = shard.nearest(name, vector.clone(), filter.clone(), n_points)?;
        let is_complete = found.len() < n_points;
        let mut best = HashMap::with_capacity(limit);
        let mut is_cut = false;
        for (key, score) in found {
            if best.len() < limit {
                best.entry(key).or_insert(score);
            } else if !best.contains_key(&key) {
                is_cut = true;
                break;
            }
        }
        if is_complete || best.len() == limit {
            return Ok(Ranking {
                best,
                is_complete: is_complete && !is_cut,
            });
        }
        n_points = n_points.saturating_mul(WIDEN);
    }
}

/// Scores what other ways have found.
fn fill(
    shard: &Shard,
    name: &str,
    vector: &VectorInternal,
    ids: Vec<PointId>,
    ranking: &mut Ranking,
) -> StoreResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let n_points = ids.len();
    let within: HasIdCondition = ids.into_iter().collect();
    let filter = Filter::new_must(Condition::HasId(within));
    for (key, score) in shard.nearest(name, vector.clone(), filter, n_points)? {
        ranking.best.entry(key).or_insert(score);
    }
    Ok(())
}

/// The points of a memory that may have a vector of that name.
fn ids(name: &str, key: u32, n_parts: u16) -> impl Iterator<Item = PointId> {
    let (first, end) = match name {
        WHOLE => (0, n_parts.min(1)),
        PART if n_parts == 1 => (0, 0),
        _every_part => (0, n_parts),
    };
    points::ids(key, first, end)
}

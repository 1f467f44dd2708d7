//! Finding memories: a prompt in, what answers it out, or nothing.

use super::MemoryError;
use super::inner::{Asking, Inner};
use super::types::{Caller, FindMemories, Found, Handle, MemoryHit};
use codemem_core::memory::gate::{self, Decision, Gate};
use codemem_core::memory::rank::{self, Asked};
use codemem_core::memory::{MemoryFilter, State, parts, question, validate};
use codemem_core::ports::MemoryQuery;
use std::sync::Arc;
use std::time::Instant;

/// Candidates of each way of looking, at least: the right one may be far down in each and first in all.
const MIN_CANDIDATES: usize = 40;

pub(super) async fn find(inner: &Arc<Inner>, caller: Caller, request: FindMemories) -> Result<Found, MemoryError> {
    inner
        .blocking("find", move |inner| {
            let began = Instant::now();
            let asking = inner.asking(caller)?;
            let filter = asking.filter(request.filter.clone())?;
            let query = validate::query(&request.query)?;
            let gate = gate::decide(&query);
            let gate = if request.no_gate { open(gate) } else { gate };
            if gate.decision == Decision::Skip {
                return Ok(nothing(gate, began));
            }
            let wanted = Wanted {
                query: &query,
                limit: validate::limit(request.limit)?,
                token_budget: validate::token_budget(request.token_budget)?,
                use_floor: !request.no_floor,
                explain: request.explain,
            };
            answer(inner, &asking, filter, &wanted, gate, began)
        })
        .await
}

/// How an answer is wanted.
pub(super) struct Wanted<'a> {
    /// Checked.
    pub(super) query: &'a str,
    pub(super) limit: usize,
    /// 0: no limit.
    pub(super) token_budget: usize,
    pub(super) use_floor: bool,
    pub(super) explain: bool,
}

/// The gate of somebody who wants an answer whatever it says.
pub(super) fn open(gate: Gate) -> Gate {
    Gate {
        decision: Decision::Off,
        ..gate
    }
}

fn nothing(gate: Gate, began: Instant) -> Found {
    Found {
        hits: Vec::new(),
        gate,
        query_used: None,
        took_ms: milliseconds(began),
        n_searched: 0,
        no_vectors: Some("nothing was searched".to_owned()),
        more: Vec::new(),
    }
}

pub(super) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Answers a question of somebody who may read what the filter lets through of its own. Blocks.
pub(super) fn answer(
    inner: &Inner,
    asking: &Asking,
    filter: MemoryFilter,
    wanted: &Wanted<'_>,
    gate: Gate,
    began: Instant,
) -> Result<Found, MemoryError> {
    let question = question::extract(wanted.query);
    let now = inner.now();
    let (vector, mut no_vectors) = match inner.embed_question(&question.text) {
        Ok(vector) => (Some(vector), None),
        Err(why) => (None, Some(why)),
    };
    let query = MemoryQuery {
        reader: asking.reader.clone(),
        filter,
        terms: parts::query_terms(&question.text),
        vector,
        limit: MIN_CANDIDATES.max(3 * wanted.limit),
        now,
    };
    let found = inner
        .store
        .candidates(&query)
        .map_err(MemoryError::port("search the memories"))?;
    let mut candidates = found.candidates;
    // The store has kept to this; whoever reads is decided here once more.
    candidates.retain(|candidate| {
        let memory = &candidate.memory;
        asking.reader.may_read(&memory.place)
            && query.filter.admits(memory)
            && memory.state == State::Active
            && !memory.is_expired(now)
    });
    if query.vector.is_some() && !candidates.is_empty() && candidates.iter().all(|one| one.cosine.is_none()) {
        no_vectors = Some("no vectors yet that this model can be compared with".to_owned());
    }
    let ranked = rank::answer(
        candidates,
        &Asked {
            query: &question.text,
            now,
            limit: wanted.limit,
            token_budget: wanted.token_budget,
            use_floor: wanted.use_floor,
        },
    );
    let mut trees = inner.trees(asking.project.as_ref());
    let hits = ranked.hits.into_iter().map(|hit| MemoryHit {
        shown: trees.show(hit.memory),
        score: hit.score,
        reason: hit.reason,
        contradicts: hit.contradicts,
        folded: hit.folded,
        features: if wanted.explain { hit.features } else { Vec::new() },
    });
    let hits = hits.collect();
    let more = ranked
        .more
        .into_iter()
        .map(|(id, title, score)| Handle { id, title, score });
    Ok(Found {
        hits,
        gate,
        query_used: question.is_extract.then_some(question.text),
        took_ms: milliseconds(began),
        n_searched: found.n_searched,
        no_vectors,
        more: more.collect(),
    })
}

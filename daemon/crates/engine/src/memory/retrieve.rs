//! What is remembered at one level: preferences, facts of a project, the state of a session.
//!
//! The level decides what the reader is, not only what the filter is: who asks for preferences is nobody's project here, so that no
//! mistake of a filter can show more.

use super::MemoryError;
use super::find::{Wanted, answer, milliseconds, open};
use super::inner::{Asking, Inner};
use super::types::{Caller, Found, Handle, MemoryHit, RetrieveMemories};
use codemem_core::memory::gate::{Decision, Gate};
use codemem_core::memory::{ContextLevel, Memory, MemoryFilter, Reader, State, TimestampMs, gate, validate};
use codemem_core::ports::MemoryScope;
use std::sync::Arc;
use std::time::Instant;

/// Memories looked at for the ones that matter most: the newest of them.
const LOOKED_AT: usize = 1_000;

/// Longest title, in characters.
pub(super) const TITLE: usize = 80;

/// Bytes of content that count as a token.
const TOKEN_BYTES: usize = 4;

pub(super) async fn retrieve(
    inner: &Arc<Inner>,
    caller: Caller,
    level: ContextLevel,
    request: RetrieveMemories,
) -> Result<Found, MemoryError> {
    inner
        .blocking("retrieve", move |inner| {
            let began = Instant::now();
            let mut asking = inner.asking(caller)?;
            asking.has(level)?;
            asking.reader = reader_of(level, &asking.reader);
            let filter = MemoryFilter {
                levels: vec![level],
                ..MemoryFilter::default()
            };
            let limit = validate::limit(request.limit)?;
            let token_budget = validate::token_budget(request.token_budget)?;
            match validate::query_if_any(&request.query)? {
                Some(query) => {
                    let wanted = Wanted {
                        query: &query,
                        limit,
                        token_budget,
                        use_floor: true,
                        explain: false,
                    };
                    answer(inner, &asking, filter, &wanted, open(gate::decide(&query)), began)
                }
                None => most_important(inner, &asking, &filter, limit, token_budget, began),
            }
        })
        .await
}

/// A reader who can read nothing but that level.
fn reader_of(level: ContextLevel, reader: &Reader) -> Reader {
    match level {
        ContextLevel::UserPreference => Reader::default(),
        ContextLevel::ProjectContext => Reader {
            project: reader.project.clone(),
            session: None,
        },
        ContextLevel::SessionState => reader.clone(),
    }
}

/// Without a question: what is believed most, was confirmed most and is newest.
fn most_important(
    inner: &Inner,
    asking: &Asking,
    filter: &MemoryFilter,
    limit: usize,
    token_budget: usize,
    began: Instant,
) -> Result<Found, MemoryError> {
    let now = inner.now();
    let scope = MemoryScope::Reader(asking.reader.clone());
    let page = inner.store.list(&scope, filter, &[State::Active], None, LOOKED_AT, now);
    let page = page.map_err(MemoryError::port("list the memories"))?;
    let mut memories = page.memories;
    memories.retain(|memory| {
        asking.reader.may_read(&memory.place)
            && filter.admits(memory)
            && memory.state == State::Active
            && !memory.is_expired(now)
    });
    // Newest first already, which decides between equals.
    memories.sort_by(|a, b| importance(b, now).total_cmp(&importance(a, now)));
    let mut trees = inner.trees(asking.project.as_ref());
    let (mut hits, mut more, mut n_tokens) = (Vec::new(), Vec::new(), 0);
    for memory in memories.into_iter().take(limit) {
        let score = importance(&memory, now);
        n_tokens += memory.content.len().div_ceil(TOKEN_BYTES);
        if token_budget > 0 && n_tokens > token_budget {
            n_tokens -= memory.content.len().div_ceil(TOKEN_BYTES);
            more.push(Handle {
                title: memory.title(TITLE),
                id: memory.id,
                score,
            });
            continue;
        }
        let reason = if memory.confirmations > 0 {
            "confirmed"
        } else {
            "among the newest"
        };
        hits.push(MemoryHit {
            shown: trees.show(memory),
            score,
            reason: reason.to_owned(),
            contradicts: Vec::new(),
            folded: Vec::new(),
            features: Vec::new(),
        });
    }
    Ok(Found {
        hits,
        gate: Gate {
            decision: Decision::Off,
            score: 1.0,
            reason: "nothing in particular was asked",
        },
        query_used: None,
        took_ms: milliseconds(began),
        n_searched: page.total,
        no_vectors: Some("nothing in particular was asked".to_owned()),
        more,
    })
}

/// How much a memory matters by itself, 0 to 1.
fn importance(memory: &Memory, now: TimestampMs) -> f32 {
    /// After so long without being confirmed or edited, being new counts half.
    const HALF_LIFE_DAYS: f32 = 90.0;
    /// Confirmations beyond which one more says nothing.
    const MANY: f32 = 10.0;
    const DAY_MS: f32 = 86_400_000.0;
    let held = memory.confirmed_at.unwrap_or_default().max(memory.created_at);
    let days = now.saturating_sub(held).max(0) as f32 / DAY_MS;
    let recency = 0.5_f32.powf(days / HALF_LIFE_DAYS);
    let confirmed = ((1.0 + memory.confirmations as f32).ln() / (1.0 + MANY).ln()).min(1.0);
    let sum = 0.5 * memory.trust + 0.3 * confirmed + 0.2 * recency;
    if memory.flags.is_empty() { sum } else { 0.3 * sum }
}

//! What is stored already and says nearly the same as something new, or the opposite. Blocks.

use super::inner::Inner;
use super::stale::Trees;
use super::types::MemoryHit;
use codemem_core::memory::rank::{contradicts, nearly_same};
use codemem_core::memory::{MemoryFilter, Reader, State, TimestampMs};
use codemem_core::ports::{IndexedMemory, MemoryQuery};

/// Candidates of each way of looking.
const CANDIDATES: usize = 20;

/// Most that are told.
const MAX_RELATED: usize = 3;

impl Inner {
    /// Memories that the writer may read and that say nearly the same or the opposite. A help, not a condition: what fails
    /// here is logged.
    pub(super) fn related(
        &self,
        reader: &Reader,
        indexed: &IndexedMemory,
        trees: &mut Trees<'_>,
        now: TimestampMs,
    ) -> Vec<MemoryHit> {
        let query = MemoryQuery {
            reader: reader.clone(),
            filter: MemoryFilter::default(),
            terms: indexed.whole.clone(),
            vector: indexed.parts.first().and_then(|part| part.vector.clone()),
            limit: CANDIDATES,
            now,
        };
        let mut found = match self.store.candidates(&query) {
            Ok(found) => found.candidates,
            Err(error) => {
                tracing::warn!(%error, "a memory is stored without a look at related ones");
                return Vec::new();
            }
        };
        let new = &indexed.memory;
        found.retain(|candidate| {
            let known = &candidate.memory;
            known.id != new.id
                && Some(&known.id) != new.supersedes.as_ref()
                && known.state == State::Active
                && known.content != new.content
                && reader.may_read(&known.place)
        });
        let strength = |cosine: Option<f32>| cosine.unwrap_or_default().clamp(0.0, 1.0);
        found.sort_by(|a, b| {
            let words = |whole: Option<f32>| whole.unwrap_or_default();
            strength(b.cosine)
                .total_cmp(&strength(a.cosine))
                .then_with(|| words(b.whole).total_cmp(&words(a.whole)))
        });
        let mut related = Vec::new();
        for candidate in found {
            let reason = if contradicts(&candidate.memory.content, &new.content) {
                "seems to say the opposite"
            } else if nearly_same(&candidate.memory.content, &new.content) {
                "says nearly the same"
            } else {
                continue;
            };
            related.push(MemoryHit {
                score: strength(candidate.cosine),
                shown: trees.show(candidate.memory),
                reason: reason.to_owned(),
                contradicts: Vec::new(),
                folded: Vec::new(),
                features: Vec::new(),
            });
            if related.len() == MAX_RELATED {
                break;
            }
        }
        related
    }
}

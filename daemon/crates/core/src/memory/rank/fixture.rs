//! Memories for tests.

use crate::ids::{Hash128, RepositoryKey};
use crate::memory::{Memory, MemoryId, MemoryKind, Origin, Place, State};
use crate::ports::MemoryCandidate;

/// Milliseconds of a day.
pub(in crate::memory) const DAY: i64 = 86_400_000;

/// When everything happens.
pub(in crate::memory) const NOW: i64 = 20_000 * DAY;

/// A memory of an import, 100 days old.
pub(in crate::memory) fn memory(number: u64, content: &str) -> Memory {
    Memory {
        id: MemoryId::new(number),
        content: content.to_owned(),
        place: Place::Project(RepositoryKey::new(Hash128([7; 16]))),
        project_path: "/p".to_owned(),
        tags: Vec::new(),
        kind: MemoryKind::Note,
        origin: Origin::Import,
        trust: Origin::Import.trust(),
        state: State::Active,
        created_at: NOW - 100 * DAY,
        updated_at: NOW - 100 * DAY,
        confirmed_at: None,
        confirmations: 0,
        expires_at: None,
        supersedes: None,
        superseded_by: None,
        version: 1,
        anchors: Vec::new(),
        flags: Vec::new(),
    }
}

/// Candidates of a question: what the index would say about words, and the cosines that are given.
pub(in crate::memory) fn candidates(query: &str, memories: Vec<(Memory, Option<f32>)>) -> Vec<MemoryCandidate> {
    let asked = crate::memory::parts::query_terms(query);
    let found = |list: &[crate::ports::SparseTerm]| -> Option<f32> {
        let weights = asked.iter().filter_map(|asked| {
            let index = list.binary_search_by_key(&asked.term, |term| term.term).ok()?;
            Some(asked.weight * list[index].weight)
        });
        Some(weights.sum()).filter(|sum: &f32| *sum > 0.0)
    };
    let candidate = |(memory, cosine): (Memory, Option<f32>)| {
        let indexed = crate::memory::parts::index(&memory, None);
        MemoryCandidate {
            whole: found(&indexed.whole),
            part: indexed
                .parts
                .iter()
                .filter_map(|part| found(&part.terms))
                .max_by(f32::total_cmp),
            memory,
            cosine,
        }
    };
    memories.into_iter().map(candidate).collect()
}

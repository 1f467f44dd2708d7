//! Looking at every memory instead of asking the index: slower by the number of memories, and always right.
//!
//! For when there is no index that could be asked: a damaged one that may not be made anew, a database that is itself
//! damaged and only read. Functions over an open transaction; scores are those that the index would give.

use super::rows::{self, Key};
use super::{parts, read};
use crate::sqlite::Fault;
use codemem_core::ports::{IndexedMemory, MemoryPart, MemoryQuery, SparseTerm};
use rusqlite::Connection;
use std::collections::HashMap;

/// How well a memory answers, each way that it was among the best.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scores {
    /// As in [`codemem_core::ports::MemoryCandidate`].
    pub(super) cosine: Option<f32>,
    /// As in [`codemem_core::ports::MemoryCandidate`].
    pub(super) whole: Option<f32>,
    /// As in [`codemem_core::ports::MemoryCandidate`].
    pub(super) part: Option<f32>,
}

/// The best memories of each way of looking.
pub(super) fn search(tx: &Connection, query: &MemoryQuery) -> Result<Vec<(Key, Scores)>, Fault> {
    let mut found = Vec::new();
    for key in read::keys(tx, &query.reader, &query.filter, query.now)? {
        if let Some(memory) = rows::load(tx, key)? {
            found.push((key, parts::load(tx, key, &memory)?));
        }
    }
    let whole = Rarity::of(query, found.iter().map(|(_, indexed)| &indexed.whole));
    let part = Rarity::of(
        query,
        found
            .iter()
            .flat_map(|(_, indexed)| indexed.parts.iter().map(|part| &part.terms)),
    );
    let mut scores: Vec<(Key, Scores)> = found
        .iter()
        .map(|(key, indexed)| {
            let scores = Scores {
                cosine: cosine(indexed, query.vector.as_deref()),
                whole: Some(whole.overlap(&indexed.whole)).filter(|score| *score > 0.0),
                part: best(indexed.parts.iter().map(|MemoryPart { terms, .. }| part.overlap(terms)))
                    .filter(|score| *score > 0.0),
            };
            (*key, scores)
        })
        .collect();
    keep_best(&mut scores, query.limit, |scores| &mut scores.cosine);
    keep_best(&mut scores, query.limit, |scores| &mut scores.whole);
    keep_best(&mut scores, query.limit, |scores| &mut scores.part);
    scores.retain(|(_, scores)| scores.cosine.is_some() || scores.whole.is_some() || scores.part.is_some());
    Ok(scores)
}

fn cosine(indexed: &IndexedMemory, wanted: Option<&[f32]>) -> Option<f32> {
    let wanted = wanted?;
    let vectors = indexed.parts.iter().filter_map(|part| part.vector.as_ref());
    let fitting = vectors.filter(|vector| vector.len() == wanted.len());
    best(fitting.map(|vector| vector.iter().zip(wanted).map(|(a, b)| a * b).sum()))
}

fn best(scores: impl Iterator<Item = f32>) -> Option<f32> {
    scores.max_by(f32::total_cmp)
}

/// Forgets the scores that are not among the best `limit`.
fn keep_best(scores: &mut [(Key, Scores)], limit: usize, way: impl Fn(&mut Scores) -> &mut Option<f32>) {
    scores.sort_by_key(|(key, _)| *key);
    scores.sort_by(|(_, a), (_, b)| {
        let (mut a, mut b) = (*a, *b);
        let worst = f32::NEG_INFINITY;
        way(&mut b).unwrap_or(worst).total_cmp(&way(&mut a).unwrap_or(worst))
    });
    for (_, scores) in scores.iter_mut().skip(limit) {
        *way(scores) = None;
    }
}

/// The words of a question, each weighted by how rare it is.
struct Rarity(HashMap<u32, f32>);

impl Rarity {
    fn of<'t>(query: &MemoryQuery, texts: impl Iterator<Item = &'t Vec<SparseTerm>>) -> Self {
        let mut n_texts = 0.0;
        let mut n_with: HashMap<u32, f32> = query.terms.iter().map(|term| (term.term, 0.0)).collect();
        for terms in texts {
            n_texts += 1.0;
            for SparseTerm { term, .. } in terms {
                if let Some(n) = n_with.get_mut(term) {
                    *n += 1.0;
                }
            }
        }
        let weight = |term: &SparseTerm| {
            let n: f32 = n_with[&term.term];
            (term.term, term.weight * (1.0 + (n_texts - n + 0.5) / (n + 0.5)).ln())
        };
        Self(query.terms.iter().map(weight).collect())
    }

    fn overlap(&self, terms: &[SparseTerm]) -> f32 {
        let weight = |term: &SparseTerm| self.0.get(&term.term).map_or(0.0, |rarity| rarity * term.weight);
        terms.iter().map(weight).sum()
    }
}

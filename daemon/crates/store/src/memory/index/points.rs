//! Points: a memory as the engine holds it, one point a part.
//!
//! A point's number is the memory's key and the part's number. Each part has its embedding, when there is one; the first
//! has the words of the whole content; and where there are several, each has its own words. The words of a memory of one
//! part are those of the whole: kept twice they would double the size of the index.

use super::filter;
use codemem_core::ports::{IndexedMemory, MemoryPart, SparseTerm};
use qdrant_edge::{PointId, PointStructPersisted, SparseVector, VectorPersisted, VectorStructPersisted};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The vector of a part's embedding.
pub(super) const DENSE: &str = "dense";
/// The vector of the words of a whole memory.
pub(super) const WHOLE: &str = "whole";
/// The vector of the words of one part of several.
pub(super) const PART: &str = "part";

/// Bits of a point's number that count the parts of a memory.
const PART_BITS: u32 = 8;

/// Most parts of a memory; what is beyond joins the last.
pub(super) const MAX_PARTS: usize = 1 << PART_BITS;

/// The points of a memory, first part first.
pub(super) fn of_memory(key: u32, indexed: &IndexedMemory) -> Vec<PointStructPersisted> {
    let payload = filter::payload(&indexed.memory);
    let parts = parts(&indexed.parts);
    let has_several = parts.len() > 1;
    let mut points = Vec::with_capacity(parts.len());
    for (number, part) in (0_u8..=u8::MAX).zip(parts.iter()) {
        let mut vectors = HashMap::new();
        if let Some(vector) = &part.vector {
            vectors.insert(DENSE.to_owned(), VectorPersisted::Dense(vector.clone()));
        }
        let whole = (number == 0).then_some((WHOLE, &indexed.whole));
        let own = has_several.then_some((PART, &part.terms));
        for (name, terms) in whole.into_iter().chain(own) {
            if !terms.is_empty() {
                vectors.insert(name.to_owned(), VectorPersisted::Sparse(sparse(terms)));
            }
        }
        points.push(PointStructPersisted {
            id: id(key, number),
            vector: VectorStructPersisted::Named(vectors),
            payload: Some(payload.clone()),
        });
    }
    points
}

/// How many points [`of_memory`] makes.
pub(super) fn count(indexed: &IndexedMemory) -> u16 {
    indexed.parts.len().clamp(1, MAX_PARTS) as u16
}

/// The distinct words of a whole memory.
pub(super) fn words(indexed: &IndexedMemory) -> Vec<u32> {
    indexed.whole.iter().map(|term| term.term).collect()
}

/// Words as the engine takes them.
pub(super) fn sparse(terms: &[SparseTerm]) -> SparseVector {
    SparseVector {
        indices: terms.iter().map(|term| term.term).collect(),
        values: terms.iter().map(|term| term.weight).collect(),
    }
}

/// The number of a part's point.
pub(super) fn id(key: u32, part: u8) -> PointId {
    PointId::NumId(u64::from(key) << PART_BITS | u64::from(part))
}

/// The numbers of the parts from `first` to before `end`.
pub(super) fn ids(key: u32, first: u16, end: u16) -> impl Iterator<Item = PointId> {
    (first..end).map(move |part| PointId::NumId(u64::from(key) << PART_BITS | u64::from(part)))
}

/// The memory and the part that a point is of.
pub(super) fn parse(id: PointId) -> Option<(u32, u8)> {
    let PointId::NumId(id) = id else { return None };
    Some((u32::try_from(id >> PART_BITS).ok()?, (id & 0xff) as u8))
}

/// At least one part, and at most [`MAX_PARTS`].
fn parts(parts: &[MemoryPart]) -> Cow<'_, [MemoryPart]> {
    if parts.is_empty() {
        return Cow::Owned(vec![MemoryPart {
            terms: Vec::new(),
            vector: None,
        }]);
    }
    let Some((own, rest)) = parts.split_at_checked(MAX_PARTS).filter(|(_, rest)| !rest.is_empty()) else {
        return Cow::Borrowed(parts);
    };
    let mut own = own.to_vec();
    let last = &mut own[MAX_PARTS - 1];
    let mut weights: BTreeMap<u32, f32> = BTreeMap::new();
    for term in last.terms.iter().chain(rest.iter().flat_map(|part| &part.terms)) {
        let weight = weights.entry(term.term).or_default();
        *weight = weight.max(term.weight);
    }
    last.terms = weights
        .into_iter()
        .map(|(term, weight)| SparseTerm { term, weight })
        .collect();
    Cow::Owned(own)
}

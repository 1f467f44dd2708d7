//! What is indexed, counted: which memories, in how many parts, and how many memories of each place have a word.
//!
//! The engine can weigh words by rarity itself, but counts points, and counts them all: a long memory would count once a
//! part, and what other projects have written would decide what is rare in this one. Here a word is as rare as it is
//! among the memories that the reader may read, and nothing else shows in a score. In memory alone: read from the
//! shard when it is opened, 20 bytes a word and place.

use codemem_core::memory::TimestampMs;
use codemem_core::ports::SparseTerm;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The counts.
#[derive(Default, Debug)]
pub(super) struct Census {
    places: HashMap<Arc<str>, PlaceCount>,
    memories: HashMap<u32, Counted>,
    /// How many expire at a time.
    expiries: BTreeMap<TimestampMs, u32>,
}

#[derive(Default, Debug)]
struct PlaceCount {
    /// Memories with words.
    n_memories: u32,
    /// How many of them have a word.
    n_with: HashMap<u32, u32>,
}

#[derive(Default, Debug)]
struct Counted {
    /// Points that may be there: parts 0 to before this.
    n_parts: u16,
    /// Where its words are counted; `None` when it has none.
    place: Option<Arc<str>>,
    expires_at: Option<TimestampMs>,
}

impl Census {
    /// Counts a part, of a memory whose first part may not have been seen yet.
    pub(super) fn add_part(&mut self, key: u32, part: u8) {
        let counted = self.memories.entry(key).or_default();
        counted.n_parts = counted.n_parts.max(u16::from(part) + 1);
    }

    /// Counts a memory that is not counted yet, but for parts.
    pub(super) fn add(&mut self, key: u32, n_parts: u16, place: &str, expires_at: Option<TimestampMs>, words: &[u32]) {
        let place = (!words.is_empty()).then(|| self.count(place, words));
        if let Some(expires_at) = expires_at {
            *self.expiries.entry(expires_at).or_default() += 1;
        }
        let counted = self.memories.entry(key).or_default();
        *counted = Counted {
            n_parts: counted.n_parts.max(n_parts),
            place,
            expires_at,
        };
    }

    /// Counts memories no more; `words` has those of the ones with words.
    pub(super) fn remove_all(&mut self, keys: &[u32], words: &HashMap<u32, Vec<u32>>) {
        for key in keys {
            self.remove(*key, words.get(key).map_or(&[], Vec::as_slice));
        }
    }

    fn remove(&mut self, key: u32, words: &[u32]) {
        let Some(counted) = self.memories.remove(&key) else {
            return;
        };
        if let Some(expires_at) = counted.expires_at {
            take_one(&mut self.expiries, expires_at);
        }
        let Some(place) = counted.place else { return };
        let Some(count) = self.places.get_mut(&place) else {
            return;
        };
        count.n_memories -= 1;
        for word in words {
            if let Some(n) = count.n_with.get_mut(word) {
                *n -= 1;
                if *n == 0 {
                    count.n_with.remove(word);
                }
            }
        }
        if count.n_memories == 0 {
            self.places.remove(&place);
        }
    }

    /// When the first memory expires, of those that do.
    pub(super) fn first_expiry(&self) -> Option<TimestampMs> {
        self.expiries.keys().next().copied()
    }

    /// Memories.
    pub(super) fn n_memories(&self) -> u64 {
        self.memories.len() as u64
    }

    /// How many parts a memory has; 0 when there is none with that key.
    pub(super) fn n_parts(&self, key: u32) -> u16 {
        self.memories.get(&key).map_or(0, |counted| counted.n_parts)
    }

    /// A question's words, weighted by how rare they are among the memories of these places. Words that none of them
    /// has are left out.
    pub(super) fn weigh(&self, terms: &[SparseTerm], places: &[String]) -> Vec<SparseTerm> {
        let counts: Vec<&PlaceCount> = places
            .iter()
            .filter_map(|place| self.places.get(place.as_str()))
            .collect();
        let n_memories: u32 = counts.iter().map(|count| count.n_memories).sum();
        let n_with = |word: u32| -> u32 { counts.iter().filter_map(|count| count.n_with.get(&word)).sum() };
        terms
            .iter()
            .filter_map(|term| match n_with(term.term) {
                0 => None,
                n_with => Some(SparseTerm {
                    term: term.term,
                    weight: term.weight * rarity(n_memories, n_with),
                }),
            })
            .collect()
    }

    fn count(&mut self, place: &str, words: &[u32]) -> Arc<str> {
        let place: Arc<str> = match self.places.get_key_value(place) {
            Some((place, _)) => Arc::clone(place),
            None => Arc::from(place),
        };
        let count = self.places.entry(Arc::clone(&place)).or_default();
        count.n_memories += 1;
        for word in words {
            *count.n_with.entry(*word).or_default() += 1;
        }
        place
    }
}

fn take_one(counts: &mut BTreeMap<TimestampMs, u32>, at: TimestampMs) {
    if let Some(n) = counts.get_mut(&at) {
        *n -= 1;
        if *n == 0 {
            counts.remove(&at);
        }
    }
}

/// How much a word that `n_with` of `n_memories` have tells them apart: from just above 0 for one that all have.
fn rarity(n_memories: u32, n_with: u32) -> f32 {
    let (n_memories, n_with) = (n_memories as f32, n_with as f32);
    (1.0 + (n_memories - n_with + 0.5) / (n_with + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh(census: &Census, word: u32, places: &[&str]) -> Option<f32> {
        let places: Vec<String> = places.iter().map(|&place| place.to_owned()).collect();
        let terms = [SparseTerm {
            term: word,
            weight: 1.0,
        }];
        census.weigh(&terms, &places).first().map(|term| term.weight)
    }

    #[test]
    fn words_are_as_rare_as_they_are_where_the_reader_reads() {
        let mut census = Census::default();
        for key in 0..10 {
            census.add(key, 1, "here", None, &[1, 100 + key]);
            census.add(100 + key, 40, "there", None, &[2]);
        }
        census.add(50, 1, "here", None, &[2]);
        let common = weigh(&census, 1, &["here"]).expect("known");
        let rare = weigh(&census, 2, &["here"]).expect("known");
        assert!(rare > 4.0 * common, "{rare} {common}");
        assert!(weigh(&census, 2, &["here", "there"]).expect("known") < rare / 2.0);
        assert_eq!(weigh(&census, 1, &["there"]), None);
        assert_eq!(weigh(&census, 1, &["nowhere"]), None);
        assert_eq!(
            (census.n_memories(), census.n_parts(105), census.n_parts(999)),
            (21, 40, 0)
        );
    }

    #[test]
    fn what_is_removed_leaves_nothing() {
        let mut census = Census::default();
        census.add(1, 2, "here", Some(9), &[7, 8]);
        let alone = weigh(&census, 7, &["here"]);
        census.add(2, 1, "here", Some(5), &[7]);
        census.add(3, 1, "there", Some(5), &[]);
        assert_eq!(census.first_expiry(), Some(5));
        assert_ne!(weigh(&census, 7, &["here"]), alone);
        census.remove(2, &[7]);
        census.remove(3, &[]);
        census.remove(4, &[7]);
        assert_eq!(weigh(&census, 7, &["here"]), alone);
        assert_eq!(census.first_expiry(), Some(9));
        census.remove(1, &[7, 8]);
        assert!(census.places.is_empty() && census.memories.is_empty() && census.expiries.is_empty());
    }

    #[test]
    fn parts_may_come_before_the_first_and_after_it() {
        let mut census = Census::default();
        census.add_part(1, 9);
        census.add(1, 1, "here", None, &[7]);
        census.add_part(1, 255);
        assert_eq!((census.n_parts(1), census.n_memories()), (256, 1));
        assert!(weigh(&census, 7, &["here"]).is_some());
        census.remove(1, &[7]);
        assert!(census.places.is_empty());
    }
}

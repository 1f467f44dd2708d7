//! What a candidate's text has of a question: which words how often and where, which strings as they are.

use super::question::{Asking, has_phrase};
use crate::memory::Memory;
use crate::memory::parts::{Words, split};

/// Most tokens between two words of a question that still count as neighbours.
const NEAR: usize = 3;

/// One part of a content.
#[derive(Debug)]
pub(super) struct PartReading {
    /// Occurrences of every asked word.
    pub(super) counts: Vec<u16>,
    /// Tokens.
    pub(super) length: usize,
}

/// A memory, read for one question.
#[derive(Debug)]
pub(super) struct Reading {
    /// Its parts, at least one.
    pub(super) parts: Vec<PartReading>,
    /// Tokens of all parts.
    pub(super) length: usize,
    /// A bit for every asked word that a tag has.
    pub(super) in_tags: u64,
    /// A bit for every asked word that follows closely on the one before it in the question.
    pub(super) neighbours: u64,
    /// Indices of the exact strings of the question that occur.
    pub(super) exact: Vec<usize>,
}

impl Reading {
    /// Reads a memory. A question has at most 64 words.
    pub(super) fn of(words: &mut Words, asking: &Asking, memory: &Memory) -> Self {
        let find = |term: u32| asking.words.iter().position(|word| word.term == term);
        let mut neighbours = 0;
        let read_part = |part: std::ops::Range<usize>| {
            let mut counts = vec![0_u16; asking.words.len()];
            let (mut length, mut last) = (0, None);
            words.all(&memory.content[part], |term| {
                length += 1;
                let Some(index) = find(term) else { return };
                counts[index] = counts[index].saturating_add(1);
                if last.is_some_and(|(before, at)| before + 1 == index && length - at <= NEAR) {
                    neighbours |= 1 << index;
                }
                last = Some((index, length));
            });
            PartReading { counts, length }
        };
        let parts: Vec<PartReading> = split(&memory.content).into_iter().map(read_part).collect();
        let mut in_tags = 0;
        for tag in &memory.tags {
            words.all(tag, |term| in_tags |= find(term).map_or(0, |index| 1 << index));
        }
        let exact = if asking.exact.is_empty() {
            Vec::new()
        } else {
            let content = memory.content.to_lowercase();
            let occurs = |text: &String| has_phrase(&content, text) || memory.tags.contains(text);
            (0..asking.exact.len())
                .filter(|index| occurs(&asking.exact[*index]))
                .collect()
        };
        Self {
            length: parts.iter().map(|part| part.length).sum(),
            parts,
            in_tags,
            neighbours,
            exact,
        }
    }

    /// How often an asked word occurs, tags included.
    pub(super) fn count(&self, word: usize) -> u16 {
        let in_parts = self.parts.iter().map(|part| part.counts[word]);
        in_parts.fold(u16::from(self.in_tags & (1 << word) != 0), u16::saturating_add)
    }
}

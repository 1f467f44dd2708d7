//! What is indexed of a content: its parts, their text for the embedder, their words with weights.
//!
//! A change here changes what is on disk: the index of memories has to be made anew.

mod split;
mod words;

pub use split::split;
pub(in crate::memory) use words::{AskedWord, Words, is_stop_word};

use crate::memory::Memory;
use crate::ports::{IndexedMemory, MemoryPart, SparseTerm};

/// Where repetition of a word stops to count, as in BM25.
const SATURATION: f32 = 1.2;

/// How much a long text has to repeat a word for the same weight, 0 to 1, as in BM25.
const LENGTH_NORM: f32 = 0.4;

/// Words of an ordinary text. Fixed, for what is stored must not depend on what is stored beside it.
const USUAL_LENGTH: f32 = 100.0;

/// Weight of a part of a compound identifier that is asked for; the identifier as a whole has weight 1.
const COMPOUND_PART: f32 = 0.7;

/// Weight of a word that says what kind of answer is wanted rather than which.
const COMMON_WORD: f32 = 0.3;

/// What is embedded of a memory: one text a part, in order, none empty.
///
/// The content alone: tags name a subject by its handle, which an embedding has no use for.
pub fn passages(memory: &Memory) -> Vec<String> {
    split(&memory.content)
        .into_iter()
        .map(|part| memory.content[part].trim().to_owned())
        .collect()
}

/// The words of a text and how much it is about them: sorted, each once.
pub fn terms(text: &str) -> Vec<SparseTerm> {
    weighted(&mut Words::default(), [text])
}

/// The words of a whole memory: of its content and its tags.
pub fn whole(memory: &Memory) -> Vec<SparseTerm> {
    whole_with(&mut Words::default(), memory)
}

/// The words of a question and their weights: sorted, each once.
pub fn query_terms(text: &str) -> Vec<SparseTerm> {
    let mut terms: Vec<SparseTerm> = Vec::new();
    for asked in Words::default().asked(text) {
        match terms.binary_search_by_key(&asked.term, |term| term.term) {
            Ok(index) => terms[index].weight = terms[index].weight.max(asked.weight),
            Err(index) => terms.insert(
                index,
                SparseTerm {
                    term: asked.term,
                    weight: asked.weight,
                },
            ),
        }
    }
    terms
}

/// Everything that is indexed of a memory; `vectors` are those of its [`passages`].
pub fn index(memory: &Memory, vectors: Option<Vec<Vec<f32>>>) -> IndexedMemory {
    let mut words = Words::default();
    let mut vectors = vectors.unwrap_or_default().into_iter();
    IndexedMemory {
        memory: memory.clone(),
        whole: whole_with(&mut words, memory),
        parts: split(&memory.content)
            .into_iter()
            .map(|part| MemoryPart {
                terms: weighted(&mut words, [&memory.content[part]]),
                vector: vectors.next(),
            })
            .collect(),
    }
}

fn whole_with(words: &mut Words, memory: &Memory) -> Vec<SparseTerm> {
    let texts = std::iter::once(memory.content.as_str()).chain(memory.tags.iter().map(String::as_str));
    weighted(words, texts)
}

fn weighted<'a>(words: &mut Words, texts: impl IntoIterator<Item = &'a str>) -> Vec<SparseTerm> {
    let mut found = Vec::new();
    for text in texts {
        words.of(text, |term| found.push(term));
    }
    let length = found.len() as f32;
    let norm = SATURATION * (1.0 - LENGTH_NORM + LENGTH_NORM * length / USUAL_LENGTH);
    found.sort_unstable();
    found
        .chunk_by(|left, right| left == right)
        .map(|same| {
            let count = same.len() as f32;
            SparseTerm {
                term: same[0],
                weight: count * (SATURATION + 1.0) / (count + norm),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! The words of a text as memories are searched by them: tokens by their hash, without words that carry grammar.

use super::{COMMON_WORD, COMPOUND_PART};
use crate::token::{self, Tokenizer};

/// Most words of a question that count; whatever comes after them is context.
const MAX_ASKED: usize = 64;

/// Reads words. Keep one for several texts: it remembers stems.
#[derive(Debug, Default)]
pub(in crate::memory) struct Words {
    tokenizer: Tokenizer,
}

/// A word of a question.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::memory) struct AskedWord {
    /// Its hash.
    pub(in crate::memory) term: u32,
    /// How much it says which answer is wanted, 0 to 1.
    pub(in crate::memory) weight: f32,
    /// Index among the words of the text: the tokens of one identifier share it.
    pub(in crate::memory) word: usize,
}

impl Words {
    /// Emits the hashes of a text's words in order.
    pub(in crate::memory) fn of(&mut self, text: &str, mut emit: impl FnMut(u32)) {
        for range in token::words(text) {
            let word = &text[range];
            if !is_stop_word(word) {
                self.tokenizer.tokens(word, |token| emit(hash(token)));
            }
        }
    }

    /// Emits the hashes of all words of a text, grammar included: what is asked for is looked up among them.
    pub(in crate::memory) fn all(&mut self, text: &str, mut emit: impl FnMut(u32)) {
        self.tokenizer.tokens(text, |token| emit(hash(token)));
    }

    /// The distinct words of a question, in order. A question of nothing but grammar keeps all of them.
    pub(in crate::memory) fn asked(&mut self, text: &str) -> Vec<AskedWord> {
        let asked = self.asked_but(text, is_stop_word);
        if asked.is_empty() {
            return self.asked_but(text, |_| false);
        }
        asked
    }

    fn asked_but(&mut self, text: &str, is_left_out: fn(&str) -> bool) -> Vec<AskedWord> {
        let mut asked: Vec<AskedWord> = Vec::new();
        for (index, range) in token::words(text).enumerate() {
            let word = &text[range];
            if is_left_out(word) || asked.len() >= MAX_ASKED {
                continue;
            }
            let mut tokens = Vec::new();
            self.tokenizer.tokens(word, |token| tokens.push(hash(token)));
            let base = if is_common(word) { COMMON_WORD } else { 1.0 };
            for (place, &term) in tokens.iter().enumerate() {
                let is_part = tokens.len() > 1 && place + 1 < tokens.len();
                if asked.iter().all(|known| known.term != term) {
                    asked.push(AskedWord {
                        term,
                        weight: if is_part { base * COMPOUND_PART } else { base },
                        word: index,
                    });
                }
            }
        }
        asked
    }
}

/// FNV-1a.
fn hash(token: &str) -> u32 {
    token.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Longest word of the lists, in bytes.
const LONGEST: usize = 12;

/// Whether a sorted list of lower-case words has this one, however it is written.
fn is_listed(list: &[&str], word: &str) -> bool {
    let mut lower = [0; LONGEST];
    let Some(lower) = lower.get_mut(..word.len()) else {
        return false;
    };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    list.binary_search_by(|listed| listed.as_bytes().cmp(lower)).is_ok()
}

/// Whether a word carries grammar and no subject.
pub(in crate::memory) fn is_stop_word(word: &str) -> bool {
    is_listed(STOP_WORDS, word)
}

/// Whether a word of a question says what kind of answer is wanted rather than which.
fn is_common(word: &str) -> bool {
    is_listed(COMMON_WORDS, word)
}

#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "being", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "don", "for", "from", "had", "has",
    "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its",
    "just", "let", "ll", "m", "me", "my", "no", "nor", "not", "of", "on", "or", "our", "ours", "out", "re", "s",
    "shall", "she", "should", "so", "some", "such", "t", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "to", "too", "us", "ve", "very", "via", "was", "we", "were", "what", "when",
    "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours",
];

#[rustfmt::skip]
const COMMON_WORDS: &[&str] = &[
    "anything", "code", "codebase", "currently", "describe", "explain", "file", "files", "find", "get", "gets",
    "give", "go", "handle", "handled", "handles", "happen", "happened", "happens", "help", "implement",
    "implemented", "issue", "issues", "kind", "know", "latest", "like", "make", "makes", "many", "mention",
    "mentioned", "module", "need", "please", "problem", "problems", "project", "recent", "recently", "remember",
    "remind", "repo", "repository", "said", "say", "show", "something", "system", "tell", "thing", "things", "type",
    "use", "used", "uses", "using", "want", "way", "work", "works",
];

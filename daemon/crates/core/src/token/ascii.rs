//! The fast path of the tokenizer: words of ASCII alone, byte by byte.
//!
//! Nearly all code is ASCII, and tokenizing is the hottest loop of a pass. It yields exactly what the
//! general path yields; a property test holds that.

/// Longest word whose stem is remembered, in bytes.
const MEMO_WORD: usize = 22;

/// What a byte is to the tokenizer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Between words.
    Other,
    Lower,
    Upper,
    Digit,
    /// `_`: inside words, between parts.
    Underscore,
    /// Part of a character outside ASCII.
    Wide,
}

static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = match b {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b'_' => Class::Underscore,
            128.. => Class::Wide,
            _ => Class::Other,
        };
        byte += 1;
    }
    table
}

pub(super) fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

/// End of the part that starts at `start`, which is no underscore.
pub(super) fn part_end(word: &[u8], start: usize) -> usize {
    let mut last = class(word[start]);
    let mut end = start + 1;
    while let Some(&byte) = word.get(end) {
        let this = class(byte);
        if this == Class::Underscore || this != last && !(last == Class::Upper && this == Class::Lower) {
            break;
        }
        // `HTTPServer`: the last capital before a small letter starts the next part.
        if this == Class::Upper && word.get(end + 1).is_some_and(|next| class(*next) == Class::Lower) {
            break;
        }
        last = this;
        end += 1;
    }
    end
}

/// A remembered stem, without an allocation of its own.
#[derive(Clone, Copy)]
pub(super) struct Memo {
    word: [u8; MEMO_WORD],
    stem: [u8; MEMO_WORD],
    word_len: u8,
    stem_len: u8,
}

impl Memo {
    pub(super) const EMPTY: Self = Self {
        word: [0; MEMO_WORD],
        stem: [0; MEMO_WORD],
        word_len: 0,
        stem_len: 0,
    };

    /// What is to be remembered, when it fits.
    pub(super) fn new(word: &str, stem: &str) -> Option<Self> {
        let mut memo = Self {
            word_len: word.len() as u8,
            stem_len: stem.len() as u8,
            ..Self::EMPTY
        };
        memo.word.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
        memo.stem.get_mut(..stem.len())?.copy_from_slice(stem.as_bytes());
        Some(memo)
    }

    pub(super) fn is_of(&self, word: &str) -> bool {
        &self.word[..self.word_len as usize] == word.as_bytes()
    }

    pub(super) fn stem(&self) -> &str {
        str::from_utf8(&self.stem[..self.stem_len as usize]).expect("copied from a str whole")
    }
}

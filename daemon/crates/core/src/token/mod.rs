//! The code tokenizer: how text becomes the words that are indexed and asked for.
//!
//! One definition for both sides. A change here changes what is on disk: raise
//! [`TOKENIZER_VERSION`] with it.

mod ascii;

use ascii::Memo;
use frostem::{Algorithm, Stemmer};
use std::ops::Range;

/// Raised whenever the same text yields other tokens than before.
pub const TOKENIZER_VERSION: u32 = 2;

/// Longest token kept, in bytes. Longer runs are hashes and encoded data that nobody asks for.
const MAX_TOKEN: usize = 48;

/// Slots of the stem memo: code repeats a few thousand words.
const MEMO_SLOTS: usize = 4_096;

/// Splits text into tokens. Keep one per thread: it remembers stems.
pub struct Tokenizer {
    stemmer: Stemmer,
    memo: Box<[Memo]>,
    lower: String,
    whole: String,
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self {
            stemmer: Stemmer::new(Algorithm::English),
            memo: vec![Memo::EMPTY; MEMO_SLOTS].into_boxed_slice(),
            lower: String::new(),
            whole: String::new(),
        }
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokenizer")
    }
}

impl Tokenizer {
    /// Emits the tokens of `text` in order.
    ///
    /// A word is a run of letters, digits and `_`. It is split at `_`, at case changes and between
    /// letters and digits; each part of two characters or more is emitted in lower case and
    /// stemmed; a word of one character is emitted as it is, and a word of several parts is emitted whole as well, without its underscores:
    /// `getHttpServers` gives `get http server gethttpservers`, as `get_http_servers` does.
    /// Runs of ideographs are emitted as overlapping pairs.
    pub fn tokens(&mut self, text: &str, mut emit: impl FnMut(&str)) {
        let bytes = text.as_bytes();
        let mut start = 0;
        while let Some(&byte) = bytes.get(start) {
            if ascii::class(byte) == ascii::Class::Other {
                start += 1;
                continue;
            }
            let run = bytes[start..]
                .iter()
                .position(|byte| ascii::class(*byte) == ascii::Class::Other);
            let end = run.map_or(bytes.len(), |length| start + length);
            let run = &text[start..end];
            if run.is_ascii() {
                self.ascii_word(run.as_bytes(), &mut emit);
            } else {
                // What is no ASCII may be no letter either.
                for word in words(run) {
                    self.word(&run[word], &mut emit);
                }
            }
            start = end;
        }
    }

    /// The tokens as a list.
    pub fn collect(&mut self, text: &str) -> Vec<String> {
        let mut list = Vec::new();
        self.tokens(text, |token| list.push(token.to_owned()));
        list
    }

    fn ascii_word(&mut self, word: &[u8], emit: &mut impl FnMut(&str)) {
        let mut whole = std::mem::take(&mut self.whole);
        whole.clear();
        let (mut n_parts, mut start) = (0, 0);
        while let Some(&byte) = word.get(start) {
            if byte == b'_' {
                start += 1;
                continue;
            }
            let end = ascii::part_end(word, start);
            let begin = whole.len();
            whole.extend(
                word[start..end]
                    .iter()
                    .map(|byte| char::from(byte.to_ascii_lowercase())),
            );
            n_parts += 1;
            if (2..=MAX_TOKEN).contains(&(end - start)) {
                self.stem(&whole[begin..], emit);
            }
            start = end;
        }
        if (n_parts > 1 && whole.len() <= MAX_TOKEN) || whole.len() == 1 {
            emit(&whole);
        }
        self.whole = whole;
    }

    fn word(&mut self, word: &str, emit: &mut impl FnMut(&str)) {
        let mut n_parts = 0;
        let mut whole = std::mem::take(&mut self.whole);
        whole.clear();
        for part in parts(word) {
            n_parts += 1;
            let text = &word[part];
            if text.chars().next().is_some_and(is_ideograph) {
                pairs(text, emit);
                continue;
            }
            let mut lower = std::mem::take(&mut self.lower);
            lower.clear();
            lower.extend(text.chars().flat_map(char::to_lowercase));
            whole.push_str(&lower);
            if lower.len() > 1 && lower.len() <= MAX_TOKEN {
                self.stem(&lower, emit);
            }
            self.lower = lower;
        }
        if (n_parts > 1 && whole.len() <= MAX_TOKEN) || whole.len() == 1 {
            emit(&whole);
        }
        self.whole = whole;
    }

    fn stem(&mut self, word: &str, emit: &mut impl FnMut(&str)) {
        if !word.is_ascii() {
            emit(word);
            return;
        }
        let hash = word
            .bytes()
            .fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        let memo = &mut self.memo[hash % MEMO_SLOTS];
        if !memo.is_of(word) {
            let stem = self.stemmer.stem(word);
            match Memo::new(word, &stem) {
                Some(new) => *memo = new,
                None => return emit(&stem),
            }
        }
        emit(memo.stem());
    }
}

/// The words of a text: runs of letters, digits and `_`, as byte ranges.
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_word_char)?;
        let end = text[start..]
            .find(|c| !is_word_char(c))
            .map_or(text.len(), |length| start + length);
        rest = end;
        Some(start..end)
    })
}

/// The parts of an identifier: split at `_`, case changes, and between letters and digits.
pub fn parts(word: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut chars = word.char_indices().peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|&(_, c)| c == '_').is_some() {}
        let (start, first) = chars.next()?;
        let mut end = start + first.len_utf8();
        let mut last = first;
        while let Some(&(index, c)) = chars.peek() {
            if c == '_' || class(c) != class(last) && !(last.is_uppercase() && c.is_lowercase()) {
                break;
            }
            // `HTTPServer`: the last capital before a small letter starts the next part.
            if last.is_uppercase() && c.is_uppercase() {
                let next = word[index + c.len_utf8()..].chars().next();
                if next.is_some_and(char::is_lowercase) {
                    chars.next();
                    let part = start..end;
                    return Some(part).inspect(|_| chars = restart(word, index));
                }
            }
            chars.next();
            end = index + c.len_utf8();
            last = c;
        }
        Some(start..end)
    })
}

fn restart(word: &str, from: usize) -> std::iter::Peekable<std::str::CharIndices<'_>> {
    let mut chars = word.char_indices().peekable();
    while chars.next_if(|&(index, _)| index < from).is_some() {}
    chars
}

#[derive(PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    Digit,
    Ideograph,
}

fn class(c: char) -> Class {
    if is_ideograph(c) {
        Class::Ideograph
    } else if c.is_numeric() {
        Class::Digit
    } else if c.is_uppercase() {
        Class::Upper
    } else {
        Class::Lower
    }
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Scripts written without spaces: kana, Han, Hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

fn pairs(text: &str, emit: &mut impl FnMut(&str)) {
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(index, _)| index)
        .chain([text.len()])
        .collect();
    if starts.len() == 2 {
        emit(text);
    }
    for pair in starts.windows(3) {
        emit(&text[pair[0]..pair[2]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(Tokenizer::default().collect(text).join(" "), expected, "{text}");
    }

    #[test]
    fn identifiers_are_kept_whole_and_in_parts() {
        check("getHttpServers", "get http server gethttpservers");
        check("get_http_servers", "get http server gethttpservers");
        check("HTTPServer::bind_all(x)", "http server httpserver bind all bindall x");
        check("utf8", "utf utf8");
        check("__init__", "init");
        check("serializing serialization", "serial serial");
        check("a + b_", "a b");
        check("x1", "x1");
    }

    #[test]
    fn other_scripts() {
        check("größe", "größe");
        check("検索エンジン", "検索 索エ エン ンジ ジン");
        check("данные", "данные");
    }

    #[test]
    fn encoded_data_is_left_out() {
        check(&"f".repeat(200), "");
    }

    proptest! {
        #[test]
        fn parts_never_overlap_and_lose_only_underscores(word in "[a-zA-Z0-9_é検]{0,24}") {
            let joined: String = parts(&word).map(|part| word[part].to_owned()).collect();
            prop_assert_eq!(joined, word.replace('_', ""));
        }

        #[test]
        fn the_fast_path_yields_what_the_general_one_does(text in "[a-zA-Z0-9_ .éß検]{0,60}") {
            let (mut slow, mut tokenizer) = (Vec::new(), Tokenizer::default());
            for word in words(&text) {
                tokenizer.word(&text[word], &mut |token: &str| slow.push(token.to_owned()));
            }
            prop_assert_eq!(Tokenizer::default().collect(&text), slow);
        }

        #[test]
        fn any_text_is_tokenized_without_empty_tokens(text in ".{0,200}") {
            for token in Tokenizer::default().collect(&text) {
                prop_assert!(!token.is_empty());
            }
        }
    }
}

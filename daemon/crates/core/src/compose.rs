//! What is embedded: the texts that stand for a file and for a chunk.
//!
//! Texts are stored by their hash and composed again from the file when their vector is made, so
//! composing must be a pure function of path, extraction and source. A change here changes every
//! hash: raise [`COMPOSE_VERSION`] with it.

use crate::path::RepoPath;
use crate::token;
use crate::unit::{Chunk, Extraction};
use std::fmt::Write as _;

/// Raised whenever the same file yields other texts than before.
pub const COMPOSE_VERSION: u32 = 1;

/// Longest summary, in bytes: twice the model's window, so that many names still count.
const MAX_SUMMARY: usize = 2_000;

/// The text that stands for a whole file: the words of its path, what its author says of it, the
/// names it defines.
pub fn summary(path: &RepoPath, extraction: &Extraction) -> String {
    let mut text = String::with_capacity(MAX_SUMMARY);
    for word in token::words(path.as_str()) {
        for part in token::parts(&path.as_str()[word.clone()]) {
            text.push_str(&path.as_str()[word.clone()][part]);
            text.push(' ');
        }
    }
    if let Some(comment) = &extraction.leading_comment {
        text.push('\n');
        text.push_str(clip(comment, MAX_SUMMARY / 3));
    }
    text.push('\n');
    for symbol in &extraction.symbols {
        if text.len() >= MAX_SUMMARY {
            break;
        }
        let _infallible = write!(text, "{} ", symbol.name);
    }
    clip(&text, MAX_SUMMARY).trim_end().to_owned()
}

/// The text that stands for one chunk: where it belongs, what its documentation says, its lines.
pub fn chunk(extraction: &Extraction, chunk: &Chunk, source: &str) -> String {
    let body = &source[chunk.bytes.clone()];
    let mut text = String::with_capacity(body.len() + 80);
    if let Some(symbol) = chunk.symbol.map(|index| &extraction.symbols[index as usize]) {
        let _infallible = writeln!(text, "{} {}", symbol.kind, symbol.qualified_name);
    }
    text.push_str(body.trim_end());
    text
}

/// At most `limit` bytes of `text`, cut between characters.
pub fn clip(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clip_cuts_between_characters() {
        assert_eq!(clip("größe", 3), "gr");
        assert_eq!(clip("größe", 4), "grö");
        assert_eq!(clip("abc", 9), "abc");
    }
}

//! SQL as tokens: as much of them as all dialects agree on, or as the file shows which one it is.

use std::collections::HashMap;
use std::ops::Range;

/// A token and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A keyword or a plain name.
    Word,
    /// A name in double quotes, backticks or square brackets.
    Quoted,
    /// A string, dollar-quoted ones included.
    String,
    /// A comment.
    Comment,
    /// Any other character.
    Sign,
}

/// Cuts a text into tokens. Takes linear time whatever is left open.
pub(super) struct Tokens<'a> {
    text: &'a str,
    position: usize,
    /// Whether a backslash escapes a quote: in the dialect that quotes names with backticks.
    escapes: bool,
    /// What besides letters and digits a word may hold: a dollar, where it is not part of a delimiter.
    dollar: u8,
    /// Where each dollar quote occurs last.
    last_dollars: HashMap<&'a str, usize>,
    /// Where the last block comment ends.
    last_comment_end: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // Where statements end at a delimiter of the file's own, a dollar is a sign like any other.
        let has_delimiter = text.lines().any(|line| {
            line.get(..10)
                .is_some_and(|head| head.eq_ignore_ascii_case("delimiter "))
        });
        let mut last_dollars = HashMap::new();
        let mut position = if has_delimiter { text.len() } else { 0 };
        while let Some(at) = text[position..].find('$').map(|at| position + at) {
            position = at + 1;
            if let Some(quote) = dollar_quote(text, at) {
                last_dollars.insert(quote, at);
            }
        }
        Self {
            text,
            position: 0,
            escapes: text.contains('`'),
            dollar: if has_delimiter { b'_' } else { b'$' },
            last_dollars,
            last_comment_end: text.rfind("*/").unwrap_or(0),
        }
    }

    /// The end of what `close` ends, or of the text.
    fn until(&self, from: usize, close: &str) -> usize {
        let from = from.min(self.text.len());
        self.text[from..]
            .find(close)
            .map_or(self.text.len(), |at| from + at + close.len())
    }

    /// The end of a string or name in quotes; a doubled quote does not end it.
    fn quoted(&self, from: usize, quote: u8, escapes: bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from + 1;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            if escapes && byte == b'\\' {
                at += 1;
            } else if byte == quote {
                if bytes.get(at) != Some(&quote) {
                    return at;
                }
                at += 1;
            }
        }
        self.text.len()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        let blank = bytes[self.position..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        let start = self.position + blank.count();
        let first = *bytes.get(start)?;
        let next = bytes.get(start + 1).copied();
        let (kind, end) = match first {
            b'-' if next == Some(b'-') => (Kind::Comment, self.until(start, "\n")),
            b'/' if next == Some(b'*') && start < self.last_comment_end => (Kind::Comment, self.until(start + 2, "*/")),
            b'\'' => {
                let is_escape_string = start > 0 && matches!(bytes[start - 1], b'e' | b'E');
                (
                    Kind::String,
                    self.quoted(start, first, self.escapes || is_escape_string),
                )
            }
            b'"' | b'`' => (Kind::Quoted, self.quoted(start, first, false)),
            b'[' => {
                let rest = bytes[start + 1..].iter().take(MAX_BRACKETED);
                let end = start + 1 + rest.take_while(|byte| !b"]['\"`,;\n".contains(byte)).count();
                if bytes.get(end) == Some(&b']') {
                    (Kind::Quoted, end + 1)
                } else {
                    (Kind::Sign, start + 1)
                }
            }
            b'$' => match dollar_quote(self.text, start) {
                Some(quote) if self.last_dollars.get(quote).is_some_and(|&last| last > start) => {
                    (Kind::String, self.until(start + quote.len(), quote))
                }
                _ => (Kind::Sign, start + 1),
            },
            _ if is_word(first) => {
                let rest = bytes[start..]
                    .iter()
                    .take_while(|&&byte| is_word(byte) || byte == self.dollar);
                (Kind::Word, start + rest.count())
            }
            _ => (Kind::Sign, start + 1),
        };
        self.position = end;
        let is_line = kind == Kind::Comment && first == b'-';
        let written = if is_line {
            self.text[start..end].trim_end().len()
        } else {
            end - start
        };
        Some(Token {
            kind,
            span: start..start + written,
        })
    }
}

/// Longest name in square brackets. What is longer or holds quotes or commas is an array.
const MAX_BRACKETED: usize = 130;

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b'@') || !byte.is_ascii()
}

/// `$$` or `$name$`.
fn dollar_quote(text: &str, at: usize) -> Option<&str> {
    /// Longest name of a dollar quote; with it, looking for one takes bounded time.
    const MAX_NAME: usize = 64;
    let bytes = text.as_bytes();
    if at > 0 && is_word(bytes[at - 1]) {
        return None;
    }
    let name = bytes[at + 1..].iter().take(MAX_NAME);
    let length = name
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .count();
    let is_name = !bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    (is_name && bytes.get(at + 1 + length) == Some(&b'$')).then(|| &text[at..at + length + 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(Kind, &str)> {
        Tokens::new(text).map(|token| (token.kind, &text[token.span])).collect()
    }

    #[test]
    fn strings_names_and_comments_are_whole() {
        use Kind::{Comment, Quoted, Sign, String, Word};
        for (text, expected) in [
            ("a -- b\nc", vec![(Word, "a"), (Comment, "-- b"), (Word, "c")]),
            ("/* a\n*/b", vec![(Comment, "/* a\n*/"), (Word, "b")]),
            ("'it''s' b", vec![(String, "'it''s'"), (Word, "b")]),
            (r"'C:\' b", vec![(String, r"'C:\'"), (Word, "b")]),
            (r"`a` 'it\'s'", vec![(Quoted, "`a`"), (String, r"'it\'s'")]),
            (r"E'it\'s'", vec![(Word, "E"), (String, r"'it\'s'")]),
            ("[a b].\"c\"", vec![(Quoted, "[a b]"), (Sign, "."), (Quoted, "\"c\"")]),
            (
                "[a['b[]', c]",
                vec![
                    (Sign, "["),
                    (Word, "a"),
                    (Sign, "["),
                    (String, "'b[]'"),
                    (Sign, ","),
                    (Word, "c"),
                    (Sign, "]"),
                ],
            ),
            ("$$ a; $x$ $$;", vec![(String, "$$ a; $x$ $$"), (Sign, ";")]),
            ("$x$ a $$ $x$", vec![(String, "$x$ a $$ $x$")]),
            ("$1 a$b", vec![(Sign, "$"), (Word, "1"), (Word, "a$b")]),
            ("größe", vec![(Word, "größe")]),
        ] {
            assert_eq!(cut(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_left_open_ends_with_the_text() {
        use Kind::{Quoted, Sign, String, Word};
        for (text, expected) in [
            ("'a", vec![(String, "'a")]),
            ("\"a", vec![(Quoted, "\"a")]),
            ("/* a", vec![(Sign, "/"), (Sign, "*"), (Word, "a")]),
            ("$$ a", vec![(Sign, "$"), (Sign, "$"), (Word, "a")]),
            ("[a", vec![(Sign, "["), (Word, "a")]),
        ] {
            assert_eq!(cut(text), expected, "{text}");
        }
    }
}

//! Comments as prose: without markers, ornaments and licences.

use codemem_core::compose::clip;

/// How licences give themselves away, in lower case.
const LICENCE_WORDS: [&str; 14] = [
    "copyright",
    "(c) 19",
    "(c) 20",
    "licensed under",
    "license:",
    "licence:",
    "license agreement",
    "spdx-license-identifier",
    "all rights reserved",
    "permission is hereby granted",
    "redistribution and use",
    "general public license",
    "governed by a bsd-style",
    "this software is provided",
];

/// How lines begin that are never the middle of a sentence, in lower case.
const PARAGRAPH_WORDS: [&str; 5] = ["@", "copyright", "(c) ", "spdx-license", "licensed under"];

/// Joins comments into prose of at most `limit` bytes: lines of a paragraph by spaces, paragraphs by line breaks.
/// `None` when nothing but ornament is left.
pub(crate) fn from_comments<'a>(comments: impl Iterator<Item = &'a str>, limit: usize) -> Option<String> {
    from_comments_without(&[], comments, limit)
}

/// The same, leaving out fields of those names (`Maintainer : someone`) and the lines that continue them.
pub(crate) fn from_comments_without<'a>(
    fields: &[&str],
    comments: impl Iterator<Item = &'a str>,
    limit: usize,
) -> Option<String> {
    let is_field = |line: &str| {
        line.split_once(':')
            .is_some_and(|(name, _)| fields.iter().any(|field| name.trim_end().eq_ignore_ascii_case(field)))
    };
    let mut in_field = false;
    let mut prose = Prose::new(limit);
    for comment in comments {
        let marker = Marker::of(comment);
        for line in marker.inside(comment).lines() {
            let line = marker.strip(line);
            in_field = !line.is_empty() && (is_field(line) || in_field);
            if !in_field && !prose.line(line) {
                return prose.finish();
            }
        }
    }
    prose.finish()
}

/// The prose of a string literal, quotes and prefix removed.
pub(crate) fn from_string(literal: &str, limit: usize) -> Option<String> {
    let inside = literal.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '~');
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes.iter().find(|quote| inside.starts_with(**quote))?;
    let inside = inside.strip_prefix(quote)?;
    let inside = inside.strip_suffix(quote).unwrap_or(inside);
    from_lines(inside.lines().map(str::trim), limit)
}

/// Joins lines that carry no markers.
pub(crate) fn from_lines<'a>(lines: impl Iterator<Item = &'a str>, limit: usize) -> Option<String> {
    let mut prose = Prose::new(limit);
    for line in lines {
        if !prose.line(line) {
            break;
        }
    }
    prose.finish()
}

/// Whether a text reads like a licence or a copyright notice.
pub(crate) fn is_licence(text: &str) -> bool {
    let head = clip(text, 600).to_ascii_lowercase();
    LICENCE_WORDS.iter().any(|word| head.contains(word))
}

/// What of a text stands before its first paragraph of licence; `None` when nothing does.
pub(crate) fn before_licence(text: &str) -> Option<&str> {
    let mut end = 0;
    for paragraph in text.split_inclusive('\n') {
        if is_licence(paragraph) {
            break;
        }
        end += paragraph.len();
    }
    let rest = text[..end].trim_end();
    (!rest.is_empty()).then_some(rest)
}

/// The family of a comment, by its first characters.
enum Marker {
    /// `/* … */`, with or without stars down the side.
    Block,
    /// `<!-- … -->`
    Markup,
    /// `=begin … =end`
    Ruby,
    /// `--[[ … ]]`, with any number of `=` between the brackets.
    Lua,
    /// `(* … *)`, with or without stars down the side.
    OCaml,
    /// `{- … -}`
    Haskell,
    /// `#= … =#`
    Julia,
    /// A character repeated at the start of each line: `//`, `#`, `--`, `;`, `%`.
    Line(char),
}

impl Marker {
    fn of(comment: &str) -> Self {
        if comment.starts_with("/*") {
            Self::Block
        } else if comment.starts_with("<!--") {
            Self::Markup
        } else if comment.starts_with("=begin") {
            Self::Ruby
        } else if comment.starts_with("--[[") || comment.starts_with("--[=") {
            Self::Lua
        } else if comment.starts_with("(*") {
            Self::OCaml
        } else if comment.starts_with("{-") {
            Self::Haskell
        } else if comment.starts_with("#=") && comment.trim_end().ends_with("=#") {
            Self::Julia
        } else {
            Self::Line(comment.chars().next().unwrap_or('#'))
        }
    }

    fn inside<'a>(&self, comment: &'a str) -> &'a str {
        let comment = comment.trim_end();
        let (open, close) = match self {
            Self::Block => ("/*", "*/"),
            Self::Markup => ("<!--", "-->"),
            Self::Ruby => ("=begin", "=end"),
            Self::Lua => ("--[", "]"),
            Self::OCaml => ("(*", "*)"),
            Self::Haskell => ("{-", "-}"),
            Self::Julia => ("#=", "=#"),
            Self::Line(_) => return comment,
        };
        let inside = comment.strip_prefix(open).unwrap_or(comment);
        inside.strip_suffix(close).unwrap_or(inside)
    }

    fn strip<'a>(&self, line: &'a str) -> &'a str {
        let line = line.trim();
        match self {
            Self::Block | Self::OCaml => line.trim_start_matches(['*', '!']).trim_end_matches('*').trim(),
            Self::Markup | Self::Ruby | Self::Julia => line,
            Self::Haskell => without_bar(line),
            Self::Lua => line.trim_matches(['[', ']', '=']).trim(),
            Self::Line('/') => line.trim_start_matches('/').trim_start_matches('!').trim(),
            // R's documentation begins with `#'`.
            Self::Line('#') => {
                let line = line.trim_start_matches('#');
                line.strip_prefix('\'').unwrap_or(line).trim()
            }
            // How Erlang's documentation begins.
            Self::Line('%') => line
                .trim_start_matches('%')
                .trim_start()
                .trim_start_matches("@doc")
                .trim(),
            Self::Line('-') => without_bar(line.trim_start_matches('-').trim_start()),
            Self::Line(marker) => line.trim_start_matches(*marker).trim(),
        }
    }
}

/// Without what tells which way Haskell's documentation looks: `| down`, `^ up`.
fn without_bar(line: &str) -> &str {
    line.strip_prefix(['|', '^']).unwrap_or(line).trim()
}

/// Prose under construction.
struct Prose {
    text: String,
    limit: usize,
    paragraph_ended: bool,
}

impl Prose {
    fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            paragraph_ended: false,
        }
    }

    /// Takes a line in; false when there is no room for more.
    fn line(&mut self, line: &str) -> bool {
        if !line.chars().any(char::is_alphanumeric) {
            self.paragraph_ended |= !self.text.is_empty();
            return true;
        }
        // `@param` and its like begin anew, and so does a licence under a description.
        let begins = |word: &&str| {
            line.get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        self.paragraph_ended |= PARAGRAPH_WORDS.iter().any(begins);
        if !self.text.is_empty() {
            self.text.push(if self.paragraph_ended { '\n' } else { ' ' });
        }
        self.paragraph_ended = false;
        push_without_tags(line, &mut self.text);
        self.text.len() <= self.limit
    }

    fn finish(mut self) -> Option<String> {
        let end = clip(&self.text, self.limit).trim_end().len();
        self.text.truncate(end);
        (!self.text.is_empty()).then_some(self.text)
    }
}

/// Appends a line without the tags of documentation comments (`<summary>`, `</para>`).
fn push_without_tags(line: &str, text: &mut String) {
    let start = text.len();
    let mut rest = line;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let name = from[1..].trim_start_matches('/');
        match from.find('>') {
            Some(end) if DOC_TAGS.iter().any(|tag| name.starts_with(tag)) => rest = &from[end + 1..],
            _ => {
                text.push('<');
                rest = &from[1..];
            }
        }
    }
    text.push_str(rest);
    if text.len() == start {
        // The line was nothing but tags: take back the separator.
        text.pop();
    }
}

/// Tags that only structure a documentation comment.
const DOC_TAGS: [&str; 8] = [
    "summary",
    "remarks",
    "para",
    "returns",
    "value",
    "example",
    "param ",
    "inheritdoc",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_prose() {
        for (comments, expected) in [
            (
                vec!["/// Opens it.", "///", "/// Then closes it."],
                Some("Opens it.\nThen closes it."),
            ),
            (vec!["//! About this", "//! file."], Some("About this file.")),
            (vec!["/** One line. */"], Some("One line.")),
            (
                vec!["/**\n   * Sum of a\n   * and b.\n   * @param a first\n   */"],
                Some("Sum of a and b.\n@param a first"),
            ),
            (vec!["# ----------", "# Section", "# ----------"], Some("Section")),
            (vec!["-- a query"], Some("a query")),
            (
                vec!["/// <summary>", "/// Reads <see cref=\"X\"/>.", "/// </summary>"],
                Some("Reads <see cref=\"X\"/>."),
            ),
            (vec!["=begin\nDoes it.\n=end"], Some("Does it.")),
            (vec!["-- | Opens it,", "-- or not."], Some("Opens it, or not.")),
            (vec!["%% @doc Opens it."], Some("Opens it.")),
            (vec!["{-| Opens it.\n\nSlowly. -}"], Some("Opens it.\nSlowly.")),
            (vec!["(** Opens it.\n    @since 4 *)"], Some("Opens it.\n@since 4")),
            (vec!["#=\nOpens it.\n=#"], Some("Opens it.")),
            (vec!["#=== Part ===", "#= 1"], Some("=== Part === = 1")),
            (vec!["--[[ Adds\n     numbers. ]]"], Some("Adds numbers.")),
            (vec!["--[==[\nAdds.\n]==]"], Some("Adds.")),
            (vec!["#' Adds", "#' numbers."], Some("Adds numbers.")),
            (vec!["// ======"], None),
            (vec![], None),
        ] {
            assert_eq!(
                from_comments(comments.iter().copied(), 100).as_deref(),
                expected,
                "{comments:?}"
            );
        }
    }

    #[test]
    fn fields_of_a_header_are_left_out_with_their_continuation() {
        let header =
            "-- |\n-- Module      : A.B\n-- Copyright   : me\n--               and you\n--\n-- Note: it counts.";
        assert_eq!(
            from_comments_without(&["module", "copyright"], [header].into_iter(), 100).as_deref(),
            Some("Note: it counts.")
        );
    }

    #[test]
    fn strings_lose_their_quotes() {
        assert_eq!(
            from_string("\"\"\"Reads it.\n\n    Slowly.\n    \"\"\"", 100).as_deref(),
            Some("Reads it.\nSlowly.")
        );
        assert_eq!(from_string("r'raw'", 100).as_deref(), Some("raw"));
        assert_eq!(
            from_string("~S\"\"\"\nA sigil.\n\"\"\"", 100).as_deref(),
            Some("A sigil.")
        );
        assert_eq!(from_string("''", 100), None);
    }

    #[test]
    fn prose_is_clipped_between_characters() {
        assert_eq!(from_comments(["// größer"].into_iter(), 4).as_deref(), Some("grö"));
    }

    #[test]
    fn licences_are_known_and_what_stands_before_them_is_kept() {
        assert!(is_licence("Copyright 2020 The Authors"));
        assert!(!is_licence("Reads the file and copies it to the right."));
        assert_eq!(
            before_licence("list.c - linked lists\nCopyright (C) 1999"),
            Some("list.c - linked lists")
        );
        assert_eq!(before_licence("SPDX-License-Identifier: MIT"), None);
    }
}

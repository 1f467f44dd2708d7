//! What a file says of itself at its top.

use crate::harvest::Harvest;
use crate::language::Language;
use crate::lines::Lines;
use crate::prose;
use codemem_core::compose::clip;
use codemem_core::unit::{Symbol, SymbolKind};
use std::ops::Range;

/// Longest leading comment kept, in bytes: a paragraph or two, enough for a summary of the file.
const MAX_LEADING: usize = 600;

/// Non-blank lines of code that may stand before the comment: an include guard, `package x;`, `<?php`, `'use strict'`.
const MAX_LINES_BEFORE: usize = 3;

/// Lines in which the comment must begin.
const WITHIN_LINES: usize = 120;

/// Lines of a prose file that are read as its beginning: a title and a paragraph.
const PROSE_LINES: usize = 12;

/// First words of comments that speak to programs, in lower case.
const DIRECTIVES: [&str; 15] = [
    "eslint",
    "tslint",
    "prettier",
    "jshint",
    "-*-",
    "vim:",
    "coding:",
    "@ts-",
    "@flow",
    "nolint",
    "pylint",
    "rubocop",
    "shellcheck",
    "frozen_string_literal",
    "syntax=",
];

/// The leading comment or module docstring of parsed code.
pub(crate) fn of_code(
    language: &Language,
    text: &str,
    lines: &Lines,
    harvest: &Harvest,
    symbols: &[Symbol],
) -> Option<String> {
    // What stands above the name of the file's module speaks for the file.
    let first_symbol = symbols
        .iter()
        .find(|symbol| symbol.kind != SymbolKind::Module)
        .map_or(usize::MAX, |symbol| symbol.lines.start as usize - 1);
    if let Some(span) = harvest.docstrings.first()
        && lines.at(span.start) < first_symbol
        && let Some(docstring) = prose::from_string(&text[span.clone()], MAX_LEADING)
    {
        return Some(docstring);
    }
    if let Some(docstring) = of_module(lines, harvest, symbols) {
        return Some(docstring);
    }
    let comments = harvest.attachments.iter().filter(|attachment| attachment.is_comment);
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut last_line = 0;
    let mut spans: Vec<Range<usize>> = Vec::new();
    for comment in comments {
        if comment.first_line >= first_symbol.min(WITHIN_LINES) {
            break;
        }
        if !comment.own_line || text[comment.span.clone()].starts_with("#!") {
            continue;
        }
        match groups.last_mut() {
            // A change of marker (`//` to `//!`) starts another comment.
            Some(group)
                if comment.first_line <= last_line + 1 && same_marker(text, &spans[group.start], &comment.span) =>
            {
                group.end = spans.len() + 1;
            }
            _ => groups.push(spans.len()..spans.len() + 1),
        }
        last_line = comment.last_line;
        spans.push(comment.span.clone());
    }
    let mut position = 0;
    let mut n_code_lines = 0;
    for group in groups {
        let spans = &spans[group];
        let (first, last) = (spans.first()?, spans.last()?);
        let between = text[position..first.start.max(position)].lines();
        n_code_lines += between
            .filter(|line| !line.trim().is_empty() && !line.starts_with("#!"))
            .count();
        if n_code_lines > MAX_LINES_BEFORE {
            return None;
        }
        position = last.end;
        let comments = spans.iter().map(|span| &text[span.clone()]);
        let prose = prose::from_comments_without(language.header_fields, comments, MAX_LEADING);
        if let Some(prose) = prose.as_deref().and_then(worth_keeping) {
            return Some(prose.to_owned());
        }
    }
    None
}

/// What the module says of itself that a file begins with.
fn of_module(lines: &Lines, harvest: &Harvest, symbols: &[Symbol]) -> Option<String> {
    use SymbolKind::{Module, Struct, Trait};
    let module = symbols.first()?;
    let next = symbols.get(1).map_or(u32::MAX, |symbol| symbol.lines.start);
    let is_its_own = |string: &Range<usize>| (module.lines.start..next).contains(&(lines.at(string.start) as u32 + 1));
    let is_inside = harvest.docstrings.first().is_some_and(is_its_own);
    let is_above = harvest.documentation.first().is_some_and(is_its_own);
    let holds_all = module.kind == Module && is_above || matches!(module.kind, Module | Struct | Trait) && is_inside;
    let docstring = module.docstring.as_deref().filter(|_| holds_all)?;
    Some(clip(docstring, MAX_LEADING).to_owned())
}

/// The leading comment of a file without a grammar; for prose, its title and first paragraph.
pub(crate) fn of_text(text: &str, language: &str) -> Option<String> {
    let text = clip(text.trim_start_matches('\u{feff}'), 8_000);
    if crate::split::is_prose(language) {
        return of_prose(text);
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("#!"))?
        .trim();
    let block = [("/*", "*/"), ("<!--", "-->")]
        .into_iter()
        .find(|(open, _)| first.starts_with(open));
    let prose = if let Some((open, close)) = block {
        let start = text.find(open)?;
        let end = text[start..]
            .find(close)
            .map_or(text.len(), |at| start + at + close.len());
        prose::from_comments(std::iter::once(&text[start..end]), MAX_LEADING)
    } else {
        let marker = ["#", "//", "--", ";", "%", "\""]
            .into_iter()
            .find(|marker| first.starts_with(marker))?;
        let lines = text
            .lines()
            .map(str::trim)
            .skip_while(|line| line.is_empty() || line.starts_with("#!"));
        prose::from_comments(lines.take_while(|line| line.starts_with(marker)), MAX_LEADING)
    };
    prose.as_deref().and_then(worth_keeping).map(str::to_owned)
}

/// The title and what stands before the next heading.
fn of_prose(text: &str) -> Option<String> {
    let is_clutter = |line: &&str| line.starts_with(['<', '[', '!', '|', '`', '=', '-']);
    let lines = text.lines().map(str::trim).filter(|line| !is_clutter(line));
    let mut has_text = false;
    let head = lines.take(PROSE_LINES).take_while(|line| {
        let is_heading = line.starts_with('#');
        let goes_on = !(is_heading && has_text);
        has_text |= !is_heading && !line.is_empty();
        goes_on
    });
    let head = head.map(|line| line.trim_start_matches('#').trim());
    prose::from_lines(head, MAX_LEADING).filter(|prose| !prose::is_licence(prose))
}

/// Whether two comments begin alike (`//` and `//`, not `//` and `//!`).
fn same_marker(text: &str, a: &Range<usize>, b: &Range<usize>) -> bool {
    let marker = |span: &Range<usize>| {
        let bytes = text[span.clone()].bytes();
        bytes.take(3).take_while(u8::is_ascii_punctuation).collect::<Vec<_>>()
    };
    marker(a) == marker(b)
}

/// Prose without its licence; `None` when it is nothing else, or an order to a program.
fn worth_keeping(prose: &str) -> Option<&str> {
    let head = clip(prose, 40).to_ascii_lowercase();
    if DIRECTIVES.iter().any(|word| head.starts_with(word)) {
        return None;
    }
    if prose::is_licence(prose) {
        return prose::before_licence(prose);
    }
    Some(prose)
}

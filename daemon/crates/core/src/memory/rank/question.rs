//! What a question asks for: its words, what has to occur as it is, the kind of memory, whether the newest is meant.

use crate::memory::MemoryKind;
use crate::memory::parts::{AskedWord, Words, is_stop_word};
use crate::token;

/// Most strings of a question that are looked for as they are.
const MAX_EXACT: usize = 16;

/// A question as the ranker sees it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Asking {
    /// Its words.
    pub(super) words: Vec<AskedWord>,
    /// Identifiers, numbers, versions and quoted strings, lower-cased: they match as they are or not at all.
    pub(super) exact: Vec<String>,
    /// The kind it asks for.
    pub(super) kind: Option<MemoryKind>,
    /// Whether the newest is meant.
    pub(super) wants_recent: bool,
    /// How it is put.
    pub(super) style: Style,
    /// Every asked word as it is written, for reasons; in the order of `words`.
    pub(super) spelled: Vec<String>,
}

/// How a question is put: vectors understand sentences, and know no names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// A sentence.
    Prose,
    /// Identifiers, numbers, or a word or two.
    Names,
}

impl Asking {
    /// Reads a question.
    pub(super) fn read(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words = Words::default().asked(text);
        let exact = exact(text);
        let spans: Vec<_> = token::words(text).collect();
        let spelled = words
            .iter()
            .map(|word| text[spans[word.word].clone()].to_owned())
            .collect();
        let mut in_text: Vec<usize> = words.iter().map(|word| word.word).collect();
        in_text.dedup();
        let style = if in_text.len() <= 2 || 2 * exact.len() >= in_text.len() {
            Style::Names
        } else {
            Style::Prose
        };
        Self {
            words,
            exact,
            kind: kind(&lower),
            wants_recent: wants_recent(&lower),
            style,
            spelled,
        }
    }
}

fn exact(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        let text = text.trim().to_lowercase();
        if text.len() > 1 && text.len() <= 80 && found.len() < MAX_EXACT && !found.contains(&text) {
            found.push(text);
        }
    };
    for quote in ['`', '"'] {
        for quoted in text.split(quote).skip(1).step_by(2).take(MAX_EXACT) {
            add(quoted);
        }
    }
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !is_stop_word(word) && is_written_as_code(word) {
            add(word);
        }
    }
    found
}

/// An identifier, a number or a version: `snake_case`, `a::b`, `v10.0.0`, `HTTPServer`, `8663`, `WAL`.
fn is_written_as_code(word: &str) -> bool {
    let mut chars = word.chars();
    let first_is_digit = chars.next().is_some_and(|c| c.is_ascii_digit());
    word.chars().count() > 1
        && (first_is_digit
            || word.contains(['_', '.', '/', '='])
            || word.contains("::")
            || word.chars().skip(1).any(char::is_uppercase)
            || token::parts(word).count() > 1 && word.chars().any(|c| c.is_ascii_digit()))
}

fn kind(lower: &str) -> Option<MemoryKind> {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(lower, phrase));
    match () {
        () if has(&[
            "why did we",
            "why do we use",
            "why was",
            "decide",
            "decided",
            "decision",
            "chose",
            "choose",
            "chosen",
            "selected",
            "rationale",
            "instead of",
        ]) =>
        {
            Some(MemoryKind::Decision)
        }
        () if has(&[
            "convention",
            "conventions",
            "style",
            "naming",
            "guideline",
            "guidelines",
            "how do we",
            "preferred",
            "prefer",
            "should i",
            "should we",
        ]) =>
        {
            Some(MemoryKind::Convention)
        }
        () if has(&[
            "mistake",
            "mistakes",
            "bug",
            "bugs",
            "went wrong",
            "root cause",
            "broke",
            "broken",
            "fails",
            "failed",
            "error",
            "errors",
            "pitfall",
            "gotcha",
            "problem",
            "problems",
        ]) =>
        {
            Some(MemoryKind::Mistake)
        }
        () if has(&[
            "todo",
            "todos",
            "to do",
            "left to do",
            "remaining",
            "pending",
            "unfinished",
            "next steps",
            "still need",
            "open tasks",
        ]) =>
        {
            Some(MemoryKind::Todo)
        }
        () => None,
    }
}

fn wants_recent(lower: &str) -> bool {
    [
        "latest",
        "newest",
        "most recent",
        "recent",
        "recently",
        "last week",
        "last month",
        "this week",
        "today",
        "yesterday",
        "current",
        "currently",
        "right now",
        "these days",
        "so far",
        "at the moment",
        "up to date",
    ]
    .iter()
    .any(|phrase| has_phrase(lower, phrase))
}

/// Whether a phrase occurs, between ends of words.
pub(super) fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + phrase.len()..].chars().next();
        [before, after]
            .iter()
            .all(|c| c.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
    })
}

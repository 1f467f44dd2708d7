//! What may be stored and asked: every field checked against what is allowed, by an error that names the field.
//!
//! Owns the limits of a memory's fields and the form in which they are stored. Pure; runs on whatever thread serves
//! the request. Decides nothing about what a content says: that is for [`super::secrets`] and [`super::flags`].
//!
//! An error never shows more than a few characters of what was given, so that neither a log nor an answer becomes a
//! copy of something that was refused.

mod anchor;
#[cfg(test)]
mod tests;
pub mod text;

use super::{ContextLevel, MAX_ANCHORS, MAX_CONTENT, MAX_TAG, MAX_TAGS, MemoryId, MemoryKind, SessionId, TimestampMs};
use std::error::Error;
use std::fmt;

/// Most bytes of a query: a whole prompt may be asked, of which the question is taken.
pub const MAX_QUERY: usize = 32 * 1024;
/// Most hits of one answer.
pub const MAX_HITS: u32 = 100;
/// Hits of an answer when the request says 0.
pub const DEFAULT_HITS: u32 = 10;
/// Most memories on one page of a list.
pub const MAX_PAGE: u32 = 1_000;
/// Memories on a page when the request says 0.
pub const DEFAULT_PAGE: u32 = 50;
/// Most tokens that a budget may ask for: more than any model reads at once.
pub const MAX_TOKEN_BUDGET: u32 = 1_000_000;
/// Fewest characters of a beginning that names a memory.
pub const MIN_ID_BEGINNING: usize = 4;

const DAY_MS: TimestampMs = 24 * 60 * 60 * 1_000;
/// How far ahead the clock of another machine may be.
const MAX_AHEAD_MS: TimestampMs = DAY_MS;
/// How far ahead an expiry may lie; further is a unit taken for another.
const MAX_EXPIRY_MS: TimestampMs = 100 * 366 * DAY_MS;
/// Most characters of what was given that an error shows.
const MAX_ECHO: usize = 24;

/// A field that holds what is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The field, as the wire calls it, with its index where it is one of many: `tags[3]`.
    pub field: String,
    /// What is wrong with it and what is allowed.
    pub reason: String,
}

impl FieldError {
    /// An error about a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.reason)
    }
}

impl Error for FieldError {}

/// What is to be stored, every field as it will be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Text of 1 byte to [`MAX_CONTENT`] bytes, as [`text::clean`] leaves it, without white space at its end.
    pub content: String,
    /// Who may read it.
    pub level: ContextLevel,
    /// What it is about.
    pub kind: MemoryKind,
    /// Sorted, each once.
    pub tags: Vec<String>,
    /// In the order given, each once.
    pub anchors: Vec<String>,
    /// When it is gone.
    pub expires_at: Option<TimestampMs>,
}

/// Checks all that describes a memory. `level` and `kind` are names; an empty kind is a note; 0 means no expiry.
pub fn draft(
    content: &str,
    level: &str,
    kind: &str,
    tags: &[String],
    anchors: &[String],
    expires_at_ms: i64,
    now: TimestampMs,
) -> Result<Draft, FieldError> {
    Ok(Draft {
        // The level first: a content must not be looked at on behalf of nobody.
        level: self::level(level)?,
        kind: self::kind(kind)?,
        content: self::content(content)?,
        tags: self::tags(tags)?,
        anchors: self::anchors(anchors)?,
        expires_at: self::expires_at(expires_at_ms, now)?,
    })
}

/// A content as it is stored.
pub fn content(text: &str) -> Result<String, FieldError> {
    let reason = match text::clean(text) {
        Ok(clean) if clean.is_empty() => {
            format!("empty; 1 to {MAX_CONTENT} bytes of text are allowed")
        }
        Ok(clean) if clean.len() > MAX_CONTENT => {
            format!("{} bytes; at most {MAX_CONTENT} are allowed", clean.len())
        }
        Ok(clean) => return Ok(clean),
        Err(text::NotText::Character { character, offset }) => format!(
            "U+{:04X} at byte {offset} is not text; printable characters, tabs and line breaks are allowed",
            u32::from(character)
        ),
        Err(text::NotText::Undecodable { n_replaced }) => {
            format!("{n_replaced} characters could not be decoded, so this is not UTF-8 text; only text is allowed")
        }
    };
    Err(FieldError::new("content", reason))
}

/// A level by its name.
pub fn level(name: &str) -> Result<ContextLevel, FieldError> {
    closed("context_level", name, ContextLevel::parse, ContextLevel::ALL)
}

/// A kind by its name; empty means a note.
pub fn kind(name: &str) -> Result<MemoryKind, FieldError> {
    if name.is_empty() {
        return Ok(MemoryKind::Note);
    }
    closed("kind", name, MemoryKind::parse, MemoryKind::ALL)
}

/// Tags, sorted, each once. Letters are not changed: what was not allowed is refused, not guessed.
pub fn tags(tags: &[String]) -> Result<Vec<String>, FieldError> {
    if tags.len() > MAX_TAGS {
        let reason = format!("{} given; at most {MAX_TAGS} are allowed", tags.len());
        return Err(FieldError::new("tags", reason));
    }
    for (index, tag) in tags.iter().enumerate() {
        let is_allowed = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'/' | b'-');
        let wrong = if tag.is_empty() {
            "empty".to_owned()
        } else if tag.len() > MAX_TAG {
            format!("{} is {} bytes long", echo(tag), tag.len())
        } else if tag.bytes().all(is_allowed) {
            continue;
        } else {
            format!("{} has other characters", echo(tag))
        };
        let reason = format!("{wrong}; 1 to {MAX_TAG} of `a-z`, `0-9`, `.`, `_`, `:`, `/` and `-` are allowed");
        return Err(FieldError::new(format!("tags[{index}]"), reason));
    }
    let mut tags = tags.to_vec();
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

/// Anchors without white space around them, in the order given, each once.
pub fn anchors(anchors: &[String]) -> Result<Vec<String>, FieldError> {
    if anchors.len() > MAX_ANCHORS {
        let reason = format!("{} given; at most {MAX_ANCHORS} are allowed", anchors.len());
        return Err(FieldError::new("anchors", reason));
    }
    let mut checked: Vec<String> = Vec::with_capacity(anchors.len());
    for (index, anchor) in anchors.iter().enumerate() {
        let anchor = anchor.trim();
        anchor::check(anchor).map_err(|reason| FieldError::new(format!("anchors[{index}]"), reason))?;
        if !checked.iter().any(|known| known == anchor) {
            checked.push(anchor.to_owned());
        }
    }
    Ok(checked)
}

/// An expiry in milliseconds since 1970; 0 means none. What would be gone at once is refused: it would look stored.
pub fn expires_at(ms: i64, now: TimestampMs) -> Result<Option<TimestampMs>, FieldError> {
    let expiry = moment("expires_at_ms", ms)?;
    let wrong = match expiry {
        Some(at) if at <= now => "is in the past",
        Some(at) if at > now.saturating_add(MAX_EXPIRY_MS) => "is more than 100 years ahead",
        Some(_) | None => return Ok(expiry),
    };
    let reason = format!("{ms} {wrong}; milliseconds since 1970 within the next 100 years are allowed, or 0 for never");
    Err(FieldError::new("expires_at_ms", reason))
}

/// When an imported memory was made, in milliseconds since 1970; 0 means now. A day ahead is allowed for clocks that differ.
pub fn created_at(ms: i64, now: TimestampMs) -> Result<Option<TimestampMs>, FieldError> {
    let created = moment("created_at_ms", ms)?;
    if created.is_some_and(|at| at > now.saturating_add(MAX_AHEAD_MS)) {
        let reason = format!("{ms} is in the future; milliseconds since 1970 up to now are allowed, or 0 for now");
        return Err(FieldError::new("created_at_ms", reason));
    }
    Ok(created)
}

/// The bounds of a filter by time, in milliseconds since 1970; 0 means open.
pub fn span(since_ms: i64, until_ms: i64) -> Result<(Option<TimestampMs>, Option<TimestampMs>), FieldError> {
    let (since, until) = (moment("since_ms", since_ms)?, moment("until_ms", until_ms)?);
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        let reason = format!("{until} is not after `since_ms`; a later time is allowed, or 0 for no bound");
        return Err(FieldError::new("until_ms", reason));
    }
    Ok((since, until))
}

/// What is asked, without control characters, invisible ones and white space around it.
///
/// What is asked is never stored, so what is not text in it (a pasted terminal) is dropped instead of refused.
pub fn query(text: &str) -> Result<String, FieldError> {
    query_if_any(text)?.ok_or_else(|| {
        let reason = format!("empty; 1 to {MAX_QUERY} bytes of text are allowed");
        FieldError::new("query", reason)
    })
}

/// The same where asking for nothing in particular is allowed.
pub fn query_if_any(text: &str) -> Result<Option<String>, FieldError> {
    if text.len() > MAX_QUERY {
        let reason = format!("{} bytes; at most {MAX_QUERY} are allowed", text.len());
        return Err(FieldError::new("query", reason));
    }
    let query = text::question(text);
    Ok((!query.is_empty()).then_some(query))
}

/// A session's id; empty means none.
pub fn session(text: &str) -> Result<Option<SessionId>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    SessionId::new(text).map(Some).ok_or_else(|| {
        let reason = format!(
            "{} is no session id; 1 to 128 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `:` and `-` are allowed",
            echo(text)
        );
        FieldError::new("session", reason)
    })
}

/// A whole id in the field of that name (`id`, `supersedes`).
pub fn id(field: &str, text: &str) -> Result<MemoryId, FieldError> {
    MemoryId::parse(text).ok_or_else(|| {
        let reason = format!(
            "{} is no id; {} of `0-9` and `a-f` are allowed",
            echo(text),
            MemoryId::LENGTH
        );
        FieldError::new(field, reason)
    })
}

/// An id or its beginning of at least [`MIN_ID_BEGINNING`] characters, in the field of that name.
pub fn id_beginning(field: &str, text: &str) -> Result<String, FieldError> {
    let is_long_enough = (MIN_ID_BEGINNING..=MemoryId::LENGTH).contains(&text.len());
    if is_long_enough && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(text.to_owned());
    }
    let reason = format!(
        "{} is no id; {MIN_ID_BEGINNING} to {} of `0-9` and `a-f` are allowed",
        echo(text),
        MemoryId::LENGTH
    );
    Err(FieldError::new(field, reason))
}

/// How many hits an answer may have; 0 means [`DEFAULT_HITS`].
pub fn limit(limit: u32) -> Result<usize, FieldError> {
    at_most("limit", limit, DEFAULT_HITS, MAX_HITS)
}

/// How many memories a page may have; 0 means [`DEFAULT_PAGE`].
pub fn page_limit(limit: u32) -> Result<usize, FieldError> {
    at_most("limit", limit, DEFAULT_PAGE, MAX_PAGE)
}

/// How many tokens an answer may have; 0 means any number.
pub fn token_budget(tokens: u32) -> Result<usize, FieldError> {
    at_most("token_budget", tokens, 0, MAX_TOKEN_BUDGET)
}

fn at_most(field: &str, value: u32, default: u32, most: u32) -> Result<usize, FieldError> {
    if value > most {
        let reason = format!("{value}; 1 to {most} are allowed, or 0 for the default");
        return Err(FieldError::new(field, reason));
    }
    let value = if value == 0 { default } else { value };
    Ok(value as usize)
}

fn moment(field: &str, ms: i64) -> Result<Option<TimestampMs>, FieldError> {
    if ms < 0 {
        let reason = format!("{ms} is before 1970; milliseconds since then are allowed, or 0 for none");
        return Err(FieldError::new(field, reason));
    }
    Ok((ms != 0).then_some(ms))
}

fn closed<T: fmt::Display>(
    field: &str,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    all: &[T],
) -> Result<T, FieldError> {
    parse(name).ok_or_else(|| {
        let wrong = if name.is_empty() {
            "missing".to_owned()
        } else {
            format!("{} is unknown", echo(name))
        };
        let names: Vec<String> = all.iter().map(T::to_string).collect();
        FieldError::new(field, format!("{wrong}; allowed are {}", names.join(", ")))
    })
}

/// The beginning of what was given, as one printable word in backticks.
fn echo(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MAX_ECHO)
        .map(|c| if c.is_control() || text::is_hidden(c) { '?' } else { c })
        .collect();
    if text.chars().nth(MAX_ECHO).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

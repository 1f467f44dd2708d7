//! What may name a place in the code: a path inside the project, a symbol, or `path#symbol`.

use super::super::MAX_ANCHOR;
use super::{echo, text};

/// What is allowed, for every error.
const ALLOWED: &str = "a path relative to the project, a symbol, or `path#symbol` is allowed";

/// Checks one anchor; the error is a reason.
pub(super) fn check(anchor: &str) -> Result<(), String> {
    let wrong = if anchor.is_empty() {
        "empty".to_owned()
    } else if anchor.len() > MAX_ANCHOR {
        format!("{} bytes, at most {MAX_ANCHOR}", anchor.len())
    } else if let Some(c) = anchor.chars().find(|&c| is_unprintable(c)) {
        format!("U+{:04X} is not printable", u32::from(c))
    } else if is_absolute(anchor) {
        format!("{} is absolute", echo(anchor))
    } else if anchor.split(['/', '\\', '#']).any(|part| part.trim() == "..") {
        format!("{} leads out with `..`", echo(anchor))
    } else {
        return Ok(());
    };
    Err(format!("{wrong}; {ALLOWED}"))
}

fn is_unprintable(c: char) -> bool {
    c.is_control() || text::is_hidden(c) || text::is_joining(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFD}')
}

/// From the root, from a home directory, from a drive, or a URL.
fn is_absolute(anchor: &str) -> bool {
    let bytes = anchor.as_bytes();
    let drive = matches!(bytes, [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    drive || anchor.starts_with(['/', '\\']) || anchor.starts_with("~/") || anchor.contains("://")
}

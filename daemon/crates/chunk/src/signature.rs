//! The declaration without its body, on one line.

use crate::harvest::{Attachment, Found};
use crate::lines::Lines;
use codemem_core::compose::clip;
use codemem_core::unit::Symbol;

/// The signature of a definition that begins at `start`.
pub(crate) fn of(text: &str, start: usize, found: &Found, attachments: &[Attachment]) -> String {
    let body = found.body.clone().unwrap_or(found.span.end..found.span.end);
    let head_end = body.start.max(found.name.end).max(start);
    let mut signature = String::with_capacity(80);
    // Comments are no part of the declaration, whether between parameters or after them.
    let mut position = start;
    let first = attachments.partition_point(|attachment| attachment.span.start < start);
    let inside = attachments[first..]
        .iter()
        .take_while(|attachment| attachment.span.start < head_end);
    for comment in inside.filter(|attachment| attachment.is_comment) {
        fold(&text[position..comment.span.start.max(position)], &mut signature);
        position = position.max(comment.span.end.min(head_end));
    }
    fold(&text[position..head_end], &mut signature);
    if body.end < found.span.end {
        fold(&text[body.end..found.span.end], &mut signature);
    }
    let end = trimmed(&signature).len();
    signature.truncate(end);
    signature
}

/// Where the declaration begins: modifiers before the node on its line belong to it, attributes do not.
pub(crate) fn start(text: &str, lines: &Lines, found: &Found, attachments: &[Attachment]) -> usize {
    let line_start = lines.start(found.first_line);
    let before = &text[line_start..found.span.start];
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '\t');
    let mut start = if before.chars().all(is_word) {
        line_start
    } else {
        found.span.start
    };
    let mut next = attachments.partition_point(|attachment| attachment.span.start < start);
    loop {
        let rest = &text[start..found.name.end.max(start)];
        start += rest.len() - rest.trim_start().len();
        match attachments.get(next) {
            Some(attachment) if attachment.span.start <= start && attachment.span.end <= found.name.start => {
                start = start.max(attachment.span.end);
                next += 1;
            }
            _ => return start,
        }
    }
}

/// Appends with white space folded to single spaces, up to the longest signature. A list that has lines of its own reads as if
/// it stood on one: without blanks inside of its brackets, and without a comma behind its last item.
fn fold(text: &str, signature: &mut String) {
    let mut rest = text;
    loop {
        let (blank, after) = rest.split_at(rest.len() - rest.trim_ascii_start().len());
        if after.is_empty() {
            return;
        }
        let (word, behind) = after.split_at(after.find(|c: char| c.is_ascii_whitespace()).unwrap_or(after.len()));
        rest = behind;
        let is_broken = blank.contains('\n');
        if is_broken && is_tight(signature, word) {
            let end = signature.trim_end_matches(',').len();
            signature.truncate(end);
        } else if !(signature.is_empty() || is_broken && signature.ends_with(['(', '[', '<'])) {
            signature.push(' ');
        }
        if signature.len() + word.len() > Symbol::MAX_SIGNATURE {
            let room = Symbol::MAX_SIGNATURE.saturating_sub(signature.len());
            signature.push_str(clip(word, room));
            return;
        }
        signature.push_str(word);
    }
}

/// Whether a word closes a bracket behind which there is no blank.
fn is_tight(signature: &str, word: &str) -> bool {
    let (open, close) = match word.bytes().next() {
        Some(b')') => (b'(', b')'),
        Some(b']') => (b'[', b']'),
        Some(b'>') => (b'<', b'>'),
        _ => return false,
    };
    let bytes = signature.as_bytes();
    let mut depth = 0_u32;
    for (at, byte) in bytes.iter().copied().enumerate().rev() {
        // An arrow closes nothing.
        let is_arrow = byte == b'>' && matches!(at.checked_sub(1).map(|before| bytes[before]), Some(b'-' | b'='));
        if byte == open && depth == 0 {
            return bytes.get(at + 1) != Some(&b' ');
        } else if byte == open {
            depth -= 1;
        } else if byte == close && !is_arrow {
            depth += 1;
        }
    }
    false
}

/// Without what only announces the body.
fn trimmed(signature: &str) -> &str {
    let mut rest = signature.trim_end();
    loop {
        let shorter = rest
            .strip_suffix("=>")
            .or_else(|| rest.strip_suffix(['{', ':', '=', ';', ',']))
            .map(str::trim_end);
        match shorter {
            Some(shorter) if !shorter.is_empty() => rest = shorter,
            _ => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_lines_of_its_own_reads_as_on_one() {
        for (written, expected) in [
            ("def f(a, b)", "def f(a, b)"),
            ("def f(\n    a,\n    b,\n) -> int", "def f(a, b) -> int"),
            ("fn f<\n    T,\n>(\n    t: T,\n) -> Vec<T>", "fn f<T>(t: T) -> Vec<T>"),
            (
                "fn f(\n    a: impl Fn() -> u8,\n    b: [u8; 2],\n)",
                "fn f(a: impl Fn() -> u8, b: [u8; 2])",
            ),
            (
                "module M\n  ( Shelf (..)\n  , restock\n  ) where",
                "module M ( Shelf (..) , restock ) where",
            ),
            ("if (a\n    > b)", "if (a > b)"),
            ("f( a )", "f( a )"),
        ] {
            let mut signature = String::new();
            fold(written, &mut signature);
            assert_eq!(signature, expected);
        }
    }
}

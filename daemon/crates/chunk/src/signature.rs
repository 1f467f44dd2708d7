//! The declaration without its body, on one line.

use crate::harvest::{Attachment, Found};
use crate::lines::Lines;
use codemem_core::compose::clip;
use codemem_core::unit::Symbol;

/// The signature of a definition.
pub(crate) fn of(text: &str, lines: &Lines, found: &Found, attachments: &[Attachment]) -> String {
    let start = start(text, lines, found, attachments);
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
fn start(text: &str, lines: &Lines, found: &Found, attachments: &[Attachment]) -> usize {
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

/// Appends with white space folded to single spaces, up to the longest signature.
fn fold(text: &str, signature: &mut String) {
    for word in text.split_ascii_whitespace() {
        if !signature.is_empty() {
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

//! Private keys in armour: PEM, OpenSSH, PGP, PuTTY.

use super::{Finding, Rules};

/// Longest armour that is looked through, in bytes: a key of 16,384 bits has 13,000.
const MAX_BLOCK: usize = 16 * 1024;

/// Longest first line of an armour, in bytes.
const MAX_LABEL: usize = 64;

/// Characters of key material that make it more than a mention.
const LEAST_KEY: usize = 48;

/// Finds armoured private keys with what they hold, whole or cut off.
pub(super) fn find(text: &str, rules: &mut Rules) {
    let mut from = 0;
    while let Some(at) = text[from..]
        .find("-----BEGIN ")
        .or_else(|| text[from..].find("---- BEGIN SSH2 "))
    {
        let begin = from + at;
        from = begin + 5;
        let line = &text[begin..floor(text, begin + MAX_LABEL)];
        let Some(header) = header_end(line) else {
            continue;
        };
        let body = begin + header;
        let end = body_end(text, body);
        let n_key = text[body..end].bytes().filter(|b| is_key_byte(*b)).count();
        let is_key = n_key >= LEAST_KEY && !text[body..end].contains("...");
        if is_key {
            rules.add(Finding {
                rule: "private-key",
                range: begin..end,
                what: "a private key",
            });
            from = end;
        }
    }
    putty(text, rules);
}

/// Where the first line of the armour ends, if it is that of a private key.
fn header_end(label: &str) -> Option<usize> {
    let label = label.lines().next()?;
    let key = label.find("PRIVATE KEY")?;
    let tail = &label[key..];
    let dashes = tail.find("----")?;
    let end = key + dashes;
    Some(end + tail[dashes..].bytes().take_while(|b| *b == b'-').count())
}

/// Behind the armour's last line, or where what looks like key material ends.
fn body_end(text: &str, body: usize) -> usize {
    let window = &text[body..floor(text, body + MAX_BLOCK)];
    // Another key's end is not this one's.
    let window = &window[..window
        .find("- BEGIN ")
        .or_else(|| window.find("-BEGIN "))
        .unwrap_or(window.len())];
    if let Some(at) = window.find("-----END ").or_else(|| window.find("---- END SSH2 ")) {
        let tail = &window[at + 5..];
        let label = tail.find("----").map_or(0, |dashes| dashes);
        let dashes = tail[label..].bytes().take_while(|b| *b == b'-').count();
        return body + at + 5 + label + dashes;
    }
    let len = window
        .bytes()
        .take_while(|b| {
            is_key_byte(*b) || matches!(b, b'\n' | b'\r' | b' ' | b'\t' | b'\\' | b':' | b',' | b'-' | b'"')
        })
        .count();
    body + window[..len].trim_end().len()
}

fn putty(text: &str, rules: &mut Rules) {
    const MARK: &str = "Private-Lines: ";
    let mut from = 0;
    while let Some(at) = text[from..].find(MARK) {
        let begin = from + at;
        let body = begin + MARK.len();
        let rest = &text[body..floor(text, body + MAX_BLOCK)];
        let n_lines = rest
            .lines()
            .next()
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0);
        let is_key = |line: &&str| line.trim_end().bytes().all(is_key_byte);
        let lines = rest
            .split_inclusive('\n')
            .take(1_usize.saturating_add(n_lines))
            .take_while(is_key);
        let len = rest[..lines.map(str::len).sum()].trim_end().len();
        if len >= LEAST_KEY {
            rules.add(Finding {
                rule: "private-key",
                range: begin..body + len,
                what: "a PuTTY private key",
            });
        }
        from = body;
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The nearest boundary of a character at or before an offset.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

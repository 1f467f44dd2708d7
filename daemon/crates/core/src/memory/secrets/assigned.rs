//! Values that are given to a name that promises a secret: assignments, settings, flags, headers, calls, prose.

use super::key::{Promise, promise};
use super::value::{is_common_password, is_hex, is_password, is_random, is_uuid, stands_for};
use super::{Finding, Rules};
use crate::memory::base64;

/// Longest name that is looked at, in bytes.
const MAX_NAME: usize = 48;
/// Longest value that is looked at, in bytes.
const MAX_VALUE: usize = 1_024;
/// Longest gap between a name and its sign, or a sign and its value, in bytes.
const MAX_GAP: usize = 8;

/// A value and how it stands there.
struct Value {
    start: usize,
    end: usize,
    is_quoted: bool,
}

/// Finds them.
pub(super) fn find(text: &str, rules: &mut Rules) {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'=' | b':' => sign(text, at, rules),
            b'>' => element(text, at, rules),
            b'(' => call(text, at, rules),
            b' ' => spaced(text, at, rules),
            _ => {}
        }
    }
}

/// `name = value`, `name: value`, `"name": "value"`, `name := value`, `name: Type = value`.
fn sign(text: &str, at: usize, rules: &mut Rules) {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map_or(b' ', |index| bytes[index]);
    let after = bytes.get(at + 1).copied().unwrap_or(b' ');
    let is_comparison = bytes[at] == b'='
        && (after == b'='
            || after == b'~'
            || matches!(
                before,
                b'=' | b'!' | b'<' | b'>' | b'~' | b'+' | b'-' | b'*' | b'^' | b'|' | b'&'
            ));
    let is_path = bytes[at] == b':' && (after == b':' || before == b':' || text[at + 1..].starts_with("//"));
    if is_comparison || is_path {
        return;
    }
    let Some((name_at, promise)) = name(text, at) else {
        // `the key for staging, until Friday: value`
        if bytes[at] == b':' && after == b' ' {
            prose(text, at, at, rules);
        }
        return;
    };
    let Some(value) = value(text, at + 1) else {
        return;
    };
    if text[..value.start].ends_with("Basic ") || text[..value.start].ends_with("basic ") {
        return;
    }
    // Alone on its line, as in a settings file.
    let line = text[..name_at].rfind('\n').map_or(0, |newline| newline + 1);
    let lead = text[line..name_at].trim_matches([' ', '\t', '-', '#', '>', '"', '\'', '*', '`']);
    let starts =
        lead.is_empty() || lead == "export" || lead == "ENV" || lead == "set" || lead == "ARG" || lead == "$env";
    let rest = text[value.end..].lines().next().unwrap_or_default();
    let is_line = starts && rest.trim_matches([' ', '\t', '"', '\'', ',', '`', '*']).is_empty();
    let is_setting = is_line && !rest.contains(';');
    judge(text, &value, promise, is_setting, rules);
}

/// `<password>value</password>`.
fn element(text: &str, at: usize, rules: &mut Rules) {
    let len = name_before(&text[..at]);
    let opens = at - len;
    if len == 0 || !text[..opens].ends_with('<') {
        return;
    }
    let Some(promise) = promise(&text[opens..at]) else {
        return;
    };
    let rest = &text[at + 1..];
    let len = rest
        .bytes()
        .take(MAX_VALUE)
        .take_while(|b| !matches!(b, b'<' | b'\n'))
        .count();
    if rest.get(len..).is_some_and(|rest| rest.starts_with("</")) {
        let value = Value {
            start: at + 1,
            end: at + 1 + len,
            is_quoted: true,
        };
        judge(text, &value, promise, true, rules);
    }
}

/// `set_password("value")`, `.basic_auth("name", "value")` by its last argument is not looked at.
fn call(text: &str, at: usize, rules: &mut Rules) {
    let len = name_before(&text[..at]);
    let Some(promise) = promise(&text[at - len..at]) else {
        return;
    };
    if let Some(value) =
        value(text, at + 1).filter(|value| value.is_quoted && text[value.end + 1..].trim_start().starts_with(')'))
    {
        judge(text, &value, promise, false, rules);
    }
}

/// `--password value`, `ENV API_KEY value`, `Bearer value`, `password is value`, `curl -u name:value`.
fn spaced(text: &str, at: usize, rules: &mut Rules) {
    let len = name_before(&text[..at]);
    let (name_at, word) = (at - len, &text[at - len..at]);
    match word {
        "Bearer" | "bearer" | "BEARER" => {
            if let Some(value) = value(text, at + 1)
                && !value.is_quoted
                && is_random(&text[value.start..value.end])
            {
                judge(text, &value, Promise::Token, true, rules);
            }
        }
        "Basic" => login(text, at + 1, rules),
        "is" | "was" | "to" | "as" | "be" | "ist" | "lautet" | "est" | "es" | "of" => prose(text, name_at, at, rules),
        "-u" | "--user" => user(text, at, rules),
        _ if word.starts_with("--") => {
            if let Some(promise) = promise(word)
                && let Some(value) = value(text, at + 1)
            {
                judge(text, &value, promise, false, rules);
            }
        }
        _ if len >= 5 => {
            let line = text[..name_at].rfind('\n').map_or(0, |newline| newline + 1);
            let is_declared = matches!(
                text[line..name_at].trim(),
                "ENV" | "ARG" | "setenv" | "set" | "requirepass" | "setx"
            );
            if (is_declared || is_bare_setting(text, line, word))
                && let Some(promise) = promise(word)
                && let Some(value) = value(text, at + 1)
            {
                judge(text, &value, promise, is_declared, rules);
            } else if promise(word).is_some() {
                prose(text, at, at, rules);
            }
        }
        _ => {}
    }
}

/// `requirepass value`, a line of a settings file that has no sign.
fn is_bare_setting(text: &str, line: usize, word: &str) -> bool {
    matches!(word, "requirepass" | "masterauth") && text[line..].trim_start().starts_with(word)
}

/// `the password for staging is value`: the name within a few words before `from`.
fn prose(text: &str, from: usize, at: usize, rules: &mut Rules) {
    let Some(value) = value(text, at + 1) else {
        return;
    };
    let word = &text[value.start..value.end];
    let is_key = word.len() >= 20 && is_random(word) && !is_digest(word);
    let is_chosen = at != from && is_mixed(word) && is_password(word, true);
    if !(is_key || is_chosen) {
        return;
    }
    let mut begin = from.saturating_sub(MAX_NAME);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    let before = text[begin..from]
        .rsplit(['\n', '.', ';', '(', '|'])
        .next()
        .unwrap_or_default();
    let mut words = before.split_whitespace().rev().take(6).peekable();
    while let Some(word) = words.next() {
        let joined = words
            .peek()
            .map_or_else(|| word.to_owned(), |previous| format!("{previous} {word}"));
        if let Some(promised) = promise(&joined).or_else(|| promise(word)) {
            if is_key || promised == Promise::Password {
                judge(text, &value, promised, true, rules);
            }
            return;
        }
    }
}

/// `curl -u name:value`.
fn user(text: &str, at: usize, rules: &mut Rules) {
    let Some(value) = value(text, at + 1) else {
        return;
    };
    let word = &text[value.start..value.end];
    if let Some((name, password)) = word.split_once(':')
        && !name.is_empty()
    {
        let value = Value {
            start: value.end - password.len(),
            ..value
        };
        judge(text, &value, Promise::Password, true, rules);
    }
}

/// `name:password` in base64.
fn login(text: &str, from: usize, rules: &mut Rules) {
    if let Some(value) = value(text, from) {
        judge(text, &value, Promise::Login, true, rules);
    }
}

fn judge(text: &str, value: &Value, promise: Promise, is_setting: bool, rules: &mut Rules) {
    let word = &text[value.start..value.end];
    let is_bare = !value.is_quoted && !is_setting;
    let (is_secret, rule, what) = match promise {
        Promise::Password => {
            let is_chosen = is_password(word, is_bare)
                || (is_setting && is_phrase(word))
                || (is_hex(word) && word.len() >= 20 && is_random(word));
            (
                is_chosen || (is_uuid(word) && value.is_quoted),
                "password",
                "a password",
            )
        }
        Promise::Key => {
            let is_key = is_random(word)
                || (is_uuid(word) && !is_bare)
                || (!is_bare && is_password(word, false) && is_mixed(word) && word.len() >= 12);
            (is_key, "api-key", "a key or token")
        }
        Promise::Token => (
            word.len() >= 20 && is_random(word) && !is_digest(word),
            "api-key",
            "a key or token",
        ),
        Promise::Login => {
            let is_login = base64::text(word).is_some_and(|login| {
                login.split_once(':').is_some_and(|(name, password)| {
                    !name.is_empty()
                        && password.len() >= 4
                        && !is_common_password(password)
                        && !password.contains(char::is_control)
                })
            });
            (is_login, "basic-auth", "a name and password in base64")
        }
    };
    if is_secret && !stands_for(word) {
        rules.add(Finding {
            rule,
            range: value.start..value.end,
            what,
        });
    }
}

/// A settings file's password of nothing but words: `DB_PASSWORD=velvet-otter-cactus-marble`.
fn is_phrase(word: &str) -> bool {
    let n_words = word.split('-').filter(|part| part.len() >= 3).count();
    n_words >= 4 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !is_common_password(word)
}

/// Small letters and capitals or marks beside digits.
fn is_mixed(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.bytes().any(|b| class(&b));
    let marks = has(|b| b"!@#$%^&*+?~".contains(b));
    has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && (has(u8::is_ascii_uppercase) || marks)
}

/// Of the length of a hash in hexadecimal.
fn is_digest(word: &str) -> bool {
    is_hex(word) && matches!(word.len(), 32 | 40 | 56 | 64 | 96 | 128)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// Length of the name that a text ends with.
fn name_before(text: &str) -> usize {
    let len = text
        .bytes()
        .rev()
        .take(MAX_NAME)
        .take_while(|b| is_name_byte(*b))
        .count();
    (0..=len)
        .rev()
        .find(|len| text.is_char_boundary(text.len() - len))
        .unwrap_or(0)
}

/// The name before a sign, and what it promises.
fn name(text: &str, sign: usize) -> Option<(usize, Promise)> {
    let bytes = text.as_bytes();
    let is_gap = |b: &&u8| {
        matches!(
            b,
            b' ' | b'\t' | b'"' | b'\'' | b'`' | b'*' | b']' | b'\\' | b':' | b')'
        )
    };
    let gap = bytes[..sign].iter().rev().take(MAX_GAP).take_while(is_gap).count();
    let end = sign - gap;
    let start = end - name_before(text.get(..end)?);
    let word = text.get(start..end)?;
    if word.is_empty() {
        return None;
    }
    // `API key`: the word before belongs to it.
    let lead = bytes[..start]
        .iter()
        .rev()
        .skip(1)
        .take(16)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    if start >= 1 && bytes[start - 1] == b' ' && lead > 0 && word.len() <= 10 {
        let start = start - 1 - lead;
        if let Some(found) = promise(&text[start..end]) {
            return Some((start, found));
        }
    }
    if let Some(found) = promise(word) {
        return Some((start, found));
    }
    // `name: Type = value`
    let typed = (bytes[sign] == b'=').then(|| text[..start].trim_end_matches([' ', '&', '<', '?', '*']))?;
    let typed = typed.strip_suffix(':')?.trim_end_matches(['?', ' ', '!']);
    let len = name_before(typed);
    let start = typed.len() - len;
    let name = typed.get(start..)?;
    promise(name).map(|found| (start, found))
}

/// The value behind a sign.
fn value(text: &str, from: usize) -> Option<Value> {
    let bytes = text.as_bytes();
    let is_gap = |b: &&u8| matches!(b, b' ' | b'\t' | b'=' | b'>' | b'*' | b'\\');
    let gap = bytes.get(from..)?.iter().take(MAX_GAP).take_while(is_gap).count();
    let mut start = from + gap;
    // `r"..."`, `b'...'`, `@"..."`
    if matches!(bytes.get(start), Some(b'b' | b'r' | b'u' | b'f' | b'@' | b'L'))
        && matches!(bytes.get(start + 1), Some(b'"' | b'\''))
    {
        start += 1;
    }
    let quote = bytes.get(start).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        start += 1;
        let len = bytes[start..]
            .iter()
            .take(MAX_VALUE)
            .take_while(|b| **b != quote && **b != b'\n')
            .count();
        let is_closed = bytes.get(start + len) == Some(&quote);
        let mut end = start + len;
        if text.is_char_boundary(end) {
            start += scheme(&text[start..end]);
        }
        // `\"value\"` inside a string
        if is_closed && end > start && bytes[end - 1] == b'\\' && bytes.get(start.wrapping_sub(2)) == Some(&b'\\') {
            end -= 1;
        }
        return (is_closed && end > start).then_some(Value {
            start,
            end,
            is_quoted: true,
        });
    }
    // `Authorization: Bearer value`, `Token value`
    start += text.get(start..).map_or(0, scheme);
    let stops = |b: &&u8| {
        !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b')' | b'|' | b'\\')
    };
    let len = bytes.get(start..)?.iter().take(MAX_VALUE).take_while(stops).count();
    let mut end = start + len;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let word = text.get(start..end)?;
    // Parameters of an address are joined by `&`; a sentence may end here.
    let word = word
        .split('&')
        .next()
        .filter(|first| first.contains('=') || first.len() >= 6 && word.contains('='))
        .unwrap_or(word);
    let word = word.trim_end_matches(['.', ':', '*', ']', '}']);
    (!word.is_empty()).then_some(Value {
        start,
        end: start + word.len(),
        is_quoted: false,
    })
}

/// Length of what tells how a header's value is to be read. `Basic` is read by [`login`].
fn scheme(value: &str) -> usize {
    let schemes = ["Bearer ", "bearer ", "Token ", "token ", "Basic ", "basic "];
    schemes
        .into_iter()
        .find(|scheme| value.starts_with(scheme))
        .map_or(0, str::len)
}

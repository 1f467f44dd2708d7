//! Passwords and tokens inside addresses: `postgres://user:password@host`, webhooks, signed links.

use super::value::{is_random, stands_for, stands_for_token};
use super::{Finding, Rules};

/// Longest part of an address before `@` that is looked at, in bytes.
const MAX_USER: usize = 512;

/// Passwords that everybody writes in an address that is an example.
const EXAMPLES: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "secret",
    "p",
    "x",
    "test",
    "admin",
    "root",
    "guest",
    "user",
    "postgres",
    "mysql",
    "token",
    "foo",
    "bar",
    "baz",
    "hunter2",
    "mypassword",
    "mypass",
    "db_password",
    "dbpass",
    "dbpassword",
    "s3cret",
    "abc",
    "abc123",
    "b",
    "credentials",
    "pass123",
    "userpass",
    "my-password",
    "my_password",
    "passw0rd",
    "empty",
    "none",
    "testpass",
    "testpassword",
    "secret123",
    "password123",
    "api_key",
    "key",
];

/// Addresses that are a secret as a whole, by what they begin with, and how long what follows is at least.
const HOOKS: &[(&str, usize)] = &[
    ("hooks.slack.com/services/T", 30),
    ("hooks.slack.com/workflows/T", 30),
    ("discord.com/api/webhooks/", 70),
    ("discordapp.com/api/webhooks/", 70),
    (".webhook.office.com/webhookb2/", 70),
];

/// Parameters of links that let whoever holds them in.
const SIGNATURES: &[&str] = &[
    "sig=",
    "X-Amz-Signature=",
    "X-Goog-Signature=",
    "access_token=",
    "X-Amz-Security-Token=",
];

/// Finds them.
pub(super) fn find(text: &str, rules: &mut Rules) {
    for (at, _) in text.match_indices("://") {
        user(text, at, rules);
    }
    for (mark, least) in HOOKS {
        for (at, _) in text.match_indices(mark) {
            let begin = at + mark.len();
            let path = &text[begin..begin + word(&text[begin..])];
            if path.len() >= *least && path.contains(['/', ':']) && !stands_for(path) {
                rules.add(Finding {
                    rule: "webhook",
                    range: begin..begin + path.len(),
                    what: "a webhook's address",
                });
            }
        }
    }
    for mark in SIGNATURES {
        let mut end = 0;
        for (at, _) in text
            .match_indices(mark)
            .filter(|(at, _)| text[..*at].ends_with(['?', '&']))
        {
            let begin = at + mark.len();
            // One signature may hold another's name.
            if begin < end {
                continue;
            }
            let rest = &text[begin..begin + word(&text[begin..])];
            let value = &rest[..rest.find(['&', '#', '?']).unwrap_or(rest.len())];
            end = begin + value.len();
            if value.len() >= 32 && !stands_for(value) {
                rules.add(Finding {
                    rule: "signed-link",
                    range: begin..end,
                    what: "the signature of a link",
                });
            }
        }
    }
}

/// The user and password before `@`.
fn user(text: &str, at: usize, rules: &mut Rules) {
    let scheme = text[..at]
        .bytes()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
        .count();
    if scheme == 0 {
        return;
    }
    let begin = at + 3;
    let rest = &text[begin..begin + word(&text[begin..])];
    // A password may hold what should have been escaped, but in a path `@` means something else.
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let (holder, is_whole) = match authority.rfind('@') {
        Some(end) => (&authority[..end], true),
        None => match rest
            .rfind('@')
            .filter(|_| !text[..at].ends_with("http") && !text[..at].ends_with("https"))
        {
            Some(end) => (&rest[..end], false),
            None => return,
        },
    };
    let Some((name, password)) = holder.split_once(':') else {
        // A token alone.
        let is_token = is_whole && holder.len() >= 20 && is_random(holder) && !stands_for_token(holder);
        if is_token {
            add(rules, begin, holder.len());
        }
        return;
    };
    // `host:5432/path@2` is a port.
    let is_port =
        (password.split_once(['/', '?', '#', ';'])).is_some_and(|(port, _)| port.bytes().all(|b| b.is_ascii_digit()));
    let lower = password.to_ascii_lowercase();
    let is_example =
        EXAMPLES.contains(&lower.as_str()) || password == name || stands_for(password) || (password.len() < 4);
    // `:password`, `%s`, `*****`, `PASSWORD`, `[password]`: a route, a format, a mask, a name in capitals.
    let is_marked =
        password.starts_with([':', '%', '*', '[', '<', '$', '…']) && !password.bytes().any(|b| b.is_ascii_digit());
    let is_name = password.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if !(is_port || is_example || is_marked || is_name) {
        add(rules, begin + name.len() + 1, password.len());
    }
}

fn add(rules: &mut Rules, begin: usize, len: usize) {
    rules.add(Finding {
        rule: "url-password",
        range: begin..begin + len,
        what: "a password in an address",
    });
}

/// Length of what belongs to an address.
fn word(text: &str) -> usize {
    text.char_indices()
        .take_while(|(at, c)| {
            *at < MAX_USER && !c.is_whitespace() && !matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '|' | ',')
        })
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8())
}

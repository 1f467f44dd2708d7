//! Content that reads like an order to an agent: recognised and named, to be ranked down, never hidden or refused.
//!
//! Owns the rules and how they are matched. Pure; runs on whatever thread serves the request, in time that grows with the
//! text alone. A convention ("always run the tests before a commit") is an order as well, to everybody; what is told
//! here is what such content never says: to forget other orders, to keep something from the user, to send something
//! away, to drop a safeguard. A flag is a reason to read with care, not a verdict.
//!
//! Call it with what was given, not with what [`super::validate`] made of it: hidden characters are dropped there.

mod pattern;
mod raw;
mod rules;
#[cfg(test)]
mod tests;
mod words;

use super::base64;
use pattern::Matcher;
use std::sync::LazyLock;

/// Most runs of base64 that are read back.
const MAX_ENCODED: usize = 64;

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(rules::RULES));

/// The names of the rules that a content meets, sorted, each once; empty means plain.
pub fn flags(content: &str) -> Vec<&'static str> {
    let mut flags = said(content);
    let spelled = raw::spelled(content);
    // With its spaces gone, a text that was split into letters is whole again.
    let hides = raw::has_hidden_characters(content)
        || raw::comments(content)
            .any(|comment| !said(comment).is_empty() || raw::addresses_agent(&words::words(comment)))
        || (raw::is_unseen_markup(&content.to_lowercase())
            && (!flags.is_empty() || raw::addresses_agent(&words::words(content))));
    let encoded: Vec<String> = raw::encoded(content)
        .take(MAX_ENCODED)
        .filter_map(base64::text)
        .collect();
    let mut is_hidden = hides;
    for text in encoded.iter().chain([&spelled]) {
        let told = said(text);
        is_hidden |= !told.is_empty();
        flags.extend(told);
    }
    if is_hidden {
        flags.push("hidden-text");
    }
    flags.sort_unstable();
    flags.dedup();
    flags
}

/// What is said openly.
fn said(text: &str) -> Vec<&'static str> {
    let words = words::words(text);
    let mut flags: Vec<&'static str> = MATCHER
        .matches(&words)
        .into_iter()
        .map(|rule| rules::RULES[rule].name)
        .collect();
    let lower = text.to_lowercase();
    if raw::has_tag(&lower) {
        flags.push("false-tags");
    }
    if raw::runs_what_it_fetches(&lower) {
        flags.push("run-fetched-code");
    }
    flags
}

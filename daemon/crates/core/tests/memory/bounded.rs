//! The longest content there can be takes no time to speak of, whatever is in it.

use codemem_core::memory::{MAX_CONTENT, flags, secrets, validate};
use std::time::{Duration, Instant};

/// What makes a scanner that looks ahead, or back, look again and again.
const PIECES: &[&str] = &[
    "a",
    "=",
    "password=",
    "password=\"",
    "password: ",
    "\"",
    "://",
    "a://b:",
    "a://@",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "-----END ",
    "eyJ",
    "eyJ.eyJ.",
    "sk-",
    "sk-a1B2c3-",
    "ghp_",
    "Bearer ",
    "Basic ",
    "is ",
    "token is ",
    "password ",
    "(",
    "<password>",
    ">",
    " ",
    "\n",
    "密码",
    "Private-Lines: 99\n",
    "?sig=",
    "ignore ",
    "ignore all ",
    "ignore previous ",
    "send the token to ",
    "do not tell the ",
    "when the user asks ",
    "忽略",
    "从现在",
    "<!-- ",
    "[//]: # (a\n",
    "aWdub3Jl",
    "aWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnM=\n",
    "| sh ",
    "curl |",
    "\u{E0041}",
    "\u{200B}",
    "display:none<style",
    "1:AA",
    "8Q~",
    "http://",
];

/// Far above what it takes without optimisation on a busy machine (some 50 ms), far below what a second look at everything would.
const MOST: Duration = Duration::from_secs(4);

#[test]
fn no_content_takes_long() {
    for piece in PIECES {
        let text = piece.repeat(MAX_CONTENT / piece.len());
        let begun = Instant::now();
        let findings = secrets::find(&text);
        let redacted = secrets::redact(&text, &findings);
        assert!(secrets::find(&redacted).is_empty());
        let found = flags::flags(&text);
        let _checked = validate::content(&text);
        assert!(
            begun.elapsed() < MOST,
            "{piece:?} took {:?} ({} findings, {found:?})",
            begun.elapsed(),
            findings.len()
        );
    }
}

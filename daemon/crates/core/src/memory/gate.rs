//! Whether searching memories for a prompt is worth it: decided from its words alone, before anything is embedded.
//!
//! A search that was not needed costs milliseconds, one that was left out costs an answer: only prompts that no
//! memory can help with are skipped. Words like "continue" or "lgtm" carry a task on and are no greetings.

/// What to do about a prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Search.
    Retrieve,
    /// Do not search: no memory helps.
    Skip,
    /// Search, for the caller asked not to decide.
    Off,
}

/// A decision and why.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Gate {
    /// What to do.
    pub decision: Decision,
    /// How likely memories help, 0 to 1.
    pub score: f32,
    /// Why, in a few words.
    pub reason: &'static str,
}

/// Score below which a prompt is skipped.
const THRESHOLD: f32 = 0.15;

/// Most words of a prompt that is nothing but a courtesy, a sum or a question about the world.
const MAX_WORDS: usize = 16;

/// Decides about a prompt.
pub fn decide(prompt: &str) -> Gate {
    // Only short prompts are ever skipped: more need not be read.
    let words: Vec<String> = crate::token::words(prompt)
        .take(MAX_WORDS + 1)
        .map(|word| prompt[word].to_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (score, reason) = class(prompt.trim(), &words);
    Gate {
        decision: if score < THRESHOLD {
            Decision::Skip
        } else {
            Decision::Retrieve
        },
        score,
        reason,
    }
}

fn class(prompt: &str, words: &[&str]) -> (f32, &'static str) {
    let all_of = |list: &[&str]| words.iter().all(|word| list.contains(word));
    let any_of = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if is_arithmetic(prompt) {
        return (0.02, "arithmetic");
    }
    if words.is_empty() {
        return (0.02, "no words");
    }
    if any_of(RECALL) {
        return (0.95, "asks for what was said before");
    }
    if words.len() <= MAX_WORDS {
        if all_of(CARRY_ON) {
            return (0.3, "carries a task on");
        }
        if all_of(COURTESY) && any_of(GREETING) {
            return (0.02, "a greeting or thanks");
        }
        if is_chatter(&words.join(" ")) && !any_of(OURS) && !looks_like_code(prompt) {
            return (0.05, "needs no memory");
        }
    }
    match () {
        () if looks_like_code(prompt) => (0.8, "names code"),
        () if any_of(OURS) => (0.9, "about the project"),
        () if prompt.ends_with('?') || words.first().is_some_and(|first| QUESTION.contains(first)) => {
            (0.7, "a question")
        }
        () => (0.6, "may be about the project"),
    }
}

/// Digits and operators, with or without a question around them: at least one operator between two numbers.
fn is_arithmetic(prompt: &str) -> bool {
    let lower = prompt.to_lowercase();
    let sum = ["what is", "what's", "whats", "calculate", "compute", "how much is"]
        .into_iter()
        .find_map(|start| lower.strip_prefix(start))
        .unwrap_or(&lower)
        .trim_end_matches(['?', '=', ' ', '.'])
        .trim();
    let is_digit = |c: char| c.is_ascii_digit();
    let operators = sum.matches(['+', '*', '/', '×', '÷', '^', '%']).count() + sum.matches(" - ").count();
    operators > 0
        && sum.starts_with(|c: char| is_digit(c) || matches!(c, '(' | '-'))
        && sum.ends_with(|c: char| is_digit(c) || c == ')')
        && sum.chars().all(|c| is_digit(c) || c.is_whitespace() || "+-*/×÷^%().,".contains(c))
        // `10/12` and `2026/01/02` may be dates, versions or ratios that somebody wrote down.
        && (sum.contains(char::is_whitespace) || operators != sum.matches('/').count())
}

/// Questions about the world, jokes, translations: by how they begin.
fn is_chatter(text: &str) -> bool {
    const WHOLE: &[&str] = &[
        "how are you",
        "how are you doing",
        "how are you today",
        "how is it going",
        "how s it going",
        "who are you",
        "what is your name",
        "what s your name",
        "what can you do",
        "are you there",
        "are you a robot",
        "what s up",
        "what time is it",
        "what day is it",
        "what is the meaning of life",
        "good job",
        "well done",
    ];
    const BEGINNINGS: &[&str] = &[
        "tell me a joke",
        "tell me another joke",
        "tell me a story",
        "write a poem",
        "write me a poem",
        "write a haiku",
        "sing me",
        "what is the capital of",
        "what s the capital of",
        "who is the president of",
        "who was the president of",
        "what is the population of",
        "what is the weather",
        "what s the weather",
        "how is the weather",
        "who won the world cup",
        "how tall is mount",
        "how far is the moon",
        "what is the square root of",
        "translate hello",
    ];
    let has_beginning = |start: &&str| {
        text.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    WHOLE.contains(&text) || BEGINNINGS.iter().any(has_beginning)
}

/// Whether something in it is written as code: `snake_case`, `camelCase`, a call, a path, backticks.
fn looks_like_code(prompt: &str) -> bool {
    prompt.split_whitespace().take(400).any(|word| {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ',' | '?' | '!' | ';' | ':' | '"' | '\''));
        let bytes = word.as_bytes();
        word.contains(['_', '`', '/', '#', '=', '{']) && word.len() > 1
            || word.contains("::")
            || word.contains("()")
            || bytes
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            || word.contains('.') && word.split('.').all(|part| !part.is_empty()) && word.len() > 3
    })
}

#[rustfmt::skip]
const GREETING: &[&str] = &[
    "bye", "cheers", "goodbye", "greetings", "hello", "hey", "hi", "hiya", "morning", "afternoon", "evening", "night",
    "thank", "thanks", "thx", "ty", "howdy", "yo", "welcome", "hola", "hallo", "danke", "merci",
];

/// Words that go with a greeting.
#[rustfmt::skip]
const COURTESY: &[&str] = &[
    "a", "afternoon", "again", "all", "and", "appreciated", "awesome", "bye", "cheers", "claude", "cool", "danke", "day",
    "evening", "everyone", "everything", "for", "friend", "good", "goodbye", "great", "greetings", "hallo", "have",
    "hello", "help", "hey", "hi", "hiya", "hola", "howdy", "it", "lot", "lots", "many", "merci", "morning", "much",
    "nice", "night", "now", "ok", "okay", "perfect", "so", "team", "thank", "thanks", "that", "the", "there", "thx",
    "today", "ty", "very", "welcome", "world", "yo", "you", "your",
];

/// Words that carry a task on.
#[rustfmt::skip]
const CARRY_ON: &[&str] = &[
    "ahead", "all", "and", "continue", "do", "done", "fine", "go", "good", "it", "keep", "lgtm", "looks", "merge",
    "next", "now", "ok", "okay", "on", "please", "proceed", "resume", "ship", "step", "sure", "that", "the", "then",
    "to", "with", "works", "yep", "yes", "you",
];

/// Words that ask for what was said before.
#[rustfmt::skip]
const RECALL: &[&str] = &[
    "remember", "remembered", "recall", "decided", "decide", "decision", "decisions", "agreed", "convention",
    "conventions", "preference", "preferences", "prefer", "previously", "memory", "memories", "chose", "chosen",
];

/// Words that make a question one about the project.
#[rustfmt::skip]
const OURS: &[&str] = &[
    "our", "ours", "we", "us", "my", "project", "repo", "repository", "codebase", "branch", "commit", "build", "test",
    "tests", "deploy", "release", "server", "api", "database", "service", "config", "code", "module", "function", "bug",
    "app", "user", "users", "ci", "docs", "file", "files", "here",
];

const QUESTION: &[&str] = &[
    "are", "can", "could", "did", "do", "does", "how", "is", "should", "was", "what", "when", "where", "which", "who",
    "why",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn decision(prompt: &str) -> Decision {
        decide(prompt).decision
    }

    #[test]
    fn what_no_memory_helps_with_is_skipped() {
        for prompt in [
            "hi",
            "Hello!",
            "hey there",
            "good morning",
            "Thanks!",
            "thank you so much",
            "ok thanks",
            "great, thank you",
            "12 * 7",
            "what is 2 + 2?",
            "(3+4)*5",
            "calculate 17 % 5",
            "tell me a joke",
            "What is the capital of France?",
            "how are you?",
            "",
            "   ",
            "?!",
            "👍",
            "bye",
        ] {
            assert_eq!(decision(prompt), Decision::Skip, "{prompt}");
        }
    }

    #[test]
    fn what_carries_a_task_on_is_no_greeting() {
        for prompt in [
            "continue",
            "go ahead",
            "lgtm",
            "LGTM, ship it",
            "yes",
            "ok",
            "proceed",
            "keep going",
            "do it",
            "next",
            "yes please",
        ] {
            let gate = decide(prompt);
            assert_eq!(gate.decision, Decision::Retrieve, "{prompt}");
            assert!(gate.score < 0.8, "{prompt}");
        }
    }

    #[test]
    fn questions_about_a_project_are_never_skipped() {
        for prompt in [
            "Why did we choose SQLite-Vec for storage?",
            "How does the billing system handle payments?",
            "WAL",
            "What is the capital of our deployment?",
            "hello world example fails",
            "thanks, now fix the login",
            "hi, which port does the daemon use?",
            "what time is it stored in",
            "v2.1.0",
            "10/12",
            "1.2.3",
            "-1",
            "what's the weather service api key name",
            "translate hello.po",
            "who are the users",
            "good",
            "tests",
            "how are you handling retries in fetch()",
            "what is the square root of get_user",
            "ok so what about the cache",
            "hey_there()",
            "morning job schedule",
            "welcome email template",
            "remember that thanks go first",
            "night mode",
        ] {
            assert_eq!(decision(prompt), Decision::Retrieve, "{prompt}");
        }
    }

    #[test]
    fn recall_and_code_score_high() {
        let cases = [
            ("what did we decide about caching", "asks for what was said before"),
            ("where is parse_header used", "names code"),
            ("how do our tests run", "about the project"),
            ("which editor font", "a question"),
            ("continue", "carries a task on"),
            ("hi", "a greeting or thanks"),
            ("1 + 1", "arithmetic"),
        ];
        for (prompt, reason) in cases {
            assert_eq!(decide(prompt).reason, reason, "{prompt}");
        }
    }

    #[test]
    fn huge_prompts_take_bounded_time() {
        for prompt in ["hi ".repeat(10_000), "1+".repeat(20_000), "a_".repeat(20_000)] {
            let start = Instant::now();
            decide(&prompt);
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_decided_with_a_score_that_agrees(prompt in "(?s).{0,300}") {
            let gate = decide(&prompt);
            prop_assert!((0.0..=1.0).contains(&gate.score));
            prop_assert_eq!(gate.decision == Decision::Skip, gate.score < THRESHOLD);
        }

        #[test]
        fn a_sentence_of_new_words_is_never_skipped(words in prop::collection::vec("[a-z]{5,9}xq", 3..12)) {
            prop_assert_eq!(decision(&words.join(" ")), Decision::Retrieve);
        }
    }
}

//! The question in a prompt: what to look for when a whole prompt is asked.
//!
//! An agent hands over prompts of any length: with code, logs, quoted messages. What is embedded should be the
//! question in it, and no more than a model sees at once.

/// Most words of a question; a prompt of fewer is asked as it is, unless it has code or a log in it.
const MAX_WORDS: usize = 60;

/// Most bytes of a question, for text without spaces.
const MAX_BYTES: usize = 600;

/// Longest line of prose, in bytes: a longer one is data.
const MAX_LINE: usize = 4_000;

/// What to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The text: at most 60 words and 600 bytes, unless there is no question to extract it from.
    pub text: String,
    /// Whether that is less than what was asked.
    pub is_extract: bool,
}

/// The question in a prompt: the prompt itself when it is short, else its questions and requests; code blocks, quoted
/// messages and logs aside. A prompt that is nothing but those gives its first words.
pub fn extract(prompt: &str) -> Question {
    let prompt = prompt.trim();
    let prose = prose(prompt);
    let text = if is_short(&prose) {
        prose
    } else {
        best_sentences(&prose)
    };
    let text = if text.is_empty() { first_words(prompt) } else { text };
    Question {
        is_extract: text != prompt && text.split_whitespace().ne(prompt.split_whitespace()),
        text,
    }
}

fn is_short(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.split_whitespace().count() <= MAX_WORDS
}

/// The prompt without code blocks, quoted messages and lines that read like code or logs, on one line each.
fn prose(prompt: &str) -> String {
    if !prompt.contains('\n') && prompt.len() <= MAX_LINE {
        return prompt.to_owned();
    }
    let mut lines: Vec<&str> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in prompt.lines() {
        let line = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, Some(mark)) => fence = Some(mark),
            (None, None) if line.is_empty() || line.starts_with('>') || line.len() > MAX_LINE || is_data(line) => {}
            (None, None) => lines.push(line),
        }
    }
    lines.join("\n")
}

/// Whether a line reads like code, a log or a stack trace rather than like prose.
fn is_data(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    if first.len() >= 8 && first.starts_with(|c: char| c.is_ascii_digit()) && first.contains(['-', ':']) {
        return true; // a date or a time
    }
    let logs = [
        "at ",
        "File \"",
        "Traceback",
        "INFO",
        "DEBUG",
        "WARN",
        "ERROR",
        "TRACE",
        "[",
        "$ ",
        "+",
        "|",
        "{",
        "}",
        "<",
    ];
    if logs.iter().any(|start| line.starts_with(start)) {
        return true;
    }
    if line.ends_with(['{', '}', ';']) || line.ends_with(");") || line.ends_with("),") {
        return true;
    }
    let n_signs = line
        .chars()
        .filter(|c| c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '\'' | '?' | '!' | '`' | '"' | '-' | '_'))
        .count();
    // A sign for every five characters is no sentence.
    n_signs > 3 && n_signs * 5 > line.chars().filter(|c| !c.is_whitespace()).count()
}

/// Words that begin a question or a request.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "add", "are", "can", "change", "check", "could", "debug", "did", "do", "does", "explain", "find", "fix", "help",
    "how", "implement", "is", "make", "please", "refactor", "remove", "remember", "should", "show", "tell", "update",
    "was", "what", "when", "where", "which", "who", "why", "will", "would", "write",
];

/// How much a sentence is the question: more than a statement if it asks, most if it asks with a mark.
fn weight(sentence: &str) -> u8 {
    let first = sentence
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty());
    let begins = first.is_some_and(|first| ASKING.iter().any(|word| word.eq_ignore_ascii_case(first)));
    match (sentence.ends_with(['?', '？']), begins) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

/// As many sentences as there is room for, the ones that ask first, the later of two alike; in the order of the text.
fn best_sentences(text: &str) -> String {
    let sentences: Vec<&str> = sentences(text);
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    // What is wanted is said at the end of a prompt, or at its very beginning.
    order.sort_by_key(|&index| std::cmp::Reverse((weight(sentences[index]), index == 0, index)));
    let mut chosen: Vec<usize> = Vec::new();
    let (mut n_words, mut n_bytes) = (0, 0);
    for index in order {
        let words = sentences[index].split_whitespace().count();
        let bytes = sentences[index].len() + 1;
        if n_words + words <= MAX_WORDS && n_bytes + bytes <= MAX_BYTES {
            chosen.push(index);
            (n_words, n_bytes) = (n_words + words, n_bytes + bytes);
        }
        if n_words * 4 >= MAX_WORDS * 3 {
            break;
        }
    }
    chosen.sort_unstable();
    let chosen: Vec<&str> = chosen.into_iter().map(|index| sentences[index]).collect();
    if chosen.is_empty() {
        first_words(text)
    } else {
        chosen.join(" ")
    }
}

fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        let mut chars = line.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let end = index + c.len_utf8();
            let is_end = matches!(c, '。' | '？' | '！')
                || matches!(c, '.' | '?' | '!') && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
            if is_end {
                sentences.push(line[start..end].trim());
                start = end;
            }
        }
        sentences.push(line[start..].trim());
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// As many words from the beginning as there is room for.
fn first_words(text: &str) -> String {
    let mut first = String::new();
    for word in text.split_whitespace().take(MAX_WORDS) {
        if first.len() + word.len() >= MAX_BYTES {
            break;
        }
        if !first.is_empty() {
            first.push(' ');
        }
        first.push_str(word);
    }
    if first.is_empty() {
        first = text.chars().take(MAX_BYTES / 4).collect();
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn check(prompt: &str, expected: &str) {
        assert_eq!(extract(prompt).text, expected, "{prompt}");
    }

    #[test]
    fn a_short_question_is_asked_as_it_is() {
        let question = extract("  Why did we choose SQLite?\n");
        assert_eq!(question.text, "Why did we choose SQLite?");
        assert!(!question.is_extract);
        check("", "");
        check("`parse(x);`", "`parse(x);`");
        check("{\"json\": true}", "{\"json\": true}");
    }

    #[test]
    fn code_logs_and_quotes_are_left_aside() {
        let prompt = "Why does this fail?\n```rust\nfn main() { panic!() }\n```\n> earlier message\n\
                      2026-01-02T10:00:00Z ERROR boom\n  at frame::one (x.rs:1)\nIt worked yesterday.";
        let question = extract(prompt);
        assert_eq!(question.text, "Why does this fail?\nIt worked yesterday.");
        assert!(question.is_extract);
    }

    #[test]
    fn a_long_prompt_is_reduced_to_what_it_asks() {
        let filler = "The deployment of the billing service has been going on for a while and nothing else was done. "
            .repeat(40);
        let prompt = format!("{filler}\nWhich database do we use for sessions? {filler}\nPlease keep it short.");
        let question = extract(&prompt);
        assert!(
            question.text.contains("Which database do we use for sessions?"),
            "{}",
            question.text
        );
        assert!(question.is_extract);
        assert!(question.text.split_whitespace().count() <= MAX_WORDS);
    }

    #[test]
    fn nothing_but_code_still_gives_a_question() {
        let prompt = format!("```\n{}\n```", "let x = frobnicate(y);\n".repeat(200));
        let question = extract(&prompt);
        assert!(question.text.contains("frobnicate"));
        assert!(question.text.len() <= MAX_BYTES);
    }

    #[test]
    fn huge_prompts_take_bounded_time() {
        for prompt in [
            "why ".repeat(10_000),
            "?".repeat(40_000),
            "a.b ".repeat(10_000),
            "x\n".repeat(20_000),
            "`".repeat(40_000),
        ] {
            let start = Instant::now();
            extract(&prompt);
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_bounded_question(prompt in "(?s).{0,400}", times in 1_usize..20) {
            let prompt = prompt.repeat(times);
            let question = extract(&prompt);
            prop_assert!(question.text.len() <= prompt.trim().len().max(1));
            prop_assert!(question.text.len() <= MAX_BYTES);
            prop_assert_eq!(question.text.is_empty(), prompt.trim().is_empty());
        }
    }
}

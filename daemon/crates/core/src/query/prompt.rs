//! Finding the question in a long text: an agent may pass on its whole prompt, with rules, logs and pasted files around
//! the one sentence that asks.
//!
//! A sentence asks by its mark or by its first word; what stands last, or first, is more often the task than what
//! stands between. Nothing here knows the index: which of the chosen words are rare is decided there.

use crate::token;
use std::ops::Range;

/// Words above which a text is no longer one question.
const LONG: usize = 64;

/// Words of the sentences that are chosen, about.
const CHOSEN: usize = 40;

/// Words of one sentence that are read: a pasted file may have no full stop.
const SENTENCE: usize = 40;

/// The sentences of `text` that ask, in their order; the whole text when it is short.
pub(super) fn question(text: &str) -> Vec<Range<usize>> {
    if token::words(text).nth(LONG).is_none() {
        return std::iter::once(0..text.len()).collect();
    }
    let sentences = sentences(text);
    let last = sentences.len().saturating_sub(1);
    let mut order: Vec<(u32, usize)> = sentences
        .iter()
        .enumerate()
        .map(|(index, sentence)| (rank(&text[sentence.clone()], index == 0, index == last), index))
        .collect();
    // Of equals the later one: what came before is context for it.
    order.sort_by(|a, b| b.cmp(a));
    let (mut chosen, mut n_words) = (Vec::new(), 0);
    let best = order.first().map_or(0, |(rank, _)| *rank);
    for (rank, index) in order {
        // A question is not watered down with what only might be one.
        if n_words >= CHOSEN || !chosen.is_empty() && best >= ASKS && rank < ASKS {
            break;
        }
        n_words += token::words(&text[sentences[index].clone()]).count();
        chosen.push(index);
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|index| sentences[index].clone()).collect()
}

/// The rank from which on a sentence asks.
const ASKS: u32 = 4;

fn rank(sentence: &str, is_first: bool, is_last: bool) -> u32 {
    let mut words = token::words(sentence).map(|word| sentence[word].to_lowercase());
    let asks = words.next().is_some_and(|word| is_asking(&word));
    let marked = sentence.trim_end().ends_with(['?', '？', '؟']);
    ASKS * (u32::from(asks) + 2 * u32::from(marked)) + 2 * u32::from(is_last) + u32::from(is_first)
}

/// Sentences with at least two words, each cut after so many words.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let end = index + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' | '？' | '！' => true,
            '.' | '?' | '!' => next.is_none_or(char::is_whitespace),
            _ => next.is_none(),
        };
        if ends {
            push(&mut found, text, start..end);
            start = end;
        }
    }
    found
}

fn push(found: &mut Vec<Range<usize>>, text: &str, sentence: Range<usize>) {
    let mut words = token::words(&text[sentence.clone()]);
    let (Some(first), Some(_)) = (words.next(), words.next()) else {
        return;
    };
    let end = words
        .nth(SENTENCE - 3)
        .map_or(sentence.end, |last| sentence.start + last.end);
    found.push(sentence.start + first.start..end);
}

/// Words with which questions and tasks begin.
fn is_asking(word: &str) -> bool {
    matches!(
        word,
        "how"
            | "where"
            | "what"
            | "which"
            | "why"
            | "who"
            | "when"
            | "find"
            | "locate"
            | "explain"
            | "describe"
            | "show"
            | "fix"
            | "add"
            | "implement"
            | "change"
            | "update"
            | "refactor"
            | "rename"
            | "remove"
            | "investigate"
            | "debug"
            | "search"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(text: &str) -> String {
        let parts: Vec<&str> = question(text).into_iter().map(|part| &text[part]).collect();
        parts.join(" | ")
    }

    #[test]
    fn a_short_text_is_its_own_question() {
        assert_eq!(asked("where is it? Tell me."), "where is it? Tell me.");
        assert_eq!(asked(""), "");
    }

    #[test]
    fn the_question_is_found_wherever_it_stands() {
        let rules = "You are careful and never guess about anything. Answers are short. ".repeat(500);
        let ask = "Where is the retry budget of the upload queue kept?";
        for text in [
            format!("{ask} {rules}"),
            format!("{rules}{ask}\n{rules}"),
            format!("{rules}\n{ask}"),
        ] {
            assert_eq!(asked(&text), ask);
        }
        let task = "Fix the leak in session_store.rs when a client goes away";
        assert_eq!(asked(&format!("{rules}\n{task}")), task);
    }

    #[test]
    fn without_a_question_the_last_sentences_count() {
        let rules = "Be brief and kind to all the others. ".repeat(40);
        assert!(
            asked(&format!("{rules}\nThe upload queue retries forever.")).contains("upload queue retries forever.")
        );
    }

    proptest! {
        #[test]
        fn what_is_chosen_lies_in_the_text_in_order_and_is_bounded(text in "([a-zé検]{1,6}[ .?\n]{1,2}){0,400}") {
            let parts = question(&text);
            let n_words: usize = parts.iter().map(|part| token::words(&text[part.clone()]).count()).sum();
            prop_assert!(n_words <= LONG.max(CHOSEN + SENTENCE), "{n_words}");
            prop_assert!(parts.is_sorted_by(|a, b| a.end <= b.start));
        }
    }
}

//! How rules are written, and how they are matched: in time that grows with the text alone.
//!
//! A pattern is a row of elements with spaces between: `ignore|forget ~3 previous|prior instruction*`. An element is one word
//! of several (`a|b`), a word with a beginning (`instruct*`), or a gap of at most so many words (`~3`); ideographs are written
//! together and matched one by one. A pattern begins with a word and stays within a sentence.

use super::words::END;
use std::collections::HashMap;

/// Words before a match that are looked at for what turns it around.
const REACH: usize = 4;

/// What turns an order around: `never disable certificate checks`.
const TURNED: &[&str] = &[
    "never", "not", "dont", "doesnt", "cannot", "cant", "no", "without", "avoid", "prevent", "prevents", "forbid",
    "forbids", "refuse", "refuses", "reject", "rejects", "mustnt", "shouldnt", "wont", "isnt", "nobody", "detect",
    "detects", "block", "blocks", "blocked",
];

/// One rule: its name, whether a negation before it turns it around, and its patterns.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) turns: bool,
    pub(super) patterns: &'static [&'static str],
}

enum Element {
    Gap(usize),
    Words(Vec<Choice>),
}

struct Choice {
    /// One word, or ideographs one by one.
    words: Vec<String>,
    is_beginning: bool,
}

struct Pattern {
    rule: usize,
    elements: Vec<Element>,
}

/// Rules made ready, by the first letters of what they begin with.
pub(super) struct Matcher {
    rules: &'static [Rule],
    patterns: Vec<Pattern>,
    by_start: HashMap<String, Vec<usize>>,
}

/// Characters of a word by which patterns are found.
const START: usize = 3;

fn start(word: &str) -> String {
    word.chars().take(START).collect()
}

impl Matcher {
    pub(super) fn new(rules: &'static [Rule]) -> Self {
        let mut matcher = Self {
            rules,
            patterns: Vec::new(),
            by_start: HashMap::new(),
        };
        for (rule, pattern) in rules
            .iter()
            .enumerate()
            .flat_map(|(index, rule)| rule.patterns.iter().map(move |p| (index, *p)))
        {
            let elements: Vec<Element> = pattern.split(' ').map(element).collect();
            if let Some(Element::Words(choices)) = elements.first() {
                for choice in choices {
                    let known = matcher.by_start.entry(start(&choice.words[0])).or_default();
                    if known.last() != Some(&matcher.patterns.len()) {
                        known.push(matcher.patterns.len());
                    }
                }
            }
            matcher.patterns.push(Pattern { rule, elements });
        }
        matcher
    }

    /// Indexes of the rules that the words meet.
    pub(super) fn matches(&self, words: &[String]) -> Vec<usize> {
        let mut met = Vec::new();
        for (at, word) in words.iter().enumerate() {
            for &index in self.by_start.get(&start(word)).into_iter().flatten() {
                let pattern = &self.patterns[index];
                if !met.contains(&pattern.rule)
                    && matched(&pattern.elements, words, at)
                    && !(self.rules[pattern.rule].turns && is_turned(words, at))
                {
                    met.push(pattern.rule);
                }
            }
        }
        met
    }
}

fn element(text: &str) -> Element {
    if let Some(gap) = text.strip_prefix('~') {
        return Element::Gap(gap.parse().unwrap_or(0));
    }
    let choice = |word: &str| {
        let plain = word.trim_end_matches('*');
        let is_ideographs = plain.chars().all(|c| u32::from(c) >= 0x3040);
        let words = if is_ideographs {
            plain.chars().map(String::from).collect()
        } else {
            vec![plain.to_owned()]
        };
        Choice {
            words,
            is_beginning: plain.len() < word.len(),
        }
    };
    Element::Words(text.split('|').map(choice).collect())
}

/// Whether the elements match from a word on. Gaps are few words, so the ways to fill them are few.
fn matched(elements: &[Element], words: &[String], at: usize) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        return true;
    };
    match first {
        Element::Gap(most) => (0..=*most)
            .take_while(|skipped| *skipped == 0 || words.get(at + skipped - 1).is_some_and(|word| word != END))
            .any(|skipped| matched(rest, words, at + skipped)),
        Element::Words(choices) => choices.iter().any(|choice| {
            let are_there = choice.words.iter().enumerate().all(|(offset, wanted)| {
                let is_open = choice.is_beginning && offset + 1 == choice.words.len();
                words.get(at + offset).is_some_and(|word| {
                    if is_open {
                        word.starts_with(wanted)
                    } else {
                        word == wanted
                    }
                })
            });
            are_there && matched(rest, words, at + choice.words.len())
        }),
    }
}

fn is_turned(words: &[String], at: usize) -> bool {
    let before = words[..at].iter().rev().take(REACH).take_while(|word| *word != END);
    before.into_iter().any(|word| TURNED.contains(&word.as_str()))
}

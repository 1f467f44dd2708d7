//! Reading a query: its words and their weights, the identifiers in it, the names it may ask for.

mod prompt;

use crate::ports::{LexicalQuery, QueryTerm};
use crate::token::{self, Tokenizer};
use std::collections::{HashMap, HashSet};

/// Most candidate symbol names looked up for one query.
const MAX_NAMES: usize = 96;

/// Weight of words that say what kind of answer is wanted rather than which.
const FILLER_WEIGHT: f32 = 0.3;

/// Weight of an identifier beside the question: a prompt names what it is about.
const CONTEXT_WEIGHT: f32 = 0.2;

/// Weight of one part of a compound identifier; the whole identifier has weight 1.
const PART_WEIGHT: f32 = 0.7;

/// A query as the rest of the search sees it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Query {
    /// What was asked, trimmed.
    pub text: String,
    /// The sentences of a long text that ask; all of a short one. What is embedded.
    pub question: String,
    /// Distinct tokens with their weights, in order of first occurrence, the question's first. At most
    /// [`LexicalQuery::MAX_TERMS`] of a long text.
    pub terms: Vec<QueryTerm>,
    /// Possible symbol names, lower-cased, each once.
    pub names: Vec<Name>,
    /// True when the query is one identifier or path-like word, not prose.
    pub is_identifier: bool,
    /// True when the query asks for tests, or for examples, by name.
    pub wants_tests: bool,
    /// True when the query asks for documentation by name.
    pub wants_docs: bool,
}

/// A symbol name that the query may mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name, lower-cased.
    pub text: String,
    /// How sure it is that a symbol is meant.
    pub strength: NameStrength,
}

/// How sure it is that a word of a query names a symbol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NameStrength {
    /// An ordinary word, or neighbouring words joined.
    Word,
    /// A word with a capital inside a sentence: `the Router trait`.
    Capitalised,
    /// Written as code: `snake_case`, `camelCase`, `call()`, `a::b`, in backticks, or the whole query.
    Code,
}

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let asked = prompt::question(text);
        let is_whole = matches!(&asked[..], [all] if all.len() == text.len());
        let words: Vec<Word<'_>> = asked.iter().flat_map(|part| words(&text[part.clone()])).collect();
        let is_identifier = !words.is_empty() && !text.contains(char::is_whitespace);
        let question: Vec<&str> = asked.into_iter().map(|part| &text[part]).collect();
        let mut query = Self {
            text: text.to_owned(),
            question: question.join("\n"),
            is_identifier,
            ..Self::default()
        };
        query.terms = terms(&words, false);
        if query.terms.is_empty() {
            query.terms = terms(&words, true); // a query of stop words only is still a query
        }
        query.names = names(&words, is_identifier);
        if !is_whole {
            query.add_context(text);
        }
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.lower.as_str()));
        query.wants_tests = has(&[
            "test",
            "tests",
            "testing",
            "spec",
            "example",
            "examples",
            "benchmark",
            "benchmarks",
        ]);
        query.wants_docs = has(&["readme", "docs", "documentation", "changelog", "guide", "tutorial"]);
        query
    }

    /// Adds the identifiers that stand around the question, the most frequent first, until the query is full.
    fn add_context(&mut self, text: &str) {
        let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
        let all = words(text);
        for (index, word) in all.iter().enumerate().filter(|(_, word)| word.is_code()) {
            counts.entry(word.lower.clone()).or_insert((0, index)).0 += 1;
        }
        let mut order: Vec<(usize, usize)> = counts.into_values().collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut tokenizer = Tokenizer::default();
        for (_, index) in order {
            let word = &all[index];
            // The whole identifier is the last of its tokens; its parts are ordinary words.
            let whole = tokenizer.collect(word.text).pop();
            let Some(text) = whole.filter(|whole| self.terms.iter().all(|term| term.text != *whole)) else {
                continue;
            };
            if self.terms.len() >= LexicalQuery::MAX_TERMS {
                break;
            }
            self.terms.push(QueryTerm {
                text,
                weight: CONTEXT_WEIGHT,
            });
        }
        self.terms.truncate(LexicalQuery::MAX_TERMS);
    }
}

struct Word<'a> {
    text: &'a str,
    lower: String,
    /// Joined to its neighbour by `::`, `.`, `#`, `->` or followed by `(`, or in backticks.
    in_code: bool,
    first: bool,
}

impl Word<'_> {
    /// Written as only code is.
    fn is_code(&self) -> bool {
        self.in_code || self.text.contains('_') || token::parts(self.text).nth(1).is_some()
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    token::words(text)
        .enumerate()
        .map(|(index, range)| {
            let before = text[..range.start].chars().next_back();
            let mut after = text[range.end..].chars();
            let (next, next_but_one) = (after.next(), after.next());
            let joined = |c: Option<char>| matches!(c, Some('.' | ':' | '#' | '>'));
            let opens =
                next.is_some_and(|c| matches!(c, '.' | ':' | '#')) && next_but_one.is_some_and(|c| !c.is_whitespace());
            Word {
                text: &text[range.clone()],
                lower: text[range].to_lowercase(),
                in_code: joined(before) || opens || next == Some('(') || before == Some('`') || next == Some('`'),
                first: index == 0,
            }
        })
        .collect()
}

fn terms(words: &[Word<'_>], keep_stop_words: bool) -> Vec<QueryTerm> {
    let mut tokenizer = Tokenizer::default();
    let mut seen = HashSet::new();
    let mut terms = Vec::new();
    for word in words {
        if !keep_stop_words && !word.in_code && is_stop_word(&word.lower) {
            continue;
        }
        let tokens = tokenizer.collect(word.text);
        let n_tokens = tokens.len();
        for (index, text) in tokens.into_iter().enumerate() {
            let weight = match () {
                () if !word.in_code && is_filler(&word.lower) => FILLER_WEIGHT,
                () if n_tokens > 1 && index + 1 < n_tokens => PART_WEIGHT,
                () => 1.0,
            };
            if seen.insert(text.clone()) {
                terms.push(QueryTerm { text, weight });
            }
        }
    }
    terms
}

fn names(words: &[Word<'_>], whole_query: bool) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut add = |text: String, strength: NameStrength| {
        if let Some(name) = names.iter_mut().find(|name| name.text == text) {
            name.strength = name.strength.max(strength);
        } else if names.len() < MAX_NAMES {
            names.push(Name { text, strength });
        }
    };
    for word in words {
        let capitalised = !word.first && word.text.chars().next().is_some_and(char::is_uppercase);
        let strength = match () {
            () if whole_query || word.is_code() => NameStrength::Code,
            () if capitalised => NameStrength::Capitalised,
            () => NameStrength::Word,
        };
        if strength == NameStrength::Word && (word.lower.len() < 3 || is_stop_word(&word.lower)) {
            continue;
        }
        add(word.lower.clone(), strength);
        if strength == NameStrength::Code {
            for marked in [
                format!("{}?", word.lower),
                format!("{}!", word.lower),
                format!("${}", word.lower),
            ] {
                add(marked, strength);
            }
        }
    }
    // "path router" may mean PathRouter or path_router.
    for pair in words.windows(2) {
        let [left, right] = pair else { continue };
        if [left, right]
            .iter()
            .all(|word| word.lower.len() > 1 && !is_stop_word(&word.lower) && !word.text.contains('_'))
        {
            add(format!("{}{}", left.lower, right.lower), NameStrength::Word);
            add(format!("{}_{}", left.lower, right.lower), NameStrength::Word);
        }
    }
    names
}

/// A symbol's name as a word of a query has it. Ruby's `save!`, JavaScript's and PHP's `$scope`: the marks are part of the name
/// there, and words of a query have none.
pub fn unmarked(name: &str) -> &str {
    let name = name.strip_prefix('$').unwrap_or(name);
    name.strip_suffix(['?', '!']).unwrap_or(name)
}

/// Words that carry grammar and no subject.
fn is_stop_word(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "and"
            | "are"
            | "as"
            | "at"
            | "be"
            | "been"
            | "being"
            | "but"
            | "by"
            | "can"
            | "could"
            | "did"
            | "do"
            | "does"
            | "doing"
            | "for"
            | "from"
            | "had"
            | "has"
            | "have"
            | "how"
            | "i"
            | "if"
            | "in"
            | "into"
            | "is"
            | "it"
            | "its"
            | "me"
            | "my"
            | "of"
            | "on"
            | "or"
            | "our"
            | "should"
            | "so"
            | "such"
            | "than"
            | "that"
            | "the"
            | "their"
            | "them"
            | "then"
            | "there"
            | "these"
            | "they"
            | "this"
            | "those"
            | "to"
            | "us"
            | "via"
            | "was"
            | "we"
            | "were"
            | "what"
            | "when"
            | "where"
            | "which"
            | "while"
            | "who"
            | "why"
            | "will"
            | "with"
            | "would"
            | "you"
            | "your"
    )
}

/// Words that name a kind of code or an intent; nearly every file has them.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "class"
            | "classes"
            | "code"
            | "define"
            | "defined"
            | "file"
            | "files"
            | "find"
            | "function"
            | "functions"
            | "handle"
            | "handled"
            | "handles"
            | "handling"
            | "implement"
            | "implementation"
            | "implemented"
            | "implements"
            | "logic"
            | "method"
            | "methods"
            | "module"
            | "show"
            | "struct"
            | "type"
            | "types"
            | "used"
            | "uses"
            | "using"
            | "work"
            | "works"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms_of(text: &str) -> String {
        Query::parse(text)
            .terms
            .iter()
            .map(|term| format!("{}:{}", term.text, term.weight))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn names_of(text: &str, strength: NameStrength) -> Vec<String> {
        Query::parse(text)
            .names
            .into_iter()
            .filter(|name| name.strength == strength)
            .map(|name| name.text)
            .collect()
    }

    #[test]
    fn words_weigh_by_what_they_carry() {
        assert_eq!(terms_of("how is the router implemented"), "router:1 implement:0.3");
        assert_eq!(terms_of("where is get_user"), "get:0.7 user:0.7 getuser:1");
        assert_eq!(terms_of("is the"), "is:1 the:1");
        assert_eq!(terms_of("router router"), "router:1");
        assert_eq!(terms_of("  "), "");
    }

    #[test]
    fn names_are_recognised_by_how_they_are_written() {
        assert_eq!(
            names_of("where does PathRouter call match_path", NameStrength::Code),
            [
                "pathrouter",
                "pathrouter?",
                "pathrouter!",
                "$pathrouter",
                "match_path",
                "match_path?",
                "match_path!",
                "$match_path"
            ]
        );
        assert_eq!(
            names_of("how the Handler trait works", NameStrength::Capitalised),
            ["handler"]
        );
        assert_eq!(
            names_of("Router", NameStrength::Code),
            ["router", "router?", "router!", "$router"]
        );
        assert!(names_of("path router matching", NameStrength::Word).contains(&"path_router".to_owned()));
        assert_eq!(
            names_of("what calls `open` or close()", NameStrength::Code),
            ["open", "open?", "open!", "$open", "close", "close?", "close!", "$close"]
        );
    }

    #[test]
    fn a_word_means_all_names_that_differ_in_marks() {
        for name in &Query::parse("saveAll").names {
            assert_eq!(unmarked(&name.text), "saveall");
        }
        assert_eq!(unmarked("$"), "");
    }

    #[test]
    fn one_word_is_an_identifier_and_a_sentence_is_not() {
        assert!(Query::parse("FromRequest").is_identifier);
        assert!(Query::parse("a::b::C").is_identifier);
        assert!(!Query::parse("from request").is_identifier);
        assert!(!Query::parse("?").is_identifier);
    }

    #[test]
    fn one_character_stop_words_and_scripts_side_by_side_are_queries() {
        assert_eq!(terms_of("g"), "g:1");
        assert_eq!(terms_of("what is it"), "what:1 is:1 it:1");
        assert_eq!(terms_of("где парсер JSON 検索"), "где:1 парсер:1 json:1 検索:1");
        assert_eq!(terms_of("\"unbalanced (quote"), "unbalanc:1 quot:1");
        assert_eq!(terms_of("?!"), "");
    }

    #[test]
    fn a_prompt_is_read_for_its_question_and_for_what_it_names() {
        let rules = "Always answer politely. Use upload_queue with care. Never touch other systems. ".repeat(400);
        let query = Query::parse(&format!("{rules}\nWhere are expired tokens purged?\n{rules}"));
        assert_eq!(query.question, "Where are expired tokens purged?");
        let terms: Vec<(&str, f32)> = query
            .terms
            .iter()
            .map(|term| (term.text.as_str(), term.weight))
            .collect();
        assert_eq!(
            terms,
            [
                ("expir", 1.0),
                ("token", 1.0),
                ("purg", 1.0),
                ("uploadqueue", CONTEXT_WEIGHT)
            ]
        );
        assert!(!query.names.iter().any(|name| name.text == "politely"));
    }

    #[test]
    fn a_huge_query_is_bounded() {
        let text = (0..10_000).map(|n| format!("wordy{n}x")).collect::<Vec<_>>().join(" ");
        let query = Query::parse(&text);
        assert!(query.names.len() <= MAX_NAMES);
        assert!(query.terms.len() <= LexicalQuery::MAX_TERMS);
    }
}

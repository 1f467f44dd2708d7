//! What is looked for exactly: a string or a regular expression, as an automaton that stays within a line.
//!
//! Regular expressions are those of the `regex` crate, whose engine takes time linear in what it reads. A line holds no
//! line break, so what could match one is taken out of a pattern: no match reaches beyond its line, and one search over
//! a whole file finds what a search of each of its lines would.

use super::Mode;
use crate::EngineError;
use codemem_core::compose::clip;
use codemem_core::token;
use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// Longest string or pattern, in bytes: longer than any line that a person writes.
const MAX_PATTERN: usize = 4096;

/// Largest automaton, in bytes. Hand-written patterns stay far below, and one so large reads some megabytes a second
/// where it is slowest.
const MAX_AUTOMATON: usize = 4 * 1024 * 1024;

/// Memory for what a search learns about its pattern, in bytes, per thread.
pub(super) const MAX_LEARNT: usize = 4 * 1024 * 1024;

/// Deepest nesting of a pattern.
const MAX_DEPTH: u32 = 100;

/// Bytes of a pattern that a refusal shows.
const SHOWN: usize = 80;

/// Characters that paths hardly have and patterns do.
const OF_PATTERNS: [char; 13] = ['\\', '^', '$', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|'];

/// How a query that could be read in several ways was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::search) enum Reading<'q> {
    /// As it stands.
    Plain,
    /// `/…/`: what is between, as a regular expression.
    Pattern(&'q str),
    /// `/…/`, but a path: by its words.
    Path,
}

/// Reads a query between slashes. It is a pattern, unless there are slashes within and nothing that patterns are written
/// with: `/src/lib/` is a path, `/error/` and `/a.*\/b/` are patterns.
pub(in crate::search) fn read_slashes(query: &str) -> Reading<'_> {
    let query = query.trim();
    let inner = query.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match inner {
        None | Some("") => Reading::Plain,
        Some(inner) if inner.contains('/') && !inner.contains(OF_PATTERNS) => Reading::Path,
        Some(inner) => Reading::Pattern(inner),
    }
}

/// A string or a pattern, ready to be looked for.
#[derive(Debug)]
pub(in crate::search) struct Pattern {
    pub(super) regex: Regex,
    /// The same for lines that are too long for it.
    pub(super) nfa: NFA,
    /// The one name that it consists of, if it does: its definitions come first.
    pub(super) name: Option<String>,
    pub(super) ignores_case: bool,
}

impl Pattern {
    /// Reads what is asked for in an exact mode.
    pub(in crate::search) fn read(text: &str, mode: Mode, ignores_case: bool) -> Result<Self, EngineError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(EngineError::Invalid {
                message: "the query is empty".to_owned(),
                hint: "say what to look for: `codemem search --exact \"fn main\"`".to_owned(),
            });
        }
        if text.len() > MAX_PATTERN {
            return Err(EngineError::Invalid {
                message: format!(
                    "{} bytes are too long to be found in a line; {MAX_PATTERN} are read",
                    text.len()
                ),
                hint: "look for its most telling part, or search by meaning".to_owned(),
            });
        }
        let (hir, name) = match mode {
            Mode::Regex => (parse(text, text, ignores_case)?, name_in(text)),
            Mode::Exact | Mode::Meaning if text.contains('\n') => return Err(spans_lines(text)),
            Mode::Exact | Mode::Meaning => (literal(text, ignores_case)?, single_word(text)),
        };
        let (regex, nfa) = compile(text, &hir)?;
        Ok(Self {
            regex,
            nfa,
            name,
            ignores_case,
        })
    }
}

/// A string as it stands, or in any case.
fn literal(text: &str, ignores_case: bool) -> Result<Hir, EngineError> {
    if ignores_case {
        parse(text, &regex_syntax::escape(text), true)
    } else {
        Ok(Hir::literal(text.as_bytes()))
    }
}

fn parse(shown: &str, pattern: &str, ignores_case: bool) -> Result<Hir, EngineError> {
    let hir = ParserBuilder::new()
        // Files may hold anything: a pattern may ask for bytes that are no text.
        .utf8(false)
        .multi_line(true)
        // A line ends before `\r\n` as it does before `\n`.
        .crlf(true)
        .case_insensitive(ignores_case)
        .nest_limit(MAX_DEPTH)
        .build()
        .parse(pattern)
        .map_err(|error| not_a_pattern(shown, &error))?;
    within_a_line(hir).ok_or_else(|| spans_lines(shown))
}

fn not_a_pattern(pattern: &str, error: &regex_syntax::Error) -> EngineError {
    let (what, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start.offset),
        _ => (error.to_string(), 0),
    };
    let n_before = pattern.get(..at).unwrap_or_default().chars().count();
    EngineError::Invalid {
        message: format!(
            "`{}` is no regular expression: {what}, at character {}",
            clip(pattern, SHOWN),
            n_before + 1
        ),
        hint: "put `\\` before what is meant as it stands, or look for the whole with `--exact`".to_owned(),
    }
}

fn spans_lines(pattern: &str) -> EngineError {
    EngineError::Invalid {
        message: format!(
            "`{}` has a line break, and what is looked for lies within a line",
            clip(&pattern.replace(['\r', '\n'], "↵"), SHOWN)
        ),
        hint: "look for one of its lines; `^` and `$` are the ends of a line".to_owned(),
    }
}

fn compile(pattern: &str, hir: &Hir) -> Result<(Regex, NFA), EngineError> {
    let shown = clip(pattern, SHOWN);
    let too_much = |message| EngineError::Invalid {
        message,
        hint: "repeat less, or less of it: `{1000}` of something makes it a thousand times as large".to_owned(),
    };
    let config = NFA::config()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MAX_AUTOMATON));
    let nfa = NFA::compiler().configure(config).build_from_hir(hir).map_err(|error| {
        too_much(match error.size_limit() {
            Some(limit) => format!("`{shown}` is too much: it needs more than {} MiB", limit / 1024 / 1024),
            None => format!("`{shown}` cannot be looked for: {error}"),
        })
    })?;
    let config = meta::Config::new()
        .utf8_empty(false)
        .nfa_size_limit(None)
        .hybrid_cache_capacity(MAX_LEARNT);
    let regex = meta::Builder::new().configure(config).build_from_hir(hir);
    let regex = regex.map_err(|error| too_much(format!("`{shown}` cannot be looked for: {error}")))?;
    Ok((regex, nfa))
}

/// The same pattern without what matches a line break; `None` when it asks for one. Groups are of no use here, and go.
fn within_a_line(hir: Hir) -> Option<Hir> {
    let all = |subs: Vec<Hir>| subs.into_iter().map(within_a_line).collect::<Option<Vec<Hir>>>();
    Some(match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => return None,
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(Class::Unicode(mut class)) => {
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(mut class)) => {
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(within_a_line(*repetition.sub)?);
            Hir::repetition(repetition)
        }
        HirKind::Capture(Capture { sub, .. }) => within_a_line(*sub)?,
        HirKind::Concat(subs) => Hir::concat(all(subs)?),
        HirKind::Alternation(subs) => Hir::alternation(all(subs)?),
    })
}

/// The only word of a string that begins with it, whatever closes it: `open`, `open(`.
fn single_word(text: &str) -> Option<String> {
    let mut words = token::words(text);
    let word = words.next().filter(|word| word.start == 0)?;
    words.next().is_none().then(|| text[word].to_owned())
}

/// The name that a pattern consists of: `open`, `\bopen\b`, `^open$`.
fn name_in(pattern: &str) -> Option<String> {
    let inner = pattern.trim_start_matches('^').trim_start_matches("\\b");
    let inner = inner.trim_end_matches('$').trim_end_matches("\\b");
    let is_word = token::words(inner).next() == Some(0..inner.len());
    is_word.then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, mode: Mode) -> (String, String) {
        match Pattern::read(text, mode, false) {
            Err(EngineError::Invalid { message, hint }) => (message, hint),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_query_between_slashes_is_a_pattern_unless_it_is_a_path() {
        for (query, expected) in [
            ("/error/", Reading::Pattern("error")),
            (" /a b/ ", Reading::Pattern("a b")),
            ("/a.*b/", Reading::Pattern("a.*b")),
            ("/a\\/b/", Reading::Pattern("a\\/b")),
            ("/src/[a-z]+/", Reading::Pattern("src/[a-z]+")),
            ("/src/lib/", Reading::Path),
            ("/api/v1/users/", Reading::Path),
            ("//", Reading::Plain),
            ("/", Reading::Plain),
            ("/src/lib", Reading::Plain),
            ("a/b/", Reading::Plain),
        ] {
            assert_eq!(read_slashes(query), expected, "{query}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_place() {
        for (pattern, message) in [
            ("a(b", "`a(b` is no regular expression: unclosed group, at character 2"),
            (
                "ü[z-a]",
                "`ü[z-a]` is no regular expression: invalid character class range, the start must be <= the end, at character 3",
            ),
            (
                "a\\pX",
                "`a\\pX` is no regular expression: Unicode property not found, at character 2",
            ),
            (
                "a\\nb",
                "`a\\nb` has a line break, and what is looked for lies within a line",
            ),
            (
                "(?:a{1000}){1000}",
                "`(?:a{1000}){1000}` is too much: it needs more than 4 MiB",
            ),
        ] {
            let (told, hint) = refusal(pattern, Mode::Regex);
            assert_eq!(told, message);
            assert!(!hint.is_empty());
        }
        let deep = "(".repeat(200) + &")".repeat(200);
        assert!(refusal(&deep, Mode::Regex).0.contains("nested"));
        assert!(
            refusal(&"(".repeat(MAX_PATTERN), Mode::Regex)
                .0
                .contains("unclosed group")
        );
        assert!(
            refusal(&"x".repeat(MAX_PATTERN + 1), Mode::Exact)
                .0
                .contains("too long")
        );
        assert_eq!(
            refusal("a\nb", Mode::Exact).0,
            "`a↵b` has a line break, and what is looked for lies within a line"
        );
        assert_eq!(refusal("\r\n", Mode::Exact).0, "the query is empty");
    }

    #[test]
    fn a_match_never_leaves_its_line() {
        for (pattern, text, expected) in [
            (r"a\s+b", "a\nb", false),
            (r"a\s+b", "a \t b", true),
            (r"a[^x]b", "a\nb", false),
            (r"(?s)a.b", "a\nb", false),
            (r"a[\s\S]*b", "a\n\nb", false),
            (r"a(?-u:[\x00-\xff])b", "a\nb", false),
            (r"a\Wb", "a\nb", false),
            (r"a$", "a\r\nb", true),
            (r"^b", "a\r\nb", true),
            (r"\r", "a\r\nb", true),
        ] {
            let regex = Pattern::read(pattern, Mode::Regex, false).expect("valid").regex;
            assert_eq!(regex.is_match(text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn a_name_is_told_from_what_surrounds_it() {
        for (text, mode, name) in [
            ("open", Mode::Exact, Some("open")),
            ("open(", Mode::Exact, Some("open")),
            ("fn open", Mode::Exact, None),
            (".open", Mode::Exact, None),
            (r"\bopen\b", Mode::Regex, Some("open")),
            ("^größe$", Mode::Regex, Some("größe")),
            ("op.n", Mode::Regex, None),
            ("open|close", Mode::Regex, None),
        ] {
            let pattern = Pattern::read(text, mode, false).expect("valid");
            assert_eq!(pattern.name.as_deref(), name, "{text}");
        }
    }
}

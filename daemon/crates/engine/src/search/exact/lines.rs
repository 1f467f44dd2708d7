//! The lines of a file that match.
//!
//! A file is searched whole, not line by line: most of it is passed over at the speed of memory. It is searched in windows
//! of whole lines all the same, so that a slow pattern in a large file can be given up between two of them.

use super::pattern::Pattern;
use super::steps::{Stepped, Steps};
use memchr::{memchr, memchr_iter, memrchr};
use regex_automata::Input;
use regex_automata::meta::Cache;
use std::ops::{ControlFlow, Range};

/// Bytes searched between two looks at the clock, up to the end of the line. The fastest patterns are not slowed down by
/// them.
const WINDOW: usize = 16 * 1024;

/// The shortest window: a line of ordinary length.
const MIN_WINDOW: usize = 256;

/// Most steps of the slowest search between two looks at the clock: tenths of a second.
const MAX_STEPS: usize = 100_000_000;

/// How many times as much is searched at once where there is no other way: seconds at worst.
const QUIT: usize = 20;

/// Bytes of a state of an automaton, on the low side.
const STATE: usize = 16;

/// Before the text of some files.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A pattern with the memory of one thread.
pub(in crate::search) struct Finder<'p> {
    pattern: &'p Pattern,
    cache: Cache,
    /// For lines that are longer than can be searched at once; made for the first of them.
    steps: Option<Steps>,
    /// Most bytes that are searched at once.
    most: usize,
}

impl<'p> Finder<'p> {
    pub(in crate::search) fn new(pattern: &'p Pattern) -> Self {
        let n_states = pattern.nfa.memory_usage() / STATE;
        Self {
            pattern,
            cache: pattern.regex.create_cache(),
            steps: None,
            most: (MAX_STEPS / n_states.max(1)).max(MIN_WINDOW),
        }
    }

    /// Hands over each line that matches, in order: its number from 1 on, and where it stands, without its line feed.
    /// `goes_on` is asked every now and then; true when the whole was searched.
    pub(in crate::search) fn lines(
        &mut self,
        text: &[u8],
        goes_on: &dyn Fn() -> bool,
        mut found: impl FnMut(u32, Range<usize>) -> ControlFlow<()>,
    ) -> bool {
        // Cut off, so that the first line begins where a reader sees it begin.
        let mark = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let text = &text[mark..];
        let window = self.most.min(WINDOW);
        let (mut at, mut number, mut n_counted, mut is_whole) = (0, 1, 0, true);
        while at < text.len() {
            if !goes_on() {
                return false;
            }
            let end = end_of_line(text, text.len().min(at + window));
            let mut from = at;
            while from <= end {
                let noticed = match self.notice(text, from..end, goes_on) {
                    Noticed::At(offset) => offset,
                    Noticed::Nowhere => break,
                    Noticed::Unknown => {
                        is_whole = false;
                        break;
                    }
                };
                let start = memrchr(b'\n', &text[from..noticed]).map_or(from, |feed| from + feed + 1);
                if start == text.len() {
                    // Behind the last line feed there is no line.
                    break;
                }
                let line = start..end_of_line(text, noticed);
                number += memchr_iter(b'\n', &text[n_counted..start]).count() as u32;
                n_counted = start;
                from = line.end + 1;
                if found(number, line.start + mark..line.end + mark).is_break() {
                    return is_whole;
                }
            }
            at = end + 1;
        }
        is_whole
    }

    /// Where in some whole lines a match is noticed: wherever that is, it is in the line that matches.
    fn notice(&mut self, text: &[u8], lines: Range<usize>, goes_on: &dyn Fn() -> bool) -> Noticed {
        // A window ends with its line, and is that much longer.
        if lines.len() <= 2 * self.most {
            return self.notice_at_once(text, lines);
        }
        if self.steps.is_none() {
            self.steps = Steps::new(&self.pattern.nfa);
        }
        let Some(steps) = &mut self.steps else {
            return Noticed::Unknown;
        };
        let mut from = lines.start;
        while from <= lines.end {
            let end = end_of_line(text, from);
            match steps.search(text, from..end, goes_on) {
                Stepped::Matches => return Noticed::At(from),
                Stepped::DoesNot => from = end + 1,
                // The other way is slower at worst, and not by much at best.
                Stepped::Quit if lines.len() <= QUIT * self.most => return self.notice_at_once(text, lines),
                Stepped::Quit | Stepped::GivenUp => return Noticed::Unknown,
            }
        }
        Noticed::Nowhere
    }

    fn notice_at_once(&mut self, text: &[u8], lines: Range<usize>) -> Noticed {
        let window = Input::new(text).span(lines).earliest(true);
        let half = self.pattern.regex.search_half_with(&mut self.cache, &window);
        half.map_or(Noticed::Nowhere, |half| Noticed::At(half.offset()))
    }

    /// Where the first match in a line stands, relative to it.
    pub(in crate::search) fn in_line(&mut self, line: &[u8]) -> Option<Range<usize>> {
        let found = self.pattern.regex.search_with(&mut self.cache, &Input::new(line))?;
        Some(found.range())
    }
}

/// How a search of some lines ended.
enum Noticed {
    /// Somewhere in the first line that matches.
    At(usize),
    Nowhere,
    /// It was given up.
    Unknown,
}

/// The line feed at or after a place, or the end.
fn end_of_line(text: &[u8], at: usize) -> usize {
    memchr(b'\n', &text[at..]).map_or(text.len(), |feed| at + feed)
}

#[cfg(test)]
mod tests {
    use super::super::Mode;
    use super::*;
    use proptest::prelude::*;

    fn numbers(pattern: &str, mode: Mode, text: &[u8]) -> Vec<u32> {
        let pattern = Pattern::read(pattern, mode, false).expect("valid");
        let mut numbers = Vec::new();
        let whole = Finder::new(&pattern).lines(text, &|| true, |number, _| {
            numbers.push(number);
            ControlFlow::Continue(())
        });
        assert!(whole);
        numbers
    }

    #[test]
    fn lines_are_found_however_they_end() {
        for (pattern, text, expected) in [
            ("b", &b"a\nb\r\nab"[..], &[2, 3][..]),
            ("b$", b"a\nb\r\nab", &[2, 3]),
            ("^$", b"\n\nx\n\n", &[1, 2, 4]),
            ("^$", b"\r\nx\r\n", &[1]),
            ("a*", b"b\nc\n", &[1, 2]),
            ("^a", b"\xef\xbb\xbfab\n", &[1]),
            ("^a", b"ab\nba\na", &[1, 3]),
            ("x", b"", &[]),
            (r"\xe4|ä", "ä\nb\n".as_bytes(), &[1]),
            (r"(?-u:\xe4)", b"\xe4\nb\n", &[1]),
        ] {
            assert_eq!(numbers(pattern, Mode::Regex, text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn a_window_ends_with_a_line() {
        let line = "word ".repeat(700) + "needle\n";
        let text = line.repeat(40);
        assert!(text.len() > 4 * WINDOW);
        assert_eq!(numbers("needle$", Mode::Regex, text.as_bytes()).len(), 40);
        let one_line = "x".repeat(3 * WINDOW) + "needle";
        assert_eq!(numbers("needle", Mode::Exact, one_line.as_bytes()), [1]);
    }

    #[test]
    fn a_long_line_is_searched_in_steps_and_gives_the_same() {
        // So large that no line is searched at once.
        let pad = "(?:zzz(?:[a-y0-9]{60}){500}|)";
        for (pattern, line, expected) in [
            ("needle", "needle", true),
            ("needle$", "needle", true),
            ("needle$", "needle ", false),
            ("^x+needle", "needle", true),
            (r"needle\b", "needle", true),
            (r"needle\b", "needles", false),
            (r"\bx+needle\b", "needle ä", true),
        ] {
            let pattern = format!("{pad}{pattern}");
            let read = Pattern::read(&pattern, Mode::Regex, false).expect("valid");
            let long = "x".repeat(8_000) + line;
            assert!(long.len() > 2 * Finder::new(&read).most, "{}", Finder::new(&read).most);
            let text = format!("one\n{long}\nthree\r\n{long}\r\n");
            let shown = numbers(&pattern, Mode::Regex, text.as_bytes());
            assert_eq!(shown, if expected { &[2, 4][..] } else { &[] }, "{line}");
        }
    }

    #[test]
    fn the_slowest_search_of_the_longest_line_can_be_given_up() {
        let pattern = Pattern::read("(?:a|b)*a[ab]{30000}c", Mode::Regex, false).expect("valid");
        let text = "ab".repeat(500_000);
        let n_asked = std::cell::Cell::new(0);
        let goes_on = || {
            n_asked.set(n_asked.get() + 1);
            n_asked.get() < 4
        };
        let found = |_, _| ControlFlow::Continue(());
        assert!(!Finder::new(&pattern).lines(text.as_bytes(), &goes_on, found));
        assert_eq!(n_asked.get(), 4);
    }

    #[test]
    fn a_search_that_is_given_up_says_so() {
        let pattern = Pattern::read("needle", Mode::Exact, false).expect("valid");
        let text = "needle\n".repeat(WINDOW);
        let n_asked = std::cell::Cell::new(0);
        let goes_on = || {
            n_asked.set(n_asked.get() + 1);
            n_asked.get() < 3
        };
        let mut n_found = 0;
        let whole = Finder::new(&pattern).lines(text.as_bytes(), &goes_on, |_, _| {
            n_found += 1;
            ControlFlow::Continue(())
        });
        assert!(!whole && n_found > 0 && n_found < WINDOW);
    }

    /// What a search of each line by itself finds.
    fn naive(pattern: &str, text: &[u8]) -> Vec<u32> {
        let pattern = Pattern::read(pattern, Mode::Regex, false).expect("valid");
        let body = text.strip_suffix(b"\n").unwrap_or(text);
        let lines = body.split(|byte| *byte == b'\n').filter(|_| !text.is_empty());
        let matching = (1..).zip(lines).filter(|(_, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            pattern.regex.is_match(line)
        });
        matching.map(|(number, _)| number).collect()
    }

    proptest! {
        #[test]
        fn a_whole_file_is_searched_as_its_lines_are(
            pattern in prop::sample::select(vec![
                "a", "ab", "^a", "b$", "^$", "a*", r"a\s*b", "[^a]b", "(?i)AB", r"\bb", "a|b$", "(a|b)+", ".", "a.b",
            ]),
            text in proptest::collection::vec(prop::sample::select(b"ab\n\r \xe4".to_vec()), 0..60),
        ) {
            // A carriage return within a line ends it for `^` and `$` alone; only before a line feed are both readings one.
            let mut text = text;
            let lone = |text: &[u8], at: usize| text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
            while let Some(at) = (0..text.len()).find(|&at| lone(&text, at)) {
                text.remove(at);
            }
            prop_assert_eq!(numbers(pattern, Mode::Regex, &text), naive(pattern, &text), "{} {:?}", pattern, text);
        }
    }
}

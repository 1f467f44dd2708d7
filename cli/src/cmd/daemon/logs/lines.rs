//! Choosing lines of the log: those of a request, those of a level. Pure.
//!
//! Understands both forms of the log: text for people, and one JSON object a line. A line that begins
//! neither way belongs to the one before it.

use clap::ValueEnum;
use serde_json::Value;

/// The levels, the most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Debug)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// What of the log is wanted; everything when nothing is said.
#[derive(Clone, Default, Debug)]
pub(super) struct Wanted {
    /// Only lines of this request.
    pub(super) request: Option<String>,
    /// Only lines of this level and more important ones.
    pub(super) level: Option<Level>,
}

impl Wanted {
    pub(super) fn is_everything(&self) -> bool {
        self.request.is_none() && self.level.is_none()
    }

    /// Whether a line is wanted; `None` when it belongs to the one before.
    fn judge(&self, line: &str) -> Option<bool> {
        if line.starts_with('{') {
            let line: Value = serde_json::from_str(line).ok()?;
            let level = line["level"].as_str().and_then(level);
            let spans = line["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_of = |id: &String| {
                let mut requests = spans.iter().filter(|span| span["name"] == "request");
                requests.any(|span| span["id"] == id.as_str())
            };
            return Some(self.admits(level) && self.request.as_ref().is_none_or(is_of));
        }
        // `2026-11-21T10:55:36.123456Z  INFO rpc request{id="3f2a" …}: …`
        let mut words = line.split_whitespace();
        let time = words
            .next()
            .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('Z'));
        time?;
        let level = level(words.next()?)?;
        let is_of = |id: &String| line.contains(&format!("request{{id=\"{id}\""));
        Some(self.admits(Some(level)) && self.request.as_ref().is_none_or(is_of))
    }

    fn admits(&self, level: Option<Level>) -> bool {
        self.level.is_none_or(|least| level.is_some_and(|level| level <= least))
    }
}

fn level(name: &str) -> Option<Level> {
    <Level as ValueEnum>::from_str(name, true).ok()
}

/// Passes wanted lines on, from blocks that end anywhere.
pub(super) struct Chosen {
    wanted: Wanted,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// Whether the line before was wanted.
    is_on: bool,
}

impl Chosen {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            begun: Vec::new(),
            is_on: false,
        }
    }

    /// The wanted lines that end in this block.
    pub(super) fn pass(&mut self, block: &[u8]) -> Vec<u8> {
        if self.wanted.is_everything() {
            return block.to_vec();
        }
        let mut passed = Vec::new();
        for part in block.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                if self.is_wanted(&line) {
                    passed.extend_from_slice(&line);
                }
            }
        }
        passed
    }

    /// Whether one whole line is wanted.
    pub(super) fn is_wanted(&mut self, line: &[u8]) -> bool {
        if self.wanted.is_everything() {
            return true;
        }
        if let Some(verdict) = self.wanted.judge(&String::from_utf8_lossy(line)) {
            self.is_on = verdict;
        }
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = concat!(
        "2026-11-21T10:55:36.1Z  INFO rpc codememd: ready\n",
        "2026-11-21T10:55:37.1Z  WARN repo-pass request{id=\"a\" client=\"x\"}: codemem_engine: one\n",
        "its second line\n",
        "2026-11-21T10:55:38.1Z DEBUG rpc request{id=\"ab\" client=\"x\"}: codememd: two\n",
        "{\"level\":\"ERROR\",\"spans\":[{\"name\":\"request\",\"id\":\"a\"}]}\n",
        "{\"level\":\"INFO\",\"spans\":[{\"name\":\"other\",\"id\":\"a\"}]}\n",
    );

    fn numbers(wanted: &Wanted) -> Vec<usize> {
        // Blocks of all sizes give the same.
        let mut results = Vec::new();
        for size in [1, 7, 64, LOG.len()] {
            let mut chosen = Chosen::new(wanted.clone());
            let blocks = LOG.as_bytes().chunks(size);
            let passed: Vec<u8> = blocks.flat_map(|block| chosen.pass(block)).collect();
            let passed = String::from_utf8(passed).expect("UTF-8");
            let all: Vec<&str> = LOG.lines().collect();
            let place = |line| all.iter().position(|known| *known == line).expect("a line of the log");
            results.push(passed.lines().map(place).collect::<Vec<_>>());
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{results:?}");
        results.remove(0)
    }

    #[test]
    fn lines_are_chosen_by_request_and_level() {
        let wanted = |request: Option<&str>, level| Wanted {
            request: request.map(str::to_owned),
            level,
        };
        assert_eq!(numbers(&wanted(None, None)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(numbers(&wanted(Some("a"), None)), [1, 2, 4]);
        assert_eq!(numbers(&wanted(Some("ab"), None)), [3]);
        assert_eq!(numbers(&wanted(None, Some(Level::Warn))), [1, 2, 4]);
        assert_eq!(numbers(&wanted(None, Some(Level::Error))), [4]);
        assert_eq!(numbers(&wanted(Some("a"), Some(Level::Error))), [4]);
        assert_eq!(numbers(&wanted(None, Some(Level::Trace))), [0, 1, 2, 3, 4, 5]);
    }
}

//! What has become of the code that memories are about: read from the working tree when a memory is shown.
//!
//! Bounded: of one answer so many files are read, each once; what lies beyond is `unknown`. Blocks.

use super::types::Shown;
use crate::config::Ports;
use crate::pass::{hash, into_text};
use codemem_core::ids::ContentHash;
use codemem_core::memory::{Anchor, Memory, TimestampMs};
use codemem_core::path::RepoPath;
use codemem_core::ports::{LanguageInfo, PortErrorKind};
use codemem_core::unit::{LineSpan, Symbol, SymbolKind};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Files read for one answer: about as many as it has memories.
const MAX_FILES: usize = 48;

const DAY_MS: i64 = 86_400_000;

/// What has become of an anchor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AnchorStatus {
    /// As it was.
    Current,
    /// It was never read, or cannot be now.
    Unknown,
    /// The code is another one.
    Changed,
    /// The file, or the symbol in it, is no more.
    Gone,
}

impl AnchorStatus {
    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Unknown => "unknown",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// What stands in the tree where an anchor points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Located {
    /// The code: its hash, and the lines of a symbol's definitions; none for a whole file.
    Code(ContentHash, Vec<LineSpan>),
    /// Nothing.
    Gone,
    /// It could not be read.
    Unknown,
}

/// A file as it is now.
enum File {
    Read {
        text: String,
        hash: ContentHash,
        symbols: Option<Vec<Symbol>>,
    },
    Gone,
    Unreadable,
}

/// A project's files, each read once.
pub(crate) struct Trees<'a> {
    ports: &'a Ports,
    base: Option<&'a Path>,
    max_file_bytes: u64,
    files: HashMap<RepoPath, File>,
    /// Whether files are forgotten to read more of them, instead of leaving more unread.
    forgets: bool,
}

impl<'a> Trees<'a> {
    /// The tree below `base`; without one, nothing is known.
    pub(crate) fn new(ports: &'a Ports, base: Option<&'a Path>, max_file_bytes: u64) -> Self {
        Self {
            ports,
            base,
            max_file_bytes,
            files: HashMap::new(),
            forgets: false,
        }
    }

    /// The same without a bound on how many files are read, only on how many are held: for what is written once.
    pub(super) fn unbounded(self) -> Self {
        Self { forgets: true, ..self }
    }

    /// A memory with what has become of the code it is about.
    pub(crate) fn show(&mut self, memory: Memory) -> Shown {
        let anchors: Vec<AnchorStatus> = memory.anchors.iter().map(|anchor| self.status(anchor)).collect();
        let stale = phrase(&memory, anchors.iter().copied().max().unwrap_or(AnchorStatus::Current));
        Shown { memory, stale, anchors }
    }

    fn status(&mut self, anchor: &Anchor) -> AnchorStatus {
        // What was never found cannot be missed.
        let Some(then) = anchor.hash else {
            return AnchorStatus::Unknown;
        };
        match self.locate(&anchor.path, &anchor.symbol) {
            Located::Code(now, _) if now == then => AnchorStatus::Current,
            Located::Code(..) => AnchorStatus::Changed,
            Located::Gone => AnchorStatus::Gone,
            Located::Unknown => AnchorStatus::Unknown,
        }
    }

    /// What stands at a path; with a symbol's qualified name, its definitions in that file.
    pub(crate) fn locate(&mut self, path: &str, symbol: &str) -> Located {
        let Some(path) = RepoPath::new(path) else {
            return Located::Unknown;
        };
        match self.file(&path) {
            Some(File::Read { hash, .. }) if symbol.is_empty() => return Located::Code(*hash, Vec::new()),
            Some(File::Read { .. }) => {}
            Some(File::Gone) => return Located::Gone,
            Some(File::Unreadable) | None => return Located::Unknown,
        }
        let Some((text, symbols)) = self.symbols(&path) else {
            return Located::Unknown;
        };
        let spans = definitions(symbols, symbol);
        if spans.is_empty() {
            return Located::Gone;
        }
        let lines: Vec<&str> = text.lines().collect();
        let mut code = String::new();
        for span in &spans {
            let (start, end) = (span.start.saturating_sub(1) as usize, span.end as usize);
            for line in lines.get(start..end.min(lines.len())).unwrap_or_default() {
                code.push_str(line);
                code.push('\n');
            }
        }
        Located::Code(hash(code.as_bytes()), spans)
    }

    /// Whether there is such a file that can be read.
    pub(super) fn is_file(&mut self, path: &RepoPath) -> bool {
        matches!(self.file(path), Some(File::Read { .. }))
    }

    /// The symbols that a file defines; `None` when it cannot be read or is no source.
    pub(super) fn symbols_of(&mut self, path: &RepoPath) -> Option<&[Symbol]> {
        self.symbols(path).map(|(_, symbols)| symbols)
    }

    /// The languages of which files are read.
    pub(super) fn languages(&self) -> Vec<LanguageInfo> {
        self.ports.extractor.languages()
    }

    fn file(&mut self, path: &RepoPath) -> Option<&File> {
        let base = self.base?;
        if !self.files.contains_key(path) {
            if self.files.len() >= MAX_FILES {
                if !self.forgets {
                    return None;
                }
                self.files.clear();
            }
            let file = match self.ports.source.read(base, path, self.max_file_bytes) {
                Ok(bytes) => File::Read {
                    hash: hash(&bytes),
                    text: into_text(bytes),
                    symbols: None,
                },
                Err(error) if error.kind == PortErrorKind::NotFound => File::Gone,
                Err(_) => File::Unreadable,
            };
            self.files.insert(path.clone(), file);
        }
        self.files.get(path)
    }

    fn symbols(&mut self, path: &RepoPath) -> Option<(&str, &[Symbol])> {
        self.file(path)?;
        let Some(File::Read { text, symbols, .. }) = self.files.get_mut(path) else {
            return None;
        };
        if symbols.is_none() {
            // A grammar that gives up on a file must not take the answer with it.
            let extractor = &self.ports.extractor;
            let extracted = catch_unwind(AssertUnwindSafe(|| extractor.extract(path, text.as_bytes())));
            *symbols = Some(extracted.ok()?.ok()?.symbols);
        }
        Some((text, symbols.as_deref()?))
    }
}

/// Where a symbol is defined. All definitions of the name count, for overloads share it; an implementation only where
/// nothing else has the name, for it changes with all that is in it.
fn definitions(symbols: &[Symbol], qualified_name: &str) -> Vec<LineSpan> {
    let named = || symbols.iter().filter(|symbol| symbol.qualified_name == qualified_name);
    let is_proper = |symbol: &&Symbol| symbol.kind != SymbolKind::Impl;
    let mut spans: Vec<LineSpan> = named().filter(is_proper).map(|symbol| symbol.lines).collect();
    if spans.is_empty() {
        spans = named().map(|symbol| symbol.lines).collect();
    }
    spans
}

/// `code changed since 2026-11-02`: since the memory was last said to hold.
fn phrase(memory: &Memory, worst: AnchorStatus) -> Option<String> {
    let what = match worst {
        AnchorStatus::Current | AnchorStatus::Unknown => return None,
        AnchorStatus::Changed => "code changed since",
        AnchorStatus::Gone => "code is gone since",
    };
    let held = memory
        .confirmed_at
        .map_or(memory.updated_at, |confirmed| confirmed.max(memory.updated_at));
    Some(format!("{what} {}", date(held)))
}

/// The day in UTC: `2026-11-02`.
fn date(time: TimestampMs) -> String {
    // Days since 1 March of the year 0, so that a leap day is the last of its year; 400 years have always as many days.
    let days = time.div_euclid(DAY_MS) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (time, expected) in [
            (0, "1970-01-01"),
            (DAY_MS - 1, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (951_868_800_000, "2000-03-01"),
            (1_793_577_600_000, "2026-11-02"),
            (4_107_542_400_000, "2100-03-01"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(time), expected, "{time}");
        }
    }
}

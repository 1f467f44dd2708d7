//! Exact search: every line that has a string or matches a pattern, in every file that a scan finds, as the files stand now.
//!
//! No index answers here: the published view says which files there are, when it is known to be true, and what a line is
//! part of. The files themselves are read by a few threads ([`sweep`]) and searched whole ([`lines`]). What was not read is
//! counted, so that an answer without hits proves that there is nothing. A search of several roots is one search: one
//! order, one page, one bound in time.

mod answer;
mod defining;
mod files;
mod lines;
mod page;
mod pattern;
mod steps;
mod sweep;
mod symbols;

use crate::EngineError;
use crate::config::Ports;
use crate::freshness::{Fresh, Freshness};
use crate::threads::Stop;
use crate::view::View;
use codemem_core::ports::Stores;
use codemem_core::unit::SymbolKind;
use defining::Definitions;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::time::{Duration, Instant};
use symbols::Symbols;

pub(super) use answer::{Counts as RootCounts, Exactly, Question};
pub(super) use files::{Listed, Listing};
pub(super) use lines::Finder;
pub(super) use page::PageHit;
pub(super) use pattern::{Pattern, Reading, read_slashes};
pub(super) use sweep::{Bounds, Looked, Sweep, Swept};

/// Most hits on a page.
pub(super) const MAX_LIMIT: usize = 10_000;

/// Most hits before a page: who wants more is better served with a narrower question.
const MAX_OFFSET: usize = 1_000_000;

/// Threads of one search: more wait for the disk, or take the processor away from others.
const MAX_THREADS: usize = 8;

/// How a query is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// What it means: words, names and vectors. Between slashes, a pattern.
    #[default]
    Meaning,
    /// As it stands.
    Exact,
    /// As a regular expression.
    Regex,
}

/// One root, as an exact search sees it.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    pub(super) ports: &'a Ports,
    pub(super) stores: &'a Stores,
    pub(super) root: &'a Path,
    /// Before its paths where there are several roots; else empty.
    pub(super) label: &'a str,
    pub(super) view: &'a View,
    pub(super) freshness: &'a Freshness,
    pub(super) fresh: &'a Fresh,
    pub(super) stop: &'a Stop,
}

/// The lines of one file that match.
#[derive(Debug)]
pub(super) struct Matching {
    /// How many there are.
    n_lines: u64,
    /// The first of them, as many as may be shown.
    lines: Vec<u32>,
    /// Those that define the name that is looked for.
    definitions: Vec<u32>,
}

/// What an exact search found in one root.
pub(super) struct Found {
    listing: Listing,
    /// By position in the listing.
    matching: Vec<(usize, Matching)>,
    pub(super) swept: Swept,
}

impl Found {
    /// Lines that match.
    pub(super) fn n_matches(&self) -> u64 {
        self.matching.iter().map(|(_, matching)| matching.n_lines).sum()
    }

    /// Files that have such lines.
    pub(super) fn n_files(&self) -> u64 {
        self.matching.len() as u64
    }
}

/// When a search that begins now is over, and on how many threads it runs.
pub(super) fn bounds(time: Duration, search_threads: usize) -> Bounds {
    Bounds {
        deadline: Instant::now() + time,
        n_threads: search_threads.clamp(2, MAX_THREADS),
    }
}

/// The hits before a page and on it.
fn window(offset: usize, limit: usize) -> Result<Range<usize>, EngineError> {
    if offset > MAX_OFFSET {
        return Err(EngineError::Invalid {
            message: format!("{offset} hits are too many to be passed over; {MAX_OFFSET} are"),
            hint: "narrow the search by path, language or kind".to_owned(),
        });
    }
    Ok(offset..offset + limit.min(MAX_LIMIT))
}

impl Tree<'_> {
    /// Finds the lines that match in the files that are listed. Up to `n_kept` of each file are kept. With `kinds`, only
    /// lines in definitions of these.
    pub(super) fn find(
        &self,
        pattern: &Pattern,
        listing: Listing,
        kinds: &[SymbolKind],
        n_kept: usize,
        bounds: Bounds,
    ) -> Result<Found, EngineError> {
        let definitions = Definitions::of(self, pattern)?;
        let (matching, swept) = Sweep::run(self, &listing, bounds, || {
            let mut finder = Finder::new(pattern);
            let definitions = &definitions;
            move |sweep: &Sweep<'_>, file: &Listed, bytes: &[u8]| {
                let wanted = Wanted {
                    kinds,
                    n_kept,
                    definitions,
                };
                wanted.look(self, &mut finder, sweep, file, bytes)
            }
        })?;
        Ok(Found {
            listing,
            matching,
            swept,
        })
    }
}

/// What is wanted of each file.
struct Wanted<'w> {
    kinds: &'w [SymbolKind],
    n_kept: usize,
    definitions: &'w Definitions,
}

impl Wanted<'_> {
    fn look(
        &self,
        tree: &Tree<'_>,
        finder: &mut Finder<'_>,
        sweep: &Sweep<'_>,
        file: &Listed,
        bytes: &[u8],
    ) -> Looked<Matching> {
        let mut symbols = None;
        let mut defining = None;
        let mut matching = Matching {
            n_lines: 0,
            lines: Vec::new(),
            definitions: Vec::new(),
        };
        let is_whole = finder.lines(bytes, &|| sweep.goes_on(), |number, line| {
            if !self.kinds.is_empty() {
                // A catalog that fails says so where the hits are shown.
                let symbols = symbols.get_or_insert_with(|| Symbols::of(tree, file, bytes).unwrap_or_default());
                if !symbols
                    .at(number)
                    .is_some_and(|symbol| self.kinds.contains(&symbol.kind))
                {
                    return ControlFlow::Continue(());
                }
            }
            let defining = defining.get_or_insert_with(|| self.definitions.in_file(tree, file, bytes));
            if let Some(defining) = defining {
                defining.take(number, &bytes[line]);
            }
            matching.n_lines += 1;
            if matching.lines.len() < self.n_kept {
                matching.lines.push(number);
            }
            ControlFlow::Continue(())
        });
        if let Some(Some(defining)) = defining {
            matching.definitions = defining.finish();
        }
        Looked {
            found: (matching.n_lines > 0).then_some(matching),
            is_whole,
        }
    }
}

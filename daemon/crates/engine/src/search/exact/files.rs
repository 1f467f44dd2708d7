//! Which files of a root are searched exactly: all that a scan finds, whether they are indexed or not.
//!
//! Where the published view is what stands on disk, it and the list of what was left out are taken for a scan; otherwise
//! the root is scanned. Both give the same files in the same order.

use super::Tree;
use crate::EngineError;
use crate::left_out::LeftOut;
use crate::search::scope::Filter;
use codemem_core::path::RepoPath;
use codemem_core::ports::{LanguageInfo, ScanEntry, Watching};
use codemem_core::rank::Place;
use codemem_core::skip::SkipReason;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// Largest file searched, in bytes: a dump or a log may be larger, and is told as unread.
pub(in crate::search) const MAX_FILE: u64 = 32 * 1024 * 1024;

/// Files above this are read one at a time, in bytes: what a search holds in memory is bounded.
const LARGE: u64 = 1024 * 1024;

/// A file that may match.
#[derive(Clone, Debug)]
pub(in crate::search) struct Listed {
    pub(in crate::search) path: RepoPath,
    /// What is worth showing first; smaller is earlier.
    pub(super) rank: u8,
    /// Its number in the view; `None` where it is not indexed.
    pub(super) number: Option<u32>,
    /// Whether it may be larger than what is indexed.
    pub(super) is_large: bool,
}

/// The files of a root that the filters let through.
#[derive(Default, Debug)]
pub(in crate::search) struct Listing {
    /// By rank and path.
    pub(in crate::search) files: Vec<Listed>,
    /// Files that nobody can read, or name.
    pub(in crate::search) n_unreadable: u64,
}

impl Tree<'_> {
    /// Lists the files that the filters let through.
    pub(in crate::search) fn list(&self, filter: &Filter) -> Result<Listing, EngineError> {
        let languages = Languages::of(filter, &self.ports.extractor.languages());
        let left_out = self.left_out();
        let mut listing = Listing::default();
        let by_path: HashMap<&str, SkipReason> = left_out
            .iter()
            .flatten()
            .map(|file| (file.path.as_str(), file.reason))
            .collect();
        let mut take = |path: RepoPath, number: Option<u32>, size: u64| {
            let passes = match number {
                Some(number) => filter.has_language(&self.view.file(number).language),
                None => languages.has(&path),
            };
            if passes && filter.has_path(&path, self.label) {
                let reason = by_path.get(path.as_str()).copied();
                listing.files.push(Listed {
                    rank: rank(&path, reason),
                    is_large: size > LARGE || reason == Some(SkipReason::TooLarge),
                    path,
                    number,
                });
            }
        };
        match &left_out {
            Some(left_out) if self.is_current() => {
                for number in self.view.numbers() {
                    let file = self.view.file(number);
                    take(file.path.clone(), Some(number), file.stamp.size);
                }
                for file in left_out {
                    match (may_be_text(file.reason), RepoPath::new(&file.path)) {
                        (true, Some(path)) => take(path, None, 0),
                        (true, None) => listing.n_unreadable += 1,
                        (false, _) => listing.n_unreadable += u64::from(is_unreadable(file.reason)),
                    }
                }
            }
            _ => {
                let mut n_unreadable = 0;
                let source = &self.ports.source;
                source
                    .scan(self.root, MAX_FILE, &mut |entry| {
                        match entry {
                            ScanEntry::File(path, stamp) => {
                                let number = self.view.number_of(path.as_str());
                                take(path, number, stamp.size);
                            }
                            ScanEntry::Skipped(path, reason) => match RepoPath::new(&path) {
                                // Over the bound: whether it is one of those that count, its name tells.
                                Some(path) if reason == SkipReason::TooLarge => take(path, None, u64::MAX),
                                _ => n_unreadable += u64::from(is_unreadable(reason)),
                            },
                        }
                        if self.stop.is_requested() {
                            ControlFlow::Break(())
                        } else {
                            ControlFlow::Continue(())
                        }
                    })
                    .map_err(EngineError::port("list the files"))?;
                listing.n_unreadable += n_unreadable;
            }
        }
        listing
            .files
            .sort_unstable_by(|a, b| (a.rank, &a.path).cmp(&(b.rank, &b.path)));
        Ok(listing)
    }

    /// Whether the view and the list of what was left out are known to be what a scan would find now.
    fn is_current(&self) -> bool {
        let fresh = self.freshness;
        matches!(fresh.watching, Watching::Events { .. })
            && fresh.pending == 0
            && !fresh.rescanning
            && fresh.checked_at.is_some()
    }

    fn left_out(&self) -> Option<Vec<LeftOut>> {
        let files = self.fresh.left_out();
        files.files().map(<[LeftOut]>::to_vec)
    }
}

/// Whether a file that was left out for that reason is looked into: what the index has no use for may hold what is
/// looked for.
fn may_be_text(reason: SkipReason) -> bool {
    match reason {
        // By its name or by its first bytes: only the bytes count here.
        SkipReason::Binary
        | SkipReason::Minified
        | SkipReason::Generated
        | SkipReason::TooLarge
        | SkipReason::Unreadable
        | SkipReason::Failed => true,
        SkipReason::BadName | SkipReason::NotAFile => false,
    }
}

fn is_unreadable(reason: SkipReason) -> bool {
    match reason {
        SkipReason::Unreadable | SkipReason::BadName => true,
        SkipReason::Binary
        | SkipReason::Minified
        | SkipReason::Generated
        | SkipReason::TooLarge
        | SkipReason::NotAFile
        | SkipReason::Failed => false,
    }
}

/// The project's own code before its tests, these before examples, prose and data; last what nobody wrote by hand.
fn rank(path: &RepoPath, left_out: Option<SkipReason>) -> u8 {
    match left_out {
        Some(SkipReason::Minified | SkipReason::Generated | SkipReason::TooLarge) => return 6,
        Some(
            SkipReason::Binary
            | SkipReason::Unreadable
            | SkipReason::BadName
            | SkipReason::NotAFile
            | SkipReason::Failed,
        )
        | None => {}
    }
    match Place::of(path) {
        Place::Source => 0,
        Place::Test => 1,
        Place::Example => 2,
        Place::Docs => 3,
        Place::Data | Place::Translation => 4,
        Place::Vendored => 5,
        Place::Generated => 6,
    }
}

/// The languages that a filter lets through, for files that are not indexed: their names tell.
struct Languages {
    /// Extensions and whole names, in lower case; `None` when every file passes.
    names: Option<HashSet<String>>,
}

impl Languages {
    fn of(filter: &Filter, known: &[LanguageInfo]) -> Self {
        if filter.has_every_language() {
            return Self { names: None };
        }
        let passing = known.iter().filter(|language| filter.has_language(&language.name));
        let names = passing.flat_map(|language| &language.extensions);
        Self {
            names: Some(names.map(|name| name.to_lowercase()).collect()),
        }
    }

    fn has(&self, path: &RepoPath) -> bool {
        let Some(names) = &self.names else { return true };
        let has = |name: &str| names.contains(&name.to_lowercase());
        path.extension().is_some_and(has) || has(path.file_name())
    }
}

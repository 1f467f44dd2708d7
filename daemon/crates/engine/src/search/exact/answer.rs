//! An exact question about some roots, from listing their files to the page that is shown.

use super::page::Page;
use super::pattern::Pattern;
use super::sweep::Swept;
use super::{Bounds, Mode, Tree, window};
use crate::search::absence::{self, Absence};
use crate::search::entry::Failed;
use crate::search::scope::Filter;

/// Definitions that may stand before the lines of a page, and in their stead.
const SPARE: usize = 1_000;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::search) struct Question<'q> {
    pub(in crate::search) query: &'q str,
    /// Never by meaning.
    pub(in crate::search) mode: Mode,
    pub(in crate::search) ignores_case: bool,
    /// Hits before those that are wanted.
    pub(in crate::search) offset: usize,
    /// Most hits.
    pub(in crate::search) limit: usize,
    /// For all roots together.
    pub(in crate::search) bounds: Bounds,
}

/// What one root has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::search) struct Counts {
    /// Lines that match.
    pub(in crate::search) n_matches: u64,
    /// Files that have such lines.
    pub(in crate::search) n_files: u64,
    pub(in crate::search) swept: Swept,
}

/// The answer.
#[derive(Debug)]
pub(in crate::search) struct Exactly {
    pub(in crate::search) page: Page,
    /// By root.
    pub(in crate::search) counts: Vec<Counts>,
    /// Where nothing matches.
    pub(in crate::search) absence: Option<Absence>,
}

impl Exactly {
    /// Finds what is asked for in some roots.
    pub(in crate::search) fn of(trees: &[Tree<'_>], filter: &Filter, question: Question<'_>) -> Result<Self, Failed> {
        let pattern = Pattern::read(question.query, question.mode, question.ignores_case)?;
        let window = window(question.offset, question.limit)?;
        let bounds = question.bounds;
        let mut found = Vec::with_capacity(trees.len());
        for (at, tree) in trees.iter().enumerate() {
            let listing = tree.list(filter).map_err(Failed::at(at))?;
            let of_tree = tree.find(&pattern, listing, &filter.kinds, window.end + SPARE, bounds);
            found.push(of_tree.map_err(Failed::at(at))?);
        }
        let counts: Vec<Counts> = found
            .iter()
            .map(|found| Counts {
                n_matches: found.n_matches(),
                n_files: found.n_files(),
                swept: found.swept,
            })
            .collect();
        let page = Page::of(trees, &found, &pattern, window, bounds)?;
        let absence = if counts.iter().any(|counts| counts.n_matches > 0) {
            None
        } else if counts.iter().any(|counts| counts.swept.cut_short) {
            // Time is up: what was not found so far is all that can be told.
            let mut absence = Absence::default();
            for counts in &counts {
                absence.add(counts.swept);
            }
            Some(absence)
        } else {
            let listings = trees.iter().copied().zip(found.into_iter().map(|found| found.listing));
            let listings: Vec<_> = listings.collect();
            Some(absence::prove(
                &listings,
                question.query,
                question.mode,
                bounds.n_threads,
            )?)
        };
        Ok(Self { page, counts, absence })
    }
}

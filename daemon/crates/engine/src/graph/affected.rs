//! What a diff touches: the symbols whose lines it changes, who calls them, and the tests worth running.

use super::symbol::{Definition, Use, used};
use super::tree::{Tree, is_code};
use super::{Ground, Reading};
use crate::EngineError;
use crate::engine::Engine;
use codemem_core::graph::{Facts as _, Resolver, SymbolAt};
use codemem_core::unit::LineSpan;
use std::path::PathBuf;

/// Most callers that are followed.
const MAX_AFFECTED: usize = 5_000;

/// How far callers are followed when the caller does not say.
const DEFAULT_DEPTH: u32 = 3;

/// Lines that are new or changed in a file, as it stands now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Relative to the root.
    pub path: String,
    /// The lines; where some were only removed, the one before.
    pub lines: Vec<LineSpan>,
}

/// A question about a diff.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AffectedRequest {
    /// A path inside the root.
    pub path: PathBuf,
    /// What is changed.
    pub changes: Vec<Change>,
    /// How far callers are followed; 0 means 3.
    pub depth: u32,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct AffectedAnswer {
    /// What it rests on.
    pub ground: Ground,
    /// The innermost symbols with a changed line, by place.
    pub changed: Vec<Definition>,
    /// Their callers, the nearest first.
    pub callers: Vec<Use>,
    /// Files of tests among the callers and the changes, by path.
    pub tests: Vec<String>,
    /// Changed files that the index does not have.
    pub unknown: Vec<String>,
    /// Calls of the same names of which the files do not say what they mean.
    pub open: u64,
    /// More would have been reached but for the bounds.
    pub is_cut: bool,
}

impl Engine {
    /// Maps a diff to what it may reach.
    pub async fn affected(&self, request: AffectedRequest) -> Result<AffectedAnswer, EngineError> {
        let path = request.path.clone();
        self.ask_graph(&path, Reading::Much, move |tree, ground| answer(tree, ground, &request))
            .await
    }
}

fn answer(tree: &Tree<'_>, ground: Ground, request: &AffectedRequest) -> Result<AffectedAnswer, EngineError> {
    let resolver = Resolver::new(tree);
    let (mut symbols, mut unknown, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for change in &request.changes {
        let Some(file) = tree.at(&change.path) else {
            unknown.push(change.path.clone());
            continue;
        };
        let facts = resolver.file(file)?;
        for (symbol, _) in (0_u32..).zip(facts.symbols()).filter(|(_, one)| is_code(one.kind)) {
            let own = facts.symbol(symbol).lines;
            let is_touched = change.lines.iter().any(|lines| {
                // What is inside of something inside is the inner one's change.
                let inner = facts.symbols().any(|one| {
                    one.parent == Some(symbol) && one.lines.start <= lines.start && lines.end <= one.lines.end
                });
                own.overlaps(*lines) && !inner
            });
            if is_touched {
                symbols.push(SymbolAt { file, symbol });
                if codemem_core::graph::is_test(&facts, Some(symbol)) {
                    tests.push(change.path.clone());
                }
            }
        }
    }
    let depth = if request.depth == 0 {
        DEFAULT_DEPTH
    } else {
        request.depth
    };
    let impact = resolver.impact(&symbols, depth, MAX_AFFECTED)?;
    let mut callers = Vec::with_capacity(impact.affected.len());
    for one in &impact.affected {
        let one = used(&resolver, &one.site(), one.depth)?;
        if one.is_test {
            tests.push(one.path.clone());
        }
        callers.push(one);
    }
    tests.sort();
    tests.dedup();
    Ok(AffectedAnswer {
        ground,
        changed: super::symbol::define(tree, &symbols)?,
        callers,
        tests,
        unknown,
        open: impact.open,
        is_cut: impact.is_cut,
    })
}

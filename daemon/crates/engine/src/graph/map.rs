//! What a tree turns around: its most central symbols, by folder.

use super::tree::Tree;
use super::{Ground, Reading};
use crate::EngineError;
use crate::engine::Engine;
use codemem_core::graph::{FileId, Meaning, Resolver, SymbolAt, central, is_test};
use codemem_core::rank::Place;
use codemem_core::tokens;
use codemem_core::unit::SymbolKind;
use std::collections::HashMap;
use std::path::PathBuf;

/// Tokens of a map when the caller does not say.
const DEFAULT_BUDGET: usize = 2_000;

/// Tokens of a line beside its signature: line number, path's share.
const LINE: usize = 10;

/// A question about a tree.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MapRequest {
    /// A path inside the root; only what is below it is shown.
    pub path: PathBuf,
    /// Most tokens of the answer as text; 0 means 2000.
    pub budget: usize,
}

/// One central symbol.
#[derive(Clone, PartialEq, Debug)]
pub struct Central {
    /// Relative to the root.
    pub path: String,
    /// First line, from 1 on.
    pub line: u32,
    /// With its enclosing names.
    pub qualified_name: String,
    /// What it is.
    pub kind: String,
    /// The declaration without its body.
    pub signature: String,
    /// Its rank; all of a tree's sum up to 1.
    pub rank: f64,
    /// Places that use it.
    pub users: u32,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct MapAnswer {
    /// What it rests on.
    pub ground: Ground,
    /// By folder and path, then by line; those that fit the budget, the most central first to be taken.
    pub symbols: Vec<Central>,
    /// Symbols of the tree.
    pub total: u64,
    /// Uses whose meaning is known, and those that stay open.
    pub edges: u64,
    /// Uses of which the files do not say what they mean.
    pub open: u64,
}

impl Engine {
    /// Maps a tree.
    pub async fn map(&self, request: MapRequest) -> Result<MapAnswer, EngineError> {
        let path = request.path.clone();
        self.ask_graph(&path, Reading::Everything, move |tree, ground| {
            answer(tree, ground, &request)
        })
        .await
    }
}

fn answer(tree: &Tree<'_>, ground: Ground, request: &MapRequest) -> Result<MapAnswer, EngineError> {
    let resolver = Resolver::new(tree);
    let mut numbers: HashMap<SymbolAt, u32> = HashMap::new();
    let mut symbols: Vec<SymbolAt> = Vec::new();
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let (mut n_edges, mut n_open) = (0, 0);
    let mut number = |at: SymbolAt| {
        *numbers.entry(at).or_insert_with(|| {
            symbols.push(at);
            symbols.len() as u32 - 1
        })
    };
    let files: Vec<FileId> = tree.view.numbers().map(FileId).collect();
    let mut total = 0;
    for &file in &files {
        let facts = resolver.file(file)?;
        total += facts.n_symbols() as u64;
        // What tests use is not what a tree turns around.
        if Place::of(&facts.path) == Place::Test {
            continue;
        }
        for one in facts.uses() {
            match resolver.resolve(file, one)? {
                Meaning::Edge(edge) => {
                    n_edges += 1;
                    let Some(within) = one.symbol.filter(|within| !is_test(&facts, Some(*within))) else {
                        continue;
                    };
                    let from = number(SymbolAt { file, symbol: within });
                    edges.push((from, number(edge.to)));
                }
                Meaning::Open => n_open += 1,
                Meaning::Elsewhere => {}
            }
        }
    }
    let ranks = central(symbols.len(), &edges);
    let mut users = vec![0_u32; symbols.len()];
    for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
        debug_assert!((from as usize) < users.len(), "numbered");
        users[to as usize] += 1;
    }
    let mut order: Vec<usize> = (0..symbols.len()).collect();
    order.sort_by(|&a, &b| ranks[b].total_cmp(&ranks[a]));
    let below = request
        .path
        .strip_prefix(&ground.root)
        .ok()
        .and_then(|path| path.to_str())
        .unwrap_or_default();
    let mut left = match request.budget {
        0 => DEFAULT_BUDGET,
        tokens => tokens,
    };
    let mut shown = Vec::new();
    for index in order {
        let at = symbols[index];
        let file = tree.view.file(at.file.0);
        let is_below =
            below.is_empty() || file.path.as_str() == below || file.path.as_str().starts_with(&format!("{below}/"));
        let facts = resolver.file(at.file)?;
        let kind = facts.symbol(at.symbol).kind;
        if !is_below || matches!(kind, SymbolKind::Impl | SymbolKind::Module) || Place::of(&file.path) == Place::Test {
            continue;
        }
        let Some(row) = tree.row(at)? else {
            continue;
        };
        let cost = tokens::estimate(&row.signature) + LINE;
        if cost > left {
            break;
        }
        left -= cost;
        shown.push(Central {
            path: file.path.to_string(),
            line: row.lines.start,
            qualified_name: row.qualified_name.clone(),
            kind: row.kind.as_str().to_owned(),
            signature: row.signature.clone(),
            rank: ranks[index],
            users: users[index],
        });
    }
    shown.sort_by(|a, b| a.path.cmp(&b.path).then(a.line.cmp(&b.line)));
    Ok(MapAnswer {
        ground,
        symbols: shown,
        total,
        edges: n_edges,
        open: n_open,
    })
}

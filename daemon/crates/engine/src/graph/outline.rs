//! What a file, or every file of a folder, is made of: signatures, nested as they stand.

use super::tree::{Tree, is_code};
use super::{Ground, Reading};
use crate::EngineError;
use crate::engine::Engine;
use codemem_core::graph::{Facts as _, FileId};
use codemem_core::ports::SymbolRow;
use codemem_core::tokens;
use codemem_core::unit::{SymbolKind, Visibility};
use std::path::{Path, PathBuf};

/// Tokens of an outline when the caller does not say.
const DEFAULT_BUDGET: usize = 4_000;

/// Tokens of a line beside its signature: indentation, line number.
const LINE: usize = 6;

/// A symbol, and the position of the one around it.
type Row = (SymbolRow, Option<usize>);

/// A question about a file or a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutlineRequest {
    /// The file or the folder, absolute.
    pub path: PathBuf,
    /// Most tokens of the answer as text; 0 means 4000. What is nested deepest is left out first.
    pub budget: usize,
}

/// One definition and what is inside of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutlineNode {
    /// The name as written.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Who may use it; `None` where its language knows no such thing, or the file does not say.
    pub visibility: Option<Visibility>,
    /// The declaration without its body.
    pub signature: String,
    /// First line, from 1 on.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// What it holds.
    pub children: Vec<OutlineNode>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutlineFile {
    /// Relative to the root.
    pub path: String,
    /// Its language.
    pub language: String,
    /// Its outermost definitions.
    pub nodes: Vec<OutlineNode>,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct OutlineAnswer {
    /// What it rests on.
    pub ground: Ground,
    /// By path.
    pub files: Vec<OutlineFile>,
    /// Definitions that the budget had no room for.
    pub left_out: u64,
    /// Files of which nothing is shown for the same reason.
    pub files_left_out: u64,
}

impl Engine {
    /// Outlines a file or a folder.
    pub async fn outline(&self, request: OutlineRequest) -> Result<OutlineAnswer, EngineError> {
        // A file belongs to the root that holds its folder.
        let path = match (
            self.choose(std::slice::from_ref(&request.path), false).await,
            request.path.parent(),
        ) {
            (Err(_), Some(folder)) => folder.to_path_buf(),
            (Ok(_), _) | (Err(_), None) => request.path.clone(),
        };
        self.ask_graph(&path, Reading::Little, move |tree, ground| {
            answer(tree, ground, &request)
        })
        .await
    }
}

fn answer(tree: &Tree<'_>, ground: Ground, request: &OutlineRequest) -> Result<OutlineAnswer, EngineError> {
    let relative = relative(&ground.root, &request.path)?;
    let mut files: Vec<FileId> = if let Some(file) = tree.at(&relative) {
        vec![file]
    } else if relative.is_empty() {
        tree.view.numbers().map(FileId).collect()
    } else {
        let below = tree.view.below(&relative);
        let numbers = below.filter_map(|file| tree.view.number_of(file.path.as_str()));
        numbers.map(FileId).collect()
    };
    tree.in_order(&mut files);
    if files.is_empty() {
        return Err(EngineError::Invalid {
            message: format!("no indexed file is at or below `{relative}`"),
            hint: "look at `codemem status` for what is indexed, and at what is left out".to_owned(),
        });
    }
    let budget = match request.budget {
        0 => DEFAULT_BUDGET,
        tokens => tokens,
    };
    let mut all = Vec::with_capacity(files.len());
    let is_folder = files.len() > 1;
    for file in files {
        let rows = tree.rows(file)?;
        // Of a folder's files those that define something.
        if is_folder && rows.is_empty() {
            continue;
        }
        let rows = rows
            .into_iter()
            .map(|(row, parent)| (row, parent.map(|parent| parent as usize)));
        all.push((file, rows.collect::<Vec<_>>()));
    }
    let depth = deepest(&all, budget);
    let mut left = budget;
    let mut answer = OutlineAnswer {
        ground,
        files: Vec::new(),
        left_out: 0,
        files_left_out: 0,
    };
    for (file, rows) in all {
        let file = tree.view.file(file.0);
        let depths = depths(&rows);
        let kept: Vec<bool> = rows
            .iter()
            .zip(&depths)
            .map(|((row, _), own)| is_shown(row) && *own <= depth)
            .collect();
        answer.left_out += rows
            .iter()
            .zip(&kept)
            .filter(|((row, _), kept)| is_shown(row) && !**kept)
            .count() as u64;
        let cost = cost(&rows, &kept) + tokens::estimate(file.path.as_str());
        if cost > left && !answer.files.is_empty() {
            answer.files_left_out += 1;
            continue;
        }
        left = left.saturating_sub(cost);
        answer.files.push(OutlineFile {
            path: file.path.to_string(),
            language: file.language.to_string(),
            nodes: nest(rows, &kept),
        });
    }
    Ok(answer)
}

/// A path below the root as the root's files are named.
fn relative(root: &Path, path: &Path) -> Result<String, EngineError> {
    let canonical = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let inside = canonical.strip_prefix(root).ok().and_then(Path::to_str);
    inside
        .map(|inside| inside.trim_matches('/').to_owned())
        .ok_or_else(|| EngineError::Invalid {
            message: format!("`{}` is not below `{}`", path.display(), root.display()),
            hint: "name a file or a folder of an indexed directory".to_owned(),
        })
}

fn is_shown(row: &SymbolRow) -> bool {
    is_code(row.kind) || row.kind == SymbolKind::Section
}

/// How many symbols are around each.
fn depths(rows: &[Row]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(rows.len());
    for (_, parent) in rows {
        depths.push(parent.map_or(0, |parent| depths[parent] + 1));
    }
    depths
}

fn cost(rows: &[Row], kept: &[bool]) -> usize {
    let shown = rows.iter().zip(kept).filter(|(_, kept)| **kept);
    shown.map(|((row, _), _)| tokens::estimate(&row.signature) + LINE).sum()
}

/// The deepest nesting that fits the budget.
fn deepest(files: &[(FileId, Vec<Row>)], budget: usize) -> usize {
    let mut by_depth: Vec<usize> = Vec::new();
    for (_, rows) in files {
        for ((row, _), depth) in rows.iter().zip(depths(rows)) {
            if depth >= by_depth.len() {
                by_depth.resize(depth + 1, 0);
            }
            by_depth[depth] += tokens::estimate(&row.signature) + LINE;
        }
    }
    let mut spent = 0;
    for (depth, cost) in by_depth.iter().enumerate() {
        spent += cost;
        if spent > budget {
            return depth.saturating_sub(1);
        }
    }
    usize::MAX
}

fn nest(rows: Vec<Row>, kept: &[bool]) -> Vec<OutlineNode> {
    let parents: Vec<Option<usize>> = rows.iter().map(|(_, parent)| *parent).collect();
    let mut nodes: Vec<Option<OutlineNode>> = rows
        .into_iter()
        .zip(kept)
        .map(|((row, _), kept)| {
            kept.then(|| OutlineNode {
                name: row.name,
                kind: row.kind.as_str().to_owned(),
                visibility: row.visibility,
                signature: row.signature,
                start_line: row.lines.start,
                end_line: row.lines.end,
                children: Vec::new(),
            })
        })
        .collect();
    let mut top = Vec::new();
    // Children come after their parents: from the last on, each is complete when it is moved.
    for index in (0..nodes.len()).rev() {
        let Some(mut node) = nodes[index].take() else { continue };
        node.children.reverse();
        match parents[index].and_then(|parent| nodes[parent].as_mut()) {
            Some(parent) => parent.children.push(node),
            None => top.push(node),
        }
    }
    top.reverse();
    top
}

//! One step from a piece of a file: what it calls, and who calls what it defines.
//!
//! For answers of searches, on the thread of the search. A piece is lines, as hits have them; what is inside of it is not
//! shown again.

use super::symbol::{Definition, Use, define, used};
use super::tree::{Tree, is_code};
use crate::EngineError;
use codemem_core::graph::{Facts as _, FileFacts, FileId, Meaning, Resolver, SymbolAt};
use codemem_core::reference::ReferenceKind;
use codemem_core::unit::LineSpan;
use std::collections::HashSet;

/// Most definitions of a piece whose callers are looked for: the outermost first.
const MAX_DEFINITIONS: usize = 8;

/// What is one step away.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Neighbours {
    /// What the lines call, each once, in the order of the calls.
    pub(crate) calls: Vec<Definition>,
    /// Who calls what the lines define, by place; of a part of a definition, who calls the whole.
    pub(crate) callers: Vec<Use>,
    /// Calls in the lines, and calls of the same names as what they define, of which the files do not say what they mean.
    pub(crate) open: u64,
}

/// What is one step away from the lines of a file, at most `limit` of each kind; nothing for a file that is not there.
pub(crate) fn neighbours(
    tree: &Tree<'_>,
    path: &str,
    start_line: u32,
    end_line: u32,
    limit: usize,
) -> Result<Neighbours, EngineError> {
    let Some(file) = tree.at(path) else {
        return Ok(Neighbours::default());
    };
    let lines = LineSpan {
        start: start_line,
        end: end_line,
    };
    tree.resolving(|resolver| look(tree, resolver, file, lines, limit))
}

fn look(
    tree: &Tree<'_>,
    resolver: &Resolver<'_, Tree<'_>>,
    file: FileId,
    lines: LineSpan,
    limit: usize,
) -> Result<Neighbours, EngineError> {
    let facts = resolver.file(file)?;
    let mut found = Neighbours::default();
    let (mut called, mut seen) = (Vec::new(), HashSet::new());
    let is_inside = |at: SymbolAt, start: u32| at.file == file && (lines.start..=lines.end).contains(&start);
    for one in facts.uses() {
        if one.kind != ReferenceKind::Call || !(lines.start..=lines.end).contains(&one.line) {
            continue;
        }
        match resolver.resolve(file, one)? {
            Meaning::Edge(edge) => {
                let start = resolver.file(edge.to.file)?.symbol(edge.to.symbol).lines.start;
                if called.len() < limit && !is_inside(edge.to, start) && seen.insert(edge.to) {
                    called.push(edge.to);
                }
            }
            Meaning::Open => found.open += 1,
            Meaning::Elsewhere => {}
        }
    }
    found.calls = define(tree, &called)?;
    let defined: Vec<SymbolAt> = defined(&facts, lines)
        .into_iter()
        .map(|symbol| SymbolAt { file, symbol })
        .collect();
    for users in resolver.users_of(&defined, &[ReferenceKind::Call, ReferenceKind::Decorate])? {
        found.open += users.open;
        let outside = users
            .sites
            .iter()
            .filter(|site| site.file != file || !(lines.start..=lines.end).contains(&site.line));
        for site in outside.take(limit.saturating_sub(found.callers.len())) {
            found.callers.push(used(resolver, site, 1)?);
        }
    }
    Ok(found)
}

/// What the lines define; where they define nothing, the innermost definition around them.
fn defined(facts: &FileFacts, lines: LineSpan) -> Vec<u32> {
    let all = (0_u32..)
        .zip(facts.symbols())
        .filter(|(_, symbol)| is_code(symbol.kind));
    let (mut inside, mut around) = (Vec::new(), None);
    for (index, symbol) in all {
        if lines.start <= symbol.lines.start && symbol.lines.start <= lines.end {
            inside.push(index);
        } else if symbol.lines.start < lines.start && lines.end <= symbol.lines.end {
            around = Some(index);
        }
    }
    if inside.is_empty() {
        return around.into_iter().collect();
    }
    inside.sort_by_key(|&index| facts.around(Some(index)).count());
    inside.truncate(MAX_DEFINITIONS);
    inside
}

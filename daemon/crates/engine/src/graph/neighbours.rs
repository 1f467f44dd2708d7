//! One step from a piece of a file: what it calls, and who calls what it defines.
//!
//! For answers of searches, on the thread of the search. A piece is lines, as hits have them; what is inside of it is not
//! shown again.

use super::symbol::{Definition, define_one};
use super::tree::{Tree, is_code};
use crate::EngineError;
use codemem_core::graph::{Evidence, Facts as _, FileFacts, FileId, Meaning, Resolver, SymbolAt, is_test};
use codemem_core::reference::ReferenceKind;
use codemem_core::unit::LineSpan;
use std::collections::HashSet;

/// Most definitions of a piece whose callers are looked for: the outermost first.
const MAX_DEFINITIONS: usize = 8;

/// What is one step away.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Neighbours {
    /// What the lines call, each once, in the order of the calls.
    pub(crate) calls: Vec<Call>,
    /// Who calls what the lines define, each once, by place, those that are no tests first; of a part of a definition, who
    /// calls the whole.
    pub(crate) callers: Vec<Caller>,
    /// Further callers.
    pub(crate) callers_left_out: usize,
    /// Calls in the lines, and calls of the same names as what they define, of which the files do not say what they mean.
    pub(crate) open: u64,
}

/// A definition that is called, and where first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    pub(crate) definition: Definition,
    pub(crate) line: u32,
    pub(crate) evidence: Evidence,
}

/// Who calls, and where first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    /// `None` for the top of a file.
    pub(crate) definition: Option<Definition>,
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) evidence: Evidence,
}

/// What is one step away from the lines of a file, with at most `limit` callers; nothing for a file that is not there.
pub(crate) fn neighbours(
    tree: &Tree<'_>,
    path: &str,
    lines: LineSpan,
    limit: usize,
) -> Result<Neighbours, EngineError> {
    match tree.at(path) {
        Some(file) => tree.resolving(|resolver| look(tree, resolver, file, lines, limit)),
        None => Ok(Neighbours::default()),
    }
}

fn look(
    tree: &Tree<'_>,
    resolver: &Resolver<'_, Tree<'_>>,
    file: FileId,
    lines: LineSpan,
    limit: usize,
) -> Result<Neighbours, EngineError> {
    let facts = resolver.file(file)?;
    let is_inside = |of: FileId, line: u32| of == file && (lines.start..=lines.end).contains(&line);
    let mut found = Neighbours::default();
    let mut called = HashSet::new();
    let calls = facts.uses().filter(|one| one.kind == ReferenceKind::Call);
    for one in calls.filter(|one| is_inside(file, one.line)) {
        match resolver.resolve(file, one)? {
            Meaning::Edge(edge) => {
                let start = resolver.file(edge.to.file)?.symbol(edge.to.symbol).lines.start;
                if !is_inside(edge.to.file, start)
                    && called.insert(edge.to)
                    && let Some(definition) = define_one(tree, edge.to)?
                {
                    found.calls.push(Call {
                        definition,
                        line: one.line,
                        evidence: edge.evidence,
                    });
                }
            }
            Meaning::Open => found.open += 1,
            Meaning::Elsewhere => {}
        }
    }
    let defined: Vec<SymbolAt> = defined(&facts, lines)
        .into_iter()
        .map(|symbol| SymbolAt { file, symbol })
        .collect();
    let (mut calling, mut seen) = (Vec::new(), HashSet::new());
    for users in resolver.users_of(&defined, &[ReferenceKind::Call, ReferenceKind::Decorate])? {
        found.open += users.open;
        for site in users.sites {
            if !is_inside(site.file, site.line) && seen.insert((site.file, site.within)) {
                calling.push((is_test(&*resolver.file(site.file)?, site.within), site));
            }
        }
    }
    calling.sort_by_key(|(is_test, _)| *is_test);
    found.callers_left_out = calling.len().saturating_sub(limit);
    for (_, site) in calling.into_iter().take(limit) {
        let within = site.within.map(|symbol| SymbolAt {
            file: site.file,
            symbol,
        });
        let definition = within.map(|at| define_one(tree, at)).transpose()?;
        found.callers.push(Caller {
            definition: definition.flatten(),
            path: tree.view.file(site.file.0).path.to_string(),
            line: site.line,
            evidence: site.evidence,
        });
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

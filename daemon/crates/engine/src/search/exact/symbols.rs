//! The definitions of one file, to say what a line is part of.
//!
//! The catalog has them where the file is what was indexed; otherwise the file is read as a pass would read it.

use super::Tree;
use super::files::Listed;
use crate::EngineError;
use crate::pass::hash;
use codemem_core::path::RepoPath;
use codemem_core::unit::{LineSpan, SymbolKind};
use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A definition as far as it matters for a line in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) kind: SymbolKind,
    pub(super) lines: LineSpan,
}

/// Largest file that is read as a pass would, in bytes: what is larger takes as long as all the rest.
const MAX_PARSED: usize = 1024 * 1024;

/// All definitions of a file.
#[derive(Default, Debug)]
pub(super) struct Symbols {
    definitions: Vec<Definition>,
    /// From which line on which of them is the innermost, in order.
    innermost: Vec<(u32, Option<usize>)>,
}

impl Symbols {
    /// Those of a file that holds these bytes now.
    pub(super) fn of(tree: &Tree<'_>, file: &Listed, bytes: &[u8]) -> Result<Self, EngineError> {
        let indexed = file.number.map(|number| tree.view.file(number));
        let Some(indexed) = indexed.filter(|indexed| indexed.hash == hash(bytes)) else {
            return Ok(Self::new(read(tree, &file.path, bytes)));
        };
        let rows = tree
            .stores
            .catalog
            .symbols_of(indexed.content)
            .map_err(EngineError::port("read the symbols of a file"))?;
        let definitions = rows.into_iter().map(|row| Definition {
            name: row.qualified_name,
            kind: row.kind,
            lines: row.lines,
        });
        Ok(Self::new(definitions.collect()))
    }

    fn new(mut definitions: Vec<Definition>) -> Self {
        // Of two with the same lines, the later one is inside the earlier one.
        definitions.sort_by_key(|definition| (definition.lines.start, Reverse(definition.lines.end)));
        let mut innermost: Vec<(u32, Option<usize>)> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let end = |at: &usize| definitions[*at].lines.end;
        let starts = definitions.iter().map(|definition| definition.lines.start);
        for (at, start) in starts.map(Some).chain([None]).enumerate() {
            while let Some(last) = open
                .last()
                .map(end)
                .filter(|last| start.is_none_or(|start| *last < start))
            {
                while open.last().is_some_and(|at| end(at) <= last) {
                    open.pop();
                }
                innermost.push((last + 1, open.last().copied()));
            }
            if let Some(start) = start {
                open.push(at);
                innermost.push((start, Some(at)));
            }
        }
        Self { definitions, innermost }
    }

    /// The innermost definition that a line is part of.
    pub(super) fn at(&self, line: u32) -> Option<&Definition> {
        let n_before = self.innermost.partition_point(|(from, _)| *from <= line);
        let (_, at) = self.innermost.get(n_before.checked_sub(1)?)?;
        at.map(|at| &self.definitions[at])
    }
}

fn read(tree: &Tree<'_>, path: &RepoPath, bytes: &[u8]) -> Vec<Definition> {
    if bytes.len() > MAX_PARSED {
        return Vec::new();
    }
    let extract = || tree.ports.extractor.extract(path, bytes);
    // What cannot be read as a pass reads it defines nothing.
    let Ok(Ok(now)) = catch_unwind(AssertUnwindSafe(extract)) else {
        return Vec::new();
    };
    let definitions = now.symbols.into_iter().map(|symbol| Definition {
        name: symbol.qualified_name,
        kind: symbol.kind,
        lines: symbol.lines,
    });
    definitions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_innermost_is_the_last_to_begin_of_those_that_hold_the_line(
            spans in proptest::collection::vec((1_u32..30, 0_u32..12), 0..12),
        ) {
            let definitions: Vec<Definition> = (0..)
                .zip(&spans)
                .map(|(number, (start, length))| Definition {
                    name: format!("{number}"),
                    kind: SymbolKind::Method,
                    lines: LineSpan { start: *start, end: start + length },
                })
                .collect();
            let symbols = Symbols::new(definitions.clone());
            for line in 0..45 {
                let holds = |definition: &&Definition| (definition.lines.start..=definition.lines.end).contains(&line);
                let holding = definitions.iter().filter(holds);
                let expected = holding.max_by_key(|definition| (definition.lines.start, Reverse(definition.lines.end)));
                prop_assert_eq!(
                    symbols.at(line).map(|found| found.lines),
                    expected.map(|expected| expected.lines),
                    "{}", line
                );
            }
        }
    }

    #[test]
    fn the_innermost_definition_is_meant() {
        let definition = |name: &str, start, end| Definition {
            name: name.to_owned(),
            kind: SymbolKind::Method,
            lines: LineSpan { start, end },
        };
        let symbols = Symbols::new(vec![
            definition("A", 1, 20),
            definition("A.b", 3, 6),
            definition("A.c", 8, 8),
            definition("A.c.d", 8, 8),
        ]);
        let at = |line| symbols.at(line).map(|definition| definition.name.as_str());
        assert_eq!(
            (at(1), at(3), at(7), at(8), at(21)),
            (Some("A"), Some("A.b"), Some("A"), Some("A.c.d"), None)
        );
    }
}

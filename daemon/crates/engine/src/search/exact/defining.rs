//! Which of the lines that match define the name that is looked for.

use super::Tree;
use super::files::Listed;
use super::pattern::Pattern;
use crate::EngineError;
use crate::pass::hash;
use codemem_core::ids::ContentId;
use codemem_core::ports::SymbolRow;
use std::collections::HashMap;

/// Definitions looked up: of a name that has more, being defined says little.
const MAX_DEFINITIONS: usize = 1_000;

/// What comments and decorators begin with, which stand before a definition and name it.
const BEFORE: [&str; 8] = ["//", "/*", "*", "#", "--", "@", "\"\"\"", ";"];

/// The definitions of a name, by the content that they stand in.
#[derive(Default, Debug)]
pub(super) struct Definitions(HashMap<ContentId, Vec<SymbolRow>>);

impl Definitions {
    /// Those of the name that a pattern consists of; none of any other pattern.
    pub(super) fn of(tree: &Tree<'_>, pattern: &Pattern) -> Result<Self, EngineError> {
        let Some(name) = &pattern.name else {
            return Ok(Self::default());
        };
        let rows = tree
            .stores
            .catalog
            .definitions(&[name.to_lowercase()], Some(tree.view.contents()), MAX_DEFINITIONS)
            .map_err(EngineError::port("look up definitions"))?;
        let mut by_content: HashMap<ContentId, Vec<SymbolRow>> = HashMap::new();
        for row in rows {
            if pattern.ignores_case || row.name == *name {
                by_content.entry(row.content).or_default().push(row);
            }
        }
        Ok(Self(by_content))
    }

    /// Follows the lines of a file that match.
    pub(super) fn in_file(&self, tree: &Tree<'_>, file: &Listed, bytes: &[u8]) -> Option<InFile<'_>> {
        let indexed = tree.view.file(file.number?);
        let rows = self.0.get(&indexed.content)?;
        Some(InFile {
            sought: rows.iter().map(Sought::new).collect(),
            is_as_indexed: indexed.hash == hash(bytes),
        })
    }
}

/// The definitions that are looked for in one file.
pub(super) struct InFile<'d> {
    sought: Vec<Sought<'d>>,
    is_as_indexed: bool,
}

struct Sought<'d> {
    row: &'d SymbolRow,
    /// What of the signature leads up to the name: `fn open`.
    head: Option<String>,
    /// The line that has it.
    line: Option<u32>,
    /// The first line inside that matches, and is no comment.
    first: Option<u32>,
}

impl<'d> Sought<'d> {
    fn new(row: &'d SymbolRow) -> Self {
        let end = row.signature.find(&row.name).map(|at| at + row.name.len());
        let head = end.map(|end| {
            let words: Vec<&str> = row.signature[..end].split_whitespace().collect();
            // Modifiers and templates may stand on lines of their own.
            words[words.len().saturating_sub(2)..].join(" ")
        });
        Self {
            row,
            head,
            line: None,
            first: None,
        }
    }
}

impl InFile<'_> {
    /// Takes the next line that matches.
    pub(super) fn take(&mut self, number: u32, line: &[u8]) {
        let inside = |sought: &&mut Sought<'_>| {
            sought.line.is_none() && (sought.row.lines.start..=sought.row.lines.end).contains(&number)
        };
        let mut text = None;
        for sought in self.sought.iter_mut().filter(inside) {
            let text = text.get_or_insert_with(|| {
                let text = String::from_utf8_lossy(line);
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            });
            if BEFORE.iter().any(|mark| text.starts_with(mark)) && !text.starts_with("#define") {
                continue;
            }
            if sought.head.as_ref().is_some_and(|head| text.contains(head.as_str())) {
                sought.line = Some(number);
            }
            sought.first.get_or_insert(number);
        }
    }

    /// The lines that define the name, in order.
    pub(super) fn finish(self) -> Vec<u32> {
        // Of a file that has changed, only what reads like the definition is one.
        let line = |sought: &Sought<'_>| sought.line.or(sought.first.filter(|_| self.is_as_indexed));
        let mut lines: Vec<u32> = self.sought.iter().filter_map(line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::unit::{LineSpan, SymbolKind};

    fn row(signature: &str, start: u32, end: u32) -> SymbolRow {
        SymbolRow {
            content: ContentId(1),
            name: "open".to_owned(),
            qualified_name: "open".to_owned(),
            kind: SymbolKind::Function,
            visibility: None,
            signature: signature.to_owned(),
            docstring: None,
            lines: LineSpan { start, end },
        }
    }

    #[test]
    fn the_line_of_the_signature_defines() {
        let table = [
            (
                "pub fn open(path: &Path)",
                "/// open it\n#[open]\npub  fn open(\n    path: &Path) { open(x) }",
                3,
            ),
            (
                "static int open(void)",
                "/* open */\nstatic int\nopen(void)\n{ open(); }",
                3,
            ),
            ("class open", "@open\nclass open:\n    open = 1", 2),
            ("open", "open = lambda: open", 1),
            ("#define open(x)", "/* open */\n#define open(x) \\\n  open_it(x)", 2),
        ];
        for (signature, text, expected) in table {
            let rows = [row(signature, 1, 9)];
            let mut file = InFile {
                sought: rows.iter().map(Sought::new).collect(),
                is_as_indexed: true,
            };
            for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| line.contains("open")) {
                file.take(number, line.as_bytes());
            }
            assert_eq!(file.finish(), [expected], "{text}");
        }
    }

    #[test]
    fn a_file_that_has_changed_defines_only_what_reads_so() {
        for (line, expected) in [("let x = open(y);", &[][..]), ("pub fn open(y) {", &[4])] {
            let rows = [row("fn open()", 3, 5)];
            let mut file = InFile {
                sought: rows.iter().map(Sought::new).collect(),
                is_as_indexed: false,
            };
            file.take(4, line.as_bytes());
            file.take(9, b"fn open()");
            assert_eq!(file.finish(), expected, "{line}");
        }
    }
}

//! Running a query over a tree: what is defined, and what belongs to it.

use crate::grammar::{Grammar, Role};
use crate::language::Label;
use crate::lines::Lines;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::{Node, QueryCursor, StreamingIterator as _};

/// Unfinished matches allowed at once. Ordinary files need a few dozen; without a bound, a file made to hurt could
/// need millions.
const MATCH_LIMIT: u32 = 4_096;

/// All that the query found, in byte order.
#[derive(Default, Debug)]
pub(crate) struct Harvest {
    /// Definitions, outer before inner.
    pub(crate) definitions: Vec<Found>,
    /// Comments and attributes.
    pub(crate) attachments: Vec<Attachment>,
    /// Documentation inside definitions.
    pub(crate) docstrings: Vec<Range<usize>>,
}

/// A definition as found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// All of it.
    pub(crate) span: Range<usize>,
    /// 0-based line of its first byte.
    pub(crate) first_line: usize,
    /// 0-based line of its last byte.
    pub(crate) last_line: usize,
    /// Its name.
    pub(crate) name: Range<usize>,
    /// What qualifies the name.
    pub(crate) scope: Option<Range<usize>>,
    /// What the signature leaves out.
    pub(crate) body: Option<Range<usize>>,
    /// What it is.
    pub(crate) label: Label,
    /// True when it gives way to a definition of the same name.
    pub(crate) is_declaration: bool,
    /// Whether one of our own patterns decided the label, rather than a tags query's.
    is_own: bool,
    /// Length of the smallest node that was captured for it; that one has the body.
    inner: usize,
}

/// A comment or attribute.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) span: Range<usize>,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
    /// True when only white space stands before it on its line.
    pub(crate) own_line: bool,
    pub(crate) is_comment: bool,
}

/// Runs the query.
pub(crate) fn harvest(
    cursor: &mut QueryCursor,
    grammar: &Grammar,
    root: Node<'_>,
    text: &str,
    lines: &Lines,
) -> Harvest {
    let mut harvest = Harvest::default();
    cursor.set_match_limit(MATCH_LIMIT);
    let mut matches = cursor.matches(&grammar.query, root, text.as_bytes());
    // Functions come before what is inside them: variables up to here are local.
    let mut function_end = 0;
    while let Some(found) = matches.next() {
        let mut definition = None;
        let mut name = None;
        let mut scope = None;
        for capture in found.captures() {
            match grammar.roles[capture.index as usize] {
                Role::Definition(label) => definition = Some((capture.node, label, false)),
                Role::Declaration(label) => definition = Some((capture.node, label, true)),
                Role::Name => name = Some(capture.node),
                Role::Scope => scope = Some(capture.node.byte_range()),
                Role::Comment => harvest.attach(capture.node, true, text, lines),
                Role::Attribute => harvest.attach(capture.node, false, text, lines),
                Role::Docstring => harvest.docstrings.push(capture.node.byte_range()),
                Role::Ignored => {}
            }
        }
        let (Some((node, label, is_declaration)), Some(name)) = (definition, name) else {
            continue;
        };
        if node.start_byte() < function_end && (is_declaration || is_value(label.kind)) {
            continue;
        }
        let Some(name) = (grammar.language.name_node)(name).filter(|name| !name.byte_range().is_empty()) else {
            continue;
        };
        if !is_declaration && matches!(label.kind, SymbolKind::Function | SymbolKind::Method) {
            function_end = function_end.max(node.end_byte());
        }
        let (span, first_line, last_line) = place(node);
        harvest.definitions.push(Found {
            inner: span.len(),
            body: (grammar.language.body)(node, text).filter(|body| body.start >= name.end_byte()),
            span,
            first_line,
            last_line,
            name: name.byte_range(),
            scope,
            label,
            is_declaration,
            is_own: found.pattern_index >= grammar.first_own,
        });
    }
    drop(matches);
    harvest.settle();
    harvest
}

fn is_value(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Variable | SymbolKind::Constant | SymbolKind::Field)
}

/// A node's bytes and its 0-based first and last line. A line break that ends the node is not part of it.
fn place(node: Node<'_>) -> (Range<usize>, usize, usize) {
    let (start, end) = (node.start_position(), node.end_position());
    let span = node.byte_range();
    if end.column == 0 && end.row > start.row {
        return (span.start..span.end - 1, start.row, end.row - 1);
    }
    (span, start.row, end.row)
}

impl Harvest {
    fn attach(&mut self, node: Node<'_>, is_comment: bool, text: &str, lines: &Lines) {
        let (span, first_line, last_line) = place(node);
        let before = &text.as_bytes()[lines.start(first_line)..span.start];
        self.attachments.push(Attachment {
            own_line: before.iter().all(u8::is_ascii_whitespace),
            span,
            first_line,
            last_line,
            is_comment,
        });
    }

    /// Makes one definition of all matches that share a name, and puts everything in order.
    fn settle(&mut self) {
        self.definitions
            .sort_by_key(|found| (found.name.end, found.span.start, usize::MAX - found.span.end));
        self.definitions.dedup_by(|next, kept| {
            let same = next.name.end == kept.name.end;
            if same {
                kept.absorb(next);
            }
            same
        });
        self.definitions
            .sort_unstable_by_key(|found| (found.span.start, usize::MAX - found.span.end, found.name.start));
        self.attachments
            .sort_unstable_by_key(|attachment| attachment.span.start);
        self.attachments.dedup_by(|next, kept| next.span == kept.span);
        self.docstrings.sort_unstable_by_key(|span| span.start);
    }
}

impl Found {
    /// Takes in another match of the same name: the widest span, the widest name, the body of the smallest node, and the
    /// kind that our own patterns give it, the most specific one when several do.
    fn absorb(&mut self, other: &Self) {
        if (other.is_own, specificity(other.label.kind)) > (self.is_own, specificity(self.label.kind)) {
            self.label = other.label;
            self.is_own = other.is_own;
        }
        self.name.start = self.name.start.min(other.name.start);
        if other.inner < self.inner {
            self.inner = other.inner;
            self.body.clone_from(&other.body);
        }
        if self.scope.is_none() {
            self.scope.clone_from(&other.scope);
        }
        self.span = self.span.start.min(other.span.start)..self.span.end.max(other.span.end);
        self.first_line = self.first_line.min(other.first_line);
        self.last_line = self.last_line.max(other.last_line);
        self.is_declaration &= other.is_declaration;
    }
}

/// Of two kinds given to one definition, the larger says more.
fn specificity(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Variable | SymbolKind::Section => 0,
        SymbolKind::Constant | SymbolKind::Field | SymbolKind::Module => 1,
        SymbolKind::Type | SymbolKind::Function => 2,
        SymbolKind::Class | SymbolKind::Interface => 3,
        SymbolKind::Method
        | SymbolKind::Struct
        | SymbolKind::Enum
        | SymbolKind::Union
        | SymbolKind::Trait
        | SymbolKind::Impl
        | SymbolKind::Macro => 4,
    }
}

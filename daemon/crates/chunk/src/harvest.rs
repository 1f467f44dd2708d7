//! Running a query over a tree: what is defined, and what belongs to it.

use crate::grammar::{Author, Grammar, Role};
use crate::language::Label;
use crate::lines::Lines;
use crate::roots::{Begins, Roots};
use crate::visibility::{Spoken, named};
use codemem_core::unit::{SymbolKind, Visibility};
use std::collections::HashMap;
use std::ops::Range;
use tree_sitter::{Node, QueryCursor, QueryMatch, StreamingIterator as _};

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
    /// Where values are local as they are in functions.
    pub(crate) locals: Vec<Range<usize>>,
    /// Documentation inside attributes.
    pub(crate) documentation: Vec<Range<usize>>,
    /// What is said of who may use what.
    pub(crate) spoken: Spoken,
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
    /// How many arguments it takes, where that tells it from others of its name.
    pub(crate) arity: Option<usize>,
    /// What it is.
    pub(crate) label: Label,
    /// True when it gives way to a definition of the same name.
    pub(crate) is_declaration: bool,
    /// Whose pattern decided the label.
    author: Author,
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
    cursor.set_match_limit(MATCH_LIMIT);
    let mut gatherer = Gatherer {
        grammar,
        text,
        lines,
        harvest: Harvest::default(),
    };
    match &grammar.roots {
        Some(roots) => gatherer.walk(cursor.set_max_start_depth(Some(0)), roots, root),
        None => gatherer.ask(cursor.set_max_start_depth(None), root),
    }
    let mut harvest = gatherer.harvest;
    harvest.settle();
    harvest.shed_comments(text, lines);
    harvest.run_on(grammar.language.runs_on, text, lines);
    harvest.bound(grammar.language.max_symbols);
    harvest
}

/// A harvest while its matches come in.
struct Gatherer<'a> {
    grammar: &'a Grammar,
    text: &'a str,
    lines: &'a Lines,
    harvest: Harvest,
}

impl Gatherer<'_> {
    /// Asks the query about the nodes that one of its patterns can begin at, outer before inner.
    fn walk(&mut self, cursor: &mut QueryCursor, roots: &Roots, root: Node<'_>) {
        let mut tree = root.walk();
        loop {
            let node = tree.node();
            match roots.at(node.kind_id()) {
                Begins::Nothing => {}
                Begins::Comment => self.harvest.attach(node, true, self.text, self.lines),
                Begins::Attribute => self.harvest.attach(node, false, self.text, self.lines),
                Begins::Patterns => self.ask(cursor, node),
            }
            if tree.goto_first_child() {
                continue;
            }
            while !tree.goto_next_sibling() {
                if !tree.goto_parent() {
                    return;
                }
            }
        }
    }

    /// Takes in all matches that the cursor finds from a node.
    fn ask(&mut self, cursor: &mut QueryCursor, node: Node<'_>) {
        let mut matches = cursor.matches(&self.grammar.query, node, self.text.as_bytes());
        while let Some(found) = matches.next() {
            self.take(found);
        }
    }

    fn take(&mut self, found: &QueryMatch<'_, '_>) {
        let (grammar, text) = (self.grammar, self.text);
        let mut definition = None;
        let mut name = None;
        let mut scope = None;
        for capture in found.captures() {
            match grammar.roles[capture.index as usize] {
                Role::Definition(label) => definition = Some((capture.node, label, false)),
                Role::Declaration(label) => definition = Some((capture.node, label, true)),
                Role::Name => name = Some(capture.node),
                Role::Scope => scope = Some(capture.node.byte_range()),
                Role::Comment => self.harvest.attach(capture.node, true, text, self.lines),
                Role::Attribute => self.harvest.attach(capture.node, false, text, self.lines),
                Role::Docstring => self.harvest.docstrings.push(capture.node.byte_range()),
                Role::Local => self.harvest.locals.push(capture.node.byte_range()),
                Role::Documentation => self.harvest.documentation.push(capture.node.byte_range()),
                Role::Spoken(visibility) => {
                    let name = capture.node.byte_range();
                    self.harvest.spoken.names.push((name, visibility));
                }
                Role::Section => self.harvest.section(capture.node, text),
                // Where something inside could not be read, so may have been where it ends.
                Role::Hidden if capture.node.has_error() => {}
                Role::Hidden => {
                    let inside = capture.node.byte_range();
                    self.harvest.spoken.sections.push((inside, Visibility::Private));
                }
                Role::Exports => self.harvest.spoken.hides = true,
                Role::Ignored => {}
            }
        }
        let (Some((node, label, is_declaration)), Some(name)) = (definition, name) else {
            return;
        };
        let Some(name) = (grammar.language.name_node)(name).filter(|name| !name.byte_range().is_empty()) else {
            return;
        };
        let (span, first_line, last_line) = place(node, text);
        self.harvest.definitions.push(Found {
            inner: span.len(),
            body: (grammar.language.body)(node, text).filter(|body| body.start >= name.end_byte()),
            span,
            first_line,
            last_line,
            name: name.byte_range(),
            scope,
            arity: (grammar.language.arity)(node, text),
            label,
            is_declaration,
            author: grammar.author(found.pattern_index),
        });
    }
}

/// Whether a kind is that of a value: inside a function it is local.
pub(crate) fn is_value(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Variable | SymbolKind::Constant | SymbolKind::Field)
}

/// A node's bytes and its 0-based first and last line. White space that ends the node is not part of it: where indentation
/// makes blocks, they reach to the next statement.
fn place(node: Node<'_>, text: &str) -> (Range<usize>, usize, usize) {
    let span = node.byte_range();
    let (first_line, last_line) = (node.start_position().row, node.end_position().row);
    let inside = &text.as_bytes()[span.clone()];
    let len = inside.trim_ascii_end().len();
    if len == 0 {
        return (span, first_line, last_line);
    }
    let n_breaks = text[span.start + len..span.end].matches('\n').count();
    (span.start..span.start + len, first_line, last_line - n_breaks)
}

impl Harvest {
    /// Takes in a comment that was found without a tree.
    pub(crate) fn add_comment(&mut self, span: Range<usize>, text: &str, lines: &Lines) {
        let (first_line, last_line) = (
            lines.at(span.start),
            lines.at(span.end.saturating_sub(1).max(span.start)),
        );
        let before = &text.as_bytes()[lines.start(first_line)..span.start];
        self.attachments.push(Attachment {
            own_line: before.iter().all(u8::is_ascii_whitespace),
            span,
            first_line,
            last_line,
            is_comment: true,
        });
    }

    /// Takes in a word that says who may use what follows, up to the end of what it stands in.
    fn section(&mut self, word: Node<'_>, text: &str) {
        let said = named(&text[word.byte_range()]).zip(word.parent());
        let section = said.map(|(visibility, around)| (word.start_byte()..around.end_byte(), visibility));
        self.spoken.sections.extend(section);
    }

    fn attach(&mut self, node: Node<'_>, is_comment: bool, text: &str, lines: &Lines) {
        let (span, first_line, last_line) = place(node, text);
        let before = &text.as_bytes()[lines.start(first_line)..span.start];
        self.attachments.push(Attachment {
            own_line: before.iter().all(u8::is_ascii_whitespace),
            span,
            first_line,
            last_line,
            is_comment,
        });
    }

    /// Drops what is local to a function, makes one definition of all matches that share a name, and puts everything in order.
    pub(crate) fn settle(&mut self) {
        self.definitions
            .sort_by_key(|found| (found.name.end, found.span.start, usize::MAX - found.span.end));
        // In this order functions come before what is inside them: values up to here are local.
        let mut function_end = 0;
        self.locals.sort_unstable_by_key(|span| span.start);
        let mut locals = self.locals.iter().peekable();
        self.definitions.retain(|found| {
            while let Some(local) = locals.next_if(|local| local.start <= found.span.start) {
                function_end = function_end.max(local.end);
            }
            let is_function = matches!(found.label.kind, SymbolKind::Function | SymbolKind::Method);
            if is_function && !found.is_declaration {
                function_end = function_end.max(found.span.end);
            }
            found.span.start >= function_end || !(found.is_declaration || is_value(found.label.kind))
        });
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
        self.documentation.sort_unstable_by_key(|span| span.start);
        self.spoken.settle();
    }

    /// Extends the definitions of these labels to the next one inside of the same definition: what follows a heading is its
    /// content even where the grammar does not say so.
    fn run_on(&mut self, labels: &[&str], text: &str, lines: &Lines) {
        if labels.is_empty() {
            return;
        }
        let mut around: Vec<usize> = Vec::new();
        let mut open: HashMap<Option<usize>, usize> = HashMap::new();
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for (index, found) in self.definitions.iter().enumerate() {
            while around
                .last()
                .is_some_and(|&outer| self.definitions[outer].span.end <= found.span.start)
            {
                around.pop();
            }
            if !labels.contains(&found.label.name) {
                around.push(index);
            } else if let Some(before) = open.insert(around.last().copied(), index) {
                ends.push((before, found.span.start));
            }
        }
        let last = open.into_iter().map(|(outer, index)| {
            let end = outer.map_or(text.len(), |outer| self.definitions[outer].span.end);
            (index, end)
        });
        ends.extend(last);
        for (index, end) in ends {
            let found = &mut self.definitions[index];
            let own_end = found.span.end;
            let end = text[..end].trim_end().len().max(own_end);
            found.body = found.body.take().or(Some(own_end..end));
            found.span.end = end;
            found.last_line = lines.at(end.saturating_sub(1).max(found.span.start));
        }
    }

    /// Keeps the number of symbols within reason: the outermost when there are too many, none when these are.
    fn bound(&mut self, max: usize) {
        if self.definitions.len() <= max {
            return;
        }
        let mut end = 0;
        self.definitions.retain(|found| {
            let is_outermost = found.span.start >= end;
            end = end.max(found.span.end);
            is_outermost
        });
        if self.definitions.len() > max {
            self.definitions.clear();
        }
    }
}

impl Harvest {
    /// Ends definitions before comments that are not indented more than they are: where indentation makes blocks, what is
    /// written about the next definition counts as the end of the one before.
    fn shed_comments(&mut self, text: &str, lines: &Lines) {
        let indentation = |line: usize| {
            let text = &text.as_bytes()[lines.start(line)..];
            text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
        };
        // The definitions around the current one: where they ended, and where they end now.
        let mut around: Vec<(usize, usize)> = Vec::new();
        for found in &mut self.definitions {
            while around.last().is_some_and(|&(end, _)| end <= found.span.start) {
                around.pop();
            }
            let ended = found.span.end;
            let n_before = self
                .attachments
                .partition_point(|attachment| attachment.span.end <= ended);
            for last in self.attachments[..n_before].iter().rev() {
                let is_last = last.span.end == found.span.end && last.span.start >= found.name.end;
                let is_inside = indentation(last.first_line) > indentation(found.first_line);
                if !is_last || !last.is_comment || !last.own_line || is_inside {
                    break;
                }
                found.span.end = text[..last.span.start].trim_ascii_end().len();
            }
            if let Some(&(_, end)) = around.last() {
                found.span.end = found.span.end.min(end.max(found.name.end));
            }
            if found.span.end < ended {
                found.last_line = lines.at(found.span.end - 1);
            }
            around.push((ended, found.span.end));
        }
    }
}

impl Found {
    /// A definition that was found without a tree.
    pub(crate) fn scanned(
        kind: SymbolKind,
        span: Range<usize>,
        name: Range<usize>,
        scope: Option<Range<usize>>,
        body: Option<Range<usize>>,
        lines: &Lines,
    ) -> Self {
        Self {
            first_line: lines.at(span.start),
            last_line: lines.at(span.end.saturating_sub(1).max(span.start)),
            inner: span.len(),
            span,
            name,
            scope,
            body,
            arity: None,
            label: Label {
                name: kind.as_str(),
                kind,
                joint: ".",
                prefixes: false,
            },
            is_declaration: false,
            author: Author::Own,
        }
    }

    /// Takes in another match of the same name: the widest span, the widest name, the body of the smallest node, and the
    /// kind that our own patterns give it, the most specific one when several do.
    fn absorb(&mut self, other: &Self) {
        if (other.author, specificity(other.label.kind)) > (self.author, specificity(self.label.kind)) {
            self.label = other.label;
            self.author = other.author;
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
pub(crate) fn specificity(kind: SymbolKind) -> u8 {
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

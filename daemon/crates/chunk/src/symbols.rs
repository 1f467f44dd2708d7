//! From what was found to symbols: nesting, names, documentation.

mod docs;

use crate::harvest::{Found, Harvest, is_value, specificity};
use crate::language::{Candidate, Language};
use crate::lines::Lines;
use crate::signature;
use crate::visibility::{self, Declared};
use codemem_core::unit::{LineSpan, Symbol, SymbolKind, Visibility};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

/// Longest qualified name, in bytes. Deeper nesting than this leaves out the outer names.
const MAX_QUALIFIED: usize = 250;

/// Longest name, in bytes; longer ones are computed or broken.
const MAX_NAME: usize = 200;

/// Longest scope, in bytes; longer ones are expressions.
const MAX_SCOPE: usize = 100;

/// Builds the symbols of a file, in order of their first line, parents before children.
pub(crate) fn build(language: &Language, text: &str, lines: &Lines, harvest: &Harvest) -> Vec<Symbol> {
    let mut builder = Builder {
        language,
        text,
        lines,
        harvest,
        symbols: Vec::with_capacity(harvest.definitions.len()),
        spans: Vec::with_capacity(harvest.definitions.len()),
        bodies: Vec::with_capacity(harvest.definitions.len()),
        declarations: Vec::new(),
        last_children: vec![None],
        is_attached: vec![false; harvest.attachments.len()],
        stack: Vec::new(),
        prefix: String::new(),
    };
    for found in &harvest.definitions {
        builder.add(found);
    }
    builder.document_from_inside();
    builder.document_from_behind();
    visibility::apply_names(harvest, text, language.split_name, &builder.spans, &mut builder.symbols);
    builder.give_signatures_to_definitions();
    builder.declare_definitions();
    builder.drop_defined_declarations();
    builder.symbols
}

struct Builder<'a> {
    language: &'a Language,
    text: &'a str,
    lines: &'a Lines,
    harvest: &'a Harvest,
    symbols: Vec<Symbol>,
    /// The bytes of each symbol, without what is attached.
    spans: Vec<Range<usize>>,
    /// Where the body of each symbol begins.
    bodies: Vec<Option<usize>>,
    /// Symbols that give way to a definition, in ascending order.
    declarations: Vec<usize>,
    /// The last symbol directly inside each open one, the file's first: one entry more than `stack`.
    last_children: Vec<Option<usize>>,
    /// Which comments and attributes belong to a definition below them.
    is_attached: Vec<bool>,
    /// The symbols around the current position, outermost first.
    stack: Vec<usize>,
    /// The namespace that the file declared for what follows.
    prefix: String,
}

impl Builder<'_> {
    fn add(&mut self, found: &Found) {
        while self
            .stack
            .last()
            .is_some_and(|&top| self.spans[top].end <= found.span.start || self.is_beside(top, found))
        {
            self.stack.pop();
            self.last_children.pop();
        }
        let parent = self.stack.last().copied();
        let written = &self.text[found.name.clone()];
        let (own_scope, name) = (self.language.split_name)(written);
        if name.is_empty() || name.len() > MAX_NAME || name.contains('\n') {
            return;
        }
        let captured = found
            .scope
            .clone()
            .map(|scope| (self.language.clean_scope)(&self.text[scope]));
        let scope = captured.filter(|scope| is_scope(scope)).unwrap_or(own_scope);
        let parent_kind = parent.map(|parent| self.symbols[parent].kind);
        let Some(kind) = self.kind(found, name, scope, parent_kind) else {
            return;
        };
        if let Some(parent) = parent
            && self.is_tag_of(found, name, kind, parent)
        {
            self.symbols[parent].kind = kind;
            return;
        }
        if let (Some(parent), Some(body)) = (parent, &found.body)
            && self.bodies[parent] == Some(body.start)
            && self.symbols[parent].name == name
        {
            // `push = function push() {..}` is one function.
            return;
        }
        let attached = self.attached(found, parent);
        self.is_attached[attached.clone()].fill(true);
        let first_line = match self.harvest.attachments.get(attached.start) {
            Some(first) if !attached.is_empty() => first.first_line,
            _ => found.first_line,
        };
        let qualified_name = self.qualify(found, parent, scope, name);
        if let Some(first) = self.first_piece(found, kind, &qualified_name) {
            self.join_piece(first, found, kind, attached);
            return;
        }
        if found.label.prefixes {
            self.prefix.clone_from(&qualified_name);
        }
        if found.is_declaration {
            self.declarations.push(self.symbols.len());
        }
        if let Some(last) = self.last_children.last_mut() {
            *last = Some(self.symbols.len());
        }
        self.last_children.push(None);
        self.stack.push(self.symbols.len());
        // What was said to end earlier or later than its node, as comments and headings ask for, still stays inside.
        let (span_end, last_line) = parent.map_or((usize::MAX, u32::MAX), |parent| {
            (self.spans[parent].end, self.symbols[parent].lines.end)
        });
        let first_line = first_line.min(found.first_line) as u32 + 1;
        let start = signature::start(self.text, self.lines, found, &self.harvest.attachments);
        let around = parent.map(|parent| self.spans[parent].start);
        let declared = Declared {
            name,
            kind,
            before: &self.text[start.min(found.name.start)..found.name.start],
            is_indented: start > self.lines.start(found.first_line),
            above: self.above(attached.clone()),
            section: self.harvest.spoken.section(around, found.span.start),
            hides: self.harvest.spoken.hides,
            around: parent.map(|parent| &self.symbols[parent]),
        };
        let visibility = declared.judge(self.language.visibility);
        self.spans.push(found.span.start..found.span.end.min(span_end));
        self.bodies.push(found.body.as_ref().map(|body| body.start));
        self.symbols.push(Symbol {
            name: name.to_owned(),
            qualified_name,
            kind,
            visibility,
            signature: signature::of(self.text, start, found, &self.harvest.attachments),
            docstring: self.docstring(&self.harvest.attachments[attached]),
            lines: LineSpan {
                start: first_line,
                end: self.last_line(found).min(last_line).max(first_line),
            },
            parent: parent.map(|parent| parent as u32),
        });
    }

    /// `val a, b = 1` declares two values, `f, g :: Int -> Int` two functions; neither is inside the other.
    fn is_beside(&self, symbol: usize, found: &Found) -> bool {
        let are_values = is_value(self.symbols[symbol].kind) && is_value(found.label.kind);
        (are_values || self.language.merges_clauses) && self.spans[symbol] == found.span
    }

    /// The source of comments and attributes that stand together.
    fn above(&self, attached: Range<usize>) -> &str {
        let attached = &self.harvest.attachments[attached];
        match (attached.first(), attached.last()) {
            (Some(first), Some(last)) => &self.text[first.span.start..last.span.end],
            (None, _) | (_, None) => "",
        }
    }

    /// What nesting makes of the captured kind; `None` for what is local or unwanted.
    fn kind(&self, found: &Found, name: &str, scope: &str, parent: Option<SymbolKind>) -> Option<SymbolKind> {
        use SymbolKind::{Constant, Field, Function, Method, Variable};
        let in_function = matches!(parent, Some(Function | Method));
        let owned = !scope.is_empty() || parent.is_some_and(self.language.owns_methods);
        let captured = found.label.kind;
        let kind = match captured {
            Variable | Constant | Field if in_function => return None,
            Function if owned => Method,
            Method if !owned && !self.language.keeps_methods => Function,
            _ if found.is_declaration && in_function => return None,
            _ => captured,
        };
        (self.language.refine)(&Candidate {
            kind,
            parent,
            name,
            rest: &self.text[found.name.start..found.span.end.max(found.name.end)],
        })
    }

    /// `typedef struct point {..} point;` is one thing.
    fn is_tag_of(&self, found: &Found, name: &str, kind: SymbolKind, parent: usize) -> bool {
        let (symbol, start) = (&self.symbols[parent], self.spans[parent].start);
        let is_alias = symbol.kind == SymbolKind::Type || symbol.kind == kind;
        kind.is_type() && is_alias && symbol.name == name && start >= self.lines.start(found.first_line)
    }

    fn qualify(&self, found: &Found, parent: Option<usize>, scope: &str, name: &str) -> String {
        let around = match parent {
            Some(parent) => self.symbols[parent].qualified_name.as_str(),
            None if found.label.prefixes => "",
            None => self.prefix.as_str(),
        };
        let around = if self.language.nests && around.len() + scope.len() + name.len() <= MAX_QUALIFIED {
            around
        } else {
            ""
        };
        let mut qualified = String::with_capacity(around.len() + scope.len() + name.len() + 4);
        qualified.push_str(around);
        // What stands directly in a file's namespace is joined to it as to a namespace.
        let joint = if parent.is_none() && scope.is_empty() {
            self.language.separator
        } else {
            found.label.joint
        };
        for (part, joint) in [(scope, self.language.separator), (name, joint)] {
            if part.is_empty() {
                continue;
            }
            if !qualified.is_empty() {
                qualified.push_str(joint);
            }
            qualified.push_str(part);
        }
        if let Some(arity) = found.arity {
            let _infallible = write!(qualified, "/{arity}");
        }
        qualified
    }

    /// The symbol beside which `found` stands as a further piece of the same function.
    fn first_piece(&self, found: &Found, kind: SymbolKind, qualified_name: &str) -> Option<usize> {
        if !self.language.merges_clauses || !may_be_a_piece(kind) {
            return None;
        }
        let last = (*self.last_children.last()?)?;
        let symbol = &self.symbols[last];
        let is_same = symbol.qualified_name == qualified_name && may_be_a_piece(symbol.kind);
        (is_same && self.spans[last].end <= found.span.start).then_some(last)
    }

    /// Extends a symbol over a further piece of it. A declaration keeps its signature and becomes a definition.
    fn join_piece(&mut self, first: usize, found: &Found, kind: SymbolKind, attached: Range<usize>) {
        let was_declaration = self.declarations.last() == Some(&first);
        if was_declaration && !found.is_declaration {
            self.declarations.pop();
        }
        if was_declaration && self.symbols[first].docstring.is_none() {
            self.symbols[first].docstring = self.docstring(&self.harvest.attachments[attached]);
        }
        let last_line = self.last_line(found);
        let symbol = &mut self.symbols[first];
        if specificity(kind) > specificity(symbol.kind) {
            symbol.kind = kind;
        }
        symbol.lines.end = symbol.lines.end.max(last_line);
        self.spans[first].end = found.span.end;
        // What the piece holds is inside the symbol.
        self.stack.push(first);
        self.last_children.push(None);
    }

    /// The 1-based last line of a definition.
    fn last_line(&self, found: &Found) -> u32 {
        found.last_line.min(self.lines.count().saturating_sub(1)) as u32 + 1
    }

    /// A definition that stands apart from its type signature has it all the same, and its documentation.
    fn give_signatures_to_definitions(&mut self) {
        if !self.language.merges_clauses || self.declarations.is_empty() {
            return;
        }
        let mut declared: HashMap<String, usize> = HashMap::new();
        for &index in &self.declarations {
            declared.insert(self.symbols[index].qualified_name.clone(), index);
        }
        let mut declarations = self.declarations.iter().copied().peekable();
        for index in 0..self.symbols.len() {
            if declarations.next_if_eq(&index).is_some() || !may_be_a_piece(self.symbols[index].kind) {
                continue;
            }
            // The first definition takes it.
            let Some(declaration) = declared.remove(&self.symbols[index].qualified_name) else {
                continue;
            };
            let Symbol {
                signature,
                docstring,
                kind,
                ..
            } = self.symbols[declaration].clone();
            let symbol = &mut self.symbols[index];
            symbol.signature = signature;
            symbol.docstring = docstring.or_else(|| symbol.docstring.take());
            if specificity(kind) > specificity(symbol.kind) {
                symbol.kind = kind;
            }
        }
    }

    /// A definition that stands apart from its declaration is as visible as that, unless those of the name disagree.
    fn declare_definitions(&mut self) {
        if self.declarations.is_empty() {
            return;
        }
        let mut declared: HashMap<&str, Option<Visibility>> = HashMap::new();
        for &index in &self.declarations {
            let symbol = &self.symbols[index];
            declared
                .entry(&symbol.qualified_name)
                .and_modify(|said| *said = said.filter(|said| symbol.visibility == Some(*said)))
                .or_insert(symbol.visibility);
        }
        let said: Vec<(usize, Visibility)> = (0..self.symbols.len())
            .filter_map(|index| Some((index, (*declared.get(&*self.symbols[index].qualified_name)?)?)))
            .collect();
        for (index, visibility) in said {
            self.symbols[index].visibility = Some(visibility);
        }
    }

    /// Drops declarations whose definition is in the same file.
    fn drop_defined_declarations(&mut self) {
        if self.declarations.is_empty() {
            return;
        }
        let mut is_declaration = vec![false; self.symbols.len()];
        for &index in &self.declarations {
            is_declaration[index] = true;
        }
        let defined: HashSet<&str> = self
            .symbols
            .iter()
            .zip(&is_declaration)
            .filter(|(_, declared)| !**declared)
            .map(|(symbol, _)| symbol.qualified_name.as_str())
            .collect();
        let dropped: Vec<bool> = self
            .symbols
            .iter()
            .zip(&is_declaration)
            .map(|(symbol, declared)| *declared && defined.contains(symbol.qualified_name.as_str()))
            .collect();
        remove(&mut self.symbols, &dropped);
    }
}

/// Whether a symbol of this kind may be written in pieces.
fn may_be_a_piece(kind: SymbolKind) -> bool {
    use SymbolKind::{Constant, Function, Macro, Method};
    matches!(kind, Function | Method | Macro | Constant)
}

/// Removes symbols; the children of a removed one move up to its parent.
fn remove(symbols: &mut Vec<Symbol>, dropped: &[bool]) {
    let mut moved: Vec<Option<u32>> = Vec::with_capacity(symbols.len());
    let mut n_kept = 0;
    for (symbol, &dropped) in symbols.iter_mut().zip(dropped) {
        symbol.parent = symbol.parent.and_then(|parent| moved[parent as usize]);
        moved.push(if dropped {
            symbol.parent
        } else {
            n_kept += 1;
            Some(n_kept - 1)
        });
    }
    let mut dropped = dropped.iter();
    symbols.retain(|_| !dropped.next().copied().unwrap_or_default());
}

/// Whether a scope is a plain name rather than an expression.
fn is_scope(scope: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '$' | '#' | '\\');
    !scope.is_empty() && scope.len() <= MAX_SCOPE && scope.chars().all(is_part)
}

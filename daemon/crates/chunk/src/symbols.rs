//! From what was found to symbols: nesting, names, documentation.

use crate::harvest::{Attachment, Found, Harvest};
use crate::language::{Candidate, Language};
use crate::lines::Lines;
use crate::{prose, signature};
use codemem_core::unit::{LineSpan, Symbol, SymbolKind};
use std::collections::HashSet;
use std::ops::Range;

/// Longest qualified name, in bytes. Deeper nesting than this leaves out the outer names.
const MAX_QUALIFIED: usize = 250;

/// Longest name, in bytes; longer ones are computed or broken.
const MAX_NAME: usize = 200;

/// Longest scope, in bytes; longer ones are expressions.
const MAX_SCOPE: usize = 100;

/// Comments that begin within this many lines of the top may be licence headers.
const LICENCE_LINES: usize = 8;

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
        stack: Vec::new(),
        prefix: String::new(),
    };
    for found in &harvest.definitions {
        builder.add(found);
    }
    builder.document_from_inside();
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
    /// Symbols that give way to a definition.
    declarations: Vec<usize>,
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
            .is_some_and(|&top| self.spans[top].end <= found.span.start)
        {
            self.stack.pop();
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
        let first_line = match self.harvest.attachments.get(attached.start) {
            Some(first) if !attached.is_empty() => first.first_line,
            _ => found.first_line,
        };
        let qualified_name = self.qualify(found, parent, scope, name);
        if found.label.prefixes {
            self.prefix.clone_from(&qualified_name);
        }
        if found.is_declaration {
            self.declarations.push(self.symbols.len());
        }
        self.stack.push(self.symbols.len());
        self.spans.push(found.span.clone());
        self.bodies.push(found.body.as_ref().map(|body| body.start));
        self.symbols.push(Symbol {
            name: name.to_owned(),
            qualified_name,
            kind,
            signature: signature::of(self.text, self.lines, found, &self.harvest.attachments),
            docstring: self.docstring(&self.harvest.attachments[attached]),
            lines: LineSpan {
                start: first_line.min(found.first_line) as u32 + 1,
                end: found.last_line.min(self.lines.count().saturating_sub(1)) as u32 + 1,
            },
            parent: parent.map(|parent| parent as u32),
        });
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
        qualified
    }

    /// The comments and attributes directly above a definition, as indices.
    fn attached(&self, found: &Found, parent: Option<usize>) -> Range<usize> {
        let attachments = &self.harvest.attachments;
        let end = attachments.partition_point(|attachment| attachment.span.start < found.span.start);
        let floor = parent.map_or(0, |parent| self.spans[parent].start + 1);
        let follows_on_line = self.spans.last().is_some_and(|last| {
            last.start >= self.lines.start(found.first_line) && Some(self.spans.len() - 1) != parent
        });
        if follows_on_line {
            return end..end;
        }
        let mut start = end;
        let mut line = found.first_line;
        while let Some(above) = start.checked_sub(1).map(|index| &attachments[index]) {
            let touches = above.own_line && above.last_line + 1 >= line && above.span.start >= floor;
            if !touches || self.is_about_surroundings(above) {
                break;
            }
            line = above.first_line;
            start -= 1;
        }
        start..end
    }

    fn is_about_surroundings(&self, attachment: &Attachment) -> bool {
        let markers = self.language.inner_doc_markers;
        let text = &self.text[attachment.span.clone()];
        attachment.is_comment && markers.iter().any(|marker| text.starts_with(marker))
    }

    fn docstring(&self, attached: &[Attachment]) -> Option<String> {
        let comments = attached.iter().filter(|attachment| attachment.is_comment);
        let texts = comments.map(|comment| &self.text[comment.span.clone()]);
        let is_doc = |text: &&str| self.language.doc_markers.iter().any(|marker| text.starts_with(marker));
        let docstring = if texts.clone().any(|text| is_doc(&text)) {
            prose::from_comments(texts.filter(is_doc), Symbol::MAX_DOCSTRING)
        } else {
            prose::from_comments(texts, Symbol::MAX_DOCSTRING)
        };
        let near_top = attached.first().is_some_and(|first| first.first_line < LICENCE_LINES);
        docstring.filter(|text| !(near_top && prose::is_licence(text)))
    }

    /// Gives documentation written inside a definition to the innermost symbol around it.
    fn document_from_inside(&mut self) {
        for span in &self.harvest.docstrings {
            let mut holder = self
                .spans
                .partition_point(|symbol| symbol.start <= span.start)
                .checked_sub(1);
            while let Some(index) = holder {
                if self.spans[index].end >= span.end {
                    let text = prose::from_string(&self.text[span.clone()], Symbol::MAX_DOCSTRING);
                    if text.is_some() {
                        self.symbols[index].docstring = text;
                    }
                    break;
                }
                holder = self.symbols[index].parent.map(|parent| parent as usize);
            }
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

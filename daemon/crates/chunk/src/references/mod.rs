//! What a file uses: calls, types, imports and bases, each with what the syntax says of where it comes from.
//!
//! A language brings one function that is shown every node, outer before inner, and tells the [`Collector`] what is a
//! scope, what is bound and what is used. What is local to functions is worked out here, because it is nobody else's
//! business: an origin that leaves this module speaks of the file's top, of the enclosing type, or of a stated type.

mod go;
mod java;
mod javascript;
pub(crate) mod manifest;
mod plain;
mod python;
mod rust;

use crate::lines::Lines;
use codemem_core::reference::{Binding, Import, Origin, Reference, ReferenceKind, References};
use codemem_core::unit::Symbol;
use std::collections::{BTreeMap, HashMap};
use tree_sitter::Node;

/// Shown every named node of a tree.
pub(crate) type Visit = for<'t> fn(Node<'t>, &mut Collector<'_>);

pub(crate) use go::visit as visit_go;
pub(crate) use java::visit as visit_java;
pub(crate) use javascript::visit as visit_javascript;
pub(crate) use plain::visit as visit_plain;
pub(crate) use python::visit as visit_python;
pub(crate) use rust::visit as visit_rust;

/// Most uses kept of one file: what has more was written by a program.
const MAX_USES: usize = 50_000;

/// How deep an expression is read.
pub(crate) const MAX_DEPTH: usize = 12;

/// How often a local name stands for another before nobody follows.
const MAX_STEPS: usize = 8;

/// What a scope is, as far as names go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ScopeKind {
    /// The whole file.
    File,
    /// A type: its names are members, unseen by what is inside without saying so.
    Type,
    /// A function: its names are local.
    Function,
}

#[derive(Debug)]
struct Scope {
    kind: ScopeKind,
    parent: Option<usize>,
    end: usize,
    /// The name it is defined by, and where: 0-based line.
    name: Option<(String, usize)>,
    bound: HashMap<String, Origin>,
}

#[derive(Debug)]
struct Use {
    name: String,
    of: Origin,
    kind: ReferenceKind,
    byte: usize,
    scope: usize,
}

/// Takes in what a language finds.
#[derive(Debug)]
pub(crate) struct Collector<'a> {
    text: &'a str,
    scopes: Vec<Scope>,
    current: usize,
    uses: Vec<Use>,
    imports: Vec<Import>,
}

/// Reads a tree.
pub(crate) fn collect(visit: Visit, root: Node<'_>, text: &str, lines: &Lines, symbols: &[Symbol]) -> References {
    let mut collector = Collector {
        text,
        scopes: vec![Scope {
            kind: ScopeKind::File,
            parent: None,
            end: usize::MAX,
            name: None,
            bound: HashMap::new(),
        }],
        current: 0,
        uses: Vec::new(),
        imports: Vec::new(),
    };
    let mut tree = root.walk();
    loop {
        let node = tree.node();
        if node.is_named() {
            while collector.scopes[collector.current].end <= node.start_byte() {
                collector.current = collector.scopes[collector.current].parent.unwrap_or(0);
            }
            visit(node, &mut collector);
        }
        if tree.goto_first_child() {
            continue;
        }
        while !tree.goto_next_sibling() {
            if !tree.goto_parent() {
                return collector.settle(lines, symbols);
            }
        }
    }
}

impl<'a> Collector<'a> {
    /// The source of a node.
    pub(crate) fn text(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// Opens a scope that ends with the node. `name` is the node by which it is defined.
    pub(crate) fn open(&mut self, node: Node<'_>, kind: ScopeKind, name: Option<Node<'_>>) {
        let name = name.map(|name| (self.text(name).to_owned(), name.start_position().row));
        self.scopes.push(Scope {
            kind,
            parent: Some(self.current),
            end: node.end_byte(),
            name,
            bound: HashMap::new(),
        });
        self.current = self.scopes.len() - 1;
    }

    /// What the innermost scope is.
    pub(crate) fn scope(&self) -> ScopeKind {
        self.scopes[self.current].kind
    }

    /// A name of the innermost scope. What is known first stays, unless nothing was.
    pub(crate) fn bind(&mut self, name: &str, value: Origin) {
        bind(&mut self.scopes[self.current].bound, name, value);
    }

    /// A name that is assigned again: the innermost function's that declares it, or the file's own.
    pub(crate) fn bind_again(&mut self, name: &str, value: Origin) {
        let holder = self.lookup(name, self.current).map(|(scope, _)| scope);
        let scope = holder.unwrap_or(0);
        if holder.is_some() || self.scopes[0].bound.contains_key(name) {
            let value = self.expand(value, self.current);
            bind(&mut self.scopes[scope].bound, name, value);
        }
    }

    /// A name at the file's top, or by which others import it.
    pub(crate) fn bind_top(&mut self, name: &str, value: Origin) {
        bind(&mut self.scopes[0].bound, name, value);
    }

    /// A name of the innermost type around.
    pub(crate) fn bind_member(&mut self, name: &str, value: Origin) {
        let mut at = Some(self.current);
        while let Some(scope) = at {
            if self.scopes[scope].kind == ScopeKind::Type {
                // The value is written inside a function, so its names are looked up there.
                let value = self.expand(value, self.current);
                bind(&mut self.scopes[scope].bound, name, value);
                return;
            }
            at = self.scopes[scope].parent;
        }
    }

    /// A name is used.
    pub(crate) fn uses(&mut self, kind: ReferenceKind, name: Node<'_>, of: Origin) {
        self.uses_as(kind, name, self.text(name), of);
    }

    /// What is used is called otherwise than it is written.
    pub(crate) fn uses_as(&mut self, kind: ReferenceKind, node: Node<'_>, name: &str, of: Origin) {
        if self.uses.len() < MAX_USES && !name.is_empty() {
            self.uses.push(Use {
                name: name.to_owned(),
                of,
                kind,
                byte: node.start_byte(),
                scope: self.current,
            });
        }
    }

    /// A name is taken from elsewhere.
    pub(crate) fn import(&mut self, import: Import) {
        self.imports.push(import);
    }

    /// Replaces a base that is local to functions by what it holds; as far as the file says.
    fn expand(&self, origin: Origin, scope: usize) -> Origin {
        let (mut origin, mut scope) = (origin, scope);
        for _ in 0..MAX_STEPS {
            let end = origin.0.find(['.', '(']).unwrap_or(origin.0.len());
            let (base, steps) = origin.0.split_at(end);
            if base.is_empty() || base.starts_with(['@', '<', '?']) {
                return origin;
            }
            let Some((holder, value)) = self.lookup(base, scope) else {
                return origin;
            };
            let longer = format!("{}{steps}", value.0);
            if value.is_unknown() || longer.len() > Origin::MAX {
                return Origin::unknown();
            }
            origin = Origin(longer);
            scope = holder;
        }
        Origin::unknown()
    }

    /// The function around that a name is local to, and what it holds.
    fn lookup(&self, name: &str, from: usize) -> Option<(usize, &Origin)> {
        let mut at = Some(from);
        while let Some(scope) = at {
            let it = &self.scopes[scope];
            if it.kind == ScopeKind::Function
                && let Some(value) = it.bound.get(name)
            {
                return Some((scope, value));
            }
            at = it.parent;
        }
        None
    }

    fn settle(self, lines: &Lines, symbols: &[Symbol]) -> References {
        let owners = self.owners(symbols);
        // Without scopes, lines tell what is around.
        let around = (self.scopes.len() == 1).then(|| around_lines(symbols, lines.count()));
        let uses = self.uses.iter().map(|found| {
            // A name that is local to a function is not what others call so.
            let is_local = found.of.is_bare() && self.lookup(&found.name, found.scope).is_some();
            let of = if is_local {
                Origin::unknown()
            } else {
                self.expand(found.of.clone(), found.scope)
            };
            let line = lines.at(found.byte);
            Reference {
                name: found.name.clone(),
                of,
                kind: found.kind,
                line: line as u32 + 1,
                column: (found.byte - lines.start(line)) as u32 + 1,
                symbol: match &around {
                    Some(around) => around[line],
                    None => owners[found.scope],
                },
            }
        });
        let uses = uses.collect();
        let mut bindings = BTreeMap::new();
        for (scope, owner) in self.scopes.iter().zip(&owners) {
            for (name, value) in &scope.bound {
                let is_kept = scope.kind != ScopeKind::Function || name.starts_with(['(', '@']);
                let is_owned = scope.kind == ScopeKind::File || owner.is_some();
                if is_kept && is_owned && !value.is_unknown() && *name != value.0 {
                    bindings.entry((*owner, name.clone())).or_insert_with(|| value.clone());
                }
            }
        }
        let bindings = bindings
            .into_iter()
            .map(|((owner, name), value)| Binding { owner, name, value });
        References {
            uses,
            imports: self.imports,
            bindings: bindings.collect(),
        }
    }

    /// The symbol that each scope is, or is inside of.
    fn owners(&self, symbols: &[Symbol]) -> Vec<Option<u32>> {
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for (index, symbol) in symbols.iter().enumerate() {
            by_name.entry(&symbol.name).or_default().push(index as u32);
        }
        let mut owners: Vec<Option<u32>> = Vec::with_capacity(self.scopes.len());
        for scope in &self.scopes {
            let own = scope.name.as_ref().and_then(|(name, line)| {
                let line = *line as u32 + 1;
                let same = by_name.get(name.as_str())?.iter().copied();
                same.filter(|&index| {
                    let lines = symbols[index as usize].lines;
                    lines.start <= line && line <= lines.end
                })
                .min_by_key(|&index| symbols[index as usize].lines.len())
            });
            owners.push(own.or_else(|| scope.parent.and_then(|parent| owners[parent])));
        }
        owners
    }
}

/// By 0-based line the innermost symbol around.
fn around_lines(symbols: &[Symbol], count: usize) -> Vec<Option<u32>> {
    let mut around = vec![None; count.max(1)];
    // Parents come before their children.
    for (index, symbol) in (0_u32..).zip(symbols) {
        let span = symbol.lines.start as usize - 1..(symbol.lines.end as usize).min(around.len());
        if let Some(lines) = around.get_mut(span) {
            lines.fill(Some(index));
        }
    }
    around
}

/// What a function returns, among its names.
pub(crate) const RESULT: &str = "()";

/// Among a function's names: it is read like an attribute.
pub(crate) const PROPERTY: &str = "@property";

fn bind(bound: &mut HashMap<String, Origin>, name: &str, value: Origin) {
    match bound.get_mut(name) {
        // Two values that differ are none.
        Some(before) if *before != value && !before.is_unknown() && name != RESULT => {
            // What was stated stays stated, whatever is assigned later.
            if !before.is_stated() {
                *before = if value.is_stated() { value } else { Origin::unknown() };
            }
        }
        Some(before) if before.is_unknown() && value.is_stated() => *before = value,
        Some(_) => {}
        None => {
            bound.insert(name.to_owned(), value);
        }
    }
}

/// The named nodes directly inside of one.
pub(crate) fn inside(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// An origin and one step from it.
pub(crate) fn step(origin: Origin, step: &str) -> Origin {
    if origin.is_unknown() || origin.0.len() + step.len() > Origin::MAX {
        return Origin::unknown();
    }
    Origin(origin.0 + step)
}

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
use codemem_core::unit::{Symbol, SymbolKind};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU16;
use std::ops::Range;
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

/// How many uses back another may stand at the same place: a base is said before the types in it are.
const LOOK_BACK: usize = 16;

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
    /// A part of a function that knows more of a name than the rest. Whatever is bound in it belongs to what is around.
    Part,
}

#[derive(Debug)]
struct Scope {
    kind: ScopeKind,
    parent: Option<usize>,
    end: usize,
    /// The name it is defined by, and where: 0-based line.
    name: Option<(String, usize)>,
    bound: HashMap<String, Origin>,
    /// What a function returns by its own statements; unknown where they differ.
    returned: Option<Origin>,
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
    /// What the node is to the one around it.
    field: Option<NonZeroU16>,
    /// What a part of the text ahead knows of a name.
    ahead: Vec<(Range<usize>, String, Origin)>,
    /// What a function ahead is called with, by its first byte.
    given: Vec<(usize, Origin)>,
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
            returned: None,
        }],
        current: 0,
        uses: Vec::new(),
        imports: Vec::new(),
        field: None,
        ahead: Vec::new(),
        given: Vec::new(),
    };
    let mut tree = root.walk();
    loop {
        let node = tree.node();
        if node.is_named() {
            while collector.scopes[collector.current].end <= node.start_byte() {
                collector.current = collector.scopes[collector.current].parent.unwrap_or(0);
            }
            collector.enter_part(node.start_byte());
            collector.field = tree.field_id();
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

    /// Whether the node that is being shown is one of these to the one around it.
    pub(crate) fn is_field(&self, node: Node<'_>, names: &[&str]) -> bool {
        let language = node.language();
        let name = self.field.and_then(|field| language.field_name_for_id(field.get()));
        name.is_some_and(|name| names.contains(&name))
    }

    /// A name is used as a type, unless something more was just said of it.
    pub(crate) fn uses_type(&mut self, name: Node<'_>) {
        let byte = name.start_byte();
        let is_said = self.uses.iter().rev().take(LOOK_BACK).any(|one| one.byte == byte);
        if !is_said {
            self.uses(ReferenceKind::Type, name, Origin::bare());
        }
    }

    /// Opens a scope that ends with the node. `name` is the node by which it is defined.
    pub(crate) fn open(&mut self, node: Node<'_>, kind: ScopeKind, name: Option<Node<'_>>) {
        let name = name.map(|name| (self.text(name).to_owned(), name.start_position().row));
        self.push(kind, node.end_byte(), name);
    }

    fn push(&mut self, kind: ScopeKind, end: usize, name: Option<(String, usize)>) {
        self.scopes.push(Scope {
            kind,
            parent: Some(self.current),
            end,
            name,
            bound: HashMap::new(),
            returned: None,
        });
        self.current = self.scopes.len() - 1;
    }

    /// What the innermost scope is.
    pub(crate) fn scope(&self) -> ScopeKind {
        self.scopes[self.whole()].kind
    }

    /// The innermost scope that is no part of another.
    fn whole(&self) -> usize {
        let mut at = self.current;
        while self.scopes[at].kind == ScopeKind::Part {
            at = self.scopes[at].parent.unwrap_or(0);
        }
        at
    }

    /// A name of the innermost scope. What is known first stays, unless nothing was.
    pub(crate) fn bind(&mut self, name: &str, value: Origin) {
        let scope = self.whole();
        // What is bound anew is no longer what the part knows.
        let mut part = self.current;
        while part != scope {
            let it = &mut self.scopes[part];
            if let Some(known) = it.bound.get_mut(name).filter(|known| **known != value) {
                *known = Origin::unknown();
            }
            part = it.parent.unwrap_or(scope);
        }
        bind(&mut self.scopes[scope].bound, name, value);
    }

    /// Inside a node that comes later, a name holds this.
    pub(crate) fn know(&mut self, node: Node<'_>, name: &str, value: Origin) {
        self.ahead.push((node.byte_range(), name.to_owned(), value));
    }

    fn enter_part(&mut self, byte: usize) {
        while let Some((bytes, name, value)) = self.ahead.pop_if(|(bytes, _, _)| bytes.start <= byte) {
            if bytes.end <= byte {
                continue;
            }
            let value = self.expand(value, self.current);
            self.push(ScopeKind::Part, bytes.end, None);
            let scope = self.current;
            self.scopes[scope].bound.insert(name, value);
        }
    }

    /// A function that comes later is called with values like this.
    pub(crate) fn give(&mut self, function: Node<'_>, value: Origin) {
        if !value.is_unknown() {
            self.given.push((function.start_byte(), value));
        }
    }

    /// What the function at a node is called with.
    pub(crate) fn given(&mut self, function: Node<'_>) -> Option<Origin> {
        let start = function.start_byte();
        self.given.retain(|(byte, _)| *byte >= start);
        let found = self.given.iter().position(|(byte, _)| *byte == start)?;
        Some(self.given.swap_remove(found).1)
    }

    /// The function around returns this.
    pub(crate) fn returns(&mut self, value: Origin) {
        let value = self.expand(value, self.current);
        let mut at = Some(self.current);
        while let Some(scope) = at {
            if self.scopes[scope].kind == ScopeKind::Function {
                let returned = &mut self.scopes[scope].returned;
                *returned = match returned.take() {
                    Some(before) if before != value => Some(Origin::unknown()),
                    Some(_) | None => Some(value),
                };
                return;
            }
            at = self.scopes[scope].parent;
        }
    }

    /// What belongs to the thing of a name, without being defined inside of it.
    pub(crate) fn hold(&mut self, thing: Node<'_>, members: HashMap<String, Origin>) {
        let name = (self.text(thing).to_owned(), thing.start_position().row);
        self.scopes.push(Scope {
            kind: ScopeKind::Type,
            parent: Some(0),
            end: 0,
            name: Some(name),
            bound: members,
            returned: None,
        });
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
            let end = origin.0.find(['.', '(', '[']).unwrap_or(origin.0.len());
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

    /// What a function's own variable stands for where it is used by itself: what others call so is something else.
    fn held(&self, name: &str, scope: usize) -> (String, Origin) {
        let value = self.expand(Origin(name.to_owned()), scope);
        let is_plain =
            |name: &str| !name.is_empty() && !name.starts_with('@') && !name.contains(['(', '[', '<', '>', '?']);
        match value.0.rsplit_once('.') {
            Some((of, last)) if is_plain(last) && !value.is_unknown() => (last.to_owned(), Origin(of.to_owned())),
            None if is_plain(&value.0) && value.0 != name => (value.0, Origin::bare()),
            Some(_) | None => (name.to_owned(), Origin::local()),
        }
    }

    /// The function around that a name is local to, and what it holds.
    fn lookup(&self, name: &str, from: usize) -> Option<(usize, &Origin)> {
        let mut at = Some(from);
        while let Some(scope) = at {
            let it = &self.scopes[scope];
            if matches!(it.kind, ScopeKind::Function | ScopeKind::Part)
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
            let (name, of) = if found.of.is_bare() && self.lookup(&found.name, found.scope).is_some() {
                self.held(&found.name, found.scope)
            } else {
                (found.name.clone(), self.expand(found.of.clone(), found.scope))
            };
            let line = lines.at(found.byte);
            Reference {
                name,
                of,
                kind: found.kind,
                line: line as u32 + 1,
                column: (found.byte - lines.start(line)) as u32 + 1,
                symbol: match &around {
                    Some(around) => around_use(found.kind, around[line], symbols),
                    None => owners[found.scope],
                },
            }
        });
        let uses = uses.collect();
        let mut bindings: BTreeMap<(Option<u32>, String), Origin> = BTreeMap::new();
        for (scope, owner) in self.scopes.iter().zip(&owners) {
            for (name, value) in &scope.bound {
                let is_kept = scope.kind != ScopeKind::Function || name.starts_with(['(', '@']);
                let is_owned = scope.kind == ScopeKind::File || owner.is_some();
                let says_itself = scope.kind == ScopeKind::File && *name == value.0;
                if is_kept && is_owned && !value.is_unknown() && !says_itself {
                    bindings.entry((*owner, name.clone())).or_insert_with(|| value.clone());
                }
            }
        }
        for (scope, owner) in self.scopes.iter().zip(&owners) {
            // What a function is said to return goes before what it does.
            if let Some(value) = &scope.returned
                && scope.name.is_some()
                && owner.is_some()
                && !scope.bound.contains_key(RESULT)
                && !value.is_unknown()
            {
                bindings
                    .entry((*owner, RESULT.to_owned()))
                    .or_insert_with(|| value.clone());
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

/// Of a base the type that has it: what it holds may begin on the same line.
fn around_use(kind: ReferenceKind, innermost: Option<u32>, symbols: &[Symbol]) -> Option<u32> {
    if !matches!(kind, ReferenceKind::Inherit | ReferenceKind::Implement) {
        return innermost;
    }
    let mut outer = std::iter::successors(innermost, |&index| symbols[index as usize].parent);
    let owner = outer.find(|&index| {
        let kind = symbols[index as usize].kind;
        kind.is_type() || matches!(kind, SymbolKind::Impl | SymbolKind::Module)
    });
    owner.or(innermost)
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

/// The parts of a type's text between commas or bars that are in no bracket, trimmed, empty ones left out.
pub(crate) fn parted(text: &str, by: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let mut before = ' ';
    let parts = text.split(move |c: char| {
        let is_arrow = c == '>' && before == '=';
        depth += i32::from(matches!(c, '<' | '(' | '{' | '['));
        depth -= i32::from(matches!(c, '>' | ')' | '}' | ']') && !is_arrow);
        before = c;
        depth == 0 && c == by
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
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

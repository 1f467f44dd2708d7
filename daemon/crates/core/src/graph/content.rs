//! What one content defines and uses, packed: a whole repository's fit into memory.
//!
//! Every text is stored once and named by its number; rows have a fixed width. Immutable, and nobody's but the content's:
//! where it lies, and what others say, is not part of it.

use crate::reference::{ReferenceKind, References};
use crate::unit::{LineSpan, SymbolKind};
use std::collections::HashMap;

/// Bits of a packed number that hold a use's kind.
const KIND_BITS: u32 = 3;

/// One symbol, as far as the graph asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolFact<'c> {
    /// The name as written.
    pub name: &'c str,
    /// With its enclosing names.
    pub qualified_name: &'c str,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole definition.
    pub lines: LineSpan,
    /// Position of the enclosing symbol.
    pub parent: Option<u32>,
}

/// One use of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UseFact<'c> {
    /// The name that is used, without what qualifies it.
    pub name: &'c str,
    /// What stands before it, as an [`crate::reference::Origin`] is written; empty where nothing does.
    pub of: &'c str,
    /// How it is used.
    pub kind: ReferenceKind,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes.
    pub column: u32,
    /// Position of the innermost symbol around it; `None` at the file's top.
    pub symbol: Option<u32>,
}

/// A name that a file takes from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImportFact<'c> {
    /// What it is called in the file; `*` when everything of the module is taken over.
    pub local: &'c str,
    /// The module as written.
    pub module: &'c str,
    /// The name there; empty when the module itself is meant.
    pub name: &'c str,
    /// 1-based.
    pub line: u32,
    /// Whether others can import it from the file in turn.
    pub is_exported: bool,
}

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Content {
    text: Box<str>,
    /// Where each text ends.
    ends: Box<[u32]>,
    /// A byte of each text that names nobody else's in most cases: most texts need not be compared.
    marks: Box<[u8]>,
    symbols: Box<[SymbolRow]>,
    /// Positions of symbols, by name, then in file order.
    by_name: Box<[u32]>,
    imports: Box<[ImportRow]>,
    /// By owner and name.
    bindings: Box<[BindingRow]>,
    uses: Box<[UseRow]>,
    /// The names of the uses, apart from the rest: all are looked at for one.
    used: Box<[u32]>,
    /// Positions of the uses that say what a type is made of, by the type.
    bases: Box<[u32]>,
    /// What the binding `@package` at the top holds: asked for often.
    package: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SymbolRow {
    name: u32,
    qualified_name: u32,
    lines: LineSpan,
    /// One more than the position; 0 for none.
    parent: u32,
    kind: SymbolKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ImportRow {
    local: u32,
    module: u32,
    name: u32,
    line: u32,
    is_exported: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct BindingRow {
    /// One more than the position; 0 for none.
    owner: u32,
    name: u32,
    value: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct UseRow {
    of: u32,
    line: u32,
    column: u32,
    /// One more than the symbol's position, 0 for none; the kind in the lowest bits.
    symbol_and_kind: u32,
}

impl UseRow {
    fn kind(self) -> ReferenceKind {
        ReferenceKind::ALL[(self.symbol_and_kind & ((1 << KIND_BITS) - 1)) as usize]
    }

    fn symbol(self) -> Option<u32> {
        (self.symbol_and_kind >> KIND_BITS).checked_sub(1)
    }
}

impl Content {
    /// The facts of some symbols, in file order and parents before children, and of what is used beside and in them.
    pub fn of<'s>(symbols: impl IntoIterator<Item = SymbolFact<'s>>, references: &References) -> Self {
        let mut draft = ContentDraft::of(references);
        for one in symbols {
            draft.symbol(one);
        }
        draft.pack()
    }

    /// How many symbols there are.
    pub fn n_symbols(&self) -> usize {
        self.symbols.len()
    }

    /// The symbols in file order, parents before children.
    pub fn symbols(&self) -> impl DoubleEndedIterator<Item = SymbolFact<'_>> + ExactSizeIterator {
        self.symbols.iter().map(|row| self.symbol_of(*row))
    }

    /// A symbol by position.
    pub fn symbol(&self, index: u32) -> SymbolFact<'_> {
        self.symbol_of(self.symbols[index as usize])
    }

    /// What a symbol is.
    pub fn kind(&self, index: u32) -> SymbolKind {
        self.symbols[index as usize].kind
    }

    /// Position of the symbol around another one.
    pub fn parent(&self, index: u32) -> Option<u32> {
        self.symbols[index as usize].parent.checked_sub(1)
    }

    /// The symbols of a name, in file order.
    pub fn named(&self, name: &str) -> &[u32] {
        let of = |index: &u32| self.bytes_of(self.symbols[*index as usize].name);
        let first = self.by_name.partition_point(|index| of(index) < name.as_bytes());
        let n_same = self.by_name[first..].partition_point(|index| of(index) == name.as_bytes());
        &self.by_name[first..first + n_same]
    }

    /// The symbols around a position, innermost first, itself included.
    pub fn around(&self, symbol: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(symbol, |&index| self.parent(index))
    }

    /// What the file takes from elsewhere, in file order.
    pub fn imports(&self) -> impl Iterator<Item = ImportFact<'_>> {
        self.imports.iter().map(|row| self.import_of(*row))
    }

    /// What the file takes from elsewhere under one name, in file order.
    pub fn imports_as(&self, local: &str) -> impl Iterator<Item = ImportFact<'_>> {
        let same = move |row: &&ImportRow| self.bytes_of(row.local) == local.as_bytes();
        self.imports.iter().filter(same).map(|row| self.import_of(*row))
    }

    /// What the file takes from elsewhere for others to import it, in file order.
    pub fn passed_on(&self) -> impl Iterator<Item = ImportFact<'_>> {
        let rows = self.imports.iter().filter(|row| row.is_exported);
        rows.map(|row| self.import_of(*row))
    }

    /// What a name of the file's top, or an attribute of a symbol, is said to hold; `()` for what a function returns.
    pub fn binding(&self, owner: Option<u32>, name: &str) -> Option<&str> {
        let wanted = (owner.map_or(0, |owner| owner + 1), name.as_bytes());
        let key = |row: &BindingRow| (row.owner, self.bytes_of(row.name));
        let found = self.bindings.partition_point(|row| key(row) < wanted);
        let row = self.bindings.get(found).filter(|row| key(row) == wanted)?;
        Some(self.text(row.value))
    }

    /// The package that the file says it belongs to, or stands for.
    pub fn package(&self) -> Option<&str> {
        self.package.map(|number| self.text(number))
    }

    /// The names of the file's top that are said to hold this.
    pub fn bound_to(&self, value: &str) -> impl Iterator<Item = &str> {
        let top = self.bindings.partition_point(|row| row.owner == 0);
        let same = self.bindings[..top]
            .iter()
            .filter(move |row| self.text(row.value) == value);
        same.map(|row| self.text(row.name))
    }

    /// Every use, in file order.
    pub fn uses(&self) -> impl Iterator<Item = UseFact<'_>> {
        (0..self.uses.len() as u32).map(|position| self.use_at(position))
    }

    /// A use by its position.
    pub fn use_at(&self, position: u32) -> UseFact<'_> {
        let row = self.uses[position as usize];
        UseFact {
            name: self.text(self.used[position as usize]),
            of: self.text(row.of),
            kind: row.kind(),
            line: row.line,
            column: row.column,
            symbol: row.symbol(),
        }
    }

    /// The uses of a name, and of what an import calls it in the file, with their positions; in file order.
    pub fn uses_of(&self, name: &str) -> impl Iterator<Item = (u32, UseFact<'_>)> {
        let mut numbers: Vec<u32> = self.number(name).into_iter().collect();
        // A text has one number, so names are compared by it.
        if let Some(&own) = numbers.first() {
            let aliases = self.imports.iter().filter(|row| row.name == own && row.local != own);
            numbers.extend(aliases.map(|row| row.local));
        }
        let named = (0..).zip(&self.used).filter(move |(_, name)| numbers.contains(name));
        named.map(|(position, _)| (position, self.use_at(position)))
    }

    /// What a type extends and implements, in file order.
    pub fn bases(&self, symbol: u32) -> impl Iterator<Item = UseFact<'_>> {
        let of = move |index: &u32| self.uses[*index as usize].symbol();
        let first = self.bases.partition_point(|index| of(index) < Some(symbol));
        let own = self.bases[first..]
            .iter()
            .take_while(move |index| of(index) == Some(symbol));
        own.map(|index| self.use_at(*index))
    }

    /// The distinct names that are used.
    pub fn used_names(&self) -> impl Iterator<Item = &str> {
        let mut seen = vec![false; self.ends.len()];
        let names = self
            .used
            .iter()
            .filter(move |name| !std::mem::replace(&mut seen[**name as usize], true));
        names.map(|name| self.text(*name))
    }

    /// Bytes of memory, roughly.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + size_of_val(&*self.ends)
            + size_of_val(&*self.marks)
            + size_of_val(&*self.symbols)
            + size_of_val(&*self.by_name)
            + size_of_val(&*self.imports)
            + size_of_val(&*self.bindings)
            + size_of_val(&*self.uses)
            + size_of_val(&*self.used)
            + size_of_val(&*self.bases)
    }

    fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    /// The same to compare it, without a look at where characters begin.
    fn bytes_of(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text.as_bytes()[start as usize..self.ends[number] as usize]
    }

    /// The number that uses and imports call a text by.
    fn number(&self, text: &str) -> Option<u32> {
        let mark = mark(text);
        let mut alike = (0_u32..).zip(&self.marks).filter(|(_, other)| **other == mark);
        alike.find_map(|(number, _)| (self.bytes_of(number) == text.as_bytes()).then_some(number))
    }

    fn symbol_of(&self, row: SymbolRow) -> SymbolFact<'_> {
        SymbolFact {
            name: self.text(row.name),
            qualified_name: self.text(row.qualified_name),
            kind: row.kind,
            lines: row.lines,
            parent: row.parent.checked_sub(1),
        }
    }

    fn import_of(&self, row: ImportRow) -> ImportFact<'_> {
        ImportFact {
            local: self.text(row.local),
            module: self.text(row.module),
            name: self.text(row.name),
            line: row.line,
            is_exported: row.is_exported,
        }
    }
}

/// A byte that a text has in common with few others.
fn mark(text: &str) -> u8 {
    // Of names that begin or end alike the length or the middle differs.
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let n_bytes = bytes.len();
    [
        at(0),
        at(n_bytes / 3),
        at(n_bytes / 2),
        at(n_bytes.wrapping_sub(2)),
        at(n_bytes.wrapping_sub(1)),
    ]
    .iter()
    .fold(n_bytes as u8, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(*byte))
}

/// Rows on their way into a [`Content`]. The distinct texts of uses, imports and bindings come first and get the numbers
/// that those rows name them by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContentDraft {
    text: String,
    ends: Vec<u32>,
    symbols: Vec<SymbolRow>,
    imports: Vec<ImportRow>,
    bindings: Vec<BindingRow>,
    uses: Vec<UseRow>,
    used: Vec<u32>,
}

impl ContentDraft {
    /// A draft of what is used, without symbols.
    pub fn of(references: &References) -> Self {
        let mut draft = Self::default();
        let mut texts: HashMap<&str, u32> = HashMap::new();
        let mut number = |draft: &mut Self, text| *texts.entry(text).or_insert_with(|| draft.text(text));
        for one in &references.imports {
            let (local, module) = (number(&mut draft, &one.local), number(&mut draft, &one.module));
            let name = number(&mut draft, &one.name);
            draft.import(local, module, name, one.line, one.is_exported);
        }
        for one in &references.bindings {
            let (name, value) = (number(&mut draft, &one.name), number(&mut draft, &one.value.0));
            draft.binding(one.owner, name, value);
        }
        for one in &references.uses {
            let (name, of) = (number(&mut draft, &one.name), number(&mut draft, &one.of.0));
            draft.used(name, of, one.kind, (one.line, one.column), one.symbol);
        }
        draft
    }

    /// Adds a text; its number.
    pub fn text(&mut self, text: &str) -> u32 {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// How many texts there are: numbers below it may be named.
    pub fn n_texts(&self) -> u32 {
        self.ends.len() as u32
    }

    /// Adds a symbol.
    pub fn symbol(&mut self, fact: SymbolFact<'_>) {
        let name = self.text(fact.name);
        let qualified_name = if fact.qualified_name == fact.name {
            name
        } else {
            self.text(fact.qualified_name)
        };
        self.symbols.push(SymbolRow {
            name,
            qualified_name,
            lines: fact.lines,
            parent: fact.parent.map_or(0, |parent| parent + 1),
            kind: fact.kind,
        });
    }

    /// Adds an import.
    pub fn import(&mut self, local: u32, module: u32, name: u32, line: u32, is_exported: bool) {
        self.imports.push(ImportRow {
            local,
            module,
            name,
            line,
            is_exported,
        });
    }

    /// Adds a binding; of several for one name the first counts.
    pub fn binding(&mut self, owner: Option<u32>, name: u32, value: u32) {
        let owner = owner.map_or(0, |owner| owner + 1);
        self.bindings.push(BindingRow { owner, name, value });
    }

    /// Adds a use, at a line and a column.
    pub fn used(&mut self, name: u32, of: u32, kind: ReferenceKind, at: (u32, u32), symbol: Option<u32>) {
        let kind = ReferenceKind::ALL
            .iter()
            .position(|one| *one == kind)
            .unwrap_or_default() as u32;
        self.used.push(name);
        self.uses.push(UseRow {
            of,
            line: at.0,
            column: at.1,
            symbol_and_kind: symbol.map_or(0, |symbol| symbol + 1) << KIND_BITS | kind,
        });
    }

    /// The names that are used, some of them several times.
    pub fn used_names(&self) -> impl Iterator<Item = &str> {
        self.used.iter().map(|name| {
            let number = *name as usize;
            let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.text[start as usize..self.ends[number] as usize]
        })
    }

    /// Packs it. What a use, a binding or a parent names beyond the symbols that there are is dropped: it was damaged.
    pub fn pack(mut self) -> Content {
        let n_symbols = self.symbols.len() as u32;
        for (index, row) in (0..).zip(&mut self.symbols) {
            // Parents come first, so going outwards ends.
            if row.parent > index {
                row.parent = 0;
            }
        }
        let is_whole = |row: &UseRow| row.symbol().is_none_or(|symbol| symbol < n_symbols);
        let mut rows = self.uses.iter();
        self.used.retain(|_| rows.next().is_some_and(is_whole));
        self.uses.retain(is_whole);
        self.bindings.retain(|row| row.owner <= n_symbols);
        let mut content = Content {
            text: self.text.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
            symbols: self.symbols.into_boxed_slice(),
            imports: self.imports.into_boxed_slice(),
            uses: self.uses.into_boxed_slice(),
            used: self.used.into_boxed_slice(),
            ..Content::default()
        };
        let numbers = 0..content.ends.len() as u32;
        content.marks = numbers.map(|number| mark(content.text(number))).collect();
        let mut by_name: Vec<u32> = (0..n_symbols).collect();
        by_name.sort_by_key(|&index| content.text(content.symbols[index as usize].name));
        let mut bases: Vec<u32> = (0_u32..)
            .zip(&content.uses)
            .filter(|(_, row)| matches!(row.kind(), ReferenceKind::Inherit | ReferenceKind::Implement))
            .map(|(index, _)| index)
            .collect();
        bases.sort_by_key(|&index| content.uses[index as usize].symbol());
        self.bindings.sort_by(|a, b| {
            a.owner
                .cmp(&b.owner)
                .then_with(|| content.text(a.name).cmp(content.text(b.name)))
        });
        content.by_name = by_name.into_boxed_slice();
        content.bases = bases.into_boxed_slice();
        let mut at_top = self.bindings.iter().take_while(|row| row.owner == 0);
        content.package = at_top
            .find(|row| content.text(row.name) == "@package")
            .map(|row| row.value);
        content.bindings = self.bindings.into_boxed_slice();
        content
    }
}

#[cfg(test)]
mod tests;

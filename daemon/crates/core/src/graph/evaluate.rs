//! What an origin amounts to: a module, a type, a value of a type.

use super::facts::{Facts, FileFacts, FileId, SymbolAt};
use super::languages::{self, Imported};
use super::resolve::Resolver;
use crate::unit::SymbolKind;
use std::sync::Arc;

/// What an expression amounts to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Entity {
    /// A file as a module.
    Module(FileId),
    /// A directory as a package, without `/` at its end.
    Package(String),
    /// All files that say they belong to a package.
    Whole(String),
    /// A definition itself.
    Symbol(SymbolAt),
    /// A value of a type.
    Value(SymbolAt),
    /// What a type inherits from.
    Bases(SymbolAt),
    /// Something of no file here that holds these: a list, a map, an optional value.
    Held(Box<Entity>, Holder),
    /// Something of no file here.
    Elsewhere,
    /// The files do not say.
    Open,
}

/// How something holds what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    /// One after the other.
    Many,
    /// By keys, over which a loop goes.
    Keyed,
    /// It yields one when it is called.
    Function,
}

impl<F: Facts> Resolver<'_, F> {
    /// What an origin amounts to where it stands.
    pub(super) fn evaluate(
        &self,
        file: FileId,
        around: Option<u32>,
        origin: &str,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        if self.is_too_deep(depth) || origin.starts_with('?') {
            return Ok(Entity::Open);
        }
        let facts = self.file(file)?;
        let stated = origin.strip_prefix('<').and_then(|stated| stated.split_once('>'));
        if let Some((name, steps)) = stated {
            let value = self.value_of(file, around, name, depth + 1)?;
            return self.step(value, steps, depth);
        }
        let end = origin.find(['.', '(', '[']).unwrap_or(origin.len());
        let (base, steps) = origin.split_at(end);
        let base = match base {
            "@self" => match owner(&facts, around) {
                Some(symbol) => Entity::Value(self.own_type(SymbolAt { file, symbol })?),
                None => Entity::Open,
            },
            "@class" => match owner(&facts, around) {
                Some(symbol) => Entity::Symbol(self.own_type(SymbolAt { file, symbol })?),
                None => Entity::Open,
            },
            "@super" => match owner(&facts, around) {
                Some(symbol) => Entity::Bases(SymbolAt { file, symbol }),
                None => Entity::Open,
            },
            "@module" => Entity::Module(file),
            "" | "?" => Entity::Open,
            name => self.name(file, around, name, depth + 1)?,
        };
        self.step(base, steps, depth)
    }

    /// A dotted name that stands for a type.
    pub(super) fn type_named(
        &self,
        file: FileId,
        around: Option<u32>,
        name: &str,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        let (base, rest) = name.split_once('.').map_or((name, ""), |(base, rest)| (base, rest));
        let mut entity = self.name(file, around, base, depth + 1)?;
        for part in rest.split('.').filter(|part| !part.is_empty()) {
            entity = self.member(entity, part, depth + 1)?;
        }
        Ok(entity)
    }

    /// What a name stands for in a file, seen from inside a symbol.
    pub(super) fn name(&self, file: FileId, around: Option<u32>, name: &str, depth: u32) -> Result<Entity, F::Error> {
        if self.is_too_deep(depth) {
            return Ok(Entity::Open);
        }
        let facts = self.file(file)?;
        let named = facts.named(name);
        if !named.is_empty() {
            return self.name_from(file, &facts, around, name, named, depth);
        }
        // What the file does not define is the same for all that is inside of one type.
        let mut around = facts.around(around);
        let Some(within) = around.find(|&outer| languages::sees_members(&facts, facts.kind(outer))) else {
            return self.name_from(file, &facts, None, name, named, depth);
        };
        self.name_inside(SymbolAt { file, symbol: within }, name, || {
            self.name_from(file, &facts, Some(within), name, named, depth)
        })
    }

    /// Finds out what a name stands for in a file, which defines these of the name.
    fn name_from(
        &self,
        file: FileId,
        facts: &FileFacts,
        around: Option<u32>,
        name: &str,
        named: &[u32],
        depth: u32,
    ) -> Result<Entity, F::Error> {
        // Inside out: what a function defines is seen by what is inside of it; a type's members only where the language
        // says so.
        for outer in facts.around(around) {
            let kind = facts.kind(outer);
            let sees =
                matches!(kind, SymbolKind::Function | SymbolKind::Method) || languages::sees_members(facts, kind);
            if !sees {
                continue;
            }
            let mut own = named.iter().rev();
            if let Some(&symbol) = own.find(|&&symbol| facts.parent(symbol) == Some(outer)) {
                return Ok(Entity::Symbol(SymbolAt { file, symbol }));
            }
            if languages::sees_members(facts, kind) {
                let member = self.member(Entity::Value(SymbolAt { file, symbol: outer }), name, depth + 1)?;
                if !matches!(member, Entity::Open | Entity::Elsewhere) {
                    return Ok(member);
                }
            }
        }
        if let Some(base) = languages::base(self.facts, facts, name) {
            return Ok(Entity::Module(base));
        }
        self.at_top(file, name, depth + 1)
    }

    /// Finds out what a name stands for at a file's top, or for whoever imports it from there.
    pub(super) fn look_at_top(&self, file: FileId, name: &str, depth: u32) -> Result<Entity, F::Error> {
        if self.is_too_deep(depth) {
            return Ok(Entity::Open);
        }
        let (facts, n_cut) = (self.file(file)?, self.n_cut());
        let own = facts.named(name).iter().copied();
        let tops: Vec<u32> = own.filter(|&symbol| is_at_top(&facts, symbol)).collect();
        // A later definition replaces an earlier one.
        let is_value = |symbol: u32| matches!(facts.kind(symbol), SymbolKind::Variable | SymbolKind::Constant);
        if let Some(&symbol) = tops.iter().rev().find(|&&symbol| !is_value(symbol)) {
            // `mod name;` stands for another file.
            if facts.kind(symbol) == SymbolKind::Module
                && let Some(module) = languages::below(self.facts, &facts, name)
            {
                return Ok(Entity::Module(module));
            }
            return Ok(Entity::Symbol(SymbolAt { file, symbol }));
        }
        if let Some(value) = facts.binding(None, name) {
            let entity = self.evaluate(file, None, value, depth + 1)?;
            if entity != Entity::Open {
                return Ok(entity);
            }
        }
        if let Some(&symbol) = tops.last() {
            return Ok(Entity::Symbol(SymbolAt { file, symbol }));
        }
        for import in facts.imports_as(name) {
            let entity = self.imported(&facts, file, import.module, import.name, depth + 1)?;
            if entity != Entity::Open {
                return Ok(entity);
            }
        }
        for import in facts.imports_as("*") {
            let module = self.imported(&facts, file, import.module, "", depth + 1)?;
            let entity = self.member(module, name, depth + 1)?;
            if !matches!(entity, Entity::Open | Entity::Elsewhere) {
                return Ok(entity);
            }
        }
        if languages::has_untold_names(&facts) {
            for &at in self.defined_at_top(name)?.iter() {
                if at.file != file && languages::shares_names(&facts, &*self.file(at.file)?) {
                    return Ok(Entity::Symbol(at));
                }
            }
        }
        // Where all imports are known, what no file here defines or imports under that name is built in, unless something of that
        // name was not followed to its end.
        let is_known = languages::knows_imports(&facts) && self.n_cut() == n_cut;
        let is_open = !is_known || facts.imports_as("*").next().is_some();
        Ok(if is_open { Entity::Open } else { Entity::Elsewhere })
    }

    pub(super) fn imported(
        &self,
        facts: &FileFacts,
        file: FileId,
        module: &str,
        name: &str,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        if languages::imports_by_steps(facts) {
            return self.imported_by_steps(facts, file, module, name, depth);
        }
        let packages = self.packages()?;
        let module = match languages::module(self.facts, &packages, facts, module) {
            Imported::Whole(package) if !name.is_empty() => return self.type_of_package(&package, name, "", depth),
            Imported::Whole(package) => Entity::Whole(package),
            Imported::Symbol(package, type_name) => {
                return self.type_of_package(&package, &type_name, name, depth);
            }
            Imported::File(found) if found == file && name.is_empty() => return Ok(Entity::Open),
            Imported::File(found) => Entity::Module(found),
            Imported::Directory(found) => Entity::Package(found),
            Imported::Elsewhere => return Ok(Entity::Elsewhere),
            Imported::Open => return Ok(Entity::Open),
        };
        if name.is_empty() {
            return Ok(module);
        }
        self.member(module, name, depth + 1)
    }

    /// `a.b.c`: the first part is found by rule, all others are members of what is before them.
    fn imported_by_steps(
        &self,
        facts: &FileFacts,
        file: FileId,
        module: &str,
        name: &str,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        let mut parts = module.split('.').chain([name]).filter(|part| !part.is_empty());
        let Some(first) = parts.next() else {
            return Ok(Entity::Open);
        };
        let packages = self.packages()?;
        let own = facts.named(first).iter().copied();
        let own = own.rev().find(|&symbol| is_at_top(facts, symbol));
        let base = languages::base(self.facts, facts, first).or_else(|| languages::below(self.facts, facts, first));
        let mut entity = match (base, own) {
            // What a file defines hides packages of that name.
            (Some(found), _) => Entity::Module(found),
            (None, Some(symbol)) => Entity::Symbol(SymbolAt { file, symbol }),
            (None, None) => match languages::package(self.facts, &packages, facts, first) {
                Some(found) => Entity::Module(found),
                None => return Ok(Entity::Elsewhere),
            },
        };
        for part in parts {
            entity = self.member(entity, part, depth + 1)?;
        }
        Ok(entity)
    }

    /// A type by its package and name, or a member of it.
    fn type_of_package(&self, package: &str, type_name: &str, name: &str, depth: u32) -> Result<Entity, F::Error> {
        for &at in self.defined_at_top(type_name)?.iter() {
            let facts = self.file(at.file)?;
            if facts.kind(at.symbol).is_type() && languages::is_of_package(&facts, package) {
                let entity = Entity::Symbol(at);
                return if name.is_empty() {
                    Ok(entity)
                } else {
                    self.member(entity, name, depth + 1)
                };
            }
        }
        Ok(Entity::Elsewhere)
    }

    /// A member of something.
    pub(super) fn member(&self, entity: Entity, name: &str, depth: u32) -> Result<Entity, F::Error> {
        if self.is_too_deep(depth) {
            return Ok(Entity::Open);
        }
        match entity {
            Entity::Module(file) => {
                let facts = self.file(file)?;
                let found = self.at_top(file, name, depth + 1)?;
                if !matches!(found, Entity::Open | Entity::Elsewhere) {
                    return Ok(found);
                }
                // What a package's own module does not define may be a module beside it.
                Ok(match languages::below(self.facts, &facts, name) {
                    Some(file) => Entity::Module(file),
                    None => Entity::Open,
                })
            }
            Entity::Package(directory) => {
                for &at in self.defined_at_top(name)?.iter() {
                    if self.file(at.file)?.path.directory() == directory {
                        return Ok(Entity::Symbol(at));
                    }
                }
                Ok(languages::in_package(self.facts, &directory, name).map_or(Entity::Open, Entity::Module))
            }
            Entity::Whole(package) => self.type_of_package(&package, name, "", depth + 1),
            Entity::Symbol(symbol) if self.is_type(symbol)? => self.member_of_value(symbol, name, depth + 1),
            Entity::Symbol(symbol) => self.member_of_thing(symbol, name, depth),
            Entity::Value(symbol) => self.member_of_value(symbol, name, depth + 1),
            Entity::Bases(symbol) => self.member_of_bases(symbol, name, &mut vec![symbol], depth + 1),
            Entity::Elsewhere | Entity::Held(..) => Ok(Entity::Elsewhere),
            Entity::Open => Ok(Entity::Open),
        }
    }

    /// A member of what is no type: `const api = { open() {}, close }`, `open.later = function () {}`.
    fn member_of_thing(&self, symbol: SymbolAt, name: &str, depth: u32) -> Result<Entity, F::Error> {
        let facts = self.file(symbol.file)?;
        let whole = format!("{}.{name}", facts.symbol(symbol.symbol).qualified_name);
        let mut inside = facts.named(name).iter().rev().copied();
        let own = inside.find(|&one| {
            let fact = facts.symbol(one);
            fact.parent == Some(symbol.symbol) || fact.parent.is_none() && fact.qualified_name == whole
        });
        if let Some(own) = own {
            return Ok(Entity::Symbol(SymbolAt { symbol: own, ..symbol }));
        }
        match facts.binding(Some(symbol.symbol), name) {
            Some(value) => self.evaluate(symbol.file, None, value, depth + 1),
            None => Ok(Entity::Open),
        }
    }

    pub(super) fn member_of_type(
        &self,
        symbol: SymbolAt,
        name: &str,
        seen: &mut Vec<SymbolAt>,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        if seen.contains(&symbol) || self.is_too_deep(depth) {
            return Ok(Entity::Open);
        }
        seen.push(symbol);
        let facts = self.file(symbol.file)?;
        for (part, part_facts) in self.parts_of(symbol, &facts)? {
            let own = part_facts.named(name).iter().copied();
            // A constructor is its type, seen from inside and from outside.
            if name == part_facts.symbol(part.symbol).name && languages::names_constructors(&part_facts) {
                return Ok(Entity::Symbol(symbol));
            }
            let mine: Vec<u32> = own
                .filter(|&one| languages::is_member(&part_facts, one, part.symbol))
                .collect();
            let is_field = |one: u32| {
                matches!(
                    part_facts.kind(one),
                    SymbolKind::Field | SymbolKind::Variable | SymbolKind::Constant
                )
            };
            if let Some(&found) = mine.iter().rev().find(|&&one| !is_field(one)) {
                return Ok(Entity::Symbol(SymbolAt {
                    file: part.file,
                    symbol: found,
                }));
            }
            if let Some(value) = part_facts.binding(Some(part.symbol), name) {
                return self.evaluate(part.file, Some(part.symbol), value, depth + 1);
            }
            if !mine.is_empty() {
                return Ok(Entity::Open);
            }
        }
        if languages::declares_members_apart(&facts) {
            let whole = format!("{}.{name}", facts.symbol(symbol.symbol).name);
            for &at in self.defined(name)?.iter() {
                let other = self.file(at.file)?;
                if other.symbol(at.symbol).qualified_name == whole && languages::shares_names(&facts, &other) {
                    return Ok(Entity::Symbol(at));
                }
            }
        }
        self.member_of_bases(symbol, name, seen, depth + 1)
    }

    fn member_of_bases(
        &self,
        symbol: SymbolAt,
        name: &str,
        seen: &mut Vec<SymbolAt>,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        let facts = self.file(symbol.file)?;
        let mut is_elsewhere = false;
        let mut is_open = false;
        for (part, part_facts) in self.parts_of(symbol, &facts)? {
            for (position, base) in (0..).zip(part_facts.bases(part.symbol)) {
                let entity = self.base(part, position, || {
                    let outer = part_facts.parent(part.symbol);
                    if base.of.is_empty() {
                        return self.name(part.file, outer, base.name, depth + 1);
                    }
                    let of = self.evaluate(part.file, outer, base.of, depth + 1)?;
                    self.member(of, base.name, depth + 1)
                })?;
                match entity {
                    Entity::Symbol(base) if self.is_type(base)? => {
                        match self.member_of_type(base, name, seen, depth + 1)? {
                            Entity::Open => is_open = true,
                            Entity::Elsewhere => is_elsewhere = true,
                            found => return Ok(found),
                        }
                    }
                    Entity::Elsewhere => is_elsewhere = true,
                    _ => is_open = true,
                }
            }
        }
        // A base that is not here may have it.
        Ok(if is_elsewhere && !is_open {
            Entity::Elsewhere
        } else {
            Entity::Open
        })
    }

    /// What calling something yields.
    pub(super) fn call(&self, entity: Entity, result: &str, depth: u32) -> Result<Entity, F::Error> {
        if self.is_too_deep(depth) {
            return Ok(Entity::Open);
        }
        match entity {
            Entity::Symbol(symbol) if self.is_type(symbol)? => Ok(Entity::Value(symbol)),
            Entity::Symbol(symbol) => {
                let facts = self.file(symbol.file)?;
                match facts.binding(Some(symbol.symbol), result) {
                    Some(yielded) => self.evaluate(symbol.file, Some(symbol.symbol), yielded, depth + 1),
                    None => Ok(Entity::Open),
                }
            }
            Entity::Value(symbol) => {
                let called = self.member_of_type(symbol, "__call__", &mut Vec::new(), depth + 1)?;
                match called {
                    Entity::Symbol(method) => self.call(Entity::Symbol(method), result, depth + 1),
                    _ => Ok(Entity::Open),
                }
            }
            Entity::Elsewhere => Ok(Entity::Elsewhere),
            // `require('./server')()`
            Entity::Module(_) => match self.member(entity, "default", depth + 1)? {
                Entity::Module(_) => Ok(Entity::Open),
                exported => self.call(exported, result, depth + 1),
            },
            Entity::Held(one, Holder::Function) => Ok(*one),
            Entity::Package(_) | Entity::Whole(_) | Entity::Bases(_) | Entity::Held(..) | Entity::Open => {
                Ok(Entity::Open)
            }
        }
    }

    /// The type that an implementation block is for.
    fn implemented(&self, block: SymbolAt) -> Result<Option<SymbolAt>, F::Error> {
        if let Some(known) = self.implemented.borrow().get(&block) {
            return Ok(*known);
        }
        // Whoever asks while this is answered learns nothing, instead of asking for ever.
        if self.implementing.borrow().contains(&block) {
            self.cut();
            return Ok(None);
        }
        self.implementing.borrow_mut().push(block);
        let found = self.find_implemented(block);
        self.implementing.borrow_mut().pop();
        let found = found?;
        self.implemented.borrow_mut().insert(block, found);
        Ok(found)
    }

    fn find_implemented(&self, block: SymbolAt) -> Result<Option<SymbolAt>, F::Error> {
        let facts = self.file(block.file)?;
        let entity = match facts.binding(Some(block.symbol), "@of") {
            Some(of) => self.evaluate(block.file, facts.parent(block.symbol), of, 0)?,
            None => Entity::Open,
        };
        Ok(match entity {
            Entity::Value(symbol) => Some(symbol),
            _ => None,
        })
    }

    /// What `self` is of: the type itself where a block implements it.
    pub(super) fn own_type(&self, at: SymbolAt) -> Result<SymbolAt, F::Error> {
        let facts = self.file(at.file)?;
        if facts.kind(at.symbol) != SymbolKind::Impl {
            return Ok(at);
        }
        Ok(self.implemented(at)?.unwrap_or(at))
    }

    pub(super) fn is_property(&self, symbol: SymbolAt) -> Result<bool, F::Error> {
        let facts = self.file(symbol.file)?;
        Ok(facts.binding(Some(symbol.symbol), "@property").is_some())
    }

    pub(super) fn is_type(&self, symbol: SymbolAt) -> Result<bool, F::Error> {
        let facts = self.file(symbol.file)?;
        let kind = facts.kind(symbol.symbol);
        Ok(kind.is_type() || kind == SymbolKind::Impl)
    }

    /// A type and what else says what belongs to it.
    fn parts_of(&self, symbol: SymbolAt, facts: &Arc<FileFacts>) -> Result<Vec<(SymbolAt, Arc<FileFacts>)>, F::Error> {
        let mut parts = vec![(symbol, Arc::clone(facts))];
        let own = facts.symbol(symbol.symbol);
        if languages::defines_by_condition(facts) {
            // One for the checker and one for the program: what either has, the type has.
            let same = facts.named(own.name).iter().copied().filter(|&other| {
                let fact = facts.symbol(other);
                other != symbol.symbol && fact.parent == own.parent && fact.kind == own.kind
            });
            parts.extend(same.map(|other| {
                (
                    SymbolAt {
                        symbol: other,
                        ..symbol
                    },
                    Arc::clone(facts),
                )
            }));
            return Ok(parts);
        }
        if !languages::has_implementations(facts) || own.kind == SymbolKind::Impl {
            return Ok(parts);
        }
        for &at in self.defined(own.name)?.iter() {
            let other = self.file(at.file)?;
            if other.kind(at.symbol) == SymbolKind::Impl && self.implemented(at)? == Some(symbol) {
                parts.push((at, other));
            }
        }
        Ok(parts)
    }
}

/// The type that a position belongs to.
pub(super) fn owner(facts: &FileFacts, around: Option<u32>) -> Option<u32> {
    facts
        .around(around)
        .find(|&symbol| facts.kind(symbol).is_type() || facts.kind(symbol) == SymbolKind::Impl)
}

/// Whether a symbol is seen by the whole file: inside of nothing but modules. What implements a type is not the type.
pub(super) fn is_at_top(facts: &FileFacts, symbol: u32) -> bool {
    facts.kind(symbol) != SymbolKind::Impl
        && facts
            .around(facts.parent(symbol))
            .all(|outer| facts.kind(outer) == SymbolKind::Module)
}

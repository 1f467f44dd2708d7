//! What the steps of an origin yield, one after the other: members, calls, what something holds.

use super::evaluate::{Entity, Holder, owner};
use super::facts::{Facts, FileId, SymbolAt};
use super::languages;
use super::resolve::Resolver;

impl<F: Facts> Resolver<'_, F> {
    /// A value of a type as it is stated, with what it holds: see [`Origin`](crate::reference::Origin).
    pub(super) fn value_of(
        &self,
        file: FileId,
        around: Option<u32>,
        stated: &str,
        depth: u32,
    ) -> Result<Entity, F::Error> {
        let (name, held) = match stated.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (stated, None),
        };
        let named = if name.is_empty() || self.is_too_deep(depth) {
            Entity::Open
        } else {
            self.type_named(file, around, name, depth + 1)?
        };
        match named {
            Entity::Symbol(symbol) if self.is_type(symbol)? => return Ok(Entity::Value(symbol)),
            Entity::Symbol(_) => return Ok(Entity::Open),
            _ => {}
        }
        let Some(held) = held else {
            return Ok(match named {
                Entity::Elsewhere => Entity::Elsewhere,
                _ => Entity::Open,
            });
        };
        let (holder, held) = match (name, held.strip_prefix(':')) {
            ("", _) => (Holder::Function, held),
            (_, Some(held)) => (Holder::Keyed, held),
            (_, None) => (Holder::Many, held),
        };
        let held = self.value_of(file, around, held, depth + 1)?;
        Ok(match (held, named) {
            (Entity::Elsewhere | Entity::Open, Entity::Elsewhere) => Entity::Elsewhere,
            (Entity::Open, _) => Entity::Open,
            (held, _) => Entity::Held(Box::new(held), holder),
        })
    }

    pub(super) fn step(&self, mut entity: Entity, mut steps: &str, depth: u32) -> Result<Entity, F::Error> {
        // The type that the last member was looked up on.
        let mut receiver = None;
        while !steps.is_empty() {
            if let Some((one, rest)) = taken(&entity, steps) {
                entity = one;
                steps = rest;
            } else if let Some(rest) = steps.strip_prefix("[]").or_else(|| steps.strip_prefix("[*]")) {
                entity = self.held_by(entity, steps.starts_with("[]"), depth + 1)?;
                steps = rest;
            } else if let Some(rest) = steps.strip_prefix("()") {
                let result = if rest.starts_with('?') { "()?" } else { "()" };
                entity = match (&entity, receiver.take()) {
                    // What yields the object itself yields one of the type that it was asked of.
                    (Entity::Symbol(method), Some(own)) if self.yields_itself(*method, result)? => Entity::Value(own),
                    _ => self.call(entity, result, depth + 1)?,
                };
                steps = rest.strip_prefix('?').unwrap_or(rest);
            } else if let Some(rest) = steps.strip_prefix('.') {
                let end = rest.find(['.', '(', '[']).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                receiver = match &entity {
                    Entity::Value(own) | Entity::Symbol(own) | Entity::Bases(own) => Some(*own),
                    _ => None,
                };
                entity = self.member(entity, name, depth + 1)?;
                if let Entity::Symbol(symbol) = entity
                    && !after.starts_with("()")
                    && self.is_property(symbol)?
                {
                    entity = self.call(Entity::Symbol(symbol), "()", depth + 1)?;
                }
                steps = after;
            } else {
                return Ok(Entity::Open);
            }
        }
        Ok(entity)
    }

    /// Whether a method says that it returns the object that it is called on, or another of its type.
    fn yields_itself(&self, method: SymbolAt, result: &str) -> Result<bool, F::Error> {
        let facts = self.file(method.file)?;
        let is_own = matches!(facts.binding(Some(method.symbol), result), Some("@self" | "@class()"));
        Ok(is_own && owner(&facts, Some(method.symbol)).is_some())
    }

    /// What a value yields at an index, or to a loop.
    pub(super) fn held_by(&self, entity: Entity, is_index: bool, depth: u32) -> Result<Entity, F::Error> {
        // `Foo[int]` is `Foo`.
        if is_index && matches!(&entity, Entity::Symbol(symbol) if self.is_type(*symbol)?) {
            return Ok(entity);
        }
        let member = if is_index { "__getitem__" } else { "__iter__" };
        let made = self.member(entity, member, depth + 1)?;
        let made = self.call(made, "()", depth + 1)?;
        Ok(match made {
            made if is_index => made,
            Entity::Held(one, Holder::Many) => *one,
            Entity::Elsewhere => Entity::Elsewhere,
            _ => Entity::Open,
        })
    }
}

/// What the first of some steps yields, asked of something that holds others, and the steps behind it.
fn taken<'s>(entity: &Entity, steps: &'s str) -> Option<(Entity, &'s str)> {
    let Entity::Held(one, holder) = entity else {
        return None;
    };
    let one = || Entity::clone(one);
    if let Some(rest) = steps.strip_prefix("[]") {
        return (*holder != Holder::Function).then(|| (one(), rest));
    }
    if let Some(rest) = steps.strip_prefix("[*]") {
        return Some((if *holder == Holder::Many { one() } else { Entity::Open }, rest));
    }
    let (name, rest) = steps.strip_prefix('.')?.split_once("()")?;
    let rest = rest.strip_prefix('?').unwrap_or(rest);
    match name {
        _ if *holder == Holder::Function => None,
        name if languages::takes_one(name) => Some((one(), rest)),
        "values" => Some((Entity::Held(Box::new(one()), Holder::Many), rest)),
        name if languages::keeps_all(name) => Some((entity.clone(), rest)),
        _ => None,
    }
}

//! Definitions that are alike shown once: a method's declaration stands for its implementations with the same signature.

use super::symbol::{Definition, define};
use super::tree::Tree;
use crate::EngineError;
use crate::search::{Key, Place};
use codemem_core::graph::{Facts as _, SymbolAt};
use codemem_core::unit::SymbolKind;
use std::collections::HashMap;

/// Fewest that are alike of which one is shown.
const FEWEST: usize = 3;

/// The definitions that stand for all of some, in the order of the first that each stands for.
pub(super) fn folded(tree: &Tree<'_>, found: &[SymbolAt]) -> Result<Vec<Definition>, EngineError> {
    let definitions = define(tree, found)?;
    if definitions.len() != found.len() {
        // One is gone from the catalog meanwhile: which is which cannot be told.
        return Ok(definitions);
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut by_key: HashMap<Key, usize> = HashMap::new();
    for (at, one) in definitions.iter().enumerate() {
        match Key::of(&one.language, &one.kind, &one.qualified_name, &one.signature) {
            Some(key) => {
                let group = *by_key.entry(key).or_insert(groups.len());
                if group == groups.len() {
                    groups.push(Vec::new());
                }
                groups[group].push(at);
            }
            None => groups.push(vec![at]),
        }
    }
    // Two are shown as quickly as one that says of another.
    let (many, few): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.len() >= FEWEST);
    let mut groups: Vec<Vec<usize>> = few.into_iter().flatten().map(|at| vec![at]).chain(many).collect();
    groups.sort_unstable();
    let mut definitions: Vec<Option<Definition>> = definitions.into_iter().map(Some).collect();
    let mut shown = Vec::with_capacity(groups.len());
    for group in groups {
        let first = most_general(tree, found, &group)?;
        let Some(mut kept) = definitions[first].take() else {
            continue;
        };
        for at in group {
            if let Some(one) = definitions[at].take() {
                kept.alike.add(Place {
                    path: one.path,
                    start_line: one.start_line,
                    end_line: one.end_line,
                    name: one.qualified_name,
                });
            }
        }
        shown.push(kept);
    }
    Ok(shown)
}

/// Which of a group is declared for the others: by an interface, else by a type that others of them name as what they
/// extend; the first where nothing says so.
fn most_general(tree: &Tree<'_>, found: &[SymbolAt], group: &[usize]) -> Result<usize, EngineError> {
    let first = group.first().copied().unwrap_or_default();
    if group.len() < 2 {
        return Ok(first);
    }
    let mut owners = Vec::with_capacity(group.len());
    let mut extended: HashMap<String, usize> = HashMap::new();
    for &at in group {
        let facts = tree.file(found[at].file)?;
        let owner = facts.symbol(found[at].symbol).parent;
        for base in owner.into_iter().flat_map(|owner| facts.bases(owner)) {
            *extended.entry(base.name.to_owned()).or_default() += 1;
        }
        owners.push(owner.map(|owner| (facts.symbol(owner).kind, facts.symbol(owner).name.to_owned())));
    }
    let rank = |owner: &Option<(SymbolKind, String)>| {
        let is_declared = matches!(owner, Some((SymbolKind::Interface | SymbolKind::Trait, _)));
        let n_heirs = owner.as_ref().and_then(|(_, name)| extended.get(name)).copied();
        (is_declared, n_heirs.unwrap_or_default())
    };
    let mut best = 0;
    for at in 1..owners.len() {
        if rank(&owners[at]) > rank(&owners[best]) {
            best = at;
        }
    }
    Ok(group.get(best).copied().unwrap_or(first))
}

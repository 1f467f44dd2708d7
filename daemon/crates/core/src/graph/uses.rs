//! Who uses a definition, and what a definition uses.

use super::content::UseFact;
use super::evaluate::{Entity, is_at_top};
use super::facts::{Facts, FileId, SymbolAt};
use super::languages;
use super::resolve::{Evidence, Meaning, Resolver};
use crate::path::RepoPath;
use crate::reference::ReferenceKind;
use crate::unit::SymbolKind;
use std::collections::HashSet;

/// Most further names under which a definition is looked for.
const MAX_NAMES: usize = 8;

/// One place that uses a definition, or one use in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// The file it stands in.
    pub file: FileId,
    /// The symbol around it; `None` at the file's top.
    pub within: Option<u32>,
    /// What is used.
    pub to: SymbolAt,
    /// How.
    pub kind: ReferenceKind,
    /// 1-based.
    pub line: u32,
    /// Why it is believed to mean that.
    pub evidence: Evidence,
}

/// Sites, and what could not be told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Uses {
    /// In the order of files, then of lines.
    pub sites: Vec<Site>,
    /// Uses of the same name, or uses inside of the definition, of which the files do not say what they mean.
    pub open: u64,
    /// Uses inside of the definition that mean something outside of the tree.
    pub elsewhere: u64,
}

impl<F: Facts> Resolver<'_, F> {
    /// The places that use a symbol in one of these ways. Of a method those that call it on what is known to have it; a call
    /// that may end in an override is one of what it names.
    pub fn users(&self, symbol: SymbolAt, kinds: &[ReferenceKind]) -> Result<Uses, F::Error> {
        let found = self.users_of(&[symbol], kinds)?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// The same of several symbols, in their order. What is used by one name is looked at once for all of that name.
    pub fn users_of(&self, symbols: &[SymbolAt], kinds: &[ReferenceKind]) -> Result<Vec<Uses>, F::Error> {
        let mut wanted = Vec::with_capacity(symbols.len());
        for (index, &symbol) in symbols.iter().enumerate() {
            let facts = self.file(symbol.file)?;
            let own = facts.symbol(symbol.symbol);
            // Whoever makes an instance calls the constructor.
            let owner = own.parent.filter(|_| is_constructor(own.name, own.kind));
            let target = SymbolAt {
                symbol: owner.unwrap_or(symbol.symbol),
                ..symbol
            };
            let name = facts.symbol(target.symbol).name;
            wanted.push((name.to_owned(), target, index));
            let others = self.other_names(target, name)?;
            wanted.extend(others.into_iter().map(|other| (other, target, index)));
        }
        wanted.sort_unstable();
        let has_others = wanted.len() > symbols.len();
        let mut found = vec![Uses::default(); symbols.len()];
        let mut seen = HashSet::new();
        for of_name in wanted.chunk_by(|(a, ..), (b, ..)| a == b) {
            let name = of_name.first().map_or("", |(name, ..)| name);
            let mut open = 0;
            let told = self.told(name, kinds)?;
            for told in told.iter().filter(|told| kinds.contains(&told.kind)) {
                let edge = match told.meaning {
                    Some(Meaning::Edge(edge)) => edge,
                    Some(Meaning::Open) => {
                        open += u64::from(told.kind == ReferenceKind::Call);
                        continue;
                    }
                    Some(Meaning::Elsewhere) | None => continue,
                };
                let first = of_name.partition_point(|(_, target, _)| *target < edge.to);
                for (_, _, index) in of_name[first..].iter().take_while(|(_, target, _)| *target == edge.to) {
                    let user = self.file(told.file)?;
                    let one = user.use_at(told.position);
                    // It is found again by what else the definition is called.
                    if has_others && !seen.insert((*index, told.file, one.line, one.column)) {
                        continue;
                    }
                    found[*index].sites.push(Site {
                        file: told.file,
                        within: one.symbol,
                        to: symbols[*index],
                        kind: one.kind,
                        line: one.line,
                        evidence: edge.evidence,
                    });
                }
            }
            for (_, target, index) in of_name {
                let facts = self.file(target.file)?;
                if facts.symbol(target.symbol).name == name {
                    found[*index].open = open;
                }
            }
        }
        for one in found.iter_mut().filter(|_| has_others) {
            let mut paths = Vec::with_capacity(one.sites.len());
            for site in &one.sites {
                paths.push(self.file(site.file)?.path.clone());
            }
            let mut sites: Vec<(RepoPath, Site)> = paths.into_iter().zip(std::mem::take(&mut one.sites)).collect();
            sites.sort_by(|(a, one), (b, other)| a.cmp(b).then(one.line.cmp(&other.line)));
            one.sites = sites.into_iter().map(|(_, site)| site).collect();
        }
        Ok(found)
    }

    /// What else a definition is called by files that take it over: `default`, what its file exports it as, what others
    /// re-export it as.
    fn other_names(&self, symbol: SymbolAt, name: &str) -> Result<Vec<String>, F::Error> {
        let facts = self.file(symbol.file)?;
        if !languages::knows_imports(&facts) || !is_at_top(&facts, symbol.symbol) {
            return Ok(Vec::new());
        }
        let mut names: Vec<String> = facts.bound_to(name).map(str::to_owned).collect();
        let mut at = 0;
        let mut asked = name.to_owned();
        while at <= names.len() && names.len() < MAX_NAMES {
            for file in self.facts.using(&asked)? {
                let user = self.file(file)?;
                let again = user.passed_on().filter(|one| one.name == asked && one.local != asked);
                for import in again {
                    let is_new = import.local != name && names.iter().all(|known| known != import.local);
                    let meant = self.imported(&user, file, import.module, import.name, 0)?;
                    if is_new && meant == Entity::Symbol(symbol) {
                        names.push(import.local.to_owned());
                    }
                }
            }
            let Some(next) = names.get(at) else { break };
            asked.clone_from(next);
            at += 1;
        }
        Ok(names)
    }

    /// What a symbol uses in one of these ways, with all that is inside of it.
    pub fn used_by(&self, symbol: SymbolAt, kinds: &[ReferenceKind]) -> Result<Uses, F::Error> {
        let facts = self.file(symbol.file)?;
        let is_inside = |one: &UseFact<'_>| facts.around(one.symbol).any(|outer| outer == symbol.symbol);
        let mut found = Uses::default();
        for one in facts.uses().filter(|one| kinds.contains(&one.kind) && is_inside(one)) {
            match self.resolve(symbol.file, one)? {
                Meaning::Edge(edge) => found.sites.push(Site {
                    file: symbol.file,
                    within: one.symbol,
                    to: edge.to,
                    kind: one.kind,
                    line: one.line,
                    evidence: edge.evidence,
                }),
                Meaning::Elsewhere => found.elsewhere += 1,
                Meaning::Open => found.open += 1,
            }
        }
        Ok(found)
    }

    /// What extends or implements a type, directly or not; of a method what overrides it there.
    pub fn implementations(&self, symbol: SymbolAt) -> Result<Uses, F::Error> {
        let facts = self.file(symbol.file)?;
        let wanted = facts.symbol(symbol.symbol);
        let method = wanted.parent.filter(|_| !wanted.kind.is_type());
        let root = method.map_or(symbol, |parent| SymbolAt {
            symbol: parent,
            ..symbol
        });
        let mut all = Uses::default();
        let mut waiting = vec![root];
        let mut seen = HashSet::from([root]);
        while let Some(base) = waiting.pop() {
            let heirs = self.users(base, &[ReferenceKind::Inherit, ReferenceKind::Implement])?;
            all.open += heirs.open;
            for site in heirs.sites {
                let Some(heir) = site.within else { continue };
                let heir = SymbolAt {
                    file: site.file,
                    symbol: heir,
                };
                if seen.insert(heir) {
                    waiting.push(self.own_type(heir)?);
                    all.sites.push(Site { to: heir, ..site });
                }
            }
        }
        if method.is_some() {
            let mut overrides = Vec::new();
            for site in all.sites {
                let heir = self.file(site.to.file)?;
                let own = heir.named(wanted.name).iter().copied();
                let own = own.filter(|&one| heir.parent(one) == Some(site.to.symbol));
                overrides.extend(own.map(|one| Site {
                    within: Some(one),
                    line: heir.symbol(one).lines.start,
                    to: SymbolAt {
                        file: site.to.file,
                        symbol: one,
                    },
                    ..site.clone()
                }));
            }
            all.sites = overrides;
        }
        all.sites.sort_by_key(|site| (site.file, site.line));
        Ok(all)
    }
}

fn is_constructor(name: &str, kind: SymbolKind) -> bool {
    kind == SymbolKind::Method && matches!(name, "__init__" | "constructor")
}

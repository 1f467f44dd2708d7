//! Who uses a definition, and what a definition uses.

use super::facts::{Facts, FileId, SymbolAt};
use super::resolve::{Evidence, Meaning, Resolver};
use crate::reference::{Reference, ReferenceKind};
use crate::unit::SymbolKind;
use std::collections::HashSet;

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
        let facts = self.file(symbol.file)?;
        let wanted = facts.symbol(symbol.symbol);
        // Whoever makes an instance calls the constructor.
        let owner = wanted.parent.filter(|_| is_constructor(&wanted.name, wanted.kind));
        let target = owner.map_or(symbol, |parent| SymbolAt {
            symbol: parent,
            ..symbol
        });
        let name = owner.map_or(&wanted.name, |parent| &facts.symbol(parent).name);
        let mut found = Uses::default();
        for file in self.facts.using(name)? {
            let user = self.file(file)?;
            let imports = user.references.imports.iter();
            let aliases: HashSet<&str> = imports
                .filter(|import| import.name == *name && import.local != *name)
                .map(|import| import.local.as_str())
                .collect();
            let uses = user.references.uses.iter();
            for one in uses.filter(|one| one.name == *name || aliases.contains(one.name.as_str())) {
                if !kinds.contains(&one.kind) {
                    continue;
                }
                match self.resolve(file, one)? {
                    Meaning::Edge(edge) if edge.to == target => found.sites.push(Site {
                        file,
                        within: one.symbol,
                        to: symbol,
                        kind: one.kind,
                        line: one.line,
                        evidence: edge.evidence,
                    }),
                    Meaning::Edge(_) | Meaning::Elsewhere => {}
                    Meaning::Open => found.open += u64::from(one.kind == ReferenceKind::Call),
                }
            }
        }
        Ok(found)
    }

    /// What a symbol uses in one of these ways, with all that is inside of it.
    pub fn used_by(&self, symbol: SymbolAt, kinds: &[ReferenceKind]) -> Result<Uses, F::Error> {
        let facts = self.file(symbol.file)?;
        let is_inside = |one: &Reference| facts.around(one.symbol).any(|outer| outer == symbol.symbol);
        let mut found = Uses::default();
        for one in facts.references.uses.iter().filter(|one| kinds.contains(&one.kind)) {
            if !is_inside(one) {
                continue;
            }
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
                let own = heir.named(&wanted.name).iter().copied();
                let own = own.filter(|&one| heir.symbol(one).parent == Some(site.to.symbol));
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

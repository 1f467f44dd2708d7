//! What a change of definitions may reach: callers, their callers, and the tests among them.

use super::facts::{Facts, FileFacts, SymbolAt};
use super::resolve::{Evidence, Resolver};
use super::uses::Site;
use crate::rank::Place;
use crate::reference::ReferenceKind;
use std::collections::HashSet;

/// Symbols whose users are looked for together: many share a name, and all their users are held meanwhile.
const TOGETHER: usize = 64;

/// One symbol that is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Affected {
    /// The symbol.
    pub symbol: SymbolAt,
    /// Calls between it and what changed, at least 1.
    pub depth: u32,
    /// What it reaches the change through.
    pub through: SymbolAt,
    /// The line of the call.
    pub line: u32,
    /// Why it is believed to be one.
    pub evidence: Evidence,
    /// Whether it is a test.
    pub is_test: bool,
}

impl Affected {
    /// The call that reaches it.
    pub fn site(&self) -> Site {
        Site {
            file: self.symbol.file,
            within: Some(self.symbol.symbol),
            to: self.through,
            kind: ReferenceKind::Call,
            line: self.line,
            evidence: self.evidence,
        }
    }
}

/// What is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Impact {
    /// The nearest first, then by place.
    pub affected: Vec<Affected>,
    /// Calls of the same names of which the files do not say what they mean.
    pub open: u64,
    /// More would have been reached but for the bounds.
    pub is_cut: bool,
}

impl<F: Facts> Resolver<'_, F> {
    /// The transitive callers of some symbols: at most `depth` calls away, at most `limit` of them.
    pub fn impact(&self, of: &[SymbolAt], depth: u32, limit: usize) -> Result<Impact, F::Error> {
        let mut impact = Impact::default();
        let mut reached: HashSet<SymbolAt> = of.iter().copied().collect();
        let mut near: Vec<SymbolAt> = of.to_vec();
        let mut level = 0;
        while !near.is_empty() {
            let mut next = Vec::new();
            for some in near.chunks(TOGETHER) {
                let users = self.users_of(some, &[ReferenceKind::Call, ReferenceKind::Decorate])?;
                for (&symbol, users) in some.iter().zip(users) {
                    impact.open += users.open;
                    if level == depth {
                        impact.is_cut |= !users.sites.is_empty();
                        continue;
                    }
                    for site in users.sites {
                        let Some(within) = site.within else { continue };
                        let caller = SymbolAt {
                            file: site.file,
                            symbol: within,
                        };
                        if reached.contains(&caller) {
                            continue;
                        }
                        if impact.affected.len() == limit {
                            impact.is_cut = true;
                            return Ok(impact);
                        }
                        reached.insert(caller);
                        next.push(caller);
                        let facts = self.file(site.file)?;
                        impact.affected.push(Affected {
                            symbol: caller,
                            depth: level + 1,
                            through: symbol,
                            line: site.line,
                            evidence: site.evidence,
                            is_test: is_test(&facts, Some(within)),
                        });
                    }
                }
            }
            near = next;
            level += 1;
        }
        Ok(impact)
    }
}

/// Whether a place is part of a test: by its file, or as `mod tests` beside the code it tests.
pub fn is_test(facts: &FileFacts, symbol: Option<u32>) -> bool {
    let mut around = facts.around(symbol);
    Place::of(&facts.path) == Place::Test
        || around.any(|outer| matches!(facts.symbol(outer).name, "tests" | "test") && facts.parent(outer).is_none())
}

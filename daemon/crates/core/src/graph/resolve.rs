//! What one reference means.

use super::content::UseFact;
use super::evaluate::Entity;
use super::facts::{Facts, FileFacts, FileId, SymbolAt};
use super::languages;
use super::memo::{Memo, Only};
use crate::reference::{Origin, ReferenceKind};
use crate::unit::SymbolKind;
use std::cell::RefCell;
use std::collections::HashMap;

/// Why a reference is believed to mean a definition, the strongest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Evidence {
    /// Both stand in one file, and its scopes say so.
    Local,
    /// The file imports it, or what it is a part of.
    Import,
    /// The file states the type of what it is called on.
    ReceiverType,
    /// Nothing else in the tree has that name, which is no common one.
    UniqueName,
}

impl Evidence {
    /// The stable name: in answers and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Import => "import",
            Self::ReceiverType => "receiver-type",
            Self::UniqueName => "unique-name",
        }
    }
}

/// A reference that means a definition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The definition.
    pub to: SymbolAt,
    /// Why.
    pub evidence: Evidence,
}

/// What a reference means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// This definition.
    Edge(Edge),
    /// Something that is not part of the tree.
    Elsewhere,
    /// The files do not say.
    Open,
}

/// Resolves references over one state of a tree. Remembers the files it has seen.
pub struct Resolver<'a, F: Facts> {
    pub(super) facts: &'a F,
    pub(super) memo: Memo,
    /// The types of implementation blocks.
    pub(super) implemented: RefCell<HashMap<SymbolAt, Option<SymbolAt>>>,
    /// Implementation blocks whose types are being found out.
    pub(super) implementing: RefCell<Vec<SymbolAt>>,
}

impl<'a, F: Facts> Resolver<'a, F> {
    /// A resolver that has seen nothing.
    pub fn new(facts: &'a F) -> Self {
        Self {
            facts,
            memo: Memo::default(),
            implemented: RefCell::new(HashMap::new()),
            implementing: RefCell::default(),
        }
    }

    /// What a reference in a file means.
    pub fn resolve(&self, file: FileId, reference: UseFact<'_>) -> Result<Meaning, F::Error> {
        let mut is_known = false;
        let (entity, evidence) = if reference.of.is_empty() {
            // What a definition is made of is named from outside of it.
            let facts = self.file(file)?;
            let around = match reference.kind {
                ReferenceKind::Inherit | ReferenceKind::Implement => {
                    reference.symbol.and_then(|symbol| facts.parent(symbol))
                }
                ReferenceKind::Import => return self.resolve_import(file, &facts, reference),
                ReferenceKind::Call | ReferenceKind::Type | ReferenceKind::Decorate => reference.symbol,
            };
            (self.name(file, around, reference.name, 0)?, Evidence::Import)
        } else {
            let of = self.evaluate(file, reference.symbol, reference.of, 0)?;
            is_known = matches!(of, Entity::Value(_));
            let evidence = match &of {
                Entity::Value(_) | Entity::Bases(_) => Evidence::ReceiverType,
                _ => Evidence::Import,
            };
            (self.member(of, reference.name, 0)?, evidence)
        };
        let entity = match entity {
            Entity::Module(_) if reference.kind == ReferenceKind::Call => self.member(entity, "default", 0)?,
            entity => entity,
        };
        match entity {
            Entity::Symbol(to) => {
                let evidence = if to.file == file && evidence == Evidence::Import {
                    Evidence::Local
                } else {
                    evidence
                };
                Ok(Meaning::Edge(Edge { to, evidence }))
            }
            Entity::Elsewhere | Entity::Module(_) | Entity::Package(_) | Entity::Whole(_) | Entity::Held(..) => {
                Ok(Meaning::Elsewhere)
            }
            // A value that is called, or whose type is named, is nobody's definition.
            Entity::Value(_) | Entity::Bases(_) => Ok(Meaning::Open),
            // What the type that it is called on does not have is no stranger's either.
            Entity::Open if is_known && languages::knows_imports(&*self.file(file)?) => Ok(Meaning::Open),
            Entity::Open => self.by_name(file, reference),
        }
    }

    fn resolve_import(&self, file: FileId, facts: &FileFacts, reference: UseFact<'_>) -> Result<Meaning, F::Error> {
        let at = facts
            .imports()
            .filter(|import| import.line == reference.line && import.name == reference.name);
        for import in at {
            let entity = self.imported(facts, file, import.module, import.name, 0)?;
            match entity {
                Entity::Symbol(to) => {
                    return Ok(Meaning::Edge(Edge {
                        to,
                        evidence: Evidence::Import,
                    }));
                }
                Entity::Open => {}
                _ => return Ok(Meaning::Elsewhere),
            }
        }
        Ok(Meaning::Open)
    }

    /// The only definition of a name that is not everybody's.
    fn by_name(&self, file: FileId, reference: UseFact<'_>) -> Result<Meaning, F::Error> {
        let facts = self.file(file)?;
        // What a function's own variable holds has its name by chance.
        if reference.of == Origin::LOCAL {
            return Ok(Meaning::Open);
        }
        let is_call = reference.kind == ReferenceKind::Call;
        if !is_call && (languages::knows_imports(&facts) || reference.kind == ReferenceKind::Import) {
            return Ok(Meaning::Open);
        }
        let to = match self.only(reference.name, languages::family(&facts.language), is_call)? {
            Only::Nothing => return Ok(Meaning::Elsewhere),
            Only::One(to) => to,
            Only::Several => return Ok(Meaning::Open),
        };
        let kind = self.file(to.file)?.kind(to.symbol);
        let is_usable = kind.is_type() && !is_call
            || matches!(
                kind,
                SymbolKind::Function | SymbolKind::Method | SymbolKind::Class | SymbolKind::Struct | SymbolKind::Macro
            );
        // What is called on something is a member; what is called alone is none, where members need saying so.
        let fits = reference.of.is_empty() || kind == SymbolKind::Method;
        let is_certain = reference.of.is_empty() && languages::has_one_space(&facts);
        Ok(if is_usable && fits && (is_certain || is_telling(reference.name)) {
            Meaning::Edge(Edge {
                to,
                evidence: Evidence::UniqueName,
            })
        } else {
            Meaning::Open
        })
    }
}

/// Whether a name is so particular that two things hardly share it by chance: of two words or more.
fn is_telling(name: &str) -> bool {
    let name = name.trim_matches('_');
    crate::token::parts(name).count() >= 2 && name.len() >= 8
}

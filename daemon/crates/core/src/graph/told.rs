//! What the uses of a name mean, all over the tree: who asks about a name is likely to ask about it again, of another
//! definition or of a caller's caller.
//!
//! Part of what a resolver remembers, and bounded as the rest is.

use super::content::UseFact;
use super::facts::{Facts, FileId};
use super::memo::Quick;
use super::resolve::{Meaning, Resolver};
use crate::reference::ReferenceKind;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// Most uses that are remembered: some megabytes.
const MAX_USES: usize = 1 << 19;

/// One use of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ToldUse {
    /// Where it stands.
    pub(super) file: FileId,
    /// Its position among the file's uses.
    pub(super) position: u32,
    /// How the name is used.
    pub(super) kind: ReferenceKind,
    /// `None` until somebody asks for uses of this kind.
    pub(super) meaning: Option<Meaning>,
    /// Whether the meaning was followed to its end: else it is found out anew by whoever asks.
    is_sure: bool,
}

/// See the module: by the numbers of names.
#[derive(Default)]
pub(super) struct Told {
    known: RefCell<HashMap<u32, Arc<[ToldUse]>, Quick>>,
    /// How many uses they are together.
    n_uses: Cell<usize>,
}

impl<F: Facts> Resolver<'_, F> {
    /// The uses of a name and of what imports call it, by path and in file order; those of some kinds with what they mean.
    pub(super) fn told(&self, name: &str, kinds: &[ReferenceKind]) -> Result<Arc<[ToldUse]>, F::Error> {
        let number = self.number(name);
        let told = &self.memo.told;
        let is_asked = |one: &ToldUse| !one.is_sure && kinds.contains(&one.kind);
        let known = told.known.borrow().get(&number).map(Arc::clone);
        let mut uses: Vec<ToldUse> = match known {
            Some(known) if !known.iter().any(is_asked) => return Ok(known),
            Some(known) => known.to_vec(),
            None => self.untold(name)?,
        };
        self.tell(uses.iter_mut().filter(|one| is_asked(one)))?;
        let uses: Arc<[ToldUse]> = uses.into();
        let mut known = told.known.borrow_mut();
        if told.n_uses.get() + uses.len() > MAX_USES {
            known.clear();
            told.n_uses.set(0);
        }
        let before = known.insert(number, Arc::clone(&uses));
        let n_before = before.map_or(0, |before| before.len());
        told.n_uses.set(told.n_uses.get() + uses.len() - n_before);
        Ok(uses)
    }

    /// Finds out ahead what the uses of some names mean, the first ones first, until about so many uses are known.
    pub fn foresee<'n>(&self, names: impl IntoIterator<Item = &'n str>, n_uses: usize) -> Result<(), F::Error> {
        let told = &self.memo.told;
        for name in names.into_iter().take_while(|_| told.n_uses.get() < n_uses) {
            self.told(name, &ReferenceKind::ALL)?;
        }
        Ok(())
    }

    fn untold(&self, name: &str) -> Result<Vec<ToldUse>, F::Error> {
        let mut uses = Vec::new();
        for file in self.facts.using(name)? {
            let user = self.file(file)?;
            uses.extend(user.uses_of(name).map(|(position, one)| ToldUse {
                file,
                position,
                kind: one.kind,
                meaning: None,
                is_sure: false,
            }));
        }
        Ok(uses)
    }

    /// Finds out what uses mean. Neighbours often are the same but for their line, which only says what an import means.
    fn tell<'u>(&self, uses: impl Iterator<Item = &'u mut ToldUse>) -> Result<(), F::Error> {
        let mut before: Option<ToldUse> = None;
        for told in uses {
            let user = self.file(told.file)?;
            let one = user.use_at(told.position);
            let same = before.filter(|before| {
                before.is_sure
                    && before.file == told.file
                    && one.kind != ReferenceKind::Import
                    && is_same(user.use_at(before.position), one)
            });
            if let Some(same) = same {
                (told.meaning, told.is_sure) = (same.meaning, true);
            } else {
                let n_cut = self.n_cut();
                told.meaning = Some(self.resolve(told.file, one)?);
                told.is_sure = self.n_cut() == n_cut;
            }
            before = Some(*told);
        }
        Ok(())
    }
}

/// Whether two uses of a file are written the same, in the same place.
fn is_same(one: UseFact<'_>, other: UseFact<'_>) -> bool {
    (one.symbol, one.kind, one.of, one.name) == (other.symbol, other.kind, other.of, other.name)
}

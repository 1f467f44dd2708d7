//! What a resolver has found out: most uses ask for what others have asked for.
//!
//! Bounded: what is remembered of names is dropped when it is much, and found out again. What rests on itself is noticed,
//! and only what was followed to its end is remembered: no answer depends on what was asked before, but that a chain which is
//! too long to be followed from its beginning, and stays open, is followed once its end is known.

use super::evaluate::{Entity, is_at_top};
use super::facts::{Facts, FileFacts, FileId, Package, SymbolAt};
use super::languages;
use super::resolve::Resolver;
use super::told::Told;
use crate::unit::SymbolKind;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Most meanings that are remembered of each kind: some megabytes.
const MAX_MEANINGS: usize = 1 << 16;

/// How far an evaluation follows names before it gives up: cycles end, and long chains are not what people write.
const MAX_DEPTH: u32 = 24;

/// Most names that are handed on to the next resolver: some megabytes, too.
const MAX_NAMES: usize = 1 << 17;

/// See the module. What one resolver has found out holds for the next one over the same files.
#[derive(Default)]
pub struct Memo {
    /// By number.
    files: RefCell<Vec<Option<Arc<FileFacts>>>>,
    /// Numbers of names.
    names: RefCell<HashMap<Box<str>, u32, Quick>>,
    /// Where names are defined, by number.
    defined: RefCell<Vec<Option<Arc<[SymbolAt]>>>>,
    /// Of those the ones that stand at a file's top.
    defined_at_top: RefCell<Vec<Option<Arc<[SymbolAt]>>>>,
    /// What a name alone says, in a family of languages.
    only: RefCell<HashMap<(u32, u32, bool), Only, Quick>>,
    /// What a name stands for at a file's top.
    tops: Meanings<(FileId, u32)>,
    /// The members of values of types.
    members: Meanings<(SymbolAt, u32)>,
    /// What names that a file does not define stand for inside of its types.
    inside: RefCell<HashMap<(SymbolAt, u32), Entity, Quick>>,
    /// What types extend and implement, by position.
    bases: RefCell<HashMap<(SymbolAt, u32), Entity, Quick>>,
    /// The uses of names that were asked about, and what they mean.
    pub(super) told: Told,
    packages: RefCell<Option<Arc<Vec<Package>>>>,
    /// How often something was not followed to its end.
    n_cut: Cell<u64>,
}

/// What names mean somewhere.
struct Meanings<K> {
    known: RefCell<HashMap<K, Entity, Quick>>,
    /// What is being found out.
    asked: RefCell<Vec<K>>,
}

impl<K> Default for Meanings<K> {
    fn default() -> Self {
        Self {
            known: RefCell::default(),
            asked: RefCell::default(),
        }
    }
}

/// What a name alone says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Only {
    /// Nothing has it.
    Nothing,
    /// One definition has it.
    One(SymbolAt),
    /// Several do.
    Several,
}

impl Memo {
    /// How many names it knows: one that knows more of them spares more work.
    pub fn n_names(&self) -> usize {
        self.names.borrow().len()
    }
}

impl<'a, F: Facts> Resolver<'a, F> {
    /// A resolver that knows what another one has found out over the same files.
    pub fn with(facts: &'a F, memo: Memo) -> Self {
        Self {
            memo,
            ..Self::new(facts)
        }
    }

    /// What it has found out; nothing when that is too much to keep. Only of a resolver that never failed.
    pub fn into_memo(self) -> Memo {
        if self.memo.n_names() > MAX_NAMES {
            return Memo::default();
        }
        self.memo
    }

    /// A file's facts.
    pub fn file(&self, file: FileId) -> Result<Arc<FileFacts>, F::Error> {
        let at = file.0 as usize;
        if let Some(Some(seen)) = self.memo.files.borrow().get(at) {
            return Ok(Arc::clone(seen));
        }
        let read = self.facts.file(file)?;
        let mut files = self.memo.files.borrow_mut();
        if files.len() <= at {
            files.resize(at + 1, None);
        }
        files[at] = Some(Arc::clone(&read));
        Ok(read)
    }

    /// All definitions of a name.
    pub(super) fn defined(&self, name: &str) -> Result<Arc<[SymbolAt]>, F::Error> {
        listed(&self.memo.defined, self.number(name), || {
            Ok(self.facts.defined(name)?.into())
        })
    }

    /// All definitions of a name that stand at the top of a file: of most names there are few, or none.
    pub(super) fn defined_at_top(&self, name: &str) -> Result<Arc<[SymbolAt]>, F::Error> {
        listed(&self.memo.defined_at_top, self.number(name), || {
            let mut at_top = Vec::new();
            for &at in self.defined(name)?.iter() {
                if is_at_top(&*self.file(at.file)?, at.symbol) {
                    at_top.push(at);
                }
            }
            Ok(at_top.into())
        })
    }

    /// What of a family of languages has a name and may be called, or be a type; declarations of what is defined elsewhere
    /// aside.
    pub(super) fn only(&self, name: &str, family: &str, is_call: bool) -> Result<Only, F::Error> {
        let key = (self.number(name), self.number(family), is_call);
        if let Some(known) = self.memo.only.borrow().get(&key) {
            return Ok(*known);
        }
        let mut found = Vec::new();
        for &at in self.defined(name)?.iter() {
            let file = self.file(at.file)?;
            let fact = file.symbol(at.symbol);
            // Neither a block that extends a type nor its constructor is another definition.
            let parent = fact.parent.map(|parent| file.symbol(parent));
            let is_part = fact.kind == SymbolKind::Impl
                || parent.is_some_and(|parent| parent.kind.is_type() && parent.name == fact.name);
            let is_meant = !is_part && (is_call || fact.kind.is_type());
            if is_meant && languages::family(&file.language) == family {
                found.push((at, languages::only_declares(&file)));
            }
        }
        let n_found = found.len();
        let mut defining = found
            .iter()
            .filter(|(_, declares)| n_found == 1 || !declares)
            .map(|(at, _)| *at);
        let only = match (n_found, defining.next(), defining.next()) {
            (0, ..) => Only::Nothing,
            (_, Some(at), None) => Only::One(at),
            _ => Only::Several,
        };
        self.memo.only.borrow_mut().insert(key, only);
        Ok(only)
    }

    /// What a name stands for at a file's top, or for whoever imports it from there.
    pub(super) fn at_top(&self, file: FileId, name: &str, depth: u32) -> Result<Entity, F::Error> {
        let key = (file, self.number(name));
        self.remembered(&self.memo.tops, key, || self.look_at_top(file, name, depth))
    }

    /// A member of a value of a type.
    pub(super) fn member_of_value(&self, symbol: SymbolAt, name: &str, depth: u32) -> Result<Entity, F::Error> {
        let key = (symbol, self.number(name));
        self.remembered(&self.memo.members, key, || {
            self.member_of_type(symbol, name, &mut Vec::new(), depth)
        })
    }

    /// What a name that a file does not define stands for inside of one of its types.
    pub(super) fn name_inside(
        &self,
        within: SymbolAt,
        name: &str,
        find: impl FnOnce() -> Result<Entity, F::Error>,
    ) -> Result<Entity, F::Error> {
        self.noted(&self.memo.inside, (within, self.number(name)), find)
    }

    /// What a type extends or implements, by the position among all that it does.
    pub(super) fn base(
        &self,
        symbol: SymbolAt,
        position: u32,
        find: impl FnOnce() -> Result<Entity, F::Error>,
    ) -> Result<Entity, F::Error> {
        self.noted(&self.memo.bases, (symbol, position), find)
    }

    /// The packages that manifests in the tree declare.
    pub(super) fn packages(&self) -> Result<Arc<Vec<Package>>, F::Error> {
        if let Some(known) = &*self.memo.packages.borrow() {
            return Ok(Arc::clone(known));
        }
        let packages = self.facts.packages()?;
        *self.memo.packages.borrow_mut() = Some(Arc::clone(&packages));
        Ok(packages)
    }

    /// Whether to give up.
    pub(super) fn is_too_deep(&self, depth: u32) -> bool {
        let is_too_deep = depth > MAX_DEPTH;
        if is_too_deep {
            self.cut();
        }
        is_too_deep
    }

    /// How often something was not followed to its end so far.
    pub(super) fn n_cut(&self) -> u64 {
        self.memo.n_cut.get()
    }

    /// Notes that something is not followed to its end: what rests on it is not remembered.
    pub(super) fn cut(&self) {
        self.memo.n_cut.set(self.memo.n_cut.get() + 1);
    }

    fn remembered<K: Copy + Eq + std::hash::Hash>(
        &self,
        memo: &Meanings<K>,
        key: K,
        find: impl FnOnce() -> Result<Entity, F::Error>,
    ) -> Result<Entity, F::Error> {
        if let Some(known) = memo.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        // What rests on itself says nothing.
        if memo.asked.borrow().contains(&key) {
            self.cut();
            return Ok(Entity::Open);
        }
        self.noted(&memo.known, key, || {
            memo.asked.borrow_mut().push(key);
            let found = find();
            memo.asked.borrow_mut().pop();
            found
        })
    }

    /// The same of what rests on itself only through what is noticed elsewhere.
    fn noted<K: Copy + Eq + std::hash::Hash>(
        &self,
        known: &RefCell<HashMap<K, Entity, Quick>>,
        key: K,
        find: impl FnOnce() -> Result<Entity, F::Error>,
    ) -> Result<Entity, F::Error> {
        if let Some(known) = known.borrow().get(&key) {
            return Ok(known.clone());
        }
        let n_cut = self.n_cut();
        let found = find()?;
        if self.n_cut() == n_cut {
            let mut known = known.borrow_mut();
            if known.len() >= MAX_MEANINGS {
                known.clear();
            }
            known.insert(key, found.clone());
        }
        Ok(found)
    }

    /// The number of a name, by which what is remembered of it is found.
    pub(super) fn number(&self, name: &str) -> u32 {
        if let Some(known) = self.memo.names.borrow().get(name) {
            return *known;
        }
        let mut names = self.memo.names.borrow_mut();
        let number = names.len() as u32;
        names.insert(name.into(), number);
        number
    }
}

/// A list of definitions, by the number of their name.
fn listed<E>(
    memo: &RefCell<Vec<Option<Arc<[SymbolAt]>>>>,
    number: u32,
    find: impl FnOnce() -> Result<Arc<[SymbolAt]>, E>,
) -> Result<Arc<[SymbolAt]>, E> {
    let at = number as usize;
    if let Some(Some(known)) = memo.borrow().get(at) {
        return Ok(Arc::clone(known));
    }
    let found = find()?;
    let mut memo = memo.borrow_mut();
    if memo.len() <= at {
        memo.resize(at + 1, None);
    }
    memo[at] = Some(Arc::clone(&found));
    Ok(found)
}

/// A quick hash of what nobody chooses to collide: each word is mixed in by a multiplication (Fowler, Noll and Vo).
pub(super) type Quick = BuildHasherDefault<Mixed>;

#[derive(Default)]
pub(super) struct Mixed(u64);

impl Mixed {
    fn mix(&mut self, word: u64) {
        const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(PRIME);
    }
}

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn finish(&self) -> u64 {
        // The best bits are the highest, tables look at the lowest.
        self.0.rotate_left(26)
    }
}

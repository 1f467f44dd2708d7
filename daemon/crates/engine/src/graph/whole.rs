//! The contents of a repository in memory, and which of them define or use a name.
//!
//! Made of parts that never change: an edit adds a small one, and small ones are joined as they become many. Names are
//! looked up by a hash, sorted; two names may share one.

use codemem_core::graph::Content;
use codemem_core::ids::{ContentId, IdSet};
use codemem_core::unit::SymbolKind;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// See the module.
#[derive(Clone)]
pub(super) struct Whole {
    parts: Vec<Arc<Part>>,
    ids: IdSet,
    revision: u64,
}

impl Whole {
    /// Nothing, of a catalog's revision.
    pub(super) fn new(revision: u64) -> Self {
        Self {
            parts: Vec::new(),
            ids: IdSet::default(),
            revision,
        }
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// How many contents there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Those of some contents that are not here.
    pub(super) fn missing(&self, contents: &IdSet) -> Vec<ContentId> {
        let ids = contents.iter().filter(|id| !self.ids.contains(*id));
        ids.map(ContentId).collect()
    }

    /// With some contents more.
    pub(super) fn with(&self, part: Part) -> Self {
        let mut next = self.clone();
        for (id, _) in &part.contents {
            next.ids.insert(id.0);
        }
        let mut last = Arc::new(part);
        // Each is more than twice as large as the next, so there are few.
        while let Some(before) = next
            .parts
            .pop_if(|before| before.contents.len() <= 2 * last.contents.len())
        {
            let both = before.contents.iter().chain(&last.contents);
            last = Arc::new(Part::new(both.cloned().collect()));
        }
        next.parts.push(last);
        next
    }

    pub(super) fn content(&self, id: ContentId) -> Option<&Arc<Content>> {
        self.parts.iter().find_map(|part| part.content(id))
    }

    /// The contents that use a name, and maybe some that use it in another case, or another name.
    pub(super) fn using(&self, name: &str) -> Vec<ContentId> {
        let key = key_of_use(name);
        let rows = self.parts.iter().flat_map(|part| {
            let rows = range(&part.using, |row| row.0, key);
            rows.iter().map(|row| part.contents[row.1 as usize].0)
        });
        rows.collect()
    }

    /// The names of functions and methods that at least so many contents use, those that most use first.
    pub(super) fn much_used(&self, fewest: usize) -> Vec<&str> {
        let contents = || {
            self.parts
                .iter()
                .flat_map(|part| &part.contents)
                .map(|(_, content)| content)
        };
        let symbols = contents().flat_map(|content| content.symbols());
        let defined = symbols.filter(|one| matches!(one.kind, SymbolKind::Function | SymbolKind::Method));
        let mut n_using: HashMap<&str, usize> = defined.map(|one| (one.name, 0)).collect();
        for name in contents().flat_map(|content| content.used_names()) {
            if let Some(n_using) = n_using.get_mut(name) {
                *n_using += 1;
            }
        }
        n_using.retain(|_, n_using| *n_using >= fewest);
        let mut names: Vec<&str> = n_using.keys().copied().collect();
        names.sort_unstable_by_key(|name| (Reverse(n_using[name]), *name));
        names
    }

    /// Where a name is defined, as it is written: contents, and the position among their symbols.
    pub(super) fn defined(&self, name: &str) -> Vec<(ContentId, u32)> {
        let key = hash(name);
        let rows = self.parts.iter().flat_map(|part| {
            let rows = range(&part.defined, |row| row.0, key).iter();
            rows.filter_map(|&(_, content, symbol)| {
                let (id, content) = &part.contents[content as usize];
                (content.symbol(symbol).name == name).then_some((*id, symbol))
            })
        });
        rows.collect()
    }
}

/// Some contents.
pub(super) struct Part {
    /// By id.
    contents: Vec<(ContentId, Arc<Content>)>,
    /// The hash of a lower-cased name, and the position of a content that uses it.
    using: Vec<(u32, u32)>,
    /// The hash of a name, the position of the content that defines it, and its position there.
    defined: Vec<(u32, u32, u32)>,
    bytes: usize,
}

impl Part {
    /// A part of these contents, each of which is given once.
    pub(super) fn new(mut contents: Vec<(ContentId, Arc<Content>)>) -> Self {
        contents.sort_unstable_by_key(|(id, _)| *id);
        let (mut using, mut defined) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        for (position, (_, content)) in (0_u32..).zip(&contents) {
            bytes += content.bytes();
            using.extend(content.used_names().map(|name| (key_of_use(name), position)));
            defined.extend(
                (0_u32..)
                    .zip(content.symbols())
                    .map(|(at, one)| (hash(one.name), position, at)),
            );
        }
        using.sort_unstable();
        using.dedup();
        using.shrink_to_fit();
        defined.sort_unstable();
        defined.shrink_to_fit();
        bytes += size_of_val(&*contents) + size_of_val(&*using) + size_of_val(&*defined);
        Self {
            contents,
            using,
            defined,
            bytes,
        }
    }

    fn content(&self, id: ContentId) -> Option<&Arc<Content>> {
        let found = self.contents.binary_search_by_key(&id, |(id, _)| *id);
        found.ok().map(|at| &self.contents[at].1)
    }
}

/// The rows of a key, of rows that are sorted by it.
fn range<T>(rows: &[T], key_of: impl Fn(&T) -> u32, key: u32) -> &[T] {
    let first = rows.partition_point(|row| key_of(row) < key);
    let n_same = rows[first..].partition_point(|row| key_of(row) == key);
    &rows[first..first + n_same]
}

/// As the catalog looks a use up: however it is capitalised.
fn key_of_use(name: &str) -> u32 {
    if name.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase()) {
        return hash(&name.to_lowercase());
    }
    hash(name)
}

fn hash(name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::graph::SymbolFact;
    use codemem_core::reference::{Origin, Reference, ReferenceKind, References};
    use codemem_core::unit::LineSpan;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn content(defines: &[String], uses: &[String]) -> Arc<Content> {
        let symbols = defines.iter().map(|name| SymbolFact {
            name,
            qualified_name: name,
            kind: SymbolKind::Function,
            lines: LineSpan { start: 1, end: 1 },
            parent: None,
        });
        let uses = uses.iter().map(|name| Reference {
            name: name.clone(),
            of: Origin::default(),
            kind: ReferenceKind::Call,
            line: 1,
            column: 1,
            symbol: None,
        });
        let references = References {
            uses: uses.collect(),
            ..References::default()
        };
        Arc::new(Content::of(symbols, &references))
    }

    proptest! {
        #[test]
        fn parts_together_find_what_looking_at_each_content_does(
            parts in vec(vec((vec("[aAé]{1,2}", 0..4), vec("[aAéÉ]{1,2}", 0..4)), 0..6), 0..12),
        ) {
            let mut whole = Whole::new(7);
            let mut all: Vec<(ContentId, Arc<Content>)> = Vec::new();
            for part in parts {
                let new: Vec<_> = (all.len() as u32..).map(ContentId).zip(part.iter().map(|(a, b)| content(a, b))).collect();
                all.extend(new.clone());
                whole = whole.with(Part::new(new));
            }
            prop_assert!(whole.parts.len() <= 5, "{}", whole.parts.len());
            prop_assert_eq!((whole.len(), whole.revision()), (all.len(), 7));
            for (id, content) in &all {
                prop_assert_eq!(whole.content(*id), Some(content));
            }
            let beyond: IdSet = [0, all.len() as u32].into_iter().collect();
            prop_assert_eq!(whole.missing(&beyond), [ContentId(all.len() as u32)]);
            for fewest in 1..4 {
                let n_using = |name: &str| {
                    let is_using = |content: &Content| content.used_names().any(|used| used == name);
                    all.iter().filter(|(_, content)| is_using(content)).count()
                };
                let defined = all.iter().flat_map(|(_, content)| content.symbols()).map(|one| one.name);
                let wanted: BTreeSet<_> = defined.map(|name| (Reverse(n_using(name)), name)).collect();
                let wanted = wanted.into_iter().filter(|(n_using, _)| n_using.0 >= fewest);
                prop_assert_eq!(whole.much_used(fewest), wanted.map(|(_, name)| name).collect::<Vec<_>>());
            }
            for name in ["a", "A", "aA", "é", "É", "Éa", "zz"] {
                let mut using = whole.using(name);
                using.sort_unstable();
                let is_used = |content: &Content| content.used_names().any(|used| used.to_lowercase() == name.to_lowercase());
                let wanted: Vec<ContentId> = all.iter().filter(|(_, content)| is_used(content)).map(|(id, _)| *id).collect();
                prop_assert_eq!(using, wanted);
                let mut defined = whole.defined(name);
                defined.sort_unstable();
                let wanted: Vec<(ContentId, u32)> = all.iter().flat_map(|(id, content)| {
                    content.named(name).iter().map(|symbol| (*id, *symbol))
                }).collect();
                prop_assert_eq!(defined, wanted);
            }
        }
    }
}

//! Identifiers. Each is a newtype so that a chunk can never be looked up with a path's number.

use std::fmt::{self, Write as _};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id! {
    /// A registered root directory inside one repository's catalog.
    WorktreeId
}
row_id! {
    /// One distinct file content inside one repository's catalog, however many paths hold it.
    ContentId
}
row_id! {
    /// One chunk of one content.
    ChunkId
}
row_id! {
    /// One path, relative to a root, inside one repository's catalog. Worktrees share it.
    PathId
}
row_id! {
    /// One distinct text that is or will be embedded; the point id in the vector index.
    TextId
}

/// A 128-bit BLAKE3 prefix. Names file contents and embedding texts.
///
/// 128 bits keep accidental collisions out of reach at any repository size (2^64 contents for an
/// even chance), at half the disk of the full hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash128(pub [u8; 16]);

/// The hash of a file's bytes.
pub type ContentHash = Hash128;

/// The hash of a composed embedding text.
pub type TextHash = Hash128;

impl Hash128 {
    /// Lower-case hexadecimal, 32 characters.
    pub fn to_hex(self) -> String {
        self.0.iter().fold(String::with_capacity(32), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Debug for Hash128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// Names one repository's store directory: hex of a hash over its identity (the git common
/// directory, or the root itself outside git). Always 32 characters of `[0-9a-f]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RepositoryKey(String);

impl RepositoryKey {
    /// The key of the repository whose identity hashes to `hash`.
    pub fn new(hash: Hash128) -> Self {
        Self(hash.to_hex())
    }

    /// Reads a key back from a directory name or a database row.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.to_owned()))
    }

    /// The 32 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A dense set of row ids, the form in which a scope ("these contents only") reaches an index.
///
/// One bit per id up to the largest: 2 KiB for 16,000 contents, which every per-document test of a
/// search can afford.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct IdSet {
    words: Vec<u64>,
    len: usize,
}

impl IdSet {
    /// Adds an id; true when it was not there.
    pub fn insert(&mut self, id: u32) -> bool {
        let (word, bit) = (id as usize / 64, 1_u64 << (id % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += usize::from(new);
        new
    }

    /// Whether the id is in the set.
    pub fn contains(&self, id: u32) -> bool {
        self.words
            .get(id as usize / 64)
            .is_some_and(|word| word & (1 << (id % 64)) != 0)
    }

    /// How many ids the set holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The ids in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            (0..64)
                .filter(move |bit| word & (1 << bit) != 0)
                .map(move |bit| index as u32 * 64 + bit)
        })
    }
}

impl FromIterator<u32> for IdSet {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn id_set_agrees_with_a_tree_set(ids in proptest::collection::vec(0_u32..500, 0..80)) {
            let model: BTreeSet<u32> = ids.iter().copied().collect();
            let set: IdSet = ids.iter().copied().collect();
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            for id in 0..520 {
                prop_assert_eq!(set.contains(id), model.contains(&id));
            }
        }
    }

    #[test]
    fn repository_key_round_trips_and_refuses_paths() {
        let key = RepositoryKey::new(Hash128([7; 16]));
        assert_eq!(RepositoryKey::parse(key.as_str()), Some(key));
        assert_eq!(RepositoryKey::parse("../../../etc/passwd-aaaaaaaaaaaaa"), None);
    }
}

//! `vectors.json`: what the shards beside it are. A shard that it does not name does not exist,
//! whatever a crash has left in its directory.

use crate::error::StoreResult;
use crate::{files, versioned};
use codemem_core::ports::VectorSpace;
use serde_json::json;
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "vectors.json";

/// Raised when what the shards hold changes its meaning.
const FORMAT: u64 = 1;

/// Every space, in the order of [`slot`].
pub(super) const SPACES: [VectorSpace; 2] = [VectorSpace::Files, VectorSpace::Chunks];

/// The facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Descriptor {
    /// The catalog's generation when the index was made.
    pub(super) generation: u64,
    /// Length of every vector; unknown before the first.
    pub(super) dimension: Option<usize>,
    /// Which spaces have a shard.
    pub(super) has_shard: [bool; 2],
}

impl Descriptor {
    /// The file in a vector directory; `None` when it is not there.
    pub(super) fn load(directory: &Path) -> StoreResult<Option<Self>> {
        let Some(value) = versioned::load(directory, FILE_NAME, FORMAT)? else {
            return Ok(None);
        };
        let generation = value["generation"]
            .as_u64()
            .ok_or_else(|| versioned::damaged(directory, FILE_NAME, "no generation"))?;
        Ok(Some(Self {
            generation,
            dimension: value["dimension"].as_u64().map(|dimension| dimension as usize),
            has_shard: SPACES.map(|space| value["shards"][name(space)].as_bool().unwrap_or(false)),
        }))
    }

    /// Writes the file. Durable on return.
    pub(super) fn save(&self, directory: &Path) -> StoreResult<()> {
        let [files, chunks] = self.has_shard;
        let value = json!({
            "format": FORMAT,
            "generation": self.generation,
            "dimension": self.dimension,
            "shards": { name(VectorSpace::Files): files, name(VectorSpace::Chunks): chunks },
        });
        files::replace_file(&directory.join(FILE_NAME), format!("{value:#}\n").as_bytes())
    }
}

/// The position of a space in arrays of two.
pub(super) fn slot(space: VectorSpace) -> usize {
    match space {
        VectorSpace::Files => 0,
        VectorSpace::Chunks => 1,
    }
}

/// The directory of a space's shard.
pub(super) fn shard_directory(directory: &Path, space: VectorSpace) -> PathBuf {
    directory.join(name(space))
}

fn name(space: VectorSpace) -> &'static str {
    match space {
        VectorSpace::Files => "files",
        VectorSpace::Chunks => "chunks",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ports::PortErrorKind;

    #[test]
    fn the_descriptor_round_trips() {
        let directory = tempfile::tempdir().expect("temporary directory");
        assert_eq!(Descriptor::load(directory.path()).expect("absent is fine"), None);
        let descriptor = Descriptor {
            generation: u64::MAX - 1,
            dimension: Some(384),
            has_shard: [false, true],
        };
        descriptor.save(directory.path()).expect("saved");
        let loaded = Descriptor::load(directory.path()).expect("loaded");
        assert_eq!(loaded, Some(descriptor));
    }

    #[test]
    fn garbage_is_damage_and_a_newer_format_is_not() {
        let table = [
            ("", PortErrorKind::Corrupt),
            ("{\"format\": 1", PortErrorKind::Corrupt),
            ("{\"format\": 1, \"generation\": \"x\"}", PortErrorKind::Corrupt),
            ("[]", PortErrorKind::Corrupt),
            ("{\"format\": 2}", PortErrorKind::Mismatch),
        ];
        for (text, kind) in table {
            let directory = tempfile::tempdir().expect("temporary directory");
            std::fs::write(directory.path().join(FILE_NAME), text).expect("written");
            let error = Descriptor::load(directory.path()).expect_err(text);
            assert_eq!(error.kind(), kind, "{text}: {error}");
        }
    }
}

//! `memory.json`: what the shard beside it is. A shard without it does not exist, whatever a crash has left.

use crate::error::StoreResult;
use crate::{files, versioned};
use serde_json::json;
use std::path::Path;

const FILE_NAME: &str = "memory.json";

/// Raised when what the shard holds changes its meaning: fields of the payload, how words are hashed.
const FORMAT: u64 = 1;

/// Longest vector that is believed.
const MAX_DIMENSION: u64 = 1 << 16;

/// The facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Descriptor {
    /// Length of every vector; `None` while there are none.
    pub(super) dimension: Option<usize>,
}

impl Descriptor {
    /// The file in the index's directory; `None` when it is not there.
    pub(super) fn load(directory: &Path) -> StoreResult<Option<Self>> {
        let Some(value) = versioned::load(directory, FILE_NAME, FORMAT)? else {
            return Ok(None);
        };
        let given = &value["dimension"];
        let dimension = given
            .as_u64()
            .filter(|dimension| (1..=MAX_DIMENSION).contains(dimension));
        if dimension.is_none() && !given.is_null() {
            let finding = format!("no dimension: {given}");
            return Err(versioned::damaged(directory, FILE_NAME, &finding));
        }
        let dimension = dimension.map(|dimension| dimension as usize);
        Ok(Some(Self { dimension }))
    }

    /// Writes the file. Durable on return.
    pub(super) fn save(&self, directory: &Path) -> StoreResult<()> {
        let value = json!({ "format": FORMAT, "dimension": self.dimension });
        files::replace_file(&directory.join(FILE_NAME), format!("{value:#}\n").as_bytes())
    }

    /// Takes the file away, durably: from now on there is no index.
    pub(super) fn remove(directory: &Path) -> StoreResult<()> {
        match directory.try_exists() {
            Ok(false) => Ok(()),
            Ok(true) | Err(_) => files::remove_file(&directory.join(FILE_NAME)),
        }
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
        for dimension in [None, Some(384)] {
            let descriptor = Descriptor { dimension };
            descriptor.save(directory.path()).expect("saved");
            assert_eq!(Descriptor::load(directory.path()).expect("loaded"), Some(descriptor));
        }
        Descriptor::remove(directory.path()).expect("removed");
        assert_eq!(Descriptor::load(directory.path()).expect("absent is fine"), None);
        Descriptor::remove(&directory.path().join("missing")).expect("nothing to remove");
    }

    #[test]
    fn garbage_is_damage_and_a_newer_format_is_not() {
        let table = [
            ("", PortErrorKind::Corrupt),
            ("{\"format\": 1", PortErrorKind::Corrupt),
            ("{\"format\": 0}", PortErrorKind::Corrupt),
            ("{\"format\": 1, \"dimension\": 0}", PortErrorKind::Corrupt),
            ("{\"format\": 1, \"dimension\": -3}", PortErrorKind::Corrupt),
            ("{\"format\": 1, \"dimension\": 99999999999}", PortErrorKind::Corrupt),
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

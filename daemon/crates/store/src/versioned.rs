//! Small JSON files that say what lies beside them: read with their format checked.

use crate::error::{StoreError, StoreResult};
use serde_json::Value;
use std::io;
use std::path::Path;

/// Damage of such a file, in the directory that it describes.
pub(crate) fn damaged(directory: &Path, name: &str, finding: &str) -> StoreError {
    StoreError::DamagedVectors {
        directory: directory.to_owned(),
        finding: format!("{name}: {finding}"),
    }
}

/// The file; `None` when it is not there. No format or an older one is damage, a newer one a mismatch.
pub(crate) fn load(directory: &Path, name: &str, format: u64) -> StoreResult<Option<Value>> {
    let path = directory.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::ReadFile { path, source }),
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(directory, name, &error.to_string()))?;
    match value["format"].as_u64() {
        Some(found) if found == format => Ok(Some(value)),
        Some(found) if found > format => Err(StoreError::NewerVectors {
            directory: directory.to_owned(),
            found,
            known: format,
        }),
        Some(_) | None => Err(damaged(directory, name, "no known format")),
    }
}

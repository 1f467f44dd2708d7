//! Backups, and putting one in the place of what is stored.

use super::MemoryError;
use super::inner::Inner;
use codemem_core::memory::validate::FieldError;
use codemem_core::ports::MemoryCopy;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) async fn backup(inner: &Arc<Inner>, path: Option<PathBuf>) -> Result<MemoryCopy, MemoryError> {
    inner
        .blocking("backup", move |inner| {
            if let Some(path) = &path {
                absolute("path", path)?;
            }
            let copied = inner.store.backup(path.as_deref(), inner.now());
            copied.map_err(MemoryError::port("back up the memories"))
        })
        .await
}

pub(super) async fn restore(inner: &Arc<Inner>, path: PathBuf) -> Result<MemoryCopy, MemoryError> {
    let own = Arc::clone(inner);
    inner
        .whole("restore", async move {
            own.preparing("restore", move |inner| {
                absolute("path", &path)?;
                let restored = inner.store.restore(&path, inner.now());
                // Also after a failure: vectors that are looked at anew for nothing cost little.
                inner.forget_vectors();
                restored.map_err(MemoryError::port("restore the memories"))
            })
            .await
        })
        .await
}

/// Refuses a path that would mean another file here than where it was given.
pub(super) fn absolute(field: &str, path: &Path) -> Result<(), FieldError> {
    if path.is_absolute() {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        "not an absolute path; the absolute path of a file is allowed",
    ))
}

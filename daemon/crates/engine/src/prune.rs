//! Deleting what nothing refers to: contents, paths and texts that no manifest names.

use crate::EngineError;
use codemem_core::ports::Stores;
use std::path::PathBuf;

/// What a prune found, or deleted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PruneReport {
    /// Registered roots whose directory is gone.
    pub roots: Vec<PathBuf>,
    /// Contents that no worktree holds.
    pub contents: u64,
    /// Texts that no content uses, with their vectors.
    pub vectors: u64,
    /// Bytes given back to the file system.
    pub freed_bytes: u64,
}

impl PruneReport {
    /// Adds another repository's report.
    pub(crate) fn add(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.contents += other.contents;
        self.vectors += other.vectors;
        self.freed_bytes += other.freed_bytes;
    }
}

/// Collects one repository's garbage: its marks first, then from the indexes, then from the catalog.
/// A crash in between leaves garbage that the next prune names again, and that is indexed again if it
/// comes back into use.
pub(crate) fn run(stores: &Stores, dry_run: bool) -> Result<PruneReport, EngineError> {
    let garbage = stores
        .catalog
        .garbage()
        .map_err(EngineError::port("look for what is unused"))?;
    let mut report = PruneReport {
        contents: garbage.contents.len() as u64,
        vectors: garbage.texts.len() as u64,
        ..PruneReport::default()
    };
    let nothing = garbage.contents.is_empty() && garbage.paths.is_empty() && garbage.texts.is_empty();
    if dry_run || nothing {
        return Ok(report);
    }
    let disk = || stores.catalog.disk_bytes() + stores.lexical.disk_bytes() + stores.vectors.disk_bytes();
    let before = disk();
    stores
        .catalog
        .unmark(&garbage)
        .map_err(EngineError::port("unmark what is unused"))?;
    stores
        .lexical
        .delete(&garbage.contents, &garbage.paths)
        .map_err(EngineError::port("prune the lexical index"))?;
    stores
        .lexical
        .commit()
        .map_err(EngineError::port("commit the lexical index"))?;
    stores
        .vectors
        .delete(&garbage.texts)
        .map_err(EngineError::port("prune the vectors"))?;
    stores.vectors.flush().map_err(EngineError::port("flush the vectors"))?;
    stores
        .catalog
        .collect(&garbage)
        .map_err(EngineError::port("prune the catalog"))?;
    report.freed_bytes = before.saturating_sub(disk());
    Ok(report)
}

//! Counting a worktree: cheap enough to be asked while it is being filled.

use crate::error::StoreResult;
use crate::sqlite::{Database, Fault};
use codemem_core::ids::WorktreeId;
use codemem_core::ports::WorktreeCounts;
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Remembers counts until the next write.
#[derive(Default)]
pub(super) struct CountsCache {
    known: Mutex<HashMap<WorktreeId, (u64, WorktreeCounts)>>,
}

impl CountsCache {
    /// The counts of a worktree; all zero when there is none.
    pub(super) fn get(&self, database: &Database, worktree: WorktreeId) -> StoreResult<WorktreeCounts> {
        // Read before the snapshot is taken: what a write in between adds is counted again next time.
        let n_writes = database.n_writes();
        let known = self.lock().get(&worktree).copied();
        if let Some((at, counts)) = known
            && at == n_writes
        {
            return Ok(counts);
        }
        let counts = database.read("count a worktree", |tx| count(tx, worktree))?;
        self.lock().insert(worktree, (n_writes, counts));
        Ok(counts)
    }

    /// Lets go of a worktree.
    pub(super) fn forget(&self, worktree: WorktreeId) {
        self.lock().remove(&worktree);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WorktreeId, (u64, WorktreeCounts)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(tx: &Connection, worktree: WorktreeId) -> Result<WorktreeCounts, Fault> {
    let (files, files_with_vector) = tx
        .prepare_cached(
            "SELECT count(*), total(t.vector) FROM manifest m CROSS JOIN texts t ON t.id = m.summary WHERE m.worktree = ?1",
        )?
        .query_row([worktree.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?)))?;
    let (chunks, symbols, chunks_with_vector) = tx
        .prepare_cached(
            "SELECT total(n_chunks), total(n_symbols), total(n_vectors) FROM contents
             WHERE id IN (SELECT content FROM manifest WHERE worktree = ?1)",
        )?
        .query_row([worktree.0], |row| {
            Ok((row.get::<_, f64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?))
        })?;
    Ok(WorktreeCounts {
        files: files as u64,
        chunks: chunks as u64,
        symbols: symbols as u64,
        chunks_with_vector: chunks_with_vector as u64,
        files_with_vector: files_with_vector as u64,
    })
}

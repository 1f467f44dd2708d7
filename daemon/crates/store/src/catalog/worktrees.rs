//! Worktrees: the roots that have a manifest here.

use super::ids::{IdKind, Ids};
use crate::error::StoreError;
use crate::sqlite::Fault;
use codemem_core::ids::WorktreeId;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::PathBuf;

/// The worktree of a root, if it has one.
pub(super) fn find(tx: &Connection, root: &str) -> Result<Option<WorktreeId>, Fault> {
    let id = tx
        .prepare_cached("SELECT id FROM worktrees WHERE root = ?1")?
        .query_row([root], |row| row.get(0))
        .optional()?;
    Ok(id.map(WorktreeId))
}

/// The worktree of a root, made when it has none.
pub(super) fn find_or_create(tx: &Connection, root: &str) -> Result<WorktreeId, Fault> {
    if let Some(worktree) = find(tx, root)? {
        return Ok(worktree);
    }
    let mut ids = Ids::load(tx, IdKind::Worktree)?;
    let id = ids.take(1)?;
    ids.save(tx)?;
    tx.execute("INSERT INTO worktrees (id, root) VALUES (?1, ?2)", params![id, root])?;
    Ok(WorktreeId(id))
}

/// All worktrees with their roots.
pub(super) fn list(tx: &Connection) -> Result<Vec<(WorktreeId, PathBuf)>, Fault> {
    let mut statement = tx.prepare_cached("SELECT id, root FROM worktrees ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok((WorktreeId(row.get(0)?), PathBuf::from(row.get::<_, String>(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets a worktree; its manifest and skipped files go with it.
pub(super) fn remove(tx: &Connection, worktree: WorktreeId) -> Result<(), Fault> {
    tx.execute("DELETE FROM worktrees WHERE id = ?1", [worktree.0])?;
    Ok(())
}

/// Refuses a worktree that is not there.
pub(super) fn require(tx: &Connection, worktree: WorktreeId) -> Result<(), Fault> {
    let there = tx
        .prepare_cached("SELECT 1 FROM worktrees WHERE id = ?1")?
        .exists([worktree.0])?;
    if there {
        return Ok(());
    }
    Err(StoreError::UnknownWorktree { id: worktree.0 }.into())
}

//! Manifests: which paths a worktree has, what each holds, what was left out.

use super::rows;
use super::worktrees;
use crate::sqlite::Fault;
use codemem_core::ids::{ContentId, PathId, TextId, WorktreeId};
use codemem_core::ports::{FileStamp, ManifestEntry};
use codemem_core::skip::SkipReason;
use rusqlite::types::Type;
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// A worktree's manifest, by path.
pub(super) fn list(tx: &Connection, worktree: WorktreeId) -> Result<Vec<ManifestEntry>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT p.path, m.path, m.content, c.hash, m.size, m.mtime_ns, c.language, m.summary, c.n_chunks
         FROM manifest m JOIN paths p ON p.id = m.path JOIN contents c ON c.id = m.content
         WHERE m.worktree = ?1",
    )?;
    let found = statement.query_map([worktree.0], |row| {
        Ok(ManifestEntry {
            path: rows::path(row, 0)?,
            path_id: PathId(row.get(1)?),
            content: ContentId(row.get(2)?),
            hash: rows::hash(row, 3)?,
            stamp: FileStamp {
                size: row.get::<_, i64>(4)? as u64,
                mtime_ns: row.get(5)?,
            },
            language: row.get(6)?,
            summary: TextId(row.get(7)?),
            n_chunks: row.get(8)?,
        })
    })?;
    let mut entries = found.collect::<Result<Vec<_>, _>>()?;
    // Quicker here than in the query, which would carry whole rows through its sorter.
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Sets the stamp of files whose content is as recorded.
pub(super) fn restamp(tx: &Connection, worktree: WorktreeId, stamps: &[(PathId, FileStamp)]) -> Result<(), Fault> {
    let mut statement =
        tx.prepare_cached("UPDATE manifest SET size = ?3, mtime_ns = ?4 WHERE worktree = ?1 AND path = ?2")?;
    for (path, stamp) in stamps {
        statement.execute(params![worktree.0, path.0, stamp.size as i64, stamp.mtime_ns])?;
    }
    Ok(())
}

/// Takes paths out of a worktree.
pub(super) fn remove(tx: &Connection, worktree: WorktreeId, paths: &[PathId]) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached("DELETE FROM manifest WHERE worktree = ?1 AND path = ?2")?;
    for path in paths {
        statement.execute([worktree.0, path.0])?;
    }
    Ok(())
}

/// How many other files use what each file of a worktree defines, by path; without those that none uses.
pub(super) fn users(tx: &Connection, worktree: WorktreeId) -> Result<Vec<(PathId, u32)>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT path, users FROM manifest WHERE worktree = ?1 AND users > 0 ORDER BY path")?;
    let found = statement.query_map([worktree.0], |row| Ok((PathId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Sets that. Only lines that differ are written.
pub(super) fn set_users(tx: &Connection, worktree: WorktreeId, counted: &[(PathId, u32)]) -> Result<(), Fault> {
    let former: HashMap<PathId, u32> = users(tx, worktree)?.into_iter().collect();
    let mut update = tx.prepare_cached("UPDATE manifest SET users = ?3 WHERE worktree = ?1 AND path = ?2")?;
    let counted: HashMap<PathId, u32> = counted.iter().copied().collect();
    for (path, users) in &counted {
        if former.get(path) != Some(users) {
            update.execute(params![worktree.0, path.0, users])?;
        }
    }
    for path in former.keys().filter(|path| !counted.contains_key(path)) {
        update.execute(params![worktree.0, path.0, 0])?;
    }
    Ok(())
}

/// Replaces a worktree's skipped files.
pub(super) fn set_skipped(
    tx: &Connection,
    worktree: WorktreeId,
    skipped: &[(String, SkipReason)],
) -> Result<(), Fault> {
    worktrees::require(tx, worktree)?;
    tx.execute("DELETE FROM skipped WHERE worktree = ?1", [worktree.0])?;
    let mut insert =
        tx.prepare_cached("INSERT INTO skipped (worktree, position, reason, path) VALUES (?1, ?2, ?3, ?4)")?;
    for (position, (path, reason)) in skipped.iter().enumerate() {
        insert.execute(params![worktree.0, position as i64, reason.as_str(), path])?;
    }
    Ok(())
}

/// How many files a worktree skipped for each reason, in the order in which reasons are shown.
pub(super) fn skipped(tx: &Connection, worktree: WorktreeId) -> Result<Vec<(SkipReason, u64)>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT reason, count(*) FROM skipped WHERE worktree = ?1 GROUP BY reason")?;
    let found = statement.query_map([worktree.0], |row| {
        let name: String = row.get(0)?;
        let reason = SkipReason::parse(&name).ok_or_else(|| rusqlite::Error::InvalidColumnType(0, name, Type::Text))?;
        Ok((reason, row.get::<_, i64>(1)? as u64))
    })?;
    let mut counts = found.collect::<Result<Vec<_>, _>>()?;
    counts.sort_unstable_by_key(|&(reason, _)| reason);
    Ok(counts)
}

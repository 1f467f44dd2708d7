//! Who changed what, and when. Functions over an open transaction. Holds no content, and outlives what it is about.

use super::read;
use crate::sqlite::Fault;
use codemem_core::memory::{ContextLevel, MemoryId, TimestampMs};
use codemem_core::ports::AuditNote;
use rusqlite::{Connection, params};

/// Notes a change that was made.
pub(super) fn add(
    tx: &Connection,
    note: &AuditNote,
    outcome: &'static str,
    id: &MemoryId,
    level: ContextLevel,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO audit (at, action, outcome, id, level, origin, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        note.at,
        note.action,
        outcome,
        id.as_str(),
        level.as_str(),
        note.origin.as_str(),
        note.request
    ])?;
    Ok(())
}

/// Notes that a backup has taken the place of what was stored.
pub(super) fn add_restore(tx: &Connection, at: TimestampMs) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO audit (at, action, outcome, id, level, origin, request) VALUES (?1, 'restore', 'done', '', '', 'user', '')",
        [at],
    )?;
    Ok(())
}

/// How many notes there are.
pub(super) fn count(tx: &Connection) -> Result<u64, Fault> {
    read::count_of(tx, "SELECT count(*) FROM audit", [])
}

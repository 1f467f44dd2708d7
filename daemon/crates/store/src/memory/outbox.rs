//! What the index does not have as the database has it. Functions over an open transaction.
//!
//! A key is noted in the transaction that changes its memory, and taken out after the index has made the change durable.

use super::rows::Key;
use crate::sqlite::Fault;
use rusqlite::Connection;

/// Notes keys.
pub(super) fn add(tx: &Connection, keys: impl IntoIterator<Item = Key>) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached("INSERT OR IGNORE INTO unindexed (memory) VALUES (?1)")?;
    for key in keys {
        statement.execute([key])?;
    }
    Ok(())
}

/// Notes every memory: the index is about to be made anew.
pub(super) fn add_all(tx: &Connection) -> Result<(), Fault> {
    tx.execute(
        "INSERT OR IGNORE INTO unindexed (memory) SELECT memory FROM memories",
        [],
    )?;
    Ok(())
}

/// Takes keys out.
pub(super) fn remove(tx: &Connection, keys: &[Key]) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached("DELETE FROM unindexed WHERE memory = ?1")?;
    for key in keys {
        statement.execute([key])?;
    }
    Ok(())
}

/// The first keys above the given one, in order.
pub(super) fn after(tx: &Connection, key: Option<Key>, limit: usize) -> Result<Vec<Key>, Fault> {
    let mut statement = tx.prepare_cached("SELECT memory FROM unindexed WHERE memory > ?1 ORDER BY memory LIMIT ?2")?;
    let rows = statement.query_map((key.map_or(-1, i64::from), limit as i64), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether there are any.
pub(super) fn is_empty(tx: &Connection) -> Result<bool, Fault> {
    Ok(tx
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM unindexed)")?
        .query_row([], |row| row.get(0))?)
}

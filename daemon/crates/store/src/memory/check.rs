//! Whether a database of memories holds what was written to it. Functions over an open transaction.
//!
//! SQLite's own check sees damaged pages, not a changed letter: contents are compared with their hashes, too.

use super::rows;
use crate::error::{DatabaseName, StoreError, StoreResult};
use crate::sqlite::Fault;
use rusqlite::Connection;

/// Reads every memory and every former version; the first one that is not what was written is an error.
pub(super) fn contents(tx: &Connection, name: &DatabaseName) -> StoreResult<()> {
    let damaged = |finding: String| StoreError::DamagedDatabase {
        database: name.clone(),
        finding,
    };
    let run = || -> Result<Option<String>, Fault> {
        if tx.prepare("PRAGMA foreign_key_check")?.exists([])? {
            return Ok(Some("rows refer to others that are not there".to_owned()));
        }
        for table in ["memories", "versions"] {
            let mut statement = tx.prepare(&format!("SELECT content, hash, memory FROM {table}"))?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                if rows::content_hash(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
                    != row.get::<_, [u8; 16]>(1)?
                {
                    return Ok(Some(format!(
                        "the content of row {} of `{table}` is not what was stored",
                        row.get::<_, i64>(2)?
                    )));
                }
            }
        }
        let mut statement = tx.prepare(rows::SELECT)?;
        for row in statement.query_map([], rows::read_row)? {
            row?;
        }
        Ok(None)
    };
    match run() {
        Ok(None) => Ok(()),
        Ok(Some(finding)) => Err(damaged(finding)),
        Err(Fault::Refused(error)) => Err(error),
        // What cannot be read as what it must be is damage, whatever SQLite calls it.
        Err(Fault::Sqlite(source)) if source.sqlite_error().is_none() => Err(damaged(source.to_string())),
        Err(Fault::Sqlite(source)) => Err(StoreError::Query {
            action: "check memories",
            database: name.clone(),
            source,
        }),
    }
}

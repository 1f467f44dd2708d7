//! Languages to which the user added something: their contents are read again when that changes.

use crate::sqlite::Fault;
use codemem_core::ports::ChangedLanguage;
use rusqlite::{Connection, params};

/// Keys of `meta` that begin with this are followed by a language's name.
const PREFIX: &str = "language:";

/// No extractor has this version.
const NO_VERSION: u32 = 0;

/// What was noted last, sorted by name.
pub(super) fn noted(tx: &Connection) -> Result<Vec<ChangedLanguage>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT substr(key, length(?1) + 1), value FROM meta WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
    )?;
    let rows = statement.query_map([PREFIX], |row| {
        Ok(ChangedLanguage {
            name: row.get(0)?,
            number: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes what is changed now, and outdates the contents of every language for which that is another.
pub(super) fn note(tx: &Connection, changed: &[ChangedLanguage]) -> Result<(), Fault> {
    let before = noted(tx)?;
    let mut outdate = tx.prepare_cached("UPDATE contents SET extractor_version = ?2 WHERE language = ?1")?;
    for gone in before
        .iter()
        .filter(|before| !changed.iter().any(|now| now.name == before.name))
    {
        outdate.execute(params![gone.name, NO_VERSION])?;
        tx.execute("DELETE FROM meta WHERE key = ?1 || ?2", params![PREFIX, gone.name])?;
    }
    for now in changed.iter().filter(|now| !before.contains(now)) {
        outdate.execute(params![now.name, NO_VERSION])?;
        tx.execute(
            "INSERT INTO meta (key, value) VALUES (?1 || ?2, ?3) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![PREFIX, now.name, now.number],
        )?;
    }
    Ok(())
}

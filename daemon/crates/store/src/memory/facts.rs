//! The few facts about the database as a whole. Functions over an open transaction.

use crate::sqlite::Fault;
use codemem_core::ports::Fingerprint;
use rusqlite::{Connection, OptionalExtension as _};

const FINGERPRINT: &str = "fingerprint";
const UNERASED: &str = "unerased";

/// Whose vectors are stored.
pub(super) fn fingerprint(tx: &Connection) -> Result<Option<Fingerprint>, Fault> {
    Ok(get(tx, FINGERPRINT)?.map(Fingerprint))
}

/// Says whose vectors are stored from now on.
pub(super) fn set_fingerprint(tx: &Connection, fingerprint: &Fingerprint) -> Result<(), Fault> {
    set(tx, FINGERPRINT, &fingerprint.0)
}

/// Whether bytes of what was deleted may still be in the file.
pub(super) fn is_unerased(tx: &Connection) -> Result<bool, Fault> {
    Ok(get(tx, UNERASED)?.is_some())
}

/// Says that bytes of what was deleted may still be in the file, or no more.
pub(super) fn set_unerased(tx: &Connection, is_unerased: bool) -> Result<(), Fault> {
    if is_unerased {
        return set(tx, UNERASED, "");
    }
    tx.execute("DELETE FROM facts WHERE name = ?1", [UNERASED])?;
    Ok(())
}

fn get(tx: &Connection, name: &str) -> Result<Option<String>, Fault> {
    Ok(tx
        .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

fn set(tx: &Connection, name: &str, value: &str) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute([name, value])?;
    Ok(())
}

//! Facts about the catalog as a whole: which file it is, whose vectors it counts.

use crate::sqlite::Fault;
use codemem_core::ports::Fingerprint;
use rusqlite::{Connection, OptionalExtension as _};

/// The number that the file was given when it was made.
pub(super) fn generation(tx: &Connection) -> Result<u64, Fault> {
    let generation: i64 = tx.query_row("SELECT value FROM meta WHERE key = 'generation'", [], |row| row.get(0))?;
    Ok(generation as u64)
}

/// The embedder whose vectors are stored.
pub(super) fn fingerprint(tx: &Connection) -> Result<Option<Fingerprint>, Fault> {
    let text = tx
        .prepare_cached("SELECT value FROM meta WHERE key = 'fingerprint'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(text.map(Fingerprint))
}

/// Names the embedder whose vectors are stored.
pub(super) fn set_fingerprint(tx: &Connection, fingerprint: &Fingerprint) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('fingerprint', ?1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [&fingerprint.0],
    )?;
    Ok(())
}

/// Forgets the embedder.
pub(super) fn clear_fingerprint(tx: &Connection) -> Result<(), Fault> {
    tx.execute("DELETE FROM meta WHERE key = 'fingerprint'", [])?;
    Ok(())
}

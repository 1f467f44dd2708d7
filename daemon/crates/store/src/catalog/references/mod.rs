//! What contents use: written with their units, asked for by name or by content.

mod codec;

use super::names::name_key;
use crate::error::{DatabaseName, StoreError};
use crate::sqlite::Fault;
use codemem_core::ids::ContentId;
use codemem_core::reference::References;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;

/// Writes what a content uses.
pub(super) fn insert(tx: &Connection, content: ContentId, references: &References) -> Result<(), Fault> {
    if *references == References::default() {
        return Ok(());
    }
    tx.prepare_cached("INSERT INTO content_references (content, facts) VALUES (?1, ?2)")?
        .execute(params![content.0, codec::encode(references)])?;
    let mut insert = tx.prepare_cached("INSERT INTO uses (name_key, content) VALUES (?1, ?2)")?;
    for key in keys(references) {
        insert.execute(params![key, content.0])?;
    }
    Ok(())
}

/// Deletes what a content uses.
pub(super) fn delete(tx: &Connection, content: ContentId) -> Result<(), Fault> {
    let Some(facts) = stored(tx, content)? else {
        return Ok(());
    };
    match codec::decode(&facts) {
        Ok(references) => {
            let mut delete = tx.prepare_cached("DELETE FROM uses WHERE name_key = ?1 AND content = ?2")?;
            for key in keys(&references) {
                delete.execute(params![key, content.0])?;
            }
        }
        // Its names are unknown, so all are looked through.
        Err(codec::Unreadable) => {
            tx.prepare_cached("DELETE FROM uses WHERE content = ?1")?
                .execute([content.0])?;
        }
    }
    tx.prepare_cached("DELETE FROM content_references WHERE content = ?1")?
        .execute([content.0])?;
    Ok(())
}

/// What a content uses.
pub(super) fn of(tx: &Connection, database: &DatabaseName, content: ContentId) -> Result<References, Fault> {
    let Some(facts) = stored(tx, content)? else {
        return Ok(References::default());
    };
    codec::decode(&facts).map_err(|codec::Unreadable| {
        StoreError::DamagedDatabase {
            database: database.clone(),
            finding: format!("what content {} uses cannot be read", content.0),
        }
        .into()
    })
}

/// The contents that use a name, however it is capitalised, and maybe some that use another.
pub(super) fn using(tx: &Connection, name: &str) -> Result<Vec<ContentId>, Fault> {
    let mut select = tx.prepare_cached("SELECT content FROM uses WHERE name_key = ?1")?;
    let contents = select.query_map([name_key(&name.to_lowercase())], |row| Ok(ContentId(row.get(0)?)))?;
    Ok(contents.collect::<Result<_, _>>()?)
}

fn stored(tx: &Connection, content: ContentId) -> Result<Option<Vec<u8>>, Fault> {
    let mut select = tx.prepare_cached("SELECT facts FROM content_references WHERE content = ?1")?;
    Ok(select.query_row([content.0], |row| row.get(0)).optional()?)
}

/// The keys of the names that are used, each once, in order: rows go in where the last one went.
fn keys(references: &References) -> BTreeSet<i64> {
    let uses = references.uses.iter();
    uses.map(|one| name_key(&one.name.to_lowercase())).collect()
}

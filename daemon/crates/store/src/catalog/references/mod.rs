//! What contents use: written with their units, asked for by name or by content.

mod codec;

use super::names::{Kinds, name_key};
use super::rows;
use crate::error::{DatabaseName, StoreError};
use crate::sqlite::Fault;
use codemem_core::graph::{Content, ContentDraft, SymbolFact};
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
    for key in keys(references.uses.iter().map(|one| one.name.as_str())) {
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
        Ok(draft) => {
            let mut delete = tx.prepare_cached("DELETE FROM uses WHERE name_key = ?1 AND content = ?2")?;
            for key in keys(draft.used_names()) {
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

/// What a content defines and uses.
pub(super) fn facts(
    tx: &Connection,
    database: &DatabaseName,
    kinds: &Kinds,
    content: ContentId,
) -> Result<Content, Fault> {
    let mut draft = match stored(tx, content)? {
        Some(facts) => codec::decode(&facts).map_err(|codec::Unreadable| StoreError::DamagedDatabase {
            database: database.clone(),
            finding: format!("what content {} uses cannot be read", content.0),
        })?,
        None => ContentDraft::default(),
    };
    // Without signatures and documentation, which are most of a row.
    let mut select = tx.prepare_cached(
        "SELECT s.name, s.qualified_name, s.kind, s.first_line, s.last_line, s.parent
         FROM contents c JOIN symbols s ON s.id >= c.first_symbol AND s.id < c.first_symbol + c.n_symbols
         WHERE c.id = ?1 ORDER BY s.id",
    )?;
    let mut rows = select.query([content.0])?;
    while let Some(row) = rows.next()? {
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
        let name = text(0)?.unwrap_or_default();
        draft.symbol(SymbolFact {
            name,
            qualified_name: text(1)?.unwrap_or(name),
            kind: kinds.kind(2, row.get(2)?)?,
            lines: rows::lines(row, 3)?,
            parent: row.get(5)?,
        });
    }
    Ok(draft.pack())
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
fn keys<'n>(names: impl Iterator<Item = &'n str>) -> BTreeSet<i64> {
    names.map(|name| name_key(&name.to_lowercase())).collect()
}

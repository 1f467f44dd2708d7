//! Texts that are or will be embedded, and what follows from a text having a vector.
//!
//! Each text knows whether it has a vector, and each content how many of its chunks have one: then neither
//! counting nor finding what is left to embed has to look at the texts of chunks that are done. This file is the
//! only one that changes those figures after recording.

use super::ids::{IdKind, Ids};
use super::rows::{self, SPACE_CHUNKS};
use crate::sqlite::Fault;
use codemem_core::ids::{TextHash, TextId};
use codemem_core::ports::VectorSpace;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

/// Finds texts by hash, adding those that are new.
pub(super) struct TextTable<'c> {
    tx: &'c Connection,
    ids: Ids,
    insert: CachedStatement<'c>,
    select: CachedStatement<'c>,
}

impl<'c> TextTable<'c> {
    pub(super) fn open(tx: &'c Connection) -> Result<Self, Fault> {
        Ok(Self {
            tx,
            ids: Ids::load(tx, IdKind::Text)?,
            insert: tx.prepare_cached(
                "INSERT INTO texts (id, hash, space, vector) VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING",
            )?,
            select: tx.prepare_cached("SELECT id, vector FROM texts WHERE hash = ?1 AND space = ?2")?,
        })
    }

    /// The text's id, and whether it has a vector.
    pub(super) fn find_or_create(&mut self, space: VectorSpace, hash: TextHash) -> Result<(TextId, bool), Fault> {
        let space = rows::space(space);
        let id = self.ids.peek()?;
        // Most texts are new while a tree is recorded for the first time, so the insertion comes first.
        if self.insert.execute(params![id, hash.0, space])? == 1 {
            self.ids.take(1)?;
            return Ok((TextId(id), false));
        }
        let found = self.select.query_row(params![hash.0, space], |row| {
            Ok((TextId(row.get(0)?), row.get::<_, bool>(1)?))
        })?;
        Ok(found)
    }

    pub(super) fn finish(self) -> Result<(), Fault> {
        self.ids.save(self.tx)
    }
}

/// Records that texts have a vector, or that they have none. Texts that are so already, and unknown
/// ones, are left alone.
pub(super) fn set_vectors(tx: &Connection, texts: &[TextId], vector: bool) -> Result<(), Fault> {
    let mut flip = tx.prepare_cached("UPDATE texts SET vector = ?2 WHERE id = ?1 AND vector <> ?2 RETURNING space")?;
    let mut holders = tx.prepare_cached("SELECT content, count(*) FROM chunks WHERE text = ?1 GROUP BY content")?;
    let mut count = tx.prepare_cached("UPDATE contents SET n_vectors = n_vectors + ?2 WHERE id = ?1")?;
    for text in texts {
        let space: Option<i64> = flip.query_row(params![text.0, vector], |row| row.get(0)).optional()?;
        if space != Some(SPACE_CHUNKS) {
            continue;
        }
        let contents: Vec<(u32, i64)> = holders
            .query_map([text.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (content, n_chunks) in contents {
            let change = if vector { n_chunks } else { -n_chunks };
            count.execute(params![content, change])?;
        }
    }
    Ok(())
}

/// Records that no text has a vector.
pub(super) fn clear_vectors(tx: &Connection) -> Result<(), Fault> {
    tx.execute_batch(
        "UPDATE texts SET vector = 0 WHERE vector <> 0;
         UPDATE contents SET n_vectors = 0 WHERE n_vectors <> 0;",
    )?;
    Ok(())
}

//! Point look-ups of a search: chunks, symbols and texts by their keys.

use super::names::{Kinds, name_key};
use super::rows;
use crate::sqlite::Fault;
use codemem_core::ids::{ChunkId, ContentHash, ContentId, IdSet, TextHash, TextId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{CatalogIds, ChunkRow, SymbolRow};
use codemem_core::unit::SymbolKind;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Columns of a symbol, in the order of [`symbol_row`].
macro_rules! symbol_columns {
    () => {
        "s.content, s.name, s.qualified_name, s.kind, s.visibility, s.signature, s.docstring, s.first_line, s.last_line"
    };
}

/// The first column behind them.
const BEHIND_SYMBOL: usize = 9;

/// A chunk with its symbol, in the order of [`chunk_row`]; the condition follows.
macro_rules! select_chunk {
    ($condition:literal) => {
        concat!(
            "SELECT c.id, c.content, c.first_line, c.last_line, c.text, ",
            symbol_columns!(),
            " FROM chunks c LEFT JOIN symbols s ON s.id = c.symbol WHERE ",
            $condition
        )
    };
}

/// The query of [`recorded`]. CROSS JOIN: in this order each step is one look-up by key.
pub(super) const RECORDED: &str = "SELECT t.hash FROM contents c CROSS JOIN paths p
         CROSS JOIN summaries s ON s.path = p.id AND s.content = c.id
         CROSS JOIN texts t ON t.id = s.summary
     WHERE c.hash = ?1 AND c.extractor_version = ?2 AND c.lexical = 1 AND p.path = ?3";

/// The summary that a path had with a content which is held by this extractor version and in the lexical index.
pub(super) fn recorded(
    tx: &Connection,
    path: &RepoPath,
    hash: ContentHash,
    extractor_version: u32,
) -> Result<Option<TextHash>, Fault> {
    let summary = tx
        .prepare_cached(RECORDED)?
        .query_row(params![hash.0, extractor_version, path.as_str()], |row| {
            rows::hash(row, 0)
        })
        .optional()?;
    Ok(summary)
}

/// Every id there is.
pub(super) fn all_ids(tx: &Connection) -> Result<CatalogIds, Fault> {
    let set = |sql| -> Result<IdSet, Fault> {
        let mut statement = tx.prepare_cached(sql)?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    };
    Ok(CatalogIds {
        contents: set("SELECT id FROM contents")?,
        paths: set("SELECT id FROM paths")?,
        texts: set("SELECT id FROM texts")?,
    })
}

/// Chunks by id, in the order asked for; unknown ids are left out.
pub(super) fn chunks(tx: &Connection, kinds: &Kinds, ids: &[ChunkId]) -> Result<Vec<ChunkRow>, Fault> {
    let mut statement = tx.prepare_cached(select_chunk!("c.id = ?1"))?;
    let mut chunks = Vec::with_capacity(ids.len());
    for id in ids {
        chunks.extend(statement.query_row([id.0], |row| chunk_row(kinds, row)).optional()?);
    }
    Ok(chunks)
}

/// The chunks of a content, in file order.
pub(super) fn chunks_of(tx: &Connection, kinds: &Kinds, content: ContentId) -> Result<Vec<ChunkRow>, Fault> {
    let mut statement = tx.prepare_cached(select_chunk!(
        "c.id >= (SELECT first_chunk FROM contents WHERE id = ?1)
         AND c.id < (SELECT first_chunk + n_chunks FROM contents WHERE id = ?1)
         ORDER BY c.id"
    ))?;
    let rows = statement.query_map([content.0], |row| chunk_row(kinds, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The symbols of a content, in the order in which they were extracted.
pub(super) fn symbols_of(tx: &Connection, kinds: &Kinds, content: ContentId) -> Result<Vec<SymbolRow>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        symbol_columns!(),
        " FROM symbols s
         WHERE s.id >= (SELECT first_symbol FROM contents WHERE id = ?1)
             AND s.id < (SELECT first_symbol + n_symbols FROM contents WHERE id = ?1)
         ORDER BY s.id"
    ))?;
    let rows = statement.query_map([content.0], |row| symbol_row(kinds, row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The same, each with the position of the symbol around it.
pub(super) fn nested_symbols_of(
    tx: &Connection,
    kinds: &Kinds,
    content: ContentId,
) -> Result<Vec<(SymbolRow, Option<u32>)>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        symbol_columns!(),
        ", s.parent FROM symbols s
         WHERE s.id >= (SELECT first_symbol FROM contents WHERE id = ?1)
             AND s.id < (SELECT first_symbol + n_symbols FROM contents WHERE id = ?1)
         ORDER BY s.id"
    ))?;
    let rows = statement.query_map([content.0], |row| {
        Ok((symbol_row(kinds, row, 0)?, row.get(BEHIND_SYMBOL)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One symbol of a content, by position.
pub(super) fn symbol_at(
    tx: &Connection,
    kinds: &Kinds,
    content: ContentId,
    position: u32,
) -> Result<Option<SymbolRow>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        symbol_columns!(),
        " FROM contents c JOIN symbols s ON s.id = c.first_symbol + ?2 WHERE c.id = ?1 AND ?2 < c.n_symbols"
    ))?;
    let found = statement.query_row([content.0, position], |row| symbol_row(kinds, row, 0));
    Ok(found.optional()?)
}

/// The contents that define a name as it is written, with the position among their symbols.
pub(super) fn defined(tx: &Connection, name: &str) -> Result<Vec<(ContentId, u32)>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT s.content, s.id - c.first_symbol FROM symbols s JOIN contents c ON c.id = s.content
         WHERE s.name_key = ?1 AND s.name = ?2 ORDER BY s.id",
    )?;
    let rows = statement.query_map(params![name_key(&name.to_lowercase()), name], |row| {
        Ok((ContentId(row.get(0)?), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every name that is defined.
pub(super) fn names(tx: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = tx.prepare_cached("SELECT DISTINCT name FROM symbols")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The contents that define a symbol of one of these kinds. A pass over all symbols: who narrows a search by kind does so
/// rarely, and an index would cost every pass.
pub(super) fn contents_with(tx: &Connection, kinds: &Kinds, wanted: &[SymbolKind]) -> Result<IdSet, Fault> {
    let mut statement = tx.prepare_cached("SELECT DISTINCT content FROM symbols WHERE kind = ?1")?;
    let mut contents = IdSet::default();
    for kind in wanted {
        let mut rows = statement.query([kinds.number(*kind)])?;
        while let Some(row) = rows.next()? {
            contents.insert(row.get(0)?);
        }
    }
    Ok(contents)
}

/// The chunks that carry these texts, of contents that a manifest holds: what is only waiting to be
/// collected would crowd out what can be shown.
pub(super) fn chunks_with_texts(tx: &Connection, texts: &[TextId]) -> Result<Vec<(TextId, ChunkId, ContentId)>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT c.id, c.content FROM chunks c
         WHERE c.text = ?1 AND EXISTS (SELECT 1 FROM manifest m WHERE m.content = c.content)
         ORDER BY c.content, c.id",
    )?;
    let mut chunks = Vec::with_capacity(texts.len());
    for text in texts {
        let mut rows = statement.query([text.0])?;
        while let Some(row) = rows.next()? {
            chunks.push((*text, ChunkId(row.get(0)?), ContentId(row.get(1)?)));
        }
    }
    Ok(chunks)
}

/// The texts of some contents' chunks. A content's chunks have consecutive ids.
pub(super) fn texts_of(tx: &Connection, contents: &IdSet) -> Result<IdSet, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT c.text FROM contents k JOIN chunks c ON c.id >= k.first_chunk AND c.id < k.first_chunk + k.n_chunks
         WHERE k.id = ?1",
    )?;
    let mut texts = IdSet::default();
    for content in contents.iter() {
        let mut rows = statement.query([content])?;
        while let Some(row) = rows.next()? {
            texts.insert(row.get(0)?);
        }
    }
    Ok(texts)
}

/// Definitions by lower-cased name, of contents that a manifest holds and that are `within`. When there are more than
/// `limit`, every name gets its share: a common name must not crowd out a rare one.
pub(super) fn definitions(
    tx: &Connection,
    kinds: &Kinds,
    names: &[String],
    within: Option<&IdSet>,
    limit: usize,
) -> Result<Vec<SymbolRow>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        symbol_columns!(),
        ", s.id FROM symbols s
         WHERE s.name_key = ?1 AND s.id > ?2
             AND EXISTS (SELECT 1 FROM manifest m WHERE m.content = s.content)
         ORDER BY s.id"
    ))?;
    let mut open: Vec<(&String, u32)> = Vec::with_capacity(names.len());
    for name in names {
        if !open.iter().any(|(other, _)| *other == name) {
            open.push((name, 0));
        }
    }
    tracing::debug!(n_names = open.len(), "looking up definitions");
    let mut found = Vec::new();
    while !open.is_empty() && found.len() < limit {
        let share = (limit - found.len()).div_ceil(open.len());
        let mut still_open = Vec::new();
        for (name, after) in open {
            let wanted = share.min(limit - found.len());
            let (mut last, mut n_taken) = (after, 0);
            let mut rows = statement.query(params![name_key(name), after])?;
            while n_taken < wanted
                && let Some(row) = rows.next()?
            {
                let content: u32 = row.get(0)?;
                if within.is_some_and(|within| !within.contains(content)) {
                    continue;
                }
                last = row.get(BEHIND_SYMBOL)?;
                n_taken += 1;
                let symbol = symbol_row(kinds, row, 0)?;
                // The key is a hash; the name decides.
                if symbol.name.to_lowercase() == *name {
                    found.push(symbol);
                }
            }
            if n_taken == wanted && wanted > 0 {
                still_open.push((name, last));
            }
        }
        open = still_open;
    }
    Ok(found)
}

fn chunk_row(kinds: &Kinds, row: &Row<'_>) -> rusqlite::Result<ChunkRow> {
    const FIRST_SYMBOL_COLUMN: usize = 5;
    let symbol = match row.get::<_, Option<u32>>(FIRST_SYMBOL_COLUMN)? {
        Some(_content) => Some(symbol_row(kinds, row, FIRST_SYMBOL_COLUMN)?),
        None => None,
    };
    Ok(ChunkRow {
        id: ChunkId(row.get(0)?),
        content: ContentId(row.get(1)?),
        lines: rows::lines(row, 2)?,
        text: TextId(row.get(4)?),
        symbol,
    })
}

fn symbol_row(kinds: &Kinds, row: &Row<'_>, column: usize) -> rusqlite::Result<SymbolRow> {
    let name: String = row.get(column + 1)?;
    let qualified_name: Option<String> = row.get(column + 2)?;
    Ok(SymbolRow {
        content: ContentId(row.get(column)?),
        qualified_name: qualified_name.unwrap_or_else(|| name.clone()),
        name,
        kind: kinds.kind(column + 3, row.get(column + 3)?)?,
        visibility: rows::visibility(row, column + 4)?,
        signature: row.get(column + 5)?,
        docstring: row.get(column + 6)?,
        lines: rows::lines(row, column + 7)?,
    })
}

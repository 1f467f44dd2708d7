//! Recording what a pass found: one transaction per batch of files.

use super::ids::{IdKind, Ids};
use super::names::{Kinds, name_key};
use super::texts::TextTable;
use super::{manifest, references, rows, worktrees};
use crate::error::StoreError;
use crate::sqlite::Fault;
use codemem_core::ids::{ChunkId, ContentHash, ContentId, PathId, TextHash, TextId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileRecord, ManifestChange, RecordedFile, VectorSpace};
use codemem_core::unit::{Extraction, Symbol};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};
use std::collections::HashSet;

/// Applies a batch to a worktree. The answer is in the order of `change.put`; with it comes how many contents that were
/// held have other units now.
pub(super) fn record(
    tx: &Connection,
    kinds: &Kinds,
    worktree: WorktreeId,
    change: &ManifestChange,
    extractor_version: u32,
) -> Result<(Vec<RecordedFile>, u64), Fault> {
    worktrees::require(tx, worktree)?;
    tracing::debug!(
        n_put = change.put.len(),
        n_removed = change.removed.len(),
        "recording files"
    );
    manifest::remove(tx, worktree, &change.removed)?;
    manifest::restamp(tx, worktree, &change.restamped)?;
    let mut recorder = Recorder::open(tx, kinds, worktree, extractor_version)?;
    let mut files = Vec::with_capacity(change.put.len());
    for file in &change.put {
        files.push(recorder.file(file)?);
    }
    let n_replaced = recorder.n_replaced;
    recorder.finish()?;
    Ok((files, n_replaced))
}

/// The statements and ids of one batch.
struct Recorder<'c> {
    tx: &'c Connection,
    kinds: &'c Kinds,
    worktree: WorktreeId,
    extractor_version: u32,
    paths: Ids,
    contents: Ids,
    chunks: Ids,
    symbols: Ids,
    texts: TextTable<'c>,
    insert_chunk: CachedStatement<'c>,
    insert_symbol: CachedStatement<'c>,
    /// Contents whose chunks have been handed out in this batch: a second file with the same bytes
    /// must not have them indexed twice.
    announced: HashSet<ContentId>,
    n_replaced: u64,
}

/// A row of `contents` as far as recording needs it.
struct Content {
    id: ContentId,
    language: String,
    extractor_version: u32,
    first_chunk: u32,
    n_chunks: u32,
    lexical: bool,
}

/// What of a row of `contents` follows from an extraction.
struct Units {
    first_chunk: u32,
    n_chunks: u32,
    first_symbol: u32,
    n_symbols: u32,
    n_vectors: u32,
}

impl<'c> Recorder<'c> {
    fn open(tx: &'c Connection, kinds: &'c Kinds, worktree: WorktreeId, extractor_version: u32) -> Result<Self, Fault> {
        Ok(Self {
            tx,
            kinds,
            worktree,
            extractor_version,
            paths: Ids::load(tx, IdKind::Path)?,
            contents: Ids::load(tx, IdKind::Content)?,
            chunks: Ids::load(tx, IdKind::Chunk)?,
            symbols: Ids::load(tx, IdKind::Symbol)?,
            texts: TextTable::open(tx)?,
            insert_chunk: tx.prepare_cached(
                "INSERT INTO chunks (id, content, first_line, last_line, text, symbol)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            insert_symbol: tx.prepare_cached(
                "INSERT INTO symbols (id, content, name_key, name, qualified_name, kind, visibility, signature,
                                      docstring, first_line, last_line, parent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            announced: HashSet::new(),
            n_replaced: 0,
        })
    }

    fn finish(self) -> Result<(), Fault> {
        for ids in [&self.paths, &self.contents, &self.chunks, &self.symbols] {
            ids.save(self.tx)?;
        }
        self.texts.finish()
    }

    fn file(&mut self, file: &FileRecord) -> Result<RecordedFile, Fault> {
        let (path, new_path) = self.path(&file.path)?;
        let content = self.content(file)?;
        let (summary, _) = self.texts.find_or_create(VectorSpace::Files, file.summary)?;
        self.tx
            .prepare_cached(
                "INSERT INTO manifest
                     (worktree, path, content, size, mtime_ns, summary)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (worktree, path) DO UPDATE SET
                     content = excluded.content, size = excluded.size, mtime_ns = excluded.mtime_ns,
                     summary = excluded.summary",
            )?
            .execute(params![
                self.worktree.0,
                path.0,
                content.id.0,
                file.stamp.size as i64,
                file.stamp.mtime_ns,
                summary.0,
            ])?;
        self.tx
            .prepare_cached(
                "INSERT INTO summaries (path, content, summary) VALUES (?1, ?2, ?3)
                 ON CONFLICT (path, content) DO UPDATE SET summary = excluded.summary
                     WHERE summary <> excluded.summary",
            )?
            .execute(params![path.0, content.id.0, summary.0])?;
        let announce = !content.lexical && self.announced.insert(content.id);
        let n_new = if announce { content.n_chunks } else { 0 };
        Ok(RecordedFile {
            path,
            new_path,
            content: content.id,
            summary,
            new_chunks: (0..n_new).map(|n| ChunkId(content.first_chunk + n)).collect(),
        })
    }

    /// The path's id, and whether its document is still missing in the lexical index.
    fn path(&mut self, path: &RepoPath) -> Result<(PathId, bool), Fault> {
        let found = self
            .tx
            .prepare_cached("SELECT id, lexical FROM paths WHERE path = ?1")?
            .query_row([path.as_str()], |row| {
                Ok((PathId(row.get(0)?), !row.get::<_, bool>(1)?))
            })
            .optional()?;
        if let Some(found) = found {
            return Ok(found);
        }
        let id = self.paths.take(1)?;
        self.tx
            .prepare_cached("INSERT INTO paths (id, path, lexical) VALUES (?1, ?2, 0)")?
            .execute(params![id, path.as_str()])?;
        Ok((PathId(id), true))
    }

    fn content(&mut self, file: &FileRecord) -> Result<Content, Fault> {
        let held = self.find(file.hash)?;
        match (held, &file.extraction) {
            (Some(held), given) if !self.is_outdated(&held, given.as_ref()) => Ok(held),
            (Some(held), Some(extraction)) => self.replace(held.id, file, extraction),
            (None, Some(extraction)) => self.insert(file, extraction),
            (Some(_) | None, None) => Err(StoreError::UnknownContent {
                path: file.path.to_string(),
            }
            .into()),
        }
    }

    /// Whether the units that came with a file take the place of those held. The same bytes may be cut
    /// otherwise under another name (`a.h`, `a.txt`). What the lexical index has stays; what it has not
    /// is about to be indexed from the units given, so those are the ones to hold.
    fn is_outdated(&self, held: &Content, given: Option<&(Extraction, Vec<TextHash>)>) -> bool {
        let to_be_indexed = !held.lexical && !self.announced.contains(&held.id);
        let otherwise_cut = given.is_some_and(|(extraction, _)| extraction.language != held.language);
        held.extractor_version != self.extractor_version || (to_be_indexed && otherwise_cut)
    }

    fn find(&self, hash: ContentHash) -> Result<Option<Content>, Fault> {
        let found = self
            .tx
            .prepare_cached(
                "SELECT id, extractor_version, first_chunk, n_chunks, lexical, language
                 FROM contents WHERE hash = ?1",
            )?
            .query_row([hash.0], |row| {
                Ok(Content {
                    id: ContentId(row.get(0)?),
                    extractor_version: row.get(1)?,
                    first_chunk: row.get(2)?,
                    n_chunks: row.get(3)?,
                    lexical: row.get(4)?,
                    language: row.get(5)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    fn insert(&mut self, file: &FileRecord, extraction: &(Extraction, Vec<TextHash>)) -> Result<Content, Fault> {
        let id = ContentId(self.contents.take(1)?);
        let units = self.units(id, file, extraction)?;
        self.tx
            .prepare_cached(
                "INSERT INTO contents (id, language, extractor_version, first_chunk, n_chunks, first_symbol,
                                       n_symbols, n_vectors, lexical, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
            )?
            .execute(params![
                id.0,
                extraction.0.language,
                self.extractor_version,
                units.first_chunk,
                units.n_chunks,
                units.first_symbol,
                units.n_symbols,
                units.n_vectors,
                file.hash.0,
            ])?;
        Ok(self.recorded(id, &extraction.0, &units))
    }

    /// Gives a content other units. It keeps its id, so that the
    /// lexical index replaces its documents; its chunks get new ones.
    fn replace(
        &mut self,
        held: ContentId,
        file: &FileRecord,
        extraction: &(Extraction, Vec<TextHash>),
    ) -> Result<Content, Fault> {
        self.n_replaced += 1;
        delete_units(self.tx, held)?;
        let units = self.units(held, file, extraction)?;
        self.tx
            .prepare_cached(
                "UPDATE contents SET language = ?2, extractor_version = ?3, first_chunk = ?4, n_chunks = ?5,
                                     first_symbol = ?6, n_symbols = ?7, n_vectors = ?8, lexical = 0
                 WHERE id = ?1",
            )?
            .execute(params![
                held.0,
                extraction.0.language,
                self.extractor_version,
                units.first_chunk,
                units.n_chunks,
                units.first_symbol,
                units.n_symbols,
                units.n_vectors,
            ])?;
        // A summary says what a content defines: those of other units are not these units'.
        self.tx
            .prepare_cached("DELETE FROM summaries WHERE content = ?1")?
            .execute([held.0])?;
        Ok(self.recorded(held, &extraction.0, &units))
    }

    fn recorded(&self, id: ContentId, extraction: &Extraction, units: &Units) -> Content {
        Content {
            id,
            language: extraction.language.clone(),
            extractor_version: self.extractor_version,
            first_chunk: units.first_chunk,
            n_chunks: units.n_chunks,
            lexical: false,
        }
    }

    /// Writes a content's chunks and symbols.
    fn units(
        &mut self,
        content: ContentId,
        file: &FileRecord,
        (extraction, texts): &(Extraction, Vec<TextHash>),
    ) -> Result<Units, Fault> {
        let unfit = || StoreError::UnfitExtraction {
            path: file.path.to_string(),
        };
        if texts.len() != extraction.chunks.len() {
            return Err(unfit().into());
        }
        let mut units = Units {
            first_chunk: self.chunks.take(extraction.chunks.len())?,
            n_chunks: extraction.chunks.len() as u32,
            first_symbol: self.symbols.take(extraction.symbols.len())?,
            n_symbols: extraction.symbols.len() as u32,
            n_vectors: 0,
        };
        for (symbol, id) in extraction.symbols.iter().zip(units.first_symbol..) {
            self.symbol(id, content, symbol)?;
        }
        references::insert(self.tx, content, &extraction.references)?;
        for ((chunk, &text), id) in extraction.chunks.iter().zip(texts).zip(units.first_chunk..) {
            if chunk.symbol.is_some_and(|symbol| symbol >= units.n_symbols) {
                return Err(unfit().into());
            }
            let (text, has_vector) = self.texts.find_or_create(VectorSpace::Chunks, text)?;
            let TextId(text) = text;
            let symbol = chunk.symbol.map(|symbol| units.first_symbol + symbol);
            self.insert_chunk
                .execute(params![id, content.0, chunk.lines.start, chunk.lines.end, text, symbol])?;
            units.n_vectors += u32::from(has_vector);
        }
        Ok(units)
    }

    fn symbol(&mut self, id: u32, content: ContentId, symbol: &Symbol) -> Result<(), Fault> {
        let qualified = (symbol.qualified_name != symbol.name).then_some(&symbol.qualified_name);
        self.insert_symbol.execute(params![
            id,
            content.0,
            name_key(&symbol.name.to_lowercase()),
            symbol.name,
            qualified,
            self.kinds.number(symbol.kind),
            symbol.visibility.map(rows::visibility_number),
            symbol.signature,
            symbol.docstring,
            symbol.lines.start,
            symbol.lines.end,
            symbol.parent,
        ])?;
        Ok(())
    }
}

/// Deletes a content's chunks and symbols, and what it uses.
pub(super) fn delete_units(tx: &Connection, content: ContentId) -> Result<(), Fault> {
    references::delete(tx, content)?;
    for (table, first, n) in [
        ("chunks", "first_chunk", "n_chunks"),
        ("symbols", "first_symbol", "n_symbols"),
    ] {
        tx.prepare_cached(&format!(
            "DELETE FROM {table} WHERE id >= (SELECT {first} FROM contents WHERE id = ?1)
                 AND id < (SELECT {first} + {n} FROM contents WHERE id = ?1)"
        ))?
        .execute([content.0])?;
    }
    Ok(())
}

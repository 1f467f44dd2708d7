//! What no manifest names, and letting go of it.

use super::{outbox, record, texts};
use crate::sqlite::Fault;
use codemem_core::ids::{ContentId, IdSet, PathId, TextId, WorktreeId};
use codemem_core::ports::Garbage;
use rusqlite::Connection;

/// What the manifests of some worktrees name. No index has it but that by content, so they are read whole, once.
#[derive(Default)]
struct Held {
    contents: IdSet,
    paths: IdSet,
    summaries: IdSet,
}

impl Held {
    /// By all worktrees but those in `without`.
    fn find(tx: &Connection, without: &[WorktreeId]) -> Result<Self, Fault> {
        let mut held = Self::default();
        let mut lines = tx.prepare_cached("SELECT worktree, content, path, summary FROM manifest")?;
        let mut lines = lines.query([])?;
        while let Some(line) = lines.next()? {
            if !without.contains(&WorktreeId(line.get(0)?)) {
                held.contents.insert(line.get(1)?);
                held.paths.insert(line.get(2)?);
                held.summaries.insert(line.get(3)?);
            }
        }
        Ok(held)
    }

    /// The texts that are in use: summaries of held lines and of what may come back, and those of held contents' chunks.
    fn texts(&self, tx: &Connection) -> Result<IdSet, Fault> {
        let mut texts = self.summaries.clone();
        let mut kept = tx.prepare_cached("SELECT path, content, summary FROM summaries")?;
        let mut kept = kept.query([])?;
        while let Some(row) = kept.next()? {
            if self.paths.contains(row.get(0)?) && self.contents.contains(row.get(1)?) {
                texts.insert(row.get(2)?);
            }
        }
        let mut chunks = tx.prepare_cached("SELECT text, content FROM chunks INDEXED BY chunks_by_text")?;
        let mut chunks = chunks.query([])?;
        while let Some(row) = chunks.next()? {
            if self.contents.contains(row.get(1)?) {
                texts.insert(row.get(0)?);
            }
        }
        Ok(texts)
    }
}

/// Contents and paths without a manifest line, and texts that only such contents use, or as a summary such paths. The
/// lines of the worktrees in `without` do not count.
pub(super) fn find(tx: &Connection, without: &[WorktreeId]) -> Result<Garbage, Fault> {
    let held = Held::find(tx, without)?;
    let texts = held.texts(tx)?;
    // NOT INDEXED: in the order of ids. The narrower indexes over hashes and paths would be read in another.
    let contents = others(tx, "SELECT id FROM contents NOT INDEXED", &held.contents)?;
    let paths = others(tx, "SELECT id FROM paths NOT INDEXED", &held.paths)?;
    let texts = others(tx, "SELECT id FROM texts NOT INDEXED", &texts)?;
    Ok(Garbage {
        contents: contents.into_iter().map(ContentId).collect(),
        paths: paths.into_iter().map(PathId).collect(),
        texts: texts.into_iter().map(TextId).collect(),
    })
}

/// Deletes what [`find`] named. What has come into use since then is kept, and recorded as missing
/// in the indexes, which have deleted it.
pub(super) fn delete(tx: &Connection, garbage: &Garbage) -> Result<(), Fault> {
    let held = Held::find(tx, &[])?;
    let mut delete = tx.prepare_cached("DELETE FROM contents WHERE id = ?1")?;
    let mut kept_contents = Vec::new();
    for &content in &garbage.contents {
        if held.contents.contains(content.0) {
            kept_contents.push(content);
        } else {
            record::delete_units(tx, content)?;
            delete.execute([content.0])?;
        }
    }

    let mut delete = tx.prepare_cached("DELETE FROM paths WHERE id = ?1")?;
    let mut kept_paths = Vec::new();
    for &path in &garbage.paths {
        if held.paths.contains(path.0) {
            kept_paths.push(path);
        } else {
            delete.execute([path.0])?;
        }
    }
    outbox::set_lexical(tx, &kept_contents, &kept_paths, false)?;

    let mut is_used = tx.prepare_cached(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM chunks WHERE text = ?1)
                     OR EXISTS (SELECT 1 FROM summaries WHERE summary = ?1)",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM texts WHERE id = ?1")?;
    let mut kept_texts = Vec::new();
    for &text in &garbage.texts {
        if held.summaries.contains(text.0) || is_used.exists([text.0])? {
            kept_texts.push(text);
        } else {
            delete.execute([text.0])?;
        }
    }
    texts::set_vectors(tx, &kept_texts, false)
}

/// The ids that a query lists and a set does not hold.
fn others(tx: &Connection, sql: &str, held: &IdSet) -> Result<Vec<u32>, Fault> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut others = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        if !held.contains(id) {
            others.push(id);
        }
    }
    Ok(others)
}

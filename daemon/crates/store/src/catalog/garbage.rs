//! What no manifest names, and letting go of it.

use super::{outbox, record, rows::SPACE_FILES, texts};
use crate::sqlite::Fault;
use codemem_core::ids::{ContentId, PathId, TextId, WorktreeId};
use codemem_core::ports::Garbage;
use rusqlite::Connection;

/// Contents and paths without a manifest line, and texts that only such contents use, or as a summary such paths. The
/// lines of the worktrees in `without` do not count.
pub(super) fn find(tx: &Connection, without: &[WorktreeId]) -> Result<Garbage, Fault> {
    let ids: Vec<String> = without.iter().map(|worktree| worktree.0.to_string()).collect();
    let held = |condition: &str| {
        let counts = format!("m.worktree NOT IN ({})", ids.join(", "));
        format!("EXISTS (SELECT 1 FROM manifest m WHERE {condition} AND {counts})")
    };
    // NOT INDEXED: in the order of ids, in which everything that is asked about them lies too. The
    // narrower indexes over hashes and paths would be read in an order that suits nothing else.
    let contents = select(
        tx,
        &format!(
            "SELECT id FROM contents c NOT INDEXED WHERE NOT {}",
            held("m.content = c.id")
        ),
    )?;
    let paths = select(
        tx,
        &format!("SELECT id FROM paths p NOT INDEXED WHERE NOT {}", held("m.path = p.id")),
    )?;
    let texts = select(
        tx,
        &format!(
            "SELECT id FROM texts t NOT INDEXED WHERE CASE t.space
                 WHEN {SPACE_FILES} THEN NOT {} AND NOT EXISTS (
                     SELECT 1 FROM summaries s WHERE s.summary = t.id AND {} AND {})
                 ELSE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.text = t.id AND {})
             END",
            held("m.summary = t.id"),
            held("m.content = s.content"),
            held("m.path = s.path"),
            held("m.content = c.content"),
        ),
    )?;
    Ok(Garbage {
        contents: contents.into_iter().map(ContentId).collect(),
        paths: paths.into_iter().map(PathId).collect(),
        texts: texts.into_iter().map(TextId).collect(),
    })
}

/// Deletes what [`find`] named. What has come into use since then is kept, and recorded as missing
/// in the indexes, which have deleted it.
pub(super) fn delete(tx: &Connection, garbage: &Garbage) -> Result<(), Fault> {
    let mut held = tx.prepare_cached("SELECT 1 FROM manifest WHERE content = ?1")?;
    let mut delete = tx.prepare_cached("DELETE FROM contents WHERE id = ?1")?;
    let mut kept_contents = Vec::new();
    for &content in &garbage.contents {
        if held.exists([content.0])? {
            kept_contents.push(content);
        } else {
            record::delete_units(tx, content)?;
            delete.execute([content.0])?;
        }
    }

    let mut held = tx.prepare_cached("SELECT 1 FROM manifest WHERE path = ?1")?;
    let mut delete = tx.prepare_cached("DELETE FROM paths WHERE id = ?1")?;
    let mut kept_paths = Vec::new();
    for &path in &garbage.paths {
        if held.exists([path.0])? {
            kept_paths.push(path);
        } else {
            delete.execute([path.0])?;
        }
    }
    outbox::set_lexical(tx, &kept_contents, &kept_paths, false)?;

    let mut held = tx.prepare_cached(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM chunks WHERE text = ?1)
                     OR EXISTS (SELECT 1 FROM manifest WHERE summary = ?1)
                     OR EXISTS (SELECT 1 FROM summaries WHERE summary = ?1)",
    )?;
    let mut delete = tx.prepare_cached("DELETE FROM texts WHERE id = ?1")?;
    let mut kept_texts = Vec::new();
    for &text in &garbage.texts {
        if held.exists([text.0])? {
            kept_texts.push(text);
        } else {
            delete.execute([text.0])?;
        }
    }
    texts::set_vectors(tx, &kept_texts, false)
}

fn select(tx: &Connection, sql: &str) -> Result<Vec<u32>, Fault> {
    let mut statement = tx.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

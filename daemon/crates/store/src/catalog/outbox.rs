//! What the other two indexes still have to do: contents and paths outside the lexical index, texts
//! without a vector.

use super::rows::{self, SPACE_CHUNKS, SPACE_FILES};
use crate::sqlite::Fault;
use codemem_core::ids::{ContentId, IdSet, PathId, TextId, WorktreeId};
use codemem_core::ports::{Garbage, Marks, PendingFile, VectorSpace};
use rusqlite::{CachedStatement, Connection, Params, params};
use std::collections::HashSet;

/// Marks contents and paths as durable in the lexical index, or as not in it.
pub(super) fn set_lexical(
    tx: &Connection,
    contents: &[ContentId],
    paths: &[PathId],
    lexical: bool,
) -> Result<(), Fault> {
    let mut content = tx.prepare_cached("UPDATE contents SET lexical = ?2 WHERE id = ?1 AND lexical <> ?2")?;
    for id in contents {
        content.execute(params![id.0, lexical])?;
    }
    let mut path = tx.prepare_cached("UPDATE paths SET lexical = ?2 WHERE id = ?1 AND lexical <> ?2")?;
    for id in paths {
        path.execute(params![id.0, lexical])?;
    }
    Ok(())
}

/// Records that nothing is in the lexical index.
pub(super) fn clear_lexical(tx: &Connection) -> Result<(), Fault> {
    tx.execute_batch(
        "UPDATE contents SET lexical = 0 WHERE lexical <> 0;
         UPDATE paths SET lexical = 0 WHERE lexical <> 0;",
    )?;
    Ok(())
}

/// What the other two indexes should hold. Texts are counted row by row: nothing else ever asks for all of them.
pub(super) fn marks(tx: &Connection) -> Result<Marks, Fault> {
    let set = |sql| -> Result<IdSet, Fault> { Ok(ids(tx, sql, [], |id| id)?.into_iter().collect()) };
    let count = |space: i64| -> Result<u64, Fault> {
        let n_texts: i64 = tx.query_row(
            "SELECT count(*) FROM texts WHERE vector = 1 AND space = ?1",
            [space],
            |row| row.get(0),
        )?;
        Ok(n_texts as u64)
    };
    Ok(Marks {
        contents: set("SELECT id FROM contents WHERE lexical = 1 AND n_chunks > 0")?,
        paths: set("SELECT id FROM paths WHERE lexical = 1")?,
        file_texts: count(SPACE_FILES)?,
        chunk_texts: count(SPACE_CHUNKS)?,
    })
}

/// Takes every manifest line whose content or path never reached the lexical index, or whose content
/// was extracted by another version, and names those contents and paths. Their own rows stay until
/// they are collected: whoever is interrupted between this and the deletion from the lexical index is
/// told the same again.
pub(super) fn rewind(tx: &Connection, extractor_version: u32) -> Result<Garbage, Fault> {
    let contents = "SELECT id FROM contents WHERE lexical = 0 OR extractor_version <> ?1 ORDER BY id";
    let outside = "SELECT id FROM paths WHERE lexical = 0 ORDER BY id";
    tx.prepare_cached(&format!("DELETE FROM manifest WHERE content IN ({contents})"))?
        .execute([extractor_version])?;
    let paths = ids(tx, outside, [], PathId)?;
    if !paths.is_empty() {
        // Reads the manifests whole.
        tx.prepare_cached(&format!("DELETE FROM manifest WHERE path IN ({outside})"))?
            .execute([])?;
    }
    Ok(Garbage {
        contents: ids(tx, contents, [extractor_version], ContentId)?,
        paths,
        texts: Vec::new(),
    })
}

/// Whether any summary has no vector.
const HAS_PENDING_SUMMARIES: &str =
    "SELECT 1 FROM texts INDEXED BY summaries_without_vector WHERE vector = 0 AND space = 0 LIMIT 1";

/// Files with texts that have no vector, at most `limit`. They are taken in the order in which their
/// paths, or contents, were first recorded, and come sorted by worktree and path.
pub(super) fn pending_vectors(tx: &Connection, space: VectorSpace, limit: usize) -> Result<Vec<PendingFile>, Fault> {
    if space == VectorSpace::Files && !tx.prepare_cached(HAS_PENDING_SUMMARIES)?.exists([])? {
        return Ok(Vec::new());
    }
    let mut walk = tx.prepare_cached(match space {
        VectorSpace::Files => {
            "SELECT m.worktree, p.path, m.content, c.hash, m.summary, c.first_chunk, c.n_chunks
             FROM manifest m CROSS JOIN texts t ON t.id = m.summary AND t.vector = 0
                 CROSS JOIN paths p ON p.id = m.path CROSS JOIN contents c ON c.id = m.content
             ORDER BY m.worktree, m.path"
        }
        VectorSpace::Chunks => {
            "SELECT m.worktree, p.path, m.content, c.hash, m.summary, c.first_chunk, c.n_chunks
             FROM contents c INDEXED BY contents_without_vectors
                 CROSS JOIN manifest m ON m.content = c.id CROSS JOIN paths p ON p.id = m.path
             WHERE c.n_vectors < c.n_chunks ORDER BY c.id"
        }
    })?;
    let mut missing = tx.prepare_cached(
        "SELECT c.id - ?1, c.text FROM chunks c JOIN texts t ON t.id = c.text
         WHERE c.id >= ?1 AND c.id < ?2 AND t.vector = 0 ORDER BY c.id",
    )?;
    let mut files: Vec<PendingFile> = Vec::new();
    let mut seen = HashSet::new();
    let mut found = walk.query([])?;
    while files.len() < limit
        && let Some(row) = found.next()?
    {
        let (content, summary): (u32, u32) = (row.get(2)?, row.get(4)?);
        // One content may have several summaries, because a summary begins with the path.
        let subject = match space {
            VectorSpace::Files => summary,
            VectorSpace::Chunks => content,
        };
        if !seen.insert(subject) {
            continue;
        }
        let texts = match space {
            VectorSpace::Files => vec![(0, TextId(summary))],
            VectorSpace::Chunks => missing_texts(&mut missing, row.get(5)?, row.get(6)?)?,
        };
        files.push(PendingFile {
            worktree: WorktreeId(row.get(0)?),
            path: rows::path(row, 1)?,
            content: ContentId(content),
            hash: rows::hash(row, 3)?,
            texts,
        });
    }
    files.sort_by(|a, b| (a.worktree, &a.path).cmp(&(b.worktree, &b.path)));
    Ok(files)
}

/// The texts of one content that have no vector, once each at their first position.
fn missing_texts(
    statement: &mut CachedStatement<'_>,
    first_chunk: u32,
    n_chunks: u32,
) -> Result<Vec<(u32, TextId)>, Fault> {
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    let mut found = statement.query([first_chunk, first_chunk + n_chunks])?;
    while let Some(row) = found.next()? {
        let text = TextId(row.get(1)?);
        if seen.insert(text) {
            texts.push((row.get(0)?, text));
        }
    }
    Ok(texts)
}

fn ids<T>(tx: &Connection, sql: &str, bound: impl Params, wrap: fn(u32) -> T) -> Result<Vec<T>, Fault> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(bound, |row| row.get(0).map(wrap))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

//! Reading and writing the types of `codemem_core` as columns.

use codemem_core::ids::Hash128;
use codemem_core::path::RepoPath;
use codemem_core::ports::VectorSpace;
use codemem_core::unit::LineSpan;
use rusqlite::Row;
use rusqlite::types::Type;

/// The hash in a column.
pub(super) fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash128> {
    row.get(column).map(Hash128)
}

/// The path in a column.
pub(super) fn path(row: &Row<'_>, column: usize) -> rusqlite::Result<RepoPath> {
    let text = row.get_ref(column)?.as_str()?;
    RepoPath::new(text).ok_or_else(|| rusqlite::Error::InvalidColumnType(column, "path".to_owned(), Type::Text))
}

/// The lines in two columns.
pub(super) fn lines(row: &Row<'_>, column: usize) -> rusqlite::Result<LineSpan> {
    Ok(LineSpan {
        start: row.get(column)?,
        end: row.get(column + 1)?,
    })
}

/// The number of a space in `texts.space`.
pub(super) fn space(space: VectorSpace) -> i64 {
    match space {
        VectorSpace::Files => SPACE_FILES,
        VectorSpace::Chunks => SPACE_CHUNKS,
    }
}

/// Summaries.
pub(super) const SPACE_FILES: i64 = 0;
/// Chunks.
pub(super) const SPACE_CHUNKS: i64 = 1;

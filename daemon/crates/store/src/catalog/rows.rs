//! Reading and writing the types of `codemem_core` as columns.

use codemem_core::ids::Hash128;
use codemem_core::path::RepoPath;
use codemem_core::ports::VectorSpace;
use codemem_core::unit::{LineSpan, Visibility};
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

/// The visibility in a column.
pub(super) fn visibility(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Visibility>> {
    let Some(number) = row.get::<_, Option<i64>>(column)? else {
        return Ok(None);
    };
    let known = Visibility::ALL
        .into_iter()
        .find(|one| visibility_number(*one) == number);
    known
        .map(Some)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// The number of a visibility in `symbols.visibility`. The most frequent ones take no byte beyond the row's header.
pub(super) fn visibility_number(visibility: Visibility) -> i64 {
    match visibility {
        Visibility::Public => 0,
        Visibility::Private => 1,
        Visibility::Internal => 2,
        Visibility::Protected => 3,
    }
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

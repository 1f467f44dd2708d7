//! Giving out row ids: upwards only, across deletions and restarts, because the other indexes hold
//! them longer than the catalog does.

use crate::error::StoreError;
use crate::sqlite::Fault;
use rusqlite::{Connection, params};

/// What an id stands for; the row of `next_ids`.
#[derive(Clone, Copy, Debug)]
pub(super) enum IdKind {
    Worktree,
    Path,
    Content,
    Chunk,
    Symbol,
    Text,
}

impl IdKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Worktree => "worktree",
            Self::Path => "path",
            Self::Content => "content",
            Self::Chunk => "chunk",
            Self::Symbol => "symbol",
            Self::Text => "text",
        }
    }
}

/// The ids of one kind, held by one transaction: loaded at its beginning, saved at its end.
pub(super) struct Ids {
    kind: IdKind,
    next: u64,
}

impl Ids {
    pub(super) fn load(tx: &Connection, kind: IdKind) -> Result<Self, Fault> {
        let next: i64 = tx
            .prepare_cached("SELECT next FROM next_ids WHERE kind = ?1")?
            .query_row([kind.as_str()], |row| row.get(0))?;
        Ok(Self {
            kind,
            next: next as u64,
        })
    }

    /// The next id, not yet taken.
    pub(super) fn peek(&self) -> Result<u32, Fault> {
        u32::try_from(self.next).map_err(|_too_large| self.exhausted())
    }

    /// Takes `n` consecutive ids and returns the first.
    pub(super) fn take(&mut self, n: usize) -> Result<u32, Fault> {
        let first = self.next;
        let end = first + n as u64;
        // The first id past the last is stored too, hence `<=`.
        if end > u64::from(u32::MAX) {
            return Err(self.exhausted());
        }
        self.next = end;
        Ok(first as u32)
    }

    pub(super) fn save(&self, tx: &Connection) -> Result<(), Fault> {
        tx.prepare_cached("UPDATE next_ids SET next = ?2 WHERE kind = ?1")?
            .execute(params![self.kind.as_str(), self.next as i64])?;
        Ok(())
    }

    fn exhausted(&self) -> Fault {
        Fault::Refused(StoreError::IdsExhausted {
            kind: self.kind.as_str(),
        })
    }
}

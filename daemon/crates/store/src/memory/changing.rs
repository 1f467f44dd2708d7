//! Changes: a transaction, then the index, then the answer. One at a time.

use super::rows::Key;
use super::{Memories, Writer, facts, outbox, parts, write};
use crate::engine::DISK_RESERVE;
use crate::error::StoreResult;
use crate::files;
use crate::sqlite::{Database, Fault};
use codemem_core::error::chain;
use codemem_core::ports::{Applied, AuditNote, IndexedMemory, MemoryChange};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Memories that the index has been told of before it makes them durable. Until then the database notes them, and whoever
/// opens it after a crash tells the index again: a flush waits for every file of the index, ten times as long as a commit.
const FLUSH_AFTER: usize = 256;

impl Memories {
    pub(super) fn change(&self, mut changes: Vec<MemoryChange>, note: &AuditNote) -> StoreResult<Vec<Applied>> {
        let mut writer = self.lock_writer();
        let database = self.writable()?;
        if changes.iter().any(|change| !matches!(change, MemoryChange::Delete(_))) {
            // What the index would refuse must not be in the database without being found.
            files::require_room(&self.directory, DISK_RESERVE)?;
        }
        let mut dimension = self.watched(database.read("find the dimension", parts::dimension))?;
        for change in &mut changes {
            match change {
                MemoryChange::Add(indexed) | MemoryChange::Replace(indexed) => {
                    parts::drop_unfit(indexed, &mut dimension);
                }
                MemoryChange::Touch(_) | MemoryChange::Delete(_) => {}
            }
        }
        let made = self.commit(&database, &mut writer, "change memories", |tx| {
            write::apply(tx, &changes, note)
        })?;
        self.settle(&database, &mut writer, &made.dirty, |number| match &changes[number] {
            MemoryChange::Add(indexed) | MemoryChange::Replace(indexed) => Some(indexed),
            MemoryChange::Touch(_) | MemoryChange::Delete(_) => None,
        });
        if made.has_deleted {
            // What is deleted is to be gone from the index's files, too.
            self.flush(&database, &mut writer);
            self.erase(&database);
        }
        Ok(made.applied)
    }

    /// One transaction, which also takes note of what the index has by now.
    pub(super) fn commit<T>(
        &self,
        database: &Database,
        writer: &mut Writer,
        action: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> StoreResult<T> {
        let made = self.watched(database.write(action, |tx| {
            outbox::remove(tx, &writer.settled)?;
            body(tx)
        }))?;
        writer.settled.clear();
        Ok(made)
    }

    /// Tells the index what was committed.
    pub(super) fn settle<'c>(
        &self,
        database: &Database,
        writer: &mut Writer,
        dirty: &BTreeMap<Key, Option<usize>>,
        supplied: impl Fn(usize) -> Option<&'c IndexedMemory>,
    ) {
        let keys: Vec<Key> = dirty.keys().copied().collect();
        let of_key = |key: Key| dirty.get(&key).copied().flatten().and_then(&supplied);
        if self.finder.update(database, &keys, of_key) {
            writer.unflushed.extend(keys);
        } else {
            // There is no index, and the next one is made of all that is noted.
            writer.unflushed.clear();
        }
        if writer.unflushed.len() >= FLUSH_AFTER {
            self.flush(database, writer);
        }
    }

    /// Makes durable what the index has been told.
    pub(super) fn flush(&self, database: &Database, writer: &mut Writer) {
        if !writer.unflushed.is_empty() && self.finder.settle(database) {
            writer.settled.append(&mut writer.unflushed);
        }
    }

    /// Leaves nothing of what was deleted. What cannot be done now is done at the next deletion or opening.
    pub(super) fn erase(&self, database: &Database) {
        let run = || -> StoreResult<()> {
            if !database.read("find what is not erased", facts::is_unerased)? {
                return Ok(());
            }
            if database.erase()? {
                // The mark's own commit writes a page again that was erased, not one that was deleted.
                database.write("note what is erased", |tx| facts::set_unerased(tx, false))?;
            }
            Ok(())
        };
        if let Err(error) = self.watched(run()) {
            tracing::warn!(
                error = chain(&error),
                "what was deleted is not yet erased from the file"
            );
        }
    }
}

//! Changes of memories. Functions over an open transaction.

use super::rows::{self, Key};
use super::{audit, facts, outbox, parts};
use crate::sqlite::Fault;
use codemem_core::memory::{Memory, MemoryId, State, TimestampMs};
use codemem_core::ports::{Applied, AuditNote, IndexedMemory, MemoryChange};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;

/// What a batch of changes came to.
#[derive(Default)]
pub(super) struct Made {
    /// What became of each.
    pub(super) applied: Vec<Applied>,
    /// What the index has to be told: memories, and the change that says what is indexed of them. `None`: the database does.
    pub(super) dirty: BTreeMap<Key, Option<usize>>,
    /// Whether something was deleted.
    pub(super) has_deleted: bool,
}

/// Makes changes, one after the other.
pub(super) fn apply(tx: &Connection, changes: &[MemoryChange], note: &AuditNote) -> Result<Made, Fault> {
    let mut writer = Writer {
        tx,
        note,
        made: Made::default(),
    };
    for (number, change) in changes.iter().enumerate() {
        let applied = match change {
            MemoryChange::Add(indexed) => writer.add(indexed, number)?,
            MemoryChange::Replace(indexed) => writer.replace(indexed, number)?,
            MemoryChange::Touch(memory) => writer.touch(memory)?,
            MemoryChange::Delete(id) => writer.delete(id)?,
        };
        writer.made.applied.push(applied);
    }
    let made = writer.made;
    outbox::add(tx, made.dirty.keys().copied())?;
    if made.has_deleted {
        facts::set_unerased(tx, true)?;
    }
    Ok(made)
}

struct Writer<'t> {
    tx: &'t Connection,
    note: &'t AuditNote,
    made: Made,
}

impl Writer<'_> {
    fn add(&mut self, indexed: &IndexedMemory, number: usize) -> Result<Applied, Fault> {
        let memory = &indexed.memory;
        if let Some(former) = &memory.supersedes
            && rows::find(self.tx, former)?.is_none()
        {
            return Ok(Applied::Conflict);
        }
        if let Some(key) = self.find_same(memory)? {
            return self.confirm(key, memory);
        }
        if rows::find(self.tx, &memory.id)?.is_some() {
            return Ok(Applied::Conflict);
        }
        let key = rows::insert(self.tx, memory)?;
        if memory.state != State::Superseded {
            parts::set(self.tx, key, &indexed.parts)?;
        }
        if memory.state == State::Active {
            self.supersede(memory.supersedes.as_ref(), &memory.id)?;
        }
        self.made.dirty.insert(key, Some(number));
        self.audit("done", memory)?;
        Ok(Applied::Done)
    }

    /// A memory with the same content in the same place that is not gone, replaced or expired.
    fn find_same(&self, memory: &Memory) -> Result<Option<Key>, Fault> {
        let Some(place) = rows::find_place(self.tx, &memory.place)? else {
            return Ok(None);
        };
        Ok(self
            .tx
            .prepare_cached(
                "SELECT memory FROM memories WHERE place = ?1 AND hash = ?2 AND state IN ('active', 'proposed')
                     AND (expires_at IS NULL OR expires_at > ?3) ORDER BY memory LIMIT 1",
            )?
            .query_row(
                params![place, rows::content_hash(&memory.content), self.note.at],
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Storing the same again says that it holds, and for as long as the later of both would have. Where a proposal
    /// is stored by somebody who need not propose, it is one no more.
    fn confirm(&mut self, key: Key, again: &Memory) -> Result<Applied, Fault> {
        let Some(stored) = rows::load(self.tx, key)? else {
            return Ok(Applied::Conflict);
        };
        let mut memory = stored.clone();
        memory.confirmations = memory.confirmations.saturating_add(1);
        memory.confirmed_at = memory.confirmed_at.max(Some(self.note.at));
        memory.expires_at = later(memory.expires_at, again.expires_at);
        if again.state == State::Active && memory.state == State::Proposed {
            memory.state = State::Active;
            memory.trust = memory.trust.max(again.trust);
        }
        rows::touch(self.tx, key, &memory)?;
        if memory.state == State::Active {
            if stored.state != State::Active {
                self.supersede(memory.supersedes.as_ref(), &memory.id)?;
            }
            if again.state == State::Active {
                self.supersede(again.supersedes.as_ref(), &memory.id)?;
            }
        }
        self.note_dirty(key, &stored, &memory);
        self.audit("duplicate", &memory)?;
        Ok(Applied::Duplicate(Box::new(memory)))
    }

    fn replace(&mut self, indexed: &IndexedMemory, number: usize) -> Result<Applied, Fault> {
        let memory = &indexed.memory;
        let Some((key, stored)) = self.stored(&memory.id)? else {
            return Ok(Applied::Conflict);
        };
        if Some(memory.version) != stored.version.checked_add(1) {
            return Ok(Applied::Conflict);
        }
        rows::replace(self.tx, key, memory)?;
        if memory.state == State::Superseded {
            parts::remove(self.tx, key)?;
        } else {
            parts::set(self.tx, key, &indexed.parts)?;
        }
        if memory.state == State::Active {
            self.supersede(memory.supersedes.as_ref(), &memory.id)?;
        }
        self.made.dirty.insert(key, Some(number));
        self.audit("done", memory)?;
        Ok(Applied::Done)
    }

    fn touch(&mut self, memory: &Memory) -> Result<Applied, Fault> {
        let Some((key, stored)) = self.stored(&memory.id)? else {
            return Ok(Applied::Conflict);
        };
        if memory.version != stored.version {
            return Ok(Applied::Conflict);
        }
        let touched = Memory {
            state: memory.state,
            trust: memory.trust,
            confirmed_at: memory.confirmed_at,
            confirmations: memory.confirmations,
            expires_at: memory.expires_at,
            superseded_by: memory.superseded_by.clone(),
            anchors: memory.anchors.clone(),
            ..stored.clone()
        };
        rows::touch(self.tx, key, &touched)?;
        match (stored.state, touched.state) {
            (State::Superseded, State::Active | State::Proposed) => {
                let blank = codemem_core::memory::parts::index(&touched, None);
                parts::set(self.tx, key, &blank.parts)?;
            }
            (State::Active | State::Proposed, State::Superseded) => parts::remove(self.tx, key)?,
            (State::Active | State::Proposed, State::Active | State::Proposed)
            | (State::Superseded, State::Superseded) => {}
        }
        if touched.state == State::Active && stored.state != State::Active {
            self.supersede(touched.supersedes.as_ref(), &touched.id)?;
        }
        self.note_dirty(key, &stored, &touched);
        self.audit("done", &touched)?;
        Ok(Applied::Done)
    }

    fn delete(&mut self, id: &MemoryId) -> Result<Applied, Fault> {
        let Some((key, stored)) = self.stored(id)? else {
            return Ok(Applied::Conflict);
        };
        rows::delete(self.tx, key, id)?;
        parts::remove(self.tx, key)?;
        self.made.dirty.insert(key, None);
        self.made.has_deleted = true;
        self.audit("done", &stored)?;
        Ok(Applied::Done)
    }

    /// Takes what an active memory replaces out of searches. A proposal replaces nothing yet.
    fn supersede(&mut self, former: Option<&MemoryId>, by: &MemoryId) -> Result<(), Fault> {
        let Some(former) = former.filter(|former| *former != by) else {
            return Ok(());
        };
        let Some((key, mut memory)) = self.stored(former)? else {
            return Ok(());
        };
        memory.state = State::Superseded;
        memory.superseded_by = Some(by.clone());
        rows::touch(self.tx, key, &memory)?;
        parts::remove(self.tx, key)?;
        self.made.dirty.insert(key, None);
        Ok(())
    }

    fn stored(&self, id: &MemoryId) -> Result<Option<(Key, Memory)>, Fault> {
        let Some(key) = rows::find(self.tx, id)? else {
            return Ok(None);
        };
        Ok(rows::load(self.tx, key)?.map(|memory| (key, memory)))
    }

    /// Of what changes without a version, the index knows two things.
    fn note_dirty(&mut self, key: Key, before: &Memory, after: &Memory) {
        if (before.state, before.expires_at) != (after.state, after.expires_at) {
            self.made.dirty.insert(key, None);
        }
    }

    fn audit(&self, outcome: &'static str, memory: &Memory) -> Result<(), Fault> {
        audit::add(self.tx, self.note, outcome, &memory.id, memory.place.level())
    }
}

/// The later of two ends; never is later than any.
fn later(a: Option<TimestampMs>, b: Option<TimestampMs>) -> Option<TimestampMs> {
    Some(a?.max(b?))
}

//! The one writer: whatever changes memories passes here, in order, and what waits is committed together.
//!
//! A task that hands one group at a time to a blocking thread. A group is one transaction; when it fails, its writes are
//! tried one by one, so that one bad write fails alone. What a change builds upon (the memory that is confirmed, whether an
//! id is free) is read here, where nothing else changes it. When the daemon ends, what was accepted is
//! still written. Must not embed or read working trees: everybody waits for it.

use super::MemoryError;
use super::inner::Inner;
use codemem_core::memory::{Anchor, MAX_ANCHORS, Memory, MemoryId, Origin, State, TimestampMs};
use codemem_core::ports::{
    Applied, AuditNote, Fingerprint, IndexedMemory, MemoryChange, MemoryScope, MemoryStore, PortError,
};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes that wait; more wait to be let in.
pub(super) const MAILBOX: usize = 128;

/// Most steps of a group: two imports' worth, which one transaction takes in well below a second.
const MAX_STEPS: usize = 512;

/// Most writes of a group: every record of the audit log names the requests of its transaction.
const MAX_WRITES: usize = 32;

/// One request's changes: made together or not at all.
pub(super) struct Write {
    /// What is being done, for errors: `store the memory`.
    pub(super) action: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) note: AuditNote,
    /// What made the vectors in the steps.
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) reply: oneshot::Sender<Result<Vec<Became>, MemoryError>>,
}

/// One change.
pub(super) enum Step {
    /// Adds a memory, under another id when its own is taken.
    Add(Box<IndexedMemory>),
    /// Stores the next version.
    Replace(Box<IndexedMemory>),
    /// A person says that it holds.
    Confirm {
        id: MemoryId,
        at: TimestampMs,
        /// As they are now.
        anchors: Vec<Anchor>,
    },
    /// Removes a memory.
    Delete(MemoryId),
    /// Removes a memory if it has expired by then.
    Expire(MemoryId, TimestampMs),
}

/// What became of a step.
#[derive(Debug)]
pub(super) enum Became {
    /// It is stored like this.
    Stored(Box<Memory>),
    /// The same was there: that one.
    Duplicate(Box<Memory>),
    /// It is no more.
    Removed,
    /// There is no such memory any more, or it is at another version: nothing was done.
    Conflict,
}

impl Write {
    /// The memories that it changes, as far as they are there already.
    fn subjects(&self) -> impl Iterator<Item = &MemoryId> {
        self.steps.iter().filter_map(|step| match step {
            Step::Add(indexed) => indexed.memory.supersedes.as_ref(),
            Step::Replace(indexed) => Some(&indexed.memory.id),
            Step::Confirm { id, .. } | Step::Delete(id) | Step::Expire(id, _) => Some(id),
        })
    }
}

/// A write whose changes are known.
struct Prepared {
    write: Write,
    changes: Vec<MemoryChange>,
    /// One for each step.
    steps: Vec<Planned>,
    /// Whether something is stored without a vector.
    has_gaps: bool,
}

/// What a step comes to.
struct Planned {
    n_changes: usize,
    /// The memory that its first change stores.
    stores: Option<Box<Memory>>,
}

impl Inner {
    /// Has a write made and waits for it. What came of each step, in order.
    pub(super) async fn write(
        &self,
        action: &'static str,
        steps: Vec<Step>,
        note: AuditNote,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Vec<Became>, MemoryError> {
        let (reply, answer) = oneshot::channel();
        let write = Write {
            action,
            steps,
            note,
            fingerprint,
            reply,
        };
        self.writer.send(write).await.map_err(|_| MemoryError::Stopping)?;
        answer.await.map_err(|_| MemoryError::JobLost("memory writer"))?
    }

    /// The same for one step.
    pub(super) async fn write_one(
        &self,
        action: &'static str,
        step: Step,
        note: AuditNote,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Became, MemoryError> {
        let became = self.write(action, vec![step], note, fingerprint).await?;
        became.into_iter().next().ok_or(MemoryError::JobLost("memory writer"))
    }
}

/// Serves the mailbox until the daemon ends.
pub(super) async fn run(inner: Arc<Inner>, mut mailbox: mpsc::Receiver<Write>) {
    loop {
        let first = tokio::select! {
            biased;
            () = inner.cancel.cancelled() => {
                mailbox.close();
                mailbox.recv().await
            }
            write = mailbox.recv() => write,
        };
        let Some(first) = first else { return };
        let mut n_steps = first.steps.len();
        let mut waiting = vec![first];
        while n_steps < MAX_STEPS
            && let Ok(write) = mailbox.try_recv()
        {
            n_steps += write.steps.len();
            waiting.push(write);
        }
        let committed = inner.blocking_now("memory writer", move |inner| {
            for group in groups(waiting) {
                commit(inner, group);
            }
            Ok(())
        });
        if let Err(error) = committed.await {
            // Whoever waits learns it from the reply that never comes.
            tracing::error!(error = error.chain(), "memories were not written");
        }
    }
}

/// Splits what waits into transactions, in order: one audit note each, and no memory changed twice in one, since the
/// second change builds upon the first.
fn groups(waiting: Vec<Write>) -> Vec<Vec<Write>> {
    let mut groups: Vec<Vec<Write>> = Vec::new();
    let mut subjects: HashSet<MemoryId> = HashSet::new();
    for write in waiting {
        let joins = groups.last().is_some_and(|group| {
            let is_alike =
                |first: &Write| (first.note.action, first.note.origin) == (write.note.action, write.note.origin);
            group.len() < MAX_WRITES
                && group.first().is_some_and(is_alike)
                && !write.subjects().any(|id| subjects.contains(id))
        });
        if !joins {
            subjects.clear();
            groups.push(Vec::new());
        }
        subjects.extend(write.subjects().cloned());
        if let Some(group) = groups.last_mut() {
            group.push(write);
        }
    }
    groups
}

/// Makes a group's changes in one transaction, or, when that fails, in one for each write.
fn commit(inner: &Inner, group: Vec<Write>) {
    let mut taken: HashSet<MemoryId> = HashSet::new();
    let mut prepared: Vec<Prepared> = Vec::with_capacity(group.len());
    for mut write in group {
        match prepare(inner, &mut write, &mut taken) {
            Ok((changes, steps)) => prepared.push(Prepared {
                has_gaps: changes.iter().any(lacks_vectors),
                write,
                changes,
                steps,
            }),
            Err(error) => answer(write, Err(error)),
        }
    }
    if prepared.len() > 1 {
        let changes = prepared
            .iter()
            .flat_map(|write| write.changes.iter().cloned())
            .collect();
        let note = joint_note(&prepared);
        match apply(&*inner.store, changes, &note) {
            Ok(applied) => {
                let mut applied = applied.into_iter();
                for write in prepared {
                    let own = applied.by_ref().take(write.changes.len()).collect();
                    finish(inner, write, own);
                }
                return;
            }
            Err(error) => {
                tracing::warn!(%error, n_writes = prepared.len(), "memories are written one by one");
            }
        }
    }
    for mut write in prepared {
        match apply(&*inner.store, std::mem::take(&mut write.changes), &write.write.note) {
            Ok(applied) => finish(inner, write, applied),
            Err(error) => {
                let action = write.write.action;
                answer(write.write, Err(MemoryError::port(action)(error)));
            }
        }
    }
}

fn apply(store: &dyn MemoryStore, changes: Vec<MemoryChange>, note: &AuditNote) -> Result<Vec<Applied>, PortError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    store.apply(changes, note)
}

/// A transaction has one note: of several requests, it names each.
fn joint_note(prepared: &[Prepared]) -> AuditNote {
    let mut requests: Vec<&str> = prepared.iter().map(|write| write.write.note.request.as_str()).collect();
    requests.dedup();
    let first = &prepared[0].write.note;
    AuditNote {
        at: prepared
            .iter()
            .map(|write| write.write.note.at)
            .max()
            .unwrap_or(first.at),
        request: requests.join(" "),
        ..first.clone()
    }
}

/// Turns steps into changes of the memories as they are now.
fn prepare(
    inner: &Inner,
    write: &mut Write,
    taken: &mut HashSet<MemoryId>,
) -> Result<(Vec<MemoryChange>, Vec<Planned>), MemoryError> {
    let action = write.action;
    let now = |id: &MemoryId| {
        let found = inner.store.get(&MemoryScope::Everything, id.as_str());
        found.map_err(MemoryError::port(action))
    };
    let mut changes = Vec::new();
    let mut planned = Vec::with_capacity(write.steps.len());
    let agreed = write.fingerprint.is_none() || write.fingerprint == inner.agreed_fingerprint();
    for step in std::mem::take(&mut write.steps) {
        let before = changes.len();
        let mut stores = None;
        match step {
            Step::Add(mut indexed) => {
                if let (State::Active, Some(former)) = (indexed.memory.state, &indexed.memory.supersedes) {
                    let known = now(former)?.ok_or_else(|| MemoryError::NotFound(former.to_string()))?;
                    if known.state == State::Superseded {
                        return Err(MemoryError::superseded(&known));
                    }
                }
                while taken.contains(&indexed.memory.id) || now(&indexed.memory.id)?.is_some() {
                    indexed.memory.id = inner.ids.next(&indexed.memory.content);
                }
                taken.insert(indexed.memory.id.clone());
                stores = Some(Box::new(indexed.memory.clone()));
                changes.push(MemoryChange::Add(without_strange_vectors(indexed, agreed)));
            }
            Step::Replace(indexed) => {
                stores = Some(Box::new(indexed.memory.clone()));
                changes.push(MemoryChange::Replace(without_strange_vectors(indexed, agreed)));
            }
            Step::Confirm { id, at, anchors } => {
                if let Some(mut memory) = now(&id)? {
                    confirm(&mut memory, at, anchors);
                    stores = Some(Box::new(memory.clone()));
                    changes.push(MemoryChange::Touch(Box::new(memory)));
                }
            }
            Step::Delete(id) => changes.push(MemoryChange::Delete(id)),
            Step::Expire(id, at) => {
                if now(&id)?.is_some_and(|memory| memory.is_expired(at)) {
                    changes.push(MemoryChange::Delete(id));
                }
            }
        }
        planned.push(Planned {
            n_changes: changes.len() - before,
            stores,
        });
    }
    Ok((changes, planned))
}

/// Vectors of a model that was replaced meanwhile are left out, and follow later.
fn without_strange_vectors(mut indexed: Box<IndexedMemory>, agreed: bool) -> Box<IndexedMemory> {
    if !agreed {
        indexed.parts.iter_mut().for_each(|part| part.vector = None);
    }
    indexed
}

fn lacks_vectors(change: &MemoryChange) -> bool {
    match change {
        MemoryChange::Add(indexed) | MemoryChange::Replace(indexed) => {
            indexed.parts.iter().any(|part| part.vector.is_none())
        }
        MemoryChange::Touch(_) | MemoryChange::Delete(_) => false,
    }
}

/// A memory of which a person has just said that it holds.
fn confirm(memory: &mut Memory, at: TimestampMs, anchors: Vec<Anchor>) {
    memory.confirmed_at = Some(at);
    memory.confirmations = memory.confirmations.saturating_add(1);
    memory.trust = memory.trust.max(Origin::User.trust());
    if memory.state == State::Proposed {
        memory.state = State::Active;
    }
    // Between the look at the code and now the anchors themselves may have been edited.
    let names = |anchors: &[Anchor]| -> Vec<String> { anchors.iter().map(|anchor| anchor.name.clone()).collect() };
    if names(&memory.anchors) == names(&anchors) {
        memory.anchors = anchors;
    }
}

/// Answers a write that was made.
fn finish(inner: &Inner, prepared: Prepared, applied: Vec<Applied>) {
    let Prepared {
        write, steps, has_gaps, ..
    } = prepared;
    if has_gaps {
        inner.expect_gaps();
    }
    let mut applied = applied.into_iter();
    let settled = steps.into_iter().map(|step| {
        let own: Vec<Applied> = applied.by_ref().take(step.n_changes).collect();
        settle(inner, &write, step, own)
    });
    let became = settled.collect::<Result<Vec<Became>, MemoryError>>();
    answer(write, became);
}

fn settle(inner: &Inner, write: &Write, step: Planned, applied: Vec<Applied>) -> Result<Became, MemoryError> {
    match (applied.into_iter().next(), step.stores) {
        (Some(Applied::Done), Some(memory)) => Ok(Became::Stored(memory)),
        (Some(Applied::Done), None) => Ok(Became::Removed),
        (Some(Applied::Duplicate(known)), Some(new)) => merge(inner, write, &known, &new),
        (Some(Applied::Duplicate(known)), None) => Ok(Became::Duplicate(known)),
        (Some(Applied::Conflict) | None, _) => Ok(Became::Conflict),
    }
}

/// What is said again is believed as far as whoever says it, and is about the code that it is said to be about.
fn merge(inner: &Inner, write: &Write, known: &Memory, new: &Memory) -> Result<Became, MemoryError> {
    let mut memory = known.clone();
    memory.trust = known.trust.max(new.trust);
    for anchor in &new.anchors {
        match memory.anchors.iter().position(|known| known.name == anchor.name) {
            Some(at) if anchor.hash.is_some() => memory.anchors[at] = anchor.clone(),
            None if memory.anchors.len() < MAX_ANCHORS => memory.anchors.push(anchor.clone()),
            Some(_) | None => {}
        }
    }
    if memory != *known {
        let touch = vec![MemoryChange::Touch(Box::new(memory.clone()))];
        apply(&*inner.store, touch, &write.note).map_err(MemoryError::port(write.action))?;
    }
    Ok(Became::Duplicate(Box::new(memory)))
}

/// Answers whoever asked; one who has left has no use for it.
fn answer(write: Write, result: Result<Vec<Became>, MemoryError>) {
    let _unheard = write.reply.send(result);
}

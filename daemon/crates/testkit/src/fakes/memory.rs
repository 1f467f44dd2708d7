//! A memory store in memory: exact search, whole transactions, scopes kept as the port promises.

use super::gate::Gateway;
use super::{Fault, Faults, Gate};
use codemem_core::memory::{ContextLevel, Memory, MemoryFilter, MemoryId, MemoryKind, Reader, State, TimestampMs};
use codemem_core::ports::{
    Applied, AuditNote, Fingerprint, IndexedMemory, MemoryCandidate, MemoryCandidates, MemoryChange, MemoryCopy,
    MemoryPage, MemoryQuery, MemoryScope, MemoryStats, MemoryStore, PortError, PortErrorKind, PortResult, SparseTerm,
    StoreFinding,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A content with this word makes the transaction that it is part of fail.
const POISON: &str = "poison";

/// Memories in a map. Survives the engines that use it.
#[derive(Default)]
pub struct FakeMemories {
    state: Mutex<Rows>,
    n_applied: AtomicUsize,
    read_only: AtomicBool,
    leaky: AtomicBool,
    gateway: Gateway,
    backups: Mutex<BTreeMap<PathBuf, BTreeMap<MemoryId, Arc<Row>>>>,
    faults: Faults,
}

#[derive(Clone, Default)]
struct Rows {
    memories: BTreeMap<MemoryId, Arc<Row>>,
    audits: Vec<(MemoryId, AuditNote)>,
    fingerprint: Option<Fingerprint>,
}

#[derive(Clone)]
struct Row {
    indexed: IndexedMemory,
    history: Vec<Memory>,
}

impl FakeMemories {
    /// An empty store.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// How many transactions were tried.
    pub fn n_applied(&self) -> usize {
        self.n_applied.load(Ordering::SeqCst)
    }

    /// Lets the next transaction wait for the test: when it begins, and before it is made.
    pub fn hold_next(&self) -> Arc<Gate> {
        self.gateway.close()
    }

    /// Refuses changes from now on.
    pub fn set_read_only(&self) {
        self.read_only.store(true, Ordering::SeqCst);
    }

    /// Breaks the port's promise from now on: whoever asks is shown everything, whatever the filter.
    pub fn set_leaky(&self) {
        self.leaky.store(true, Ordering::SeqCst);
    }

    /// All memories, by id.
    pub fn all(&self) -> Vec<Memory> {
        let rows = lock(&self.state);
        rows.memories.values().map(|row| row.indexed.memory.clone()).collect()
    }

    /// Who changed which memory.
    pub fn audits(&self) -> Vec<(MemoryId, AuditNote)> {
        lock(&self.state).audits.clone()
    }

    /// Memories of which some part has no vector.
    pub fn n_without_vector(&self) -> usize {
        lock(&self.state)
            .memories
            .values()
            .filter(|row| lacks_vector(row))
            .count()
    }

    fn scope(&self, scope: &MemoryScope) -> MemoryScope {
        if self.leaky.load(Ordering::SeqCst) {
            return MemoryScope::Everything;
        }
        scope.clone()
    }

    fn filter(&self, filter: &MemoryFilter) -> MemoryFilter {
        if self.leaky.load(Ordering::SeqCst) {
            return MemoryFilter::default();
        }
        filter.clone()
    }

    fn writable(&self) -> PortResult<()> {
        if self.read_only.load(Ordering::SeqCst) {
            return Err(PortError::new(PortErrorKind::Denied, "the store is read-only"));
        }
        Ok(())
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lacks_vector(row: &Row) -> bool {
    row.indexed.parts.iter().any(|part| part.vector.is_none())
}

fn is_readable(scope: &MemoryScope, memory: &Memory) -> bool {
    match scope {
        MemoryScope::Reader(reader) => reader.may_read(&memory.place),
        MemoryScope::Everything => true,
    }
}

impl Rows {
    fn make(&mut self, change: MemoryChange, note: &AuditNote) -> PortResult<Applied> {
        let (id, applied) = match change {
            MemoryChange::Add(indexed) => {
                if indexed.memory.content.contains(POISON) {
                    return Err(PortError::new(PortErrorKind::Failed, "a planned bad content"));
                }
                if let Some(known) = self.confirm_same(&indexed.memory, note.at) {
                    (known.id.clone(), Applied::Duplicate(Box::new(known)))
                } else if self.memories.contains_key(&indexed.memory.id) {
                    return Ok(Applied::Conflict);
                } else {
                    let id = indexed.memory.id.clone();
                    let row = Row {
                        indexed: *indexed,
                        history: Vec::new(),
                    };
                    self.memories.insert(id.clone(), Arc::new(row));
                    (id, Applied::Done)
                }
            }
            MemoryChange::Replace(indexed) => {
                let id = indexed.memory.id.clone();
                let Some(row) = self.row(&id, indexed.memory.version - 1) else {
                    return Ok(Applied::Conflict);
                };
                row.history.insert(0, row.indexed.memory.clone());
                row.indexed = *indexed;
                (id, Applied::Done)
            }
            MemoryChange::Touch(memory) => {
                let id = memory.id.clone();
                let Some(row) = self.row(&id, memory.version) else {
                    return Ok(Applied::Conflict);
                };
                row.indexed.memory = *memory;
                (id, Applied::Done)
            }
            MemoryChange::Delete(id) => {
                if self.memories.remove(&id).is_none() {
                    return Ok(Applied::Conflict);
                }
                (id, Applied::Done)
            }
        };
        self.supersede(&id);
        self.audits.push((id, note.clone()));
        Ok(applied)
    }

    fn row(&mut self, id: &MemoryId, version: u32) -> Option<&mut Row> {
        let row = self
            .memories
            .get_mut(id)
            .filter(|row| row.indexed.memory.version == version)?;
        Some(Arc::make_mut(row))
    }

    /// Confirms the memory that says the same in the same place.
    fn confirm_same(&mut self, new: &Memory, now: TimestampMs) -> Option<Memory> {
        let same = self.memories.values_mut().find(|row| {
            let known = &row.indexed.memory;
            known.place == new.place
                && known.content == new.content
                && known.state != State::Superseded
                && !known.is_expired(now)
        })?;
        let known = &mut Arc::make_mut(same).indexed.memory;
        known.confirmations += 1;
        known.confirmed_at = Some(now);
        known.expires_at = known.expires_at.zip(new.expires_at).map(|(one, other)| one.max(other));
        if new.state == State::Active {
            known.state = State::Active;
        }
        let known = known.clone();
        if new.state == State::Active && new.supersedes.as_ref() != Some(&known.id) {
            self.replaced(new.supersedes.as_ref(), &known.id);
        }
        Some(known)
    }

    /// Marks what an active memory has taken the place of.
    fn supersede(&mut self, by: &MemoryId) {
        let active = self
            .memories
            .get(by)
            .filter(|row| row.indexed.memory.state == State::Active);
        let former = active.and_then(|row| row.indexed.memory.supersedes.clone());
        self.replaced(former.as_ref(), by);
    }

    fn replaced(&mut self, former: Option<&MemoryId>, by: &MemoryId) {
        if let Some(row) = former.and_then(|former| self.memories.get_mut(former)) {
            let memory = &mut Arc::make_mut(row).indexed.memory;
            (memory.state, memory.superseded_by) = (State::Superseded, Some(by.clone()));
        }
    }

    fn admitted<'a>(
        &'a self,
        scope: &'a MemoryScope,
        filter: &'a MemoryFilter,
        states: &'a [State],
        now: TimestampMs,
    ) -> impl Iterator<Item = &'a Arc<Row>> {
        let active = [State::Active];
        self.memories.values().filter(move |row| {
            let memory = &row.indexed.memory;
            let states = if states.is_empty() { &active } else { states };
            is_readable(scope, memory)
                && filter.admits(memory)
                && states.contains(&memory.state)
                && !memory.is_expired(now)
        })
    }
}

/// The sum of the products of common words; `None` without any.
fn overlap(asked: &[SparseTerm], of: &[SparseTerm]) -> Option<f32> {
    let weight = |term: u32| of.iter().find(|known| known.term == term).map(|known| known.weight);
    let sum: f32 = asked
        .iter()
        .filter_map(|term| Some(term.weight * weight(term.term)?))
        .sum();
    (sum > 0.0).then_some(sum)
}

fn best(values: impl Iterator<Item = f32>) -> Option<f32> {
    values.reduce(f32::max)
}

impl MemoryStore for FakeMemories {
    fn apply(&self, changes: Vec<MemoryChange>, note: &AuditNote) -> PortResult<Vec<Applied>> {
        self.n_applied.fetch_add(1, Ordering::SeqCst);
        self.gateway.pass_last();
        self.writable()?;
        self.faults.check(Fault::StoreMemories)?;
        let mut rows = lock(&self.state);
        let mut next = rows.clone();
        let applied = changes
            .into_iter()
            .map(|change| next.make(change, note))
            .collect::<PortResult<Vec<Applied>>>()?;
        *rows = next;
        Ok(applied)
    }

    fn get(&self, scope: &MemoryScope, id: &str) -> PortResult<Option<Memory>> {
        self.faults.check(Fault::ReadMemory)?;
        let scope = &self.scope(scope);
        let rows = lock(&self.state);
        let memories = rows.memories.values().map(|row| &row.indexed.memory);
        let mut found = memories.filter(|memory| memory.id.as_str().starts_with(id) && is_readable(scope, memory));
        let (first, second) = (found.next(), found.next());
        Ok(first.filter(|_| id.len() >= 4 && second.is_none()).cloned())
    }

    fn history(&self, id: &MemoryId) -> PortResult<Vec<Memory>> {
        self.faults.check(Fault::MemoryHistory)?;
        Ok(lock(&self.state)
            .memories
            .get(id)
            .map(|row| row.history.clone())
            .unwrap_or_default())
    }

    fn list(
        &self,
        scope: &MemoryScope,
        filter: &MemoryFilter,
        states: &[State],
        after: Option<&str>,
        limit: usize,
        now: TimestampMs,
    ) -> PortResult<MemoryPage> {
        self.faults.check(Fault::ListMemories)?;
        let (scope, filter) = (&self.scope(scope), &self.filter(filter));
        let rows = lock(&self.state);
        let admitted = rows.admitted(scope, filter, states, now);
        let mut memories: Vec<Memory> = admitted.map(|row| row.indexed.memory.clone()).collect();
        memories.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        let total = memories.len() as u64;
        let begin = match after {
            None => 0,
            Some(after) => memories
                .iter()
                .position(|memory| memory.id.as_str() == after)
                .map_or(memories.len(), |at| at + 1),
        };
        let page: Vec<Memory> = memories.iter().skip(begin).take(limit).cloned().collect();
        let is_last = begin + page.len() >= memories.len();
        Ok(MemoryPage {
            next: page.last().filter(|_| !is_last).map(|memory| memory.id.to_string()),
            memories: page,
            total,
        })
    }

    fn candidates(&self, query: &MemoryQuery) -> PortResult<MemoryCandidates> {
        self.faults.check(Fault::FindMemories)?;
        let rows = lock(&self.state);
        let scope = self.scope(&MemoryScope::Reader(query.reader.clone()));
        let filter = self.filter(&query.filter);
        // Vectors of the fake embedder are nearly all zeros.
        let asked: Option<Vec<(usize, f32)>> = query.vector.as_ref().map(|vector| {
            let values = vector.iter().copied().enumerate();
            values.filter(|(_, value)| *value != 0.0).collect()
        });
        let candidates: Vec<MemoryCandidate> = rows
            .admitted(&scope, &filter, &[], query.now)
            .map(|row| {
                let cosine = |asked: &[(usize, f32)]| {
                    let vectors = row.indexed.parts.iter().filter_map(|part| part.vector.as_ref());
                    best(vectors.map(|vector| asked.iter().map(|(at, value)| vector[*at] * value).sum()))
                };
                MemoryCandidate {
                    memory: row.indexed.memory.clone(),
                    cosine: asked.as_deref().and_then(cosine),
                    whole: overlap(&query.terms, &row.indexed.whole),
                    part: best(
                        row.indexed
                            .parts
                            .iter()
                            .filter_map(|part| overlap(&query.terms, &part.terms)),
                    ),
                }
            })
            .collect();
        let n_searched = candidates.len() as u64;
        // The best of each way of looking.
        let mut kept: BTreeSet<MemoryId> = BTreeSet::new();
        for score in [
            |candidate: &MemoryCandidate| candidate.cosine,
            |candidate: &MemoryCandidate| candidate.whole,
            |candidate: &MemoryCandidate| candidate.part,
        ] {
            let mut scored: Vec<(f32, &MemoryId)> = candidates
                .iter()
                .filter_map(|candidate| Some((score(candidate)?, &candidate.memory.id)))
                .collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            kept.extend(scored.into_iter().take(query.limit).map(|(_, id)| id.clone()));
        }
        Ok(MemoryCandidates {
            candidates: candidates
                .into_iter()
                .filter(|candidate| kept.contains(&candidate.memory.id))
                .collect(),
            n_searched,
        })
    }

    fn anchored(&self, reader: &Reader, paths: &[&str], now: TimestampMs) -> PortResult<Vec<Memory>> {
        self.faults.check(Fault::AnchoredMemories)?;
        let rows = lock(&self.state);
        let scope = self.scope(&MemoryScope::Reader(reader.clone()));
        let filter = MemoryFilter::default();
        let memories = rows.admitted(&scope, &filter, &[], now).map(|row| &row.indexed.memory);
        Ok(memories
            .filter(|memory| {
                memory
                    .anchors
                    .iter()
                    .any(|anchor| paths.contains(&anchor.path.as_str()))
            })
            .cloned()
            .collect())
    }

    fn expired(&self, now: TimestampMs, limit: usize) -> PortResult<Vec<MemoryId>> {
        self.faults.check(Fault::ExpiredMemories)?;
        let rows = lock(&self.state);
        let expired = rows
            .memories
            .iter()
            .filter(|(_, row)| row.indexed.memory.is_expired(now));
        Ok(expired.map(|(id, _)| id.clone()).take(limit).collect())
    }

    fn without_vectors(&self, fingerprint: &Fingerprint, limit: usize) -> PortResult<Vec<Memory>> {
        self.faults.check(Fault::MemoriesWithoutVectors)?;
        let mut rows = lock(&self.state);
        if rows.fingerprint.as_ref() != Some(fingerprint) {
            self.writable()?;
            let parts = rows
                .memories
                .values_mut()
                .flat_map(|row| &mut Arc::make_mut(row).indexed.parts);
            parts.for_each(|part| part.vector = None);
            rows.fingerprint = Some(fingerprint.clone());
        }
        let waiting = rows.memories.values().filter(|row| lacks_vector(row));
        Ok(waiting.map(|row| row.indexed.memory.clone()).take(limit).collect())
    }

    fn index(&self, fingerprint: &Fingerprint, memories: Vec<IndexedMemory>) -> PortResult<()> {
        self.faults.check(Fault::IndexMemories)?;
        self.writable()?;
        let mut rows = lock(&self.state);
        if rows.fingerprint.as_ref() != Some(fingerprint) {
            return Err(PortError::new(PortErrorKind::Mismatch, "vectors of another embedder"));
        }
        for indexed in memories {
            if let Some(row) = rows.row(&indexed.memory.id, indexed.memory.version) {
                row.indexed.whole = indexed.whole;
                row.indexed.parts = indexed.parts;
            }
        }
        Ok(())
    }

    fn backup(&self, path: Option<&Path>, now: TimestampMs) -> PortResult<MemoryCopy> {
        self.faults.check(Fault::BackupMemories)?;
        let path = path.map_or_else(|| PathBuf::from(format!("/backups/{now}")), Path::to_path_buf);
        let memories = lock(&self.state).memories.clone();
        let n_memories = memories.len() as u64;
        if lock(&self.backups).insert(path.clone(), memories).is_some() {
            return Err(PortError::new(PortErrorKind::Denied, "there is a file of that name"));
        }
        Ok(MemoryCopy {
            path,
            n_memories,
            bytes: 100 * n_memories,
        })
    }

    fn restore(&self, path: &Path, now: TimestampMs) -> PortResult<MemoryCopy> {
        self.faults.check(Fault::RestoreMemories)?;
        self.writable()?;
        let Some(mut memories) = lock(&self.backups).get(path).cloned() else {
            return Err(PortError::new(PortErrorKind::NotFound, "there is no such backup"));
        };
        let kept = self.backup(Some(Path::new(&format!("/backups/before-{now}"))), now)?;
        let parts = memories
            .values_mut()
            .flat_map(|row| &mut Arc::make_mut(row).indexed.parts);
        parts.for_each(|part| part.vector = None);
        let n_memories = memories.len() as u64;
        lock(&self.state).memories = memories;
        Ok(MemoryCopy { n_memories, ..kept })
    }

    fn stats(&self, scope: &MemoryScope) -> PortResult<MemoryStats> {
        self.faults.check(Fault::CountMemories)?;
        let rows = lock(&self.state);
        let read: Vec<&Arc<Row>> = rows
            .memories
            .values()
            .filter(|row| is_readable(scope, &row.indexed.memory))
            .collect();
        let count =
            |holds: &dyn Fn(&Memory) -> bool| read.iter().filter(|row| holds(&row.indexed.memory)).count() as u64;
        let projects: BTreeSet<_> = read
            .iter()
            .filter_map(|row| row.indexed.memory.place.project())
            .collect();
        Ok(MemoryStats {
            by_level: ContextLevel::ALL
                .iter()
                .map(|level| (*level, count(&|one| one.place.level() == *level)))
                .collect(),
            by_kind: MemoryKind::ALL
                .iter()
                .map(|kind| (*kind, count(&|one| one.kind == *kind)))
                .collect(),
            by_state: State::ALL
                .iter()
                .map(|state| (*state, count(&|one| one.state == *state)))
                .collect(),
            n_projects: projects.len() as u64,
            n_without_vector: read.iter().filter(|row| lacks_vector(row)).count() as u64,
            n_audited: rows.audits.len() as u64,
            disk_bytes: 100 * read.len() as u64,
            database: "/fake/memories.db".into(),
            newest_backup: None,
            is_read_only: self.is_read_only(),
            problem: None,
        })
    }

    fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::SeqCst)
    }

    fn check(&self) -> Vec<StoreFinding> {
        Vec::new()
    }
}

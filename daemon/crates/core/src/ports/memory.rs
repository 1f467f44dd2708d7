//! The memory store: the truth about memories, and how they are found.

use super::{Fingerprint, PortResult};
use crate::memory::{Memory, MemoryFilter, MemoryId, Reader, State, TimestampMs};
use std::path::{Path, PathBuf};

/// One part of a memory's content, which is embedded and indexed by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct MemoryPart {
    /// Its words and their weights: distinct, sorted by [`SparseTerm::term`].
    pub terms: Vec<SparseTerm>,
    /// Its embedding, of unit length; `None` when there was no model: it is added later.
    pub vector: Option<Vec<f32>>,
}

/// One word of a sparse vector.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SparseTerm {
    /// The hash of a token.
    pub term: u32,
    /// How much the text is about it, not yet weighted by how rare it is: the index does that.
    pub weight: f32,
}

/// A memory and what is indexed of it.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexedMemory {
    /// The memory.
    pub memory: Memory,
    /// The words of the whole content and of its tags.
    pub whole: Vec<SparseTerm>,
    /// Its parts in order, at least one.
    pub parts: Vec<MemoryPart>,
}

/// One change. A batch of them is one transaction.
///
/// A memory that is stored as active, or becomes so, takes the place of the one it supersedes, which is marked as
/// superseded in the same transaction.
#[derive(Clone, PartialEq, Debug)]
pub enum MemoryChange {
    /// Adds a memory. When an active or proposed one has the same place and the same content hash,
    /// that one is confirmed instead ([`Applied::Duplicate`]): it lives as long as the later of both would, and is active
    /// when either is.
    Add(Box<IndexedMemory>),
    /// Replaces a memory by its next version; the former one is kept in its history. The version must follow the stored one.
    Replace(Box<IndexedMemory>),
    /// Changes what is not indexed: state, confirmation, expiry, trust, anchors. No new version.
    Touch(Box<Memory>),
    /// Removes a memory, its history and whatever is indexed of it, so that no byte of its content is left in any file.
    Delete(MemoryId),
}

/// Who changed something, for the audit log, which holds no content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditNote {
    /// When.
    pub at: TimestampMs,
    /// `add`, `edit`, `delete`, ...: the request's name.
    pub action: &'static str,
    /// Where the request came from.
    pub origin: crate::memory::Origin,
    /// The request's correlation id, as the log has it.
    pub request: String,
}

/// What became of a change.
#[derive(Clone, PartialEq, Debug)]
pub enum Applied {
    /// It was made.
    Done,
    /// The same was there already: that one, as it is now.
    Duplicate(Box<Memory>),
    /// There is no such memory (any more), or it is at another version.
    Conflict,
}

/// What to look for. Filters hold before every cut.
#[derive(Clone, PartialEq, Debug)]
pub struct MemoryQuery {
    /// Who asks: decides the places that are looked at, together with the filter's levels.
    pub reader: Reader,
    /// What counts beyond that.
    pub filter: MemoryFilter,
    /// The question's words and their weights.
    pub terms: Vec<SparseTerm>,
    /// The question's embedding, when there is one.
    pub vector: Option<Vec<f32>>,
    /// Candidates of each way of looking.
    pub limit: usize,
    /// Memories that have expired by then do not count.
    pub now: TimestampMs,
}

/// A memory that may answer.
#[derive(Clone, PartialEq, Debug)]
pub struct MemoryCandidate {
    /// The memory, as the database has it.
    pub memory: Memory,
    /// Cosine of the best part, -1 to 1; `None` when it was not among the nearest or has no vector.
    pub cosine: Option<f32>,
    /// Weighted overlap of words of the whole content, from 0; `None` when it was not among the best.
    pub whole: Option<f32>,
    /// The same of its best part.
    pub part: Option<f32>,
}

/// The candidates, and what they were chosen from.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MemoryCandidates {
    /// In no particular order.
    pub candidates: Vec<MemoryCandidate>,
    /// Memories that the reader may read and the filter admits.
    pub n_searched: u64,
}

/// One page of a list.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MemoryPage {
    /// Newest first.
    pub memories: Vec<Memory>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Whose memories a list or an export covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemoryScope {
    /// What a reader may read.
    Reader(Reader),
    /// Everything: the owner's own backup.
    Everything,
}

/// Counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemoryStats {
    /// By level, by kind and by state.
    pub by_level: Vec<(crate::memory::ContextLevel, u64)>,
    /// By kind.
    pub by_kind: Vec<(crate::memory::MemoryKind, u64)>,
    /// By state.
    pub by_state: Vec<(State, u64)>,
    /// Distinct projects.
    pub n_projects: u64,
    /// Parts without a vector.
    pub n_without_vector: u64,
    /// Records of the audit log.
    pub n_audited: u64,
    /// Bytes on disk, database and vectors.
    pub disk_bytes: u64,
    /// The database's file.
    pub database: PathBuf,
    /// The newest backup that is there, and when it was made.
    pub newest_backup: Option<(PathBuf, TimestampMs)>,
    /// Whether it takes no changes.
    pub is_read_only: bool,
    /// What is wrong with it, with the next step.
    pub problem: Option<String>,
}

/// What a backup or a restore did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemoryCopy {
    /// The file that was written: the backup, or what was stored before a restore.
    pub path: PathBuf,
    /// Memories in the backup.
    pub n_memories: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// The memories of a user. Implemented by `codemem-store`: SQLite is the truth, Qdrant finds.
///
/// Calls block. Changes are made one at a time; reads run beside them. Nothing is returned that the database does
/// not hold, and nothing that the reader may not read: places are checked again on what the index found.
pub trait MemoryStore: Send + Sync {
    /// Makes changes in one transaction, durable and findable on return. The results are in the changes' order.
    /// An error means that none was made.
    fn apply(&self, changes: Vec<MemoryChange>, note: &AuditNote) -> PortResult<Vec<Applied>>;

    /// One memory, if the reader may read it; by its whole id, or by a beginning of at least four characters that
    /// exactly one readable memory has.
    fn get(&self, scope: &MemoryScope, id: &str) -> PortResult<Option<Memory>>;

    /// Former versions, newest first.
    fn history(&self, id: &MemoryId) -> PortResult<Vec<Memory>>;

    /// A page of what there is; no states means active ones. Expired ones are left out.
    fn list(
        &self,
        scope: &MemoryScope,
        filter: &MemoryFilter,
        states: &[State],
        after: Option<&str>,
        limit: usize,
        now: TimestampMs,
    ) -> PortResult<MemoryPage>;

    /// Active memories that may answer a question.
    fn candidates(&self, query: &MemoryQuery) -> PortResult<MemoryCandidates>;

    /// Active memories of the reader's that are anchored to one of the paths of its project.
    fn anchored(&self, reader: &Reader, paths: &[&str], now: TimestampMs) -> PortResult<Vec<Memory>>;

    /// Memories that have expired by then; at most `limit`.
    fn expired(&self, now: TimestampMs, limit: usize) -> PortResult<Vec<MemoryId>>;

    /// Memories of which some part has no vector of this embedder; at most `limit`. Vectors of another embedder
    /// are dropped first.
    fn without_vectors(&self, fingerprint: &Fingerprint, limit: usize) -> PortResult<Vec<Memory>>;

    /// Indexes memories again, with what was missing. Ones that are gone or at another version by now are passed over.
    fn index(&self, fingerprint: &Fingerprint, memories: Vec<IndexedMemory>) -> PortResult<()>;

    /// Copies the database to a file that is not there yet; `None`: beside the database, by date.
    fn backup(&self, path: Option<&Path>, now: TimestampMs) -> PortResult<MemoryCopy>;

    /// Puts a backup in the place of what is stored, after checking it; what was stored is backed up first. Nothing of it has
    /// vectors until [`MemoryStore::index`].
    fn restore(&self, path: &Path, now: TimestampMs) -> PortResult<MemoryCopy>;

    /// Counts.
    fn stats(&self, scope: &MemoryScope) -> PortResult<MemoryStats>;

    /// Whether it takes changes.
    fn is_read_only(&self) -> bool;

    /// Checks database and index; what is wrong, each with its next step.
    fn check(&self) -> Vec<super::StoreFinding>;
}

//! What requests say and what is answered: plain fields as they were given, checked by the requests themselves.

use super::AnchorStatus;
use codemem_core::memory::gate::Gate;
use codemem_core::memory::{Memory, MemoryFilter, MemoryId, MemoryKind, Origin, SessionId, State, TimestampMs};
use std::path::PathBuf;

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// An absolute path in the project; `None` where only preferences are meant.
    pub project: Option<PathBuf>,
    /// The session.
    pub session: Option<SessionId>,
    /// What the caller is. Decides what it may change.
    pub origin: Origin,
    /// The request's correlation id, for the audit log.
    pub request: String,
}

/// What is to be stored, as it was given.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AddMemory {
    /// What is remembered.
    pub content: String,
    /// The level's name.
    pub level: String,
    /// The kind's name; empty: a note.
    pub kind: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Paths, symbols, or `path#symbol`.
    pub anchors: Vec<String>,
    /// Id of the memory whose place it takes; empty: none.
    pub supersedes: String,
    /// When it is gone; 0: never, or 30 days from now at the level of a session.
    pub expires_at: TimestampMs,
    /// Take secrets out instead of refusing.
    pub redact: bool,
}

/// What became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Added {
    /// Its id, or that of the one that was there already.
    pub id: MemoryId,
    /// The same was stored already.
    pub is_duplicate: bool,
    /// Where it is in its life.
    pub state: State,
    /// Names of the rules by which something was taken out.
    pub redacted: Vec<&'static str>,
    /// What whoever stored it should know.
    pub notes: Vec<String>,
    /// Memories that say nearly the same or the opposite, at most three.
    pub related: Vec<MemoryHit>,
}

/// A question.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FindMemories {
    /// What is asked; a whole prompt is read for its question.
    pub query: String,
    /// Which memories count; its tags are checked here.
    pub filter: MemoryFilter,
    /// Most hits; 0 means 10.
    pub limit: u32,
    /// Tokens of content in all hits together, of four bytes each; 0: no limit.
    pub token_budget: u32,
    /// Answer whatever the gate says.
    pub no_gate: bool,
    /// Show hits that the floor would keep back as well.
    pub no_floor: bool,
    /// Say of each hit which features made its score.
    pub explain: bool,
}

/// A question about one level.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RetrieveMemories {
    /// What is asked; empty: the ones that matter most.
    pub query: String,
    /// Most hits; 0 means 10.
    pub limit: u32,
    /// As in [`FindMemories::token_budget`].
    pub token_budget: u32,
}

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Best first.
    pub hits: Vec<MemoryHit>,
    /// Whether searching was worth it.
    pub gate: Gate,
    /// What was searched for, when that is a part of what was asked.
    pub query_used: Option<String>,
    /// Milliseconds spent.
    pub took_ms: f64,
    /// Memories that the caller may read and the filter lets through.
    pub n_searched: u64,
    /// Why no vectors were used; `None` when they were.
    pub no_vectors: Option<String>,
    /// Hits for which no room was left.
    pub more: Vec<Handle>,
}

/// A hit for which no room was left.
#[derive(Clone, PartialEq, Debug)]
pub struct Handle {
    /// Its id.
    pub id: MemoryId,
    /// Its first line, cut.
    pub title: String,
    /// 0 to 1.
    pub score: f32,
}

/// A memory that answers.
#[derive(Clone, PartialEq, Debug)]
pub struct MemoryHit {
    /// The memory.
    pub shown: Shown,
    /// 0 to 1, comparable between answers.
    pub score: f32,
    /// Why it is here, in a few words.
    pub reason: String,
    /// Hits of the same answer that seem to say the opposite.
    pub contradicts: Vec<MemoryId>,
    /// Memories that say nearly the same and are left out.
    pub folded: Vec<MemoryId>,
    /// Name, value and share of each feature that is not zero; empty unless asked for.
    pub features: Vec<(&'static str, f32, f32)>,
}

/// A memory, and what has become of the code it is about.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    /// The memory.
    pub memory: Memory,
    /// `code changed since 2026-11-02`; `None` when nothing has, or nobody can tell.
    pub stale: Option<String>,
    /// One for each of the memory's anchors.
    pub anchors: Vec<AnchorStatus>,
}

/// A memory with its history.
#[derive(Clone, PartialEq, Debug)]
pub struct Got {
    /// The memory.
    pub shown: Shown,
    /// Former versions, newest first; empty unless asked for.
    pub history: Vec<Memory>,
}

/// What to list.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ListMemories {
    /// Which memories count; its tags are checked here.
    pub filter: MemoryFilter,
    /// Only these; empty: active ones.
    pub states: Vec<State>,
    /// Most on one page; 0 means 50.
    pub limit: u32,
    /// [`Listed::next`] of the page before.
    pub after: Option<String>,
}

/// A page.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// Newest first.
    pub memories: Vec<Shown>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// Memories on all pages.
    pub total: u64,
}

/// What to change; `None` stays as it is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct EditMemory {
    /// The memory's id, or a beginning of it.
    pub id: String,
    /// Another content.
    pub content: Option<String>,
    /// Other tags.
    pub tags: Option<Vec<String>>,
    /// Another kind.
    pub kind: Option<MemoryKind>,
    /// Other anchors.
    pub anchors: Option<Vec<String>>,
    /// Refused when the memory is not at this version; 0: whatever it is.
    pub version: u32,
    /// Take secrets out instead of refusing.
    pub redact: bool,
}

/// An edited memory.
#[derive(Clone, PartialEq, Debug)]
pub struct Edited {
    /// As it is now.
    pub shown: Shown,
    /// Names of the rules by which something was taken out.
    pub redacted: Vec<&'static str>,
    /// What whoever edited it should know.
    pub notes: Vec<String>,
}

/// One line of an import, as it was given.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ImportedMemory {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is remembered.
    pub content: String,
    /// The level's name.
    pub level: String,
    /// Tags.
    pub tags: Vec<String>,
    /// The kind's name; empty: a note.
    pub kind: String,
    /// When what it tells was so; 0: now.
    pub created_at: TimestampMs,
    /// When it is gone; 0 as in [`AddMemory::expires_at`].
    pub expires_at: TimestampMs,
    /// Paths, symbols, or `path#symbol`.
    pub anchors: Vec<String>,
    /// Its session; empty: the caller's.
    pub session: String,
    /// Its id in an export, kept when it is free; empty: a new one.
    pub id: String,
}

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Imported {
    /// New memories.
    pub n_imported: u64,
    /// Lines of which the same was stored already.
    pub n_duplicates: u64,
    /// Lines that were not stored, in their order.
    pub rejected: Vec<Rejected>,
}

/// A line that was not stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// Its number.
    pub line: u64,
    /// Why, naming the field.
    pub reason: String,
}

/// What to export.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ExportMemories {
    /// Which memories count; its tags are checked here.
    pub filter: MemoryFilter,
    /// Everybody's, not only what the caller may read. For people alone.
    pub all_projects: bool,
    /// [`Listed::next`] of the page before.
    pub after: Option<String>,
}

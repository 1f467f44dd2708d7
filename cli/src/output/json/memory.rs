//! What is remembered.

use codemem_proto::memory::{kind_name, level_name, origin_name, state_name};
use codemem_proto::time;
use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

/// Digits of scores and shares: they were single precision before they came here.
const DIGITS: f64 = 1e6;

#[derive(Serialize, Debug)]
pub(crate) struct FoundMemories {
    hits: Vec<Hit>,
    gate: Gate,
    took_ms: f64,
    /// What was searched for, when that is a part of what was asked.
    query_used: Option<String>,
    searched: u64,
    vectors_used: bool,
    vectors_reason: String,
    more: Vec<Handle>,
}

#[derive(Serialize, Debug)]
struct Hit {
    #[serde(flatten)]
    memory: Memory,
    score: f64,
    reason: String,
    contradicts: Vec<String>,
    folded: Vec<String>,
    /// By name; only when they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, Feature>,
}

#[derive(Serialize, Debug)]
struct Feature {
    value: f64,
    share: f64,
}

#[derive(Serialize, Debug)]
struct Gate {
    decision: String,
    score: f64,
    reason: String,
}

#[derive(Serialize, Debug)]
struct Handle {
    id: String,
    title: String,
    score: f64,
}

/// One memory. Times are RFC 3339; what there is none of is null.
#[derive(Serialize, Debug)]
pub(crate) struct Memory {
    id: String,
    content: String,
    context_level: &'static str,
    project: Option<String>,
    session: Option<String>,
    tags: Vec<String>,
    kind: &'static str,
    origin: &'static str,
    trust: f64,
    state: &'static str,
    created_at: String,
    updated_at: String,
    confirmed_at: Option<String>,
    confirmations: u32,
    expires_at: Option<String>,
    supersedes: Option<String>,
    superseded_by: Option<String>,
    version: u32,
    anchors: Vec<Anchor>,
    flags: Vec<String>,
    stale: Option<String>,
}

#[derive(Serialize, Debug)]
struct Anchor {
    name: String,
    path: Option<String>,
    symbol: Option<String>,
    status: String,
}

#[derive(Serialize, Debug)]
pub(crate) struct MemoryWithHistory {
    #[serde(flatten)]
    memory: Memory,
    history: Vec<Memory>,
}

#[derive(Serialize, Debug)]
pub(crate) struct MemoryList {
    memories: Vec<Memory>,
    total: u64,
    /// For `--after`.
    next: Option<String>,
}

#[derive(Serialize, Debug)]
pub(crate) struct AddedMemory {
    id: String,
    duplicate: bool,
    state: &'static str,
    redacted: Vec<String>,
    notes: Vec<String>,
    related: Vec<Hit>,
}

#[derive(Serialize, Debug)]
pub(crate) struct EditedMemory {
    #[serde(flatten)]
    memory: Memory,
    redacted: Vec<String>,
    notes: Vec<String>,
}

#[derive(Serialize, Debug)]
pub(crate) struct DeletedMemory {
    pub(crate) deleted: String,
    pub(crate) backup: Option<String>,
}

#[derive(Serialize, Default, Debug)]
pub(crate) struct ImportReport {
    pub(crate) imported: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: Vec<Rejected>,
}

#[derive(Serialize, Debug)]
pub(crate) struct Rejected {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

#[derive(Serialize, Debug)]
pub(crate) struct MemoryBackup {
    pub(crate) path: String,
    pub(crate) memories: u64,
    pub(crate) bytes: u64,
}

#[derive(Serialize, Debug)]
pub(crate) struct MemoryRestored {
    pub(crate) memories: u64,
    pub(crate) kept: Option<String>,
}

#[derive(Serialize, Debug)]
pub(crate) struct MemoryStats {
    memories: u64,
    by_level: BTreeMap<String, u64>,
    by_kind: BTreeMap<String, u64>,
    by_state: BTreeMap<String, u64>,
    projects: u64,
    without_vector: u64,
    disk_bytes: u64,
    database: String,
    newest_backup: Option<String>,
    newest_backup_at: Option<String>,
    read_only: bool,
    problem: Option<String>,
    audited: u64,
    /// Where it was counted: memories of this directory's project, and the user's of every project.
    project: String,
}

impl From<v1::FindMemoriesResponse> for FoundMemories {
    fn from(answer: v1::FindMemoriesResponse) -> Self {
        let gate = answer.gate.unwrap_or_default();
        Self {
            hits: answer.hits.into_iter().map(Hit::from).collect(),
            gate: Gate {
                decision: gate.decision,
                score: rounded(gate.score),
                reason: gate.reason,
            },
            took_ms: answer.took_ms,
            query_used: given(answer.query_used),
            searched: answer.searched,
            vectors_used: answer.vectors_used,
            vectors_reason: answer.vectors_reason,
            more: answer.more.into_iter().map(Handle::from).collect(),
        }
    }
}

impl From<v1::MemoryHandle> for Handle {
    fn from(handle: v1::MemoryHandle) -> Self {
        Self {
            id: handle.id,
            title: handle.title,
            score: rounded(handle.score),
        }
    }
}

impl From<v1::MemoryHit> for Hit {
    fn from(hit: v1::MemoryHit) -> Self {
        let feature = |feature: v1::MemoryFeature| {
            let (value, share) = (rounded(feature.value), rounded(feature.share));
            (feature.name, Feature { value, share })
        };
        Self {
            memory: hit.memory.unwrap_or_default().into(),
            score: rounded(hit.score),
            reason: hit.reason,
            contradicts: hit.contradicts,
            folded: hit.folded,
            features: hit.features.into_iter().map(feature).collect(),
        }
    }
}

impl From<v1::MemoryUnit> for Memory {
    fn from(memory: v1::MemoryUnit) -> Self {
        let at = |ms: i64| (ms != 0).then(|| time::rfc3339(ms));
        Self {
            context_level: level_name(memory.context_level()),
            kind: kind_name(memory.kind()),
            origin: origin_name(memory.origin()),
            state: state_name(memory.state()),
            id: memory.id,
            content: memory.content,
            project: given(memory.project),
            session: given(memory.session),
            tags: memory.tags,
            trust: rounded(memory.trust),
            created_at: time::rfc3339(memory.created_at_ms),
            updated_at: time::rfc3339(memory.updated_at_ms),
            confirmed_at: at(memory.confirmed_at_ms),
            confirmations: memory.confirmations,
            expires_at: at(memory.expires_at_ms),
            supersedes: given(memory.supersedes),
            superseded_by: given(memory.superseded_by),
            version: memory.version,
            anchors: memory.anchors.into_iter().map(Anchor::from).collect(),
            flags: memory.flags,
            stale: given(memory.stale),
        }
    }
}

impl From<v1::MemoryAnchor> for Anchor {
    fn from(anchor: v1::MemoryAnchor) -> Self {
        Self {
            name: anchor.name,
            path: given(anchor.path),
            symbol: given(anchor.symbol),
            status: anchor.status,
        }
    }
}

impl From<v1::GetMemoryResponse> for MemoryWithHistory {
    fn from(answer: v1::GetMemoryResponse) -> Self {
        Self {
            memory: answer.memory.unwrap_or_default().into(),
            history: answer.history.into_iter().map(Memory::from).collect(),
        }
    }
}

impl From<v1::ListMemoriesResponse> for MemoryList {
    fn from(answer: v1::ListMemoriesResponse) -> Self {
        Self {
            memories: answer.memories.into_iter().map(Memory::from).collect(),
            total: answer.total,
            next: given(answer.next),
        }
    }
}

impl From<v1::AddMemoryResponse> for AddedMemory {
    fn from(answer: v1::AddMemoryResponse) -> Self {
        Self {
            state: state_name(answer.state()),
            id: answer.id,
            duplicate: answer.duplicate,
            redacted: answer.redacted,
            notes: answer.notes,
            related: answer.related.into_iter().map(Hit::from).collect(),
        }
    }
}

impl From<v1::EditMemoryResponse> for EditedMemory {
    fn from(answer: v1::EditMemoryResponse) -> Self {
        Self {
            memory: answer.memory.unwrap_or_default().into(),
            redacted: answer.redacted,
            notes: answer.notes,
        }
    }
}

impl ImportReport {
    /// Adds what the daemon says of a part of the file.
    pub(crate) fn add(&mut self, answer: v1::ImportMemoriesResponse) {
        self.imported += answer.imported;
        self.duplicates += answer.duplicates;
        for rejected in answer.rejected {
            self.reject(rejected.line, rejected.reason);
        }
    }

    /// Adds a line that was not taken.
    pub(crate) fn reject(&mut self, line: u64, reason: String) {
        self.rejected.push(Rejected { line, reason });
    }

    /// Puts the lines in their order.
    pub(crate) fn sort(&mut self) {
        self.rejected.sort_by_key(|rejected| rejected.line);
    }
}

impl MemoryStats {
    /// The counts of what is read in a project.
    pub(crate) fn new(answer: v1::MemoryStatsResponse, project: String) -> Self {
        let at = answer.newest_backup_at_ms;
        Self {
            memories: answer.memories,
            by_level: answer.by_level.into_iter().collect(),
            by_kind: answer.by_kind.into_iter().collect(),
            by_state: answer.by_state.into_iter().collect(),
            projects: answer.projects,
            without_vector: answer.without_vector,
            disk_bytes: answer.disk_bytes,
            database: answer.database,
            newest_backup: given(answer.newest_backup),
            newest_backup_at: (at != 0).then(|| time::rfc3339(at)),
            read_only: answer.read_only,
            problem: given(answer.problem),
            audited: answer.audited,
            project,
        }
    }
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn rounded(number: f64) -> f64 {
    (number * DIGITS).round() / DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_exact_as_they_were() {
        assert_eq!(rounded(f64::from(0.8_f32)).to_string(), "0.8");
        assert_eq!(rounded(f64::from(0.123_456_78_f32)).to_string(), "0.123457");
    }
}

//! What is answered, from the engine to the wire.

use codemem_core::memory::gate::{Decision, Gate};
use codemem_core::memory::{ContextLevel, Memory, MemoryId, MemoryKind, Origin, State};
use codemem_core::ports::MemoryStats;
use codemem_engine::memory::{Added, AnchorStatus, Edited, Found, Got, Handle, Listed, MemoryHit, Shown};
use codemem_proto::v1;

pub(super) fn added(added: Added) -> v1::AddMemoryResponse {
    v1::AddMemoryResponse {
        id: added.id.to_string(),
        duplicate: added.is_duplicate,
        state: state(added.state).into(),
        redacted: texts(added.redacted),
        notes: added.notes,
        related: added.related.into_iter().map(hit).collect(),
    }
}

pub(super) fn found(found: Found) -> v1::FindMemoriesResponse {
    v1::FindMemoriesResponse {
        hits: found.hits.into_iter().map(hit).collect(),
        gate: Some(gate(&found.gate)),
        query_used: found.query_used.unwrap_or_default(),
        took_ms: found.took_ms,
        searched: found.n_searched,
        vectors_used: found.no_vectors.is_none(),
        vectors_reason: found.no_vectors.unwrap_or_default(),
        more: found.more.into_iter().map(handle).collect(),
    }
}

pub(super) fn got(got: Got) -> v1::GetMemoryResponse {
    v1::GetMemoryResponse {
        memory: Some(shown(got.shown)),
        history: got.history.into_iter().map(|memory| unit(memory, None, &[])).collect(),
    }
}

pub(super) fn listed(listed: Listed) -> v1::ListMemoriesResponse {
    v1::ListMemoriesResponse {
        memories: listed.memories.into_iter().map(shown).collect(),
        next: listed.next.unwrap_or_default(),
        total: listed.total,
    }
}

pub(super) fn edited(edited: Edited) -> v1::EditMemoryResponse {
    v1::EditMemoryResponse {
        memory: Some(shown(edited.shown)),
        redacted: texts(edited.redacted),
        notes: edited.notes,
    }
}

pub(super) fn stats(stats: MemoryStats) -> v1::MemoryStatsResponse {
    let (newest_backup, newest_backup_at_ms) = stats.newest_backup.unwrap_or_default();
    v1::MemoryStatsResponse {
        memories: stats.by_level.iter().map(|(_, n_memories)| n_memories).sum(),
        by_level: counts(&stats.by_level, ContextLevel::as_str),
        by_kind: counts(&stats.by_kind, MemoryKind::as_str),
        by_state: counts(&stats.by_state, State::as_str),
        projects: stats.n_projects,
        without_vector: stats.n_without_vector,
        disk_bytes: stats.disk_bytes,
        database: stats.database.display().to_string(),
        newest_backup: newest_backup.display().to_string(),
        newest_backup_at_ms,
        read_only: stats.is_read_only,
        problem: stats.problem.unwrap_or_default(),
        audited: stats.n_audited,
    }
}

pub(super) fn shown(shown: Shown) -> v1::MemoryUnit {
    unit(shown.memory, shown.stale, &shown.anchors)
}

fn unit(memory: Memory, stale: Option<String>, statuses: &[AnchorStatus]) -> v1::MemoryUnit {
    let session = memory.place.session().map(|session| session.as_str().to_owned());
    // Of a former version nobody knows what its code is like now.
    let statuses = statuses
        .iter()
        .map(|status| status.as_str())
        .chain(std::iter::repeat("unknown"));
    let anchors = memory.anchors.into_iter().zip(statuses);
    v1::MemoryUnit {
        id: memory.id.to_string(),
        content: memory.content,
        context_level: level(memory.place.level()).into(),
        project: memory.project_path,
        session: session.unwrap_or_default(),
        tags: memory.tags,
        kind: kind(memory.kind).into(),
        origin: origin(memory.origin).into(),
        trust: memory.trust.into(),
        state: state(memory.state).into(),
        created_at_ms: memory.created_at,
        updated_at_ms: memory.updated_at,
        confirmed_at_ms: memory.confirmed_at.unwrap_or_default(),
        confirmations: memory.confirmations,
        expires_at_ms: memory.expires_at.unwrap_or_default(),
        supersedes: memory.supersedes.as_ref().map(ToString::to_string).unwrap_or_default(),
        superseded_by: memory
            .superseded_by
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        version: memory.version,
        anchors: anchors
            .map(|(anchor, status)| v1::MemoryAnchor {
                name: anchor.name,
                path: anchor.path,
                symbol: anchor.symbol,
                status: status.to_owned(),
            })
            .collect(),
        flags: memory.flags,
        stale: stale.unwrap_or_default(),
    }
}

fn hit(hit: MemoryHit) -> v1::MemoryHit {
    v1::MemoryHit {
        memory: Some(shown(hit.shown)),
        score: hit.score.into(),
        reason: hit.reason,
        contradicts: ids(&hit.contradicts),
        folded: ids(&hit.folded),
        features: hit
            .features
            .into_iter()
            .map(|(name, value, share)| v1::MemoryFeature {
                name: name.to_owned(),
                value: value.into(),
                share: share.into(),
            })
            .collect(),
    }
}

fn handle(handle: Handle) -> v1::MemoryHandle {
    v1::MemoryHandle {
        id: handle.id.to_string(),
        title: handle.title,
        score: handle.score.into(),
    }
}

fn gate(gate: &Gate) -> v1::MemoryGate {
    let decision = match gate.decision {
        Decision::Retrieve => "RETRIEVE",
        Decision::Skip => "SKIP",
        Decision::Off => "OFF",
    };
    v1::MemoryGate {
        decision: decision.to_owned(),
        score: gate.score.into(),
        reason: gate.reason.to_owned(),
    }
}

fn level(level: ContextLevel) -> v1::ContextLevel {
    match level {
        ContextLevel::UserPreference => v1::ContextLevel::UserPreference,
        ContextLevel::ProjectContext => v1::ContextLevel::ProjectContext,
        ContextLevel::SessionState => v1::ContextLevel::SessionState,
    }
}

fn kind(kind: MemoryKind) -> v1::MemoryKind {
    match kind {
        MemoryKind::Decision => v1::MemoryKind::Decision,
        MemoryKind::Convention => v1::MemoryKind::Convention,
        MemoryKind::Fact => v1::MemoryKind::Fact,
        MemoryKind::Mistake => v1::MemoryKind::Mistake,
        MemoryKind::Todo => v1::MemoryKind::Todo,
        MemoryKind::Note => v1::MemoryKind::Note,
    }
}

fn origin(origin: Origin) -> v1::MemoryOrigin {
    match origin {
        Origin::User => v1::MemoryOrigin::User,
        Origin::Agent => v1::MemoryOrigin::Agent,
        Origin::Import => v1::MemoryOrigin::Import,
    }
}

fn state(state: State) -> v1::MemoryState {
    match state {
        State::Active => v1::MemoryState::Active,
        State::Proposed => v1::MemoryState::Proposed,
        State::Superseded => v1::MemoryState::Superseded,
    }
}

fn ids(ids: &[MemoryId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn texts(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn counts<T: Copy>(counts: &[(T, u64)], name: impl Fn(T) -> &'static str) -> std::collections::HashMap<String, u64> {
    counts
        .iter()
        .map(|(of, n_memories)| (name(*of).to_owned(), *n_memories))
        .collect()
}

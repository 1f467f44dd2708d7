//! The engine's answers to searches as the wire's, by hand.

use crate::rpc::freshness;
use codemem_core::rank::Share;
use codemem_engine::{self as engine, Kept as EngineKept, SearchAnswer};
use codemem_proto::v1::{
    Absence, Alike, AnchoredMemory, Counted, Coverage, Expanded, FeatureShare, Hit, Hop, Kept, Mode, Neighbour, Place,
    SearchResponse, SearchedRoot, neighbour,
};

/// The answer of a search.
pub(super) fn answer(answer: SearchAnswer) -> SearchResponse {
    let root = match answer.roots.as_slice() {
        [only] => only.root.display().to_string(),
        _ => String::new(),
    };
    SearchResponse {
        hits: answer.hits.into_iter().map(hit).collect(),
        coverage: Some(coverage(answer.coverage)),
        took_ms: answer.took_ms,
        root,
        freshness: Some(freshness::wire(answer.freshness)),
        roots: answer.roots.into_iter().map(searched).collect(),
        hits_left_out: counted_in_u32(answer.hits_left_out),
        absence: answer.absence.map(absence),
        mode: mode(answer.mode).into(),
        note: answer.note.unwrap_or_default(),
    }
}

fn coverage(coverage: engine::Coverage) -> Coverage {
    Coverage {
        files_searched: coverage.files_searched,
        files_total: coverage.files_total,
        chunks: coverage.chunks,
        vectors: coverage.vectors,
        vectors_used: coverage.no_vectors.is_none(),
        vectors_reason: coverage.no_vectors.unwrap_or_default(),
        files_in_scope: coverage.files_in_scope,
        hits_dropped: coverage.hits_dropped,
        matches: coverage.matches,
        files_matched: coverage.files_matched,
        files_unread: coverage.files_unread,
        cut_short: coverage.cut_short,
        files_binary: coverage.files_binary,
    }
}

fn searched(root: engine::SearchedRoot) -> SearchedRoot {
    SearchedRoot {
        root: root.root.display().to_string(),
        label: root.label,
        coverage: Some(coverage(root.coverage)),
        freshness: Some(freshness::wire(root.freshness)),
        problem: root.problem.unwrap_or_default(),
    }
}

fn absence(absence: engine::Absence) -> Absence {
    Absence {
        query: absence.query.map(counted),
        names: absence.names.into_iter().map(counted).collect(),
        files_searched: absence.files_searched,
        files_total: absence.files_total,
        files_binary: absence.files_binary,
        cut_short: absence.cut_short,
    }
}

fn counted(counted: engine::Counted) -> Counted {
    Counted {
        text: counted.text,
        matches: counted.matches,
        matches_any_case: counted.matches_any_case,
    }
}

fn mode(mode: engine::Mode) -> Mode {
    match mode {
        engine::Mode::Meaning => Mode::Meaning,
        engine::Mode::Exact => Mode::Exact,
        engine::Mode::Regex => Mode::Regex,
    }
}

fn hit(hit: engine::Hit) -> Hit {
    Hit {
        path: hit.path,
        start_line: hit.start_line,
        end_line: hit.end_line,
        kind: hit.kind,
        name: hit.name,
        signature: hit.signature,
        score: hit.score.into(),
        snippet: hit.snippet,
        language: hit.language,
        stale: hit.stale,
        features: hit.shares.into_iter().map(share).collect(),
        memories: hit.memories.into_iter().map(beside).collect(),
        handle: hit.handle,
        root: hit.root.display().to_string(),
        hop: hit.hop.map(hop),
        alike: alike(hit.alike),
    }
}

fn hop(hop: engine::Hop) -> Hop {
    Hop {
        neighbours: hop.neighbours.into_iter().map(neighbour).collect(),
        calls_left_out: counted_in_u32(hop.calls_left_out),
        callers_left_out: counted_in_u32(hop.callers_left_out),
        open: u32::try_from(hop.open).unwrap_or(u32::MAX),
    }
}

fn neighbour(one: engine::Neighbour) -> Neighbour {
    let kind = match one.side {
        engine::Side::Calls => neighbour::Kind::Calls,
        engine::Side::Callers => neighbour::Kind::Callers,
    };
    Neighbour {
        kind: kind.into(),
        name: one.name,
        symbol_kind: one.kind,
        signature: one.signature,
        path: one.path,
        start_line: one.start_line,
        end_line: one.end_line,
        line: one.line,
        evidence: one.evidence,
        label: one.label,
        alike: alike(one.alike),
    }
}

/// Nothing where there is nothing alike.
pub(in crate::rpc) fn alike(alike: engine::Alike) -> Option<Alike> {
    let place = |place: engine::Place| Place {
        path: place.path,
        start_line: place.start_line,
        end_line: place.end_line,
        name: place.name,
    };
    let alike = Alike {
        left_out: counted_in_u32(alike.left_out),
        places: alike.places.into_iter().map(place).collect(),
    };
    (!alike.places.is_empty()).then_some(alike)
}

fn counted_in_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn beside(memory: engine::AnchoredMemory) -> AnchoredMemory {
    AnchoredMemory {
        id: memory.id.to_string(),
        title: memory.title,
        stale: memory.stale.unwrap_or_default(),
    }
}

fn share(share: Share) -> FeatureShare {
    FeatureShare {
        name: share.feature.name().to_owned(),
        value: share.value.into(),
        share: share.share.into(),
    }
}

/// What a handle names.
pub(super) fn expanded(expanded: engine::Expanded) -> Expanded {
    let asked = expanded.asked;
    match expanded.outcome {
        Ok(code) => Expanded {
            asked,
            problem: String::new(),
            hint: String::new(),
            kept: kept(code.kept).into(),
            path: code.path,
            root: code.root.display().to_string(),
            start_line: code.start_line,
            end_line: code.end_line,
            handle: code.handle,
            kind: code.kind,
            name: code.name,
            language: code.language,
            text: code.text,
            left_out: code.left_out,
        },
        Err(refusal) => Expanded {
            asked,
            problem: refusal.problem,
            hint: refusal.hint,
            ..Expanded::default()
        },
    }
}

fn kept(kept: EngineKept) -> Kept {
    match kept {
        EngineKept::Same => Kept::Same,
        EngineKept::Found => Kept::Found,
        EngineKept::Unsure => Kept::Unsure,
    }
}

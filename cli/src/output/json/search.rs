//! What a search found.

use super::freshness::Freshness;
use super::hop::{Alike, Hop};
use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize, Debug)]
pub(crate) struct Search {
    hits: Vec<Hit>,
    coverage: Coverage,
    took_ms: f64,
    /// Every root that was searched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roots: Vec<SearchedRoot>,
    /// Hits that were found and have no room in the budget.
    hits_left_out: u32,
    /// Null where the daemon does not tell.
    freshness: Option<Freshness>,
    /// How the query was read, unless by its meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    /// What to say of that, where it could be read otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// What it proves that there are no hits.
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<Absence>,
}

#[derive(Serialize, Debug)]
struct SearchedRoot {
    root: String,
    /// Before the paths of its hits; empty where it was searched alone.
    label: String,
    coverage: Coverage,
    freshness: Option<Freshness>,
    /// Why it was not searched; null when it was.
    problem: Option<String>,
}

#[derive(Serialize, Debug)]
struct Absence {
    /// Null where it is too long for a line, or time was up.
    query: Option<Counted>,
    names: Vec<Counted>,
    files_searched: u64,
    files_total: u64,
    files_binary: u64,
    cut_short: bool,
}

#[derive(Serialize, Debug)]
struct Counted {
    text: String,
    matches: u64,
    matches_any_case: u64,
}

#[derive(Serialize, Debug)]
struct Hit {
    path: String,
    start_line: u32,
    end_line: u32,
    kind: String,
    name: String,
    signature: String,
    score: f64,
    snippet: String,
    /// For `codemem expand`.
    handle: String,
    root: String,
    language: String,
    /// The file has changed since it was indexed.
    stale: bool,
    /// By name; only when they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, Feature>,
    /// What is remembered of the code; only where there is something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memories: Vec<Memory>,
    /// Its calls and callers; only when they were asked for.
    #[serde(flatten)]
    hop: Option<Hop>,
    /// Hits that it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_signature: Option<Alike>,
}

#[derive(Serialize, Debug)]
struct Memory {
    id: String,
    title: String,
    stale: Option<String>,
}

#[derive(Serialize, Debug)]
struct Feature {
    value: f64,
    share: f64,
}

#[derive(Serialize, Debug)]
struct Coverage {
    files_searched: u64,
    files_total: u64,
    files_in_scope: u64,
    hits_dropped: u64,
    chunks: u64,
    vectors: f64,
    vectors_used: bool,
    vectors_reason: String,
    /// Only of exact searches.
    #[serde(flatten)]
    exact: Option<Exact>,
}

#[derive(Serialize, Debug)]
struct Exact {
    matches: u64,
    files_matched: u64,
    files_unread: u64,
    files_binary: u64,
    cut_short: bool,
}

impl From<v1::SearchResponse> for Search {
    fn from(answer: v1::SearchResponse) -> Self {
        let mode = match answer.mode() {
            v1::Mode::Meaning => None,
            v1::Mode::Exact => Some("exact"),
            v1::Mode::Regex => Some("regex"),
        };
        Self {
            hits: answer.hits.into_iter().map(Hit::from).collect(),
            coverage: Coverage::of(answer.coverage.unwrap_or_default(), mode.is_some()),
            took_ms: answer.took_ms,
            roots: answer
                .roots
                .into_iter()
                .map(|root| SearchedRoot::of(root, mode.is_some()))
                .collect(),
            hits_left_out: answer.hits_left_out,
            freshness: answer.freshness.map(Freshness::from),
            mode,
            note: answer.note,
            absence: answer.absence.map(Absence::from),
        }
    }
}

impl SearchedRoot {
    fn of(root: v1::SearchedRoot, is_exact: bool) -> Self {
        Self {
            root: root.root,
            label: root.label,
            coverage: Coverage::of(root.coverage.unwrap_or_default(), is_exact),
            freshness: root.freshness.map(Freshness::from),
            problem: Some(root.problem).filter(|problem| !problem.is_empty()),
        }
    }
}

impl From<v1::Hit> for Hit {
    fn from(hit: v1::Hit) -> Self {
        Self {
            path: hit.path,
            start_line: hit.start_line,
            end_line: hit.end_line,
            kind: hit.kind,
            name: hit.name,
            signature: hit.signature,
            score: hit.score,
            snippet: hit.snippet,
            handle: hit.handle,
            root: hit.root,
            language: hit.language,
            stale: hit.stale,
            features: hit.features.into_iter().map(feature).collect(),
            memories: hit.memories.into_iter().map(Memory::from).collect(),
            hop: hit.hop.map(Hop::from),
            same_signature: hit.alike.map(Alike::from),
        }
    }
}

impl From<v1::AnchoredMemory> for Memory {
    fn from(memory: v1::AnchoredMemory) -> Self {
        Self {
            id: memory.id,
            title: memory.title,
            stale: Some(memory.stale).filter(|stale| !stale.is_empty()),
        }
    }
}

fn feature(feature: v1::FeatureShare) -> (String, Feature) {
    let v1::FeatureShare { name, value, share } = feature;
    (name, Feature { value, share })
}

impl From<v1::Absence> for Absence {
    fn from(absence: v1::Absence) -> Self {
        Self {
            query: absence.query.map(Counted::from),
            names: absence.names.into_iter().map(Counted::from).collect(),
            files_searched: absence.files_searched,
            files_total: absence.files_total,
            files_binary: absence.files_binary,
            cut_short: absence.cut_short,
        }
    }
}

impl From<v1::Counted> for Counted {
    fn from(counted: v1::Counted) -> Self {
        Self {
            text: counted.text,
            matches: counted.matches,
            matches_any_case: counted.matches_any_case,
        }
    }
}

impl Coverage {
    fn of(coverage: v1::Coverage, is_exact: bool) -> Self {
        Self {
            files_searched: coverage.files_searched,
            files_total: coverage.files_total,
            files_in_scope: coverage.files_in_scope,
            hits_dropped: coverage.hits_dropped,
            chunks: coverage.chunks,
            vectors: coverage.vectors,
            vectors_used: coverage.vectors_used,
            vectors_reason: coverage.vectors_reason,
            exact: is_exact.then_some(Exact {
                matches: coverage.matches,
                files_matched: coverage.files_matched,
                files_unread: coverage.files_unread,
                files_binary: coverage.files_binary,
                cut_short: coverage.cut_short,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_there_only_when_they_were_asked_for() {
        let features = vec![v1::FeatureShare {
            name: "stem".to_owned(),
            value: 0.5,
            share: 0.25,
        }];
        let explained = v1::Hit {
            features,
            ..v1::Hit::default()
        };
        let text = |hit| serde_json::to_string(&Hit::from(hit)).expect("serialised");
        assert!(text(explained).ends_with(r#""features":{"stem":{"value":0.5,"share":0.25}}}"#));
        assert!(!text(v1::Hit::default()).contains("features"));
    }

    #[test]
    fn memories_are_there_only_where_there_are_any() {
        let memory = |stale: &str| v1::AnchoredMemory {
            id: "3f2a".to_owned(),
            title: "why".to_owned(),
            stale: stale.to_owned(),
        };
        let anchored = v1::Hit {
            memories: vec![memory(""), memory("code changed since 2026-11-02")],
            ..v1::Hit::default()
        };
        let text = |hit| serde_json::to_string(&Hit::from(hit)).expect("serialised");
        assert!(text(anchored).ends_with(concat!(
            r#""memories":[{"id":"3f2a","title":"why","stale":null},"#,
            r#"{"id":"3f2a","title":"why","stale":"code changed since 2026-11-02"}]}"#
        )));
        assert!(!text(v1::Hit::default()).contains("memories"));
    }
}

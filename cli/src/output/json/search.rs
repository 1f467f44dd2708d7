//! What a search found.

use super::freshness::Freshness;
use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize, Debug)]
pub(crate) struct Search {
    hits: Vec<Hit>,
    coverage: Coverage,
    took_ms: f64,
    /// Null where the daemon does not tell.
    freshness: Option<Freshness>,
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
    /// By name; only when they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, Feature>,
    /// What is remembered of the code; only where there is something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memories: Vec<Memory>,
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
}

impl From<v1::SearchResponse> for Search {
    fn from(answer: v1::SearchResponse) -> Self {
        Self {
            hits: answer.hits.into_iter().map(Hit::from).collect(),
            coverage: answer.coverage.unwrap_or_default().into(),
            took_ms: answer.took_ms,
            freshness: answer.freshness.map(Freshness::from),
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
            features: hit.features.into_iter().map(feature).collect(),
            memories: hit.memories.into_iter().map(Memory::from).collect(),
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

impl From<v1::Coverage> for Coverage {
    fn from(coverage: v1::Coverage) -> Self {
        Self {
            files_searched: coverage.files_searched,
            files_total: coverage.files_total,
            files_in_scope: coverage.files_in_scope,
            hits_dropped: coverage.hits_dropped,
            chunks: coverage.chunks,
            vectors: coverage.vectors,
            vectors_used: coverage.vectors_used,
            vectors_reason: coverage.vectors_reason,
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

//! Why a hit is there, in a few words for whoever reads it.

use super::evidence::{Feature, Features};
use super::question::Asking;
use super::reading::Reading;
use crate::memory::Memory;

/// Most names in a reason.
const MAX_NAMES: usize = 3;

/// Cosine from which a text says much the same, and from which it is about the same.
const CLOSE: f32 = 0.45;
const RELATED: f32 = 0.3;

/// The reason for one hit.
pub(super) fn reason(asking: &Asking, reading: &Reading, features: &Features, memory: &Memory) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut names: Vec<&str> = reading
        .exact
        .iter()
        .map(|index| asking.exact[*index].as_str())
        .collect();
    for (index, spelled) in asking.spelled.iter().enumerate() {
        let is_new = names.iter().all(|name| !name.eq_ignore_ascii_case(spelled));
        if is_new && asking.words[index].weight >= 1.0 && reading.count(index) > 0 {
            names.push(spelled);
        }
    }
    names.truncate(MAX_NAMES);
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        reasons.push(format!("names {}", names.join(", ")));
    }
    let meaning = features.get(Feature::Meaning);
    if meaning >= CLOSE {
        reasons.push("close in meaning".to_owned());
    } else if meaning >= RELATED {
        reasons.push("related in meaning".to_owned());
    }
    if features.get(Feature::Kind) > 0.0 {
        reasons.push(format!("a {}", memory.kind));
    }
    if features.get(Feature::Recency) >= 0.5 {
        reasons.push("recent".to_owned());
    }
    if features.get(Feature::Flagged) > 0.0 {
        reasons.push("reads like an order".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("the nearest there is".to_owned());
    }
    reasons.join("; ")
}

//! What each feature is worth to the order, and how sure an answer is.
//!
//! Round numbers, few of them: measured on conversations and on short notes, see `bench/memory/`.

use super::evidence::{Feature, Features};
use super::question::{Asking, Style};

/// Share of the order that vectors decide, by how the question is put; words decide the rest.
const MEANING_OF_PROSE: f32 = 0.35;
const MEANING_OF_NAMES: f32 = 0.2;

/// Of what words decide: the whole content and its best part, each by how rare words are among the candidates and in the
/// whole index, and words that stand together.
const WORDS: [(Feature, f32); 5] = [
    (Feature::Whole, 0.25),
    (Feature::IndexWhole, 0.35),
    (Feature::Part, 0.15),
    (Feature::IndexPart, 0.15),
    (Feature::Neighbours, 0.1),
];

/// What is added whatever the question is.
const ADDED: [(Feature, f32); 6] = [
    (Feature::Exact, 0.05),
    (Feature::Tags, 0.05),
    (Feature::Kind, 0.1),
    (Feature::Recency, 0.3),
    (Feature::Confirmed, 0.02),
    (Feature::Trust, 0.02),
];

/// What is left of the score of a content that reads like an order.
const FLAGGED: f32 = 0.7;

/// What a hit is worth to the order: the features with their shares, which add up to it.
pub(super) fn shares(asking: &Asking, features: &Features, has_vectors: bool) -> Vec<(Feature, f32)> {
    let meaning = match asking.style {
        Style::Prose if has_vectors => MEANING_OF_PROSE,
        Style::Names if has_vectors => MEANING_OF_NAMES,
        Style::Prose | Style::Names => 0.0,
    };
    let words = WORDS.map(|(feature, weight)| (feature, weight * (1.0 - meaning)));
    let mut shares: Vec<(Feature, f32)> = std::iter::once((Feature::RelativeMeaning, meaning))
        .chain(words)
        .chain(ADDED)
        .map(|(feature, weight)| (feature, weight * features.get(feature)))
        .collect();
    let sum: f32 = shares.iter().map(|(_, share)| share).sum();
    shares.push((Feature::Flagged, (FLAGGED - 1.0) * sum * features.get(Feature::Flagged)));
    shares
}

/// What a cosine loses to what else is said in the same part, in a content of several.
const DILUTION: f32 = 0.1;

/// What is granted a text that says it in other words altogether.
const PARAPHRASE: f32 = 0.05;

/// How much a hit's text has of what is asked, apart from all other hits.
///
/// Cosines of this model are hardly ever above 0.8 and mean little below 0.3; a few words in common mean much in a short
/// question and the more the longer it is.
pub(super) fn evidence(asking: &Asking, features: &Features, is_long: bool, has_vectors: bool) -> f32 {
    let coverage = features.get(Feature::Coverage);
    let n_found = coverage * asking.words.len() as f32;
    let amount = n_found / (n_found + 4.0);
    if has_vectors {
        let diluted = if is_long { DILUTION } else { 0.0 };
        features.get(Feature::Meaning) + diluted + (0.3 * amount + 0.2 * coverage).max(PARAPHRASE)
    } else {
        // As much as the words of the usual answer with its cosine.
        0.3 + 0.3 * amount + 0.4 * coverage
    }
}

/// How likely there is an answer, from the evidence of the best hits: even at 0.6.
pub(super) fn confidence(evidence: f32) -> f32 {
    1.0 / (1.0 + (-10.0 * (evidence - 0.6)).exp())
}

/// Confidence below which nothing is shown.
pub(super) const FLOOR: f32 = 0.2;

/// Share of the best hit's worth below which a hit is noise beside it.
pub(super) const TOO_WEAK: f32 = 0.1;

/// Best hits that are asked how sure the answer is.
pub(super) const N_WITNESSES: usize = 5;

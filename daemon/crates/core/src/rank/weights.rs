//! The weights of the linear ranker, as data.
//!
//! Fitted with `bench/rank.py` on 2026-11-21 to 480 annotated queries over 24 public repositories, each asked of the source
//! folder (with all vectors, and with none) and of the whole checkout, and to the subjects of 164 commits: the weights that
//! make what answers most likely (a softmax over the candidates), at a small price for leaving those of before. NDCG@10 of
//! folders 0.9022, of whole checkouts 0.8880, when fitted on other repositories than those they are scored on; 0.9039 and
//! 0.8935 on those they were fitted to. [`Feature::Exports`] and [`Feature::Older`] occur in few
//! repositories: there the price keeps them near what was set by hand. `bench/RESULTS.md` has the rest.

use super::{Feature, Features};

/// What one feature contributes to a score.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share {
    /// Which feature.
    pub feature: Feature,
    /// Its value, 0 to 1.
    pub value: f32,
    /// Weight times value.
    pub share: f32,
}

/// One weight per feature, in the order of [`Feature::ALL`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weights(pub [f32; Feature::COUNT]);

impl Weights {
    /// The score of a candidate; comparable within one query only.
    pub fn score(&self, features: &Features) -> f32 {
        self.0
            .iter()
            .zip(features.0)
            .map(|(weight, value)| weight * value)
            .sum()
    }

    /// The features that make the most of a score.
    pub(super) fn most(&self) -> Features {
        Features(self.0.map(|weight| if weight > 0.0 { 1.0 } else { 0.0 }))
    }

    /// The score in its parts: every feature that is not zero, in the order of [`Feature::ALL`].
    pub fn explain(&self, features: &Features) -> Vec<Share> {
        Feature::ALL
            .into_iter()
            .zip(self.0)
            .map(|(feature, weight)| {
                let value = features.get(feature);
                let share = weight * value;
                Share { feature, value, share }
            })
            .filter(|share| share.value != 0.0)
            .collect()
    }
}

/// For prose: questions and descriptions.
pub const PROSE: Weights = Weights([
    0.33,  // File
    0.49,  // Chunk
    0.56,  // BestChunks
    0.34,  // Names
    0.5,   // Docs
    0.53,  // Coverage
    0.0,   // ChunkCoverage
    0.53,  // Stem
    0.57,  // Dirs
    0.48,  // Directory
    0.15,  // StemCoverage
    0.44,  // StemName
    0.33,  // Definition
    0.0,   // TypeDefinition
    0.17,  // WordDefinition
    0.33,  // Home
    0.0,   // Exports
    0.39,  // SummaryCosine
    0.83,  // ChunkCosine
    0.57,  // Users
    -2.21, // Test
    -1.07, // Example
    -2.01, // Prose
    -0.94, // Data
    -0.88, // Vendored
    -0.98, // Generated
    -0.54, // Translation
    -1.1,  // Older
    -0.54, // Outside
    -0.0,  // EntryPoint
    -0.31, // Declarations
    -0.72, // Depth
]);

/// For one identifier.
pub const IDENTIFIER: Weights = Weights([
    0.34,  // File
    0.63,  // Chunk
    0.54,  // BestChunks
    0.11,  // Names
    0.28,  // Docs
    0.06,  // Coverage
    0.08,  // ChunkCoverage
    0.08,  // Stem
    0.49,  // Dirs
    0.42,  // Directory
    0.82,  // StemCoverage
    0.47,  // StemName
    0.98,  // Definition
    0.62,  // TypeDefinition
    0.2,   // WordDefinition
    0.74,  // Home
    2.41,  // Exports
    0.11,  // SummaryCosine
    0.35,  // ChunkCosine
    0.38,  // Users
    -1.58, // Test
    -0.89, // Example
    -1.33, // Prose
    -0.83, // Data
    -0.6,  // Vendored
    -0.91, // Generated
    -0.51, // Translation
    -1.72, // Older
    -0.55, // Outside
    -0.0,  // EntryPoint
    -0.21, // Declarations
    -0.25, // Depth
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;
    use crate::query::Query;
    use crate::rank::Evidence;

    #[test]
    fn shares_add_up_to_the_score_and_leave_out_what_is_zero() {
        let mut evidence = Evidence::new(RepoPath::new("tests/router.rs").expect("valid"));
        (evidence.file, evidence.coverage) = (3.0, 0.5);
        let features = &Features::of(&Query::parse("router match"), &[evidence])[0];
        let shares = PROSE.explain(features);
        let sum: f32 = shares.iter().map(|share| share.share).sum();
        assert!((sum - PROSE.score(features)).abs() < 1e-5, "{shares:?}");
        let named: Vec<&str> = shares.iter().map(|share| share.feature.name()).collect();
        assert_eq!(
            named,
            ["file", "coverage", "stem_coverage", "stem_name", "test", "depth"]
        );
    }

    #[test]
    fn signs_are_as_the_features_mean() {
        for weights in [PROSE, IDENTIFIER] {
            for (feature, weight) in Feature::ALL.into_iter().zip(weights.0) {
                let speaks_against = matches!(
                    feature,
                    Feature::Test
                        | Feature::Example
                        | Feature::Prose
                        | Feature::Data
                        | Feature::Vendored
                        | Feature::Generated
                        | Feature::Translation
                        | Feature::Older
                        | Feature::Outside
                        | Feature::EntryPoint
                        | Feature::Declarations
                        | Feature::Depth
                );
                assert!(
                    if speaks_against { weight <= 0.0 } else { weight >= 0.0 },
                    "{feature:?}: {weight}"
                );
            }
        }
    }
}

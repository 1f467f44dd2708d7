//! The weights of the linear ranker, as data.
//!
//! Set by hand after the findings in the field: whole-file BM25, defined names and path words carry
//! most; summary vectors add, chunk vectors add a little; roles of files subtract.

use super::{Feature, Features};

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
}

/// For prose: questions and descriptions.
pub const PROSE: Weights = Weights([
    1.0,   // File
    0.8,   // Chunk
    0.8,   // Names
    0.4,   // Docs
    0.8,   // Coverage
    0.3,   // ChunkCoverage
    0.7,   // Stem
    0.3,   // Dirs
    0.5,   // StemCoverage
    1.0,   // Definition
    0.4,   // WordDefinition
    0.4,   // Home
    0.9,   // SummaryCosine
    0.4,   // ChunkCosine
    -1.0,  // Test
    -0.7,  // Example
    -0.6,  // Prose
    -0.6,  // Data
    -0.6,  // Vendored
    -0.15, // EntryPoint
    -0.3,  // Declarations
    -0.3,  // Depth
]);

/// For one identifier.
pub const IDENTIFIER: Weights = Weights([
    0.6,   // File
    0.6,   // Chunk
    0.8,   // Names
    0.3,   // Docs
    0.3,   // Coverage
    0.3,   // ChunkCoverage
    0.5,   // Stem
    0.2,   // Dirs
    0.4,   // StemCoverage
    2.0,   // Definition
    0.2,   // WordDefinition
    0.8,   // Home
    0.3,   // SummaryCosine
    0.1,   // ChunkCosine
    -1.0,  // Test
    -0.7,  // Example
    -0.8,  // Prose
    -0.8,  // Data
    -0.6,  // Vendored
    -0.15, // EntryPoint
    -0.2,  // Declarations
    -0.2,  // Depth
]);

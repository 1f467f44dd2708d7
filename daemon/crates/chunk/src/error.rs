//! What can go wrong when the extractor is built. Extraction itself cannot fail.

use thiserror::Error;

/// A language that cannot be used.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// The grammar was generated for another generation of tree-sitter.
    #[error("cannot load the grammar of `{language}`")]
    Grammar {
        /// The language's stable name.
        language: String,
        /// What tree-sitter says.
        source: tree_sitter::LanguageError,
    },
    /// A query names a node or a field that the grammar does not have.
    #[error("cannot compile the symbol query of `{language}`")]
    Query {
        /// The language's stable name.
        language: String,
        /// Where and why.
        source: tree_sitter::QueryError,
    },
    /// A query uses a capture that means nothing here.
    #[error("unknown capture in the symbol query of `{language}`: `@{capture}`")]
    Capture {
        /// The language's stable name.
        language: String,
        /// The capture without its `@`.
        capture: String,
    },
}

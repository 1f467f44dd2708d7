//! Turning text into vectors.

use super::PortResult;

/// Names everything that decides what a vector means: model weights, tokenizer, pooling, dimension.
/// Vectors of different fingerprints are never compared.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint(pub String);

/// The embedding pool. Implemented by `codemem-embed`.
pub trait Embedder: Send + Sync {
    /// What the vectors of this embedder mean. Known without loading the model. Unavailable while
    /// no model is installed.
    fn fingerprint(&self) -> PortResult<Fingerprint>;

    /// Length of every vector.
    fn dimension(&self) -> PortResult<usize>;

    /// Embeds a query on the query lane, which never waits behind passages. Loads the model when needed.
    fn embed_query(&self, text: &str) -> PortResult<Vec<f32>>;

    /// Embeds passages on the index lane, in the order given. Texts over the model's window are
    /// split and their parts max-pooled, never truncated. All vectors are unit length.
    fn embed_passages(&self, texts: &[String]) -> PortResult<Vec<Vec<f32>>>;

    /// Lets go of models and sessions until they are needed again. Returns once they are gone, or are
    /// in use and stay.
    fn unload(&self);

    /// Whether a model is in memory.
    fn is_loaded(&self) -> bool;
}

//! The vector index: which texts mean something alike.

use super::PortResult;
use crate::ids::{IdSet, TextId};

/// The kinds of text that are embedded; each is searched by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VectorSpace {
    /// One summary per file: path words, leading comment, defined names.
    Files,
    /// One text per chunk.
    Chunks,
}

/// The vectors of one repository. Implemented by `codemem-store` on the embedded Qdrant.
///
/// Vectors are unit length, so similarity is the dot product, -1 to 1. Upserts are idempotent.
pub trait VectorIndex: Send + Sync {
    /// Adds or replaces vectors. Durable only after [`VectorIndex::flush`].
    fn upsert(&self, space: VectorSpace, points: &[(TextId, Vec<f32>)]) -> PortResult<()>;

    /// Removes vectors from every space; unknown ids are ignored.
    fn delete(&self, texts: &[TextId]) -> PortResult<()>;

    /// Removes every vector of every space, durably; vectors of another dimension may come next.
    fn clear(&self) -> PortResult<()>;

    /// Makes all upserts and deletes so far durable.
    fn flush(&self) -> PortResult<()>;

    /// The nearest texts, best first, with their cosine. With `within`, only those texts count, and
    /// the cut is made after the filter.
    fn search(
        &self,
        space: VectorSpace,
        vector: &[f32],
        within: Option<&IdSet>,
        limit: usize,
    ) -> PortResult<Vec<(TextId, f32)>>;

    /// The texts that have a vector in a space. Costs milliseconds per ten thousand.
    fn held(&self, space: VectorSpace) -> PortResult<IdSet>;

    /// How many vectors a space holds.
    fn count(&self, space: VectorSpace) -> PortResult<u64>;

    /// Reads every vector; what cannot be read is an error of kind [`super::PortErrorKind::Corrupt`].
    /// May take seconds; neither searches nor changes wait for it.
    fn check(&self) -> PortResult<()>;

    /// Builds what makes searches of very many vectors faster, where that is worth its while. Takes minutes on a thread that the index
    /// starts from the caller's, in the way of nothing but for moments at the end. `stop` is asked several times a second: once it says
    /// so, the call returns `false`, and the work goes on for the next call to wait for, or comes to nothing when the index is
    /// closed. `true` when nothing is left to do.
    fn tune(&self, stop: &dyn Fn() -> bool) -> PortResult<bool>;

    /// The generation named when the index was created; see [`super::LexicalIndex::generation`].
    fn generation(&self) -> u64;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;
}

//! The vectors of one repository: `codemem_core`'s port on two embedded Qdrant shards.
//!
//! The engine is synchronous and runs on the caller's threads; it may panic on damaged files or a
//! full disk, so nothing outside `shard` calls it.

mod descriptor;
mod edge;
mod graph;
mod shard;
#[cfg(test)]
mod tests;

pub use edge::EdgeVectors;

//! What codemem keeps on disk: the SQLite catalog, the vectors in an embedded Qdrant, the list of roots, the memories.
//!
//! Everything here is synchronous and may block on the disk; the caller brings the threads. The crate
//! implements ports of `codemem_core` and decides nothing: no clock, no environment, no model.

mod catalog;
mod engine;
mod error;
mod files;
mod memory;
mod registry;
pub mod seal;
mod sqlite;
mod vectors;
mod versioned;

pub use catalog::SqliteCatalog;
pub use error::{DatabaseName, StoreError, StoreResult};
pub use files::{set_aside, set_aside_before};
pub use memory::{Memories, MemoryOptions};
pub use registry::RegistryDb;
pub use vectors::EdgeVectors;

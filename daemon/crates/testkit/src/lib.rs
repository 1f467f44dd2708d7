//! What codemem's tests stand on: fakes of the ports with a fault plan, and hermetic real processes.
//!
//! Development only; nothing that ships depends on it. Fakes keep everything in memory and fail
//! where a test plans it. [`Sandbox`] runs the built binaries with an empty environment in
//! directories of its own.

mod fakes;
mod sandbox;
mod wait;

pub use fakes::{
    FakeAssets, FakeEmbedder, FakeExtractor, FakeMemories, FakeRegistry, FakeSource, FakeWatcher, Fault, Faults, Gate,
    MemoryCatalog, MemoryLexical, MemoryVectors,
};
pub use sandbox::{Answer, Sandbox, where_permissions_bind};
pub use wait::{wait_for, wait_until};

//! Fakes of the ports. Each keeps what it is given in memory and fails where the plan says.

mod catalog;
mod embedder;
mod extractor;
mod fault;
mod gate;
mod lexical;
mod memory;
mod registry;
mod source;
mod vectors;
mod watch;

pub use catalog::MemoryCatalog;
pub use embedder::{FakeAssets, FakeEmbedder};
pub use extractor::FakeExtractor;
pub use fault::{Fault, Faults};
pub use gate::Gate;
pub use lexical::MemoryLexical;
pub use memory::FakeMemories;
pub use registry::FakeRegistry;
pub use source::FakeSource;
pub use vectors::MemoryVectors;
pub use watch::FakeWatcher;

//! The ports: how the engine reaches files, grammars, indexes and models without knowing them.
//!
//! Every trait here is synchronous and may block; the engine calls them on its own named threads,
//! never on the async runtime. Implementations live in the sibling crates and are joined to the
//! engine in `daemon/src/wiring`; the testkit has fakes that follow a fault plan.

mod assets;
mod catalog;
mod embedder;
mod error;
mod extractor;
mod grammars;
mod group;
mod health;
mod lexical;
mod memory;
mod registry;
mod source;
mod system;
mod trail;
mod vectors;
mod watch;

pub use assets::*;
pub use catalog::*;
pub use embedder::*;
pub use error::*;
pub use extractor::*;
pub use grammars::*;
pub use group::*;
pub use health::*;
pub use lexical::*;
pub use memory::*;
pub use registry::*;
pub use source::*;
pub use system::*;
pub use trail::*;
pub use vectors::*;
pub use watch::*;

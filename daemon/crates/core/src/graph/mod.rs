//! The code graph: which definition a reference means, with the evidence for it or not at all.
//!
//! Pure: files come through [`Facts`], one at a time and remembered by whoever implements it. `resolve` says what one
//! reference means; what languages differ in, how modules are found and whose members a type has, is one file each
//! under `languages`. Nothing is guessed: what the syntax does not prove stays open, and is counted.

mod centrality;
mod content;
mod evaluate;
mod facts;
mod impact;
mod languages;
mod memo;
mod nearest;
mod resolve;
mod steps;
#[cfg(test)]
mod tests;
mod told;
mod uses;

pub use centrality::central;
pub use content::{Content, ContentDraft, ImportFact, SymbolFact, UseFact};
pub use facts::{Facts, FileFacts, FileId, Package, SymbolAt};
pub use impact::{Affected, Impact, is_test};
pub use languages::resolves;
pub use memo::Memo;
pub use nearest::nearest;
pub use resolve::{Edge, Evidence, Meaning, Resolver};
pub use uses::{Site, Uses};

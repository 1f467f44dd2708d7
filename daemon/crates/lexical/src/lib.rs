//! The lexical index of one repository: which files and chunks hold the words, on tantivy.
//!
//! Owns one directory on disk. Answers with evidence (BM25 per field, per chunk and per file, and
//! coverage), never with a ranking of its own: `codemem-core` weighs the evidence. One thread
//! writes, any number search; a search works on the snapshot of the last refresh or commit and waits for nobody.
//! Blocking throughout, so it must not be called from the async runtime. The only threads are
//! tantivy's own (indexing, merging), which exist while a pass is written and are joined afterwards.
//!
//! Two ways lead to a search. A commit writes segments to disk, durably, in a tenth of a second. A refresh after an edit
//! counts its words in memory, in a few milliseconds, and lays them over the segments; the text is kept until the next
//! commit writes it. Both give the same evidence, for all statistics are taken over the scope of the search, whatever
//! lies where.

mod backlog;
mod bm25;
mod document;
mod error;
mod frozen;
mod index;
mod kept;
mod marker;
mod overlay;
mod piece;
mod schema;
mod search;
mod segment;
mod snapshot;
mod states;
mod tokenizer;
mod verify;
mod writer;

pub use error::Error;
pub use index::{CodeIndex, Opened};
pub use writer::WriterOptions;

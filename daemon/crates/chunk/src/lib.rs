//! Cuts source files into semantic units.
//!
//! Owns what a file is made of: which language it is in, whether it belongs in the index at all, which
//! symbols it defines, and where it is cut into chunks. Everything here is a pure function of path and
//! bytes and runs on whatever thread calls it; parsers are kept per thread. Only `added/` touches files: grammars and
//! queries of the user's own, in the directories it is given. Nothing here reads the environment or the clock, or knows
//! how its answers are stored.
//!
//! ```text
//! path, bytes -> skip -> decode -> detect -> parse -> harvest -> symbols -> chunks -> Extraction
//! ```
//!
//! A language is one file under `languages/`: data and a few functions with defaults, standing on the
//! tags query that its grammar brings along.

mod added;
mod chunks;
mod detect;
mod error;
mod extractor;
mod generated;
mod grammar;
mod harvest;
mod language;
mod languages;
mod leading;
mod lines;
mod pack;
mod parse;
mod prose;
mod references;
mod roots;
mod signature;
mod skip;
mod split;
mod symbols;
mod table;
mod user_query;
mod visibility;

pub use added::{GrammarError, GrammarStore, Places, Toolchain, check_grammar};
pub use error::ChunkError;
pub use extractor::{EXTRACTOR_VERSION, Limits, TreeSitterExtractor, decode};

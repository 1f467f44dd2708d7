//! Grammars that the user adds and removes.

use super::PortResult;
use std::path::{Path, PathBuf};

/// Where a grammar comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrammarOrigin {
    /// This build brings it.
    BuiltIn,
    /// The user added it.
    Added,
}

/// A language that files can be recognised as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownLanguage {
    /// Stable lower-case name.
    pub name: String,
    /// File extensions without the dot, and whole file names, by which it is recognised.
    pub extensions: Vec<String>,
    /// True when its symbols are extracted; false when its files become line chunks.
    pub symbols: bool,
    /// Where its grammar comes from; `None` when there is none here.
    pub origin: Option<GrammarOrigin>,
    /// What the user added for it and cannot be used, and why.
    pub problem: Option<String>,
}

/// What adding a grammar brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddedLanguage {
    /// Whether symbols will be extracted: whether the grammar brings a tags query.
    pub symbols: bool,
    /// Where a query of the user's for the language would stand.
    pub query: PathBuf,
}

/// Adds and removes grammars. What it changes is in use from the next [`refresh`](super::Extractor::refresh) on.
pub trait Grammars: Send + Sync {
    /// Every language that can be recognised, as of now, sorted by name.
    fn list(&self) -> Vec<KnownLanguage>;

    /// Adds the grammar of a language: from a library, from the directory of a library or of a grammar's source, or by
    /// fetching it. May take minutes. Nothing is changed by a failure.
    fn add(&self, name: &str, from: Option<&Path>) -> PortResult<AddedLanguage>;

    /// Removes an added grammar.
    fn remove(&self, name: &str) -> PortResult<()>;
}

//! Reading a file's structure.

use crate::path::RepoPath;
use crate::skip::SkipReason;
use crate::unit::Extraction;

/// A language codemem knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LanguageInfo {
    /// Stable lower-case name.
    pub name: String,
    /// File extensions without the dot, and whole file names, by which it is recognised.
    pub extensions: Vec<String>,
    /// True when its symbols are extracted; false when its files become line chunks.
    pub symbols: bool,
}

/// Turns bytes into units. Implemented by `codemem-chunk`.
///
/// Extraction is a pure function of path and bytes: the same input gives the same output on every
/// machine, because chunks are stored under the hash of their content.
pub trait Extractor: Send + Sync {
    /// Reads one file. A file that should not be indexed comes back as its reason; nothing else can fail.
    fn extract(&self, path: &RepoPath, bytes: &[u8]) -> Result<Extraction, SkipReason>;

    /// Every language, sorted by name.
    fn languages(&self) -> Vec<LanguageInfo>;

    /// Changes whenever the same bytes may be cut differently than before (a new grammar, another
    /// chunk size); contents extracted by another version are extracted again.
    fn version(&self) -> u32;
}

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

/// A language that is not read as the program alone would read it: the user added a grammar or a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangedLanguage {
    /// Stable lower-case name.
    pub name: String,
    /// Another one whenever what was added is another.
    pub number: u32,
}

/// Turns bytes into units. Implemented by `codemem-chunk`.
///
/// Extraction is a pure function of path and bytes: the same input gives the same output on every
/// machine, because chunks are stored under the hash of their content. Languages to which the user
/// added something are the exception, and are told apart by number.
pub trait Extractor: Send + Sync {
    /// Reads one file. A file that should not be indexed comes back as its reason; nothing else can fail.
    fn extract(&self, path: &RepoPath, bytes: &[u8]) -> Result<Extraction, SkipReason>;

    /// Every language, sorted by name.
    fn languages(&self) -> Vec<LanguageInfo>;

    /// Changes whenever the same bytes may be cut differently than before (a new grammar, another
    /// chunk size); contents extracted by another version are extracted again.
    fn version(&self) -> u32;

    /// Takes in what the user added or removed, and returns what [`changed`](Self::changed) does from now on. Called
    /// before a pass and never during one, so that all files of a pass are read alike.
    fn refresh(&self) -> Vec<ChangedLanguage> {
        self.changed()
    }

    /// The languages to which the user added something, as of the last refresh, sorted by name.
    fn changed(&self) -> Vec<ChangedLanguage> {
        Vec::new()
    }

    /// What the user added and cannot be used, as of the last refresh: (language, reason with the next step).
    fn problems(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

//! Fetching a grammar's library with the language pack, which checks it against the hash of its release.

use super::GrammarError;
use crate::pack::PackLanguage;
use std::path::{Path, PathBuf};
use tree_sitter_language_pack::DownloadManager;

/// The release that holds the grammars: the linked pack's own.
const RELEASE: &str = "1.23.1";

/// Fetches the library into a directory of the caller's and returns its path.
pub(super) fn fetch(language: PackLanguage, scratch: &Path) -> Result<PathBuf, GrammarError> {
    let failed = |source| GrammarError::Download {
        name: language.name().to_owned(),
        source: Box::new(source),
    };
    // The pack keeps its own files beside the directory of libraries.
    let manager = DownloadManager::with_cache_dir(RELEASE, scratch.join("pack").join("libs"));
    manager.ensure_languages(&[language.name()]).map_err(failed)?;
    Ok(manager.lib_path(language.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_that_of_the_linked_pack() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).expect("the lock file is checked in");
        let entry = format!("name = \"tree-sitter-language-pack\"\nversion = \"{RELEASE}\"");
        assert!(lock.contains(&entry));
    }
}

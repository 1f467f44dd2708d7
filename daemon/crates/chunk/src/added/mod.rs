//! What the user adds: grammars in the data directory, queries in the configuration directory.
//!
//! ```text
//! <grammars>/NAME.FINGERPRINT/libtree_sitter_NAME.so
//! <grammars>/NAME.FINGERPRINT/tags.scm                 when the grammar brings one
//! <queries>/NAME.scm
//! ```
//!
//! The directories are the truth; nothing else remembers what was added. A grammar is a library: code that runs inside
//! the daemon. Only the user's own command line adds one, and before it is installed a process of its own has loaded
//! and tried it.

mod build;
mod check;
mod download;
mod error;
mod install;
mod process;

pub use check::check_grammar;
pub use error::GrammarError;
pub(crate) use install::keys;
pub use install::{GrammarStore, Toolchain};

use crate::pack;
use crate::user_query::UserQuery;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tree_sitter_language_pack::LanguageRegistry;

/// The tags query beside a library.
const TAGS_FILE: &str = "tags.scm";

/// Largest query that is read, in bytes; what people write stays below a hundredth of it.
const MAX_QUERY_BYTES: u64 = 1 << 20;

/// Where the user's additions lie. Neither directory needs to exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// Installed grammars. Written by [`GrammarStore`] alone.
    pub grammars: PathBuf,
    /// Queries, written by the user alone.
    pub queries: PathBuf,
}

/// An installed grammar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AddedGrammar {
    /// The language's stable name.
    pub(crate) name: String,
    /// Where its library lies.
    pub(crate) directory: PathBuf,
    /// Another one for other bytes.
    pub(crate) fingerprint: String,
    /// Its tags query; empty when it has none.
    pub(crate) tags: String,
}

impl AddedGrammar {
    /// Loads the library, or hands out what was loaded from that directory before.
    ///
    /// A library stays loaded until the process ends: parsers and trees point into its code, and every version has a
    /// directory of its own, so what stays behind is bounded by how often the user adds one.
    pub(crate) fn load(&self) -> Result<tree_sitter::Language, tree_sitter_language_pack::Error> {
        LanguageRegistry::with_libs_dir(self.directory.clone()).get_language(&self.name)
    }
}

/// All that was added.
#[derive(Default, Debug)]
pub(crate) struct Additions {
    pub(crate) grammars: Vec<AddedGrammar>,
    pub(crate) queries: Vec<UserQuery>,
    /// What cannot be read: (language, why).
    pub(crate) unusable: Vec<(String, String)>,
}

impl Additions {
    /// Reads both directories. A directory that is not there holds nothing.
    pub(crate) fn read(places: &Places) -> Self {
        let mut additions = Self {
            grammars: grammars(&places.grammars),
            ..Self::default()
        };
        for (name, path) in entries(&places.queries) {
            let Some(language) = name.strip_suffix(".scm") else {
                continue;
            };
            match read_query(&path) {
                Ok(text) => additions.queries.push(UserQuery::new(language.to_owned(), path, &text)),
                Err(error) => additions.unusable.push((
                    language.to_owned(),
                    format!("cannot read `{}`: {error}", path.display()),
                )),
            }
        }
        additions
    }
}

/// The installed grammars, sorted by name.
fn grammars(directory: &Path) -> Vec<AddedGrammar> {
    let found = entries(directory).into_iter().filter_map(|(entry, directory)| {
        let (name, fingerprint) = entry.rsplit_once('.')?;
        pack::find(name)?;
        Some(AddedGrammar {
            name: name.to_owned(),
            fingerprint: fingerprint.to_owned(),
            tags: read_query(&directory.join(TAGS_FILE)).unwrap_or_default(),
            directory,
        })
    });
    found.collect()
}

/// What lies in a directory, by name; nothing when it is not there.
fn entries(directory: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let named = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().into_string().ok()?, entry.path()))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

/// Reads a query; one that is no text or far too large is an error.
fn read_query(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > MAX_QUERY_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    fs::read_to_string(path)
}

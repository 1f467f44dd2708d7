//! The languages, and what was added to or removed from them.

use codemem_proto::v1;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Language {
    name: String,
    extensions: Vec<String>,
    symbols: bool,
    /// `built-in` or `added`; null when there is no grammar.
    origin: Option<String>,
    available: bool,
    problem: Option<String>,
}

impl From<v1::Language> for Language {
    fn from(language: v1::Language) -> Self {
        Self {
            name: language.name,
            extensions: language.extensions,
            symbols: language.symbols,
            origin: Some(language.origin).filter(|origin| !origin.is_empty()),
            available: language.available,
            problem: Some(language.problem).filter(|problem| !problem.is_empty()),
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct AddedLanguage {
    name: String,
    symbols: bool,
    /// Where a query of the user's would stand.
    query: String,
}

impl AddedLanguage {
    pub(crate) fn new(name: String, added: v1::AddLanguageResponse) -> Self {
        Self {
            name,
            symbols: added.symbols,
            query: added.query,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct RemovedLanguage {
    pub(crate) name: String,
}

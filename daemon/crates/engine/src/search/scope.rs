//! What a search looks at: the filters of a request, and the part of a root that they let through.
//!
//! Filters are read once per search and apply before anything is gathered: what they leave out takes nobody's place.

use super::{Filters, Search};
use crate::EngineError;
use crate::view::{View, ViewFile};
use codemem_core::ids::{IdSet, TextId};
use codemem_core::path::RepoPath;
use codemem_core::ports::LanguageInfo;
use codemem_core::rank::Place;
use codemem_core::unit::SymbolKind;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeSet;

/// Longest path glob compiled, in bytes: no path is longer, and its automaton grows with it.
const MAX_GLOB: usize = 4096;

/// Most values of one filter: more is a list that belongs into another question.
const MAX_VALUES: usize = 64;

/// Which files by their role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tests {
    /// Tests and everything else.
    #[default]
    Any,
    /// Tests and their helpers alone.
    Only,
    /// Everything else.
    Without,
}

/// The filters of a request, understood.
pub(super) struct Filter {
    languages: Vec<String>,
    /// Paths have to match one of these, unless there is none.
    wanted: Vec<GlobMatcher>,
    /// Paths must match none of these.
    unwanted: Vec<GlobMatcher>,
    pub(super) kinds: Vec<SymbolKind>,
    tests: Tests,
}

/// The part of a view that the filters let through.
pub(super) struct Scope {
    pub(super) contents: IdSet,
    pub(super) paths: IdSet,
    /// Texts of the summaries in scope; `None` when everything is.
    pub(super) summaries: Option<IdSet>,
    pub(super) n_files: u64,
}

impl Filter {
    /// Reads the filters of a request over some views. `known` are the languages that the program knows.
    pub(super) fn read(filters: &Filters, known: &[LanguageInfo], views: &[&View]) -> Result<Self, EngineError> {
        let counts = [
            ("languages", filters.languages.len()),
            ("path globs", filters.path_globs.len()),
            ("kinds", filters.kinds.len()),
        ];
        if let Some((what, n_values)) = counts.into_iter().find(|(_, n_values)| *n_values > MAX_VALUES) {
            return Err(EngineError::Invalid {
                message: format!("{n_values} {what} are too many; {MAX_VALUES} are read"),
                hint: "ask in several searches, or with wider globs".to_owned(),
            });
        }
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for pattern in &filters.path_globs {
            match pattern.strip_prefix('!') {
                Some(pattern) => unwanted.push(glob(pattern)?),
                None => wanted.push(glob(pattern)?),
            }
        }
        let languages = filters.languages.iter().map(|name| language(name, known, views));
        let kinds = filters.kinds.iter().map(|name| kind(name));
        Ok(Self {
            languages: languages.collect::<Result<_, _>>()?,
            wanted,
            unwanted,
            kinds: kinds.collect::<Result<_, _>>()?,
            tests: filters.tests,
        })
    }

    /// Whether every file passes, whatever it shows.
    pub(super) fn is_open(&self) -> bool {
        self.languages.is_empty()
            && self.wanted.is_empty()
            && self.unwanted.is_empty()
            && self.kinds.is_empty()
            && self.tests == Tests::Any
    }

    /// Whether files of every language pass.
    pub(super) fn has_every_language(&self) -> bool {
        self.languages.is_empty()
    }

    /// Whether a file of that language passes.
    pub(super) fn has_language(&self, language: &str) -> bool {
        self.languages.is_empty() || self.languages.iter().any(|name| name == language)
    }

    /// Whether a path of the root called `label` passes.
    pub(super) fn has_path(&self, path: &RepoPath, label: &str) -> bool {
        let is_of_role = match self.tests {
            Tests::Any => true,
            Tests::Only => Place::of(path) == Place::Test,
            Tests::Without => Place::of(path) != Place::Test,
        };
        if !is_of_role || self.wanted.is_empty() && self.unwanted.is_empty() {
            return is_of_role;
        }
        // Of several roots, paths are shown with the label: globs may have it.
        let labelled = (!label.is_empty()).then(|| format!("{label}/{path}"));
        let matches = |glob: &GlobMatcher| {
            glob.is_match(path.as_str()) || labelled.as_deref().is_some_and(|path| glob.is_match(path))
        };
        (self.wanted.is_empty() || self.wanted.iter().any(matches)) && !self.unwanted.iter().any(matches)
    }

    /// The part of a view that passes. `label` is the root's, empty where there is but one.
    pub(super) fn scope(&self, view: &View, label: &str) -> Scope {
        if self.is_open() {
            return Scope {
                contents: view.contents().clone(),
                paths: view.paths().clone(),
                summaries: None,
                n_files: view.len() as u64,
            };
        }
        let passes = |file: &&ViewFile| self.has_language(&file.language) && self.has_path(&file.path, label);
        Scope::of(view.files().filter(passes))
    }
}

impl Search<'_> {
    /// The part of the root that passes.
    pub(super) fn scope(&self, filter: &Filter) -> Result<Scope, EngineError> {
        let scope = filter.scope(self.view, self.label);
        if filter.kinds.is_empty() {
            return Ok(scope);
        }
        let defining = self.stores.catalog.contents_with(&filter.kinds);
        let defining = defining.map_err(EngineError::port("find the symbols in scope"))?;
        let passes = |file: &&ViewFile| scope.paths.contains(file.path_id.0) && defining.contains(file.content.0);
        Ok(Scope::of(self.view.files().filter(passes)))
    }
}

impl Scope {
    fn of<'v>(files: impl Iterator<Item = &'v ViewFile>) -> Self {
        let (mut contents, mut paths, mut summaries) = (IdSet::default(), IdSet::default(), IdSet::default());
        let mut n_files = 0;
        for file in files {
            contents.insert(file.content.0);
            paths.insert(file.path_id.0);
            summaries.insert(file.summary.0);
            n_files += 1;
        }
        Self {
            contents,
            paths,
            summaries: Some(summaries),
            n_files,
        }
    }

    pub(super) fn has_summary(&self, text: TextId) -> bool {
        self.summaries.as_ref().is_none_or(|texts| texts.contains(text.0))
    }
}

/// The language a user means; one that nothing here is written in is an error that lists those that are.
fn language(name: &str, known: &[LanguageInfo], views: &[&View]) -> Result<String, EngineError> {
    let wanted = name.to_lowercase();
    let by_name = known.iter().find(|language| language.name == wanted);
    let by_extension = || known.iter().find(|language| language.extensions.contains(&wanted));
    if let Some(language) = by_name.or_else(by_extension) {
        return Ok(language.name.clone());
    }
    let present: BTreeSet<_> = views.iter().flat_map(|view| view.languages()).collect();
    if present.iter().any(|name| **name == *wanted) {
        return Ok(wanted);
    }
    let present: Vec<&str> = present.iter().map(|name| &**name).collect();
    Err(EngineError::Invalid {
        message: format!("no language is called `{name}`"),
        hint: match present.as_slice() {
            [] => "see `codemem languages`".to_owned(),
            present => format!("what is searched has {}", present.join(", ")),
        },
    })
}

fn kind(name: &str) -> Result<SymbolKind, EngineError> {
    SymbolKind::parse(&name.to_lowercase()).ok_or_else(|| EngineError::Invalid {
        message: format!("no kind of symbol is called `{name}`"),
        hint: format!("there are {}", SymbolKind::ALL.map(SymbolKind::as_str).join(", ")),
    })
}

fn glob(pattern: &str) -> Result<GlobMatcher, EngineError> {
    if pattern.len() > MAX_GLOB {
        return Err(EngineError::Invalid {
            message: format!(
                "a path glob of {} bytes is too long; {MAX_GLOB} are read",
                pattern.len()
            ),
            hint: "write it like `src/**/*.rs`".to_owned(),
        });
    }
    // `src` and `src/` mean what is below; `*.rs` means any directory.
    let pattern = pattern.trim_start_matches("./");
    let widened = match pattern {
        _ if pattern.ends_with('/') => format!("{pattern}**"),
        _ if !pattern.contains(['*', '?', '[', '{']) => format!("{{{pattern},{pattern}/**}}"),
        _ if !pattern.contains('/') => format!("**/{pattern}"),
        _ => pattern.to_owned(),
    };
    let glob = GlobBuilder::new(&widened)
        .literal_separator(true)
        .build()
        .map_err(|error| EngineError::Invalid {
            message: format!("`{pattern}` is not a path glob: {}", error.kind()),
            hint: "write it like `src/**/*.rs`".to_owned(),
        })?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_what_their_writer_means() {
        let table = [
            ("src", "src/a/b.rs", true),
            ("src/", "src/a/b.rs", true),
            ("src", "lib/src.rs", false),
            ("*.rs", "src/a/b.rs", true),
            ("src/*.rs", "src/b.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/**/*.rs", "src/a/b.rs", true),
            ("./src/b.rs", "src/b.rs", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(
                glob(pattern).expect("valid").is_match(path),
                expected,
                "{pattern} {path}"
            );
        }
        assert!(glob("src/[").is_err());
    }

    #[test]
    fn filters_are_joined() {
        let filter = |globs: &[&str], tests| {
            let filters = Filters {
                path_globs: globs.iter().map(|&glob| glob.to_owned()).collect(),
                tests,
                ..Filters::default()
            };
            Filter::read(&filters, &[], &[]).expect("understood")
        };
        let table: [(&[&str], Tests, &str, bool); 11] = [
            (&["*.rs", "*.py"], Tests::Any, "src/a.py", true),
            (&["*.rs", "*.py"], Tests::Any, "src/a.go", false),
            (&["!*.py"], Tests::Any, "src/a.py", false),
            (&["!*.py"], Tests::Any, "src/a.rs", true),
            (&["src", "!src/gen"], Tests::Any, "src/gen/a.rs", false),
            (&["src", "!src/gen"], Tests::Any, "src/a.rs", true),
            (&["main/src"], Tests::Any, "src/a.rs", true),
            (&[], Tests::Only, "tests/a.rs", true),
            (&[], Tests::Only, "src/a.rs", false),
            (&[], Tests::Without, "tests/a.rs", false),
            (&["tests"], Tests::Without, "tests/a.rs", false),
        ];
        for (globs, tests, path, expected) in table {
            let path = RepoPath::new(path).expect("valid");
            assert_eq!(
                filter(globs, tests).has_path(&path, "main"),
                expected,
                "{globs:?} {tests:?} {path}"
            );
        }
        assert!(filter(&[], Tests::Any).is_open());
        assert!(!filter(&[], Tests::Only).is_open());
    }

    #[test]
    fn what_does_not_exist_is_told_with_what_does() {
        let refused = |filters: Filters| match Filter::read(&filters, &[], &[]) {
            Err(EngineError::Invalid { message, hint }) => (message, hint),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("understood"),
        };
        let (message, hint) = refused(Filters {
            kinds: vec!["Function".to_owned(), "gadget".to_owned()],
            ..Filters::default()
        });
        assert_eq!(message, "no kind of symbol is called `gadget`");
        assert!(hint.starts_with("there are function, method, class"), "{hint}");
        let (message, _) = refused(Filters {
            path_globs: vec!["a".to_owned(); MAX_VALUES + 1],
            ..Filters::default()
        });
        assert_eq!(message, "65 path globs are too many; 64 are read");
    }
}

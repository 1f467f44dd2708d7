//! What was gathered about one candidate file, before it becomes features.

use super::feature::is_entry_point;
use crate::path::RepoPath;
use crate::query::{NameStrength, Query};

/// Share of the query from which on all of it occurs in a file; sums of the same numbers differ in the last places.
const WHOLE: f32 = 0.999;

/// A name of the query that a candidate file defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Defined {
    /// The name, lower-cased.
    pub name: String,
    /// How sure the query is of the name.
    pub strength: NameStrength,
    /// In how many files it is defined, at least 1.
    pub n_files: usize,
    /// One of its definitions here is a type.
    pub is_type: bool,
    /// One of its definitions here is written as the query writes it, capitals included, marks aside.
    pub is_exact: bool,
}

/// What was gathered about one candidate file.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Where the file is.
    pub path: RepoPath,
    /// BM25 of the whole file.
    pub file: f32,
    /// BM25 of the best chunk.
    pub chunk: f32,
    /// Sum over the three best chunks.
    pub best_chunks: f32,
    /// BM25 of defined names.
    pub names: f32,
    /// BM25 of signatures and docstrings.
    pub docs: f32,
    /// Share of the query found in the file, 0 to 1.
    pub coverage: f32,
    /// Share of the query found in the best chunk, 0 to 1.
    pub chunk_coverage: f32,
    /// BM25 of the stem.
    pub stem: f32,
    /// BM25 of the directories.
    pub dirs: f32,
    /// The same for the best files of its directory together; see [`super::survey`].
    pub directory: f32,
    /// Kept beside a newer version; see [`super::survey`].
    pub is_older: bool,
    /// Outside the package that the project is named after; see [`super::survey`].
    pub is_outside: bool,
    /// The query's names that the file defines.
    pub defines: Vec<Defined>,
    /// Cosine of the file's summary; `None` when it was not among the nearest.
    pub summary_cosine: Option<f32>,
    /// Cosine of its best chunk; `None` when none was among the nearest.
    pub chunk_cosine: Option<f32>,
    /// How many other files use what it defines.
    pub users: u32,
    /// The same for the file of its root that most use.
    pub most_users: u32,
    /// Says itself that others can import the identifier asked for from it.
    pub exports: bool,
}

impl Evidence {
    /// Evidence of nothing, for a file at `path`.
    pub fn new(path: RepoPath) -> Self {
        Self {
            path,
            file: 0.0,
            chunk: 0.0,
            best_chunks: 0.0,
            names: 0.0,
            docs: 0.0,
            coverage: 0.0,
            chunk_coverage: 0.0,
            stem: 0.0,
            dirs: 0.0,
            directory: 0.0,
            is_older: false,
            is_outside: false,
            defines: Vec::new(),
            summary_cosine: None,
            chunk_cosine: None,
            users: 0,
            most_users: 0,
            exports: false,
        }
    }

    /// Whether it defines a symbol that the query names as code.
    pub(super) fn defines_code(&self) -> bool {
        self.defines
            .iter()
            .any(|defined| defined.strength == NameStrength::Code)
    }

    /// Whether it stands for its directory and has all that is asked for: where nothing defines that, it may pass it on.
    pub(super) fn may_export(&self) -> bool {
        is_entry_point(&self.path) && self.coverage > WHOLE
    }

    /// Of the candidates of a query, those that may pass on what is asked for from elsewhere: an identifier that none of
    /// them defines.
    pub fn ways_in<'e>(query: &Query, candidates: impl Iterator<Item = &'e Self> + Clone) -> Vec<usize> {
        if !query.is_identifier || candidates.clone().any(Self::defines_code) {
            return Vec::new();
        }
        let ways_in = candidates.enumerate().filter(|(_, one)| one.may_export());
        ways_in.map(|(index, _)| index).collect()
    }
}

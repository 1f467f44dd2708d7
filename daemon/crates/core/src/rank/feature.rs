//! The features of a candidate file, and how raw evidence becomes them.

use super::Place;
use crate::path::RepoPath;
use crate::query::{NameStrength, Query};
use crate::token::Tokenizer;
use std::collections::HashSet;

/// Share of the query from which on all of it occurs in a file; sums of the same numbers differ in the last places.
const WHOLE: f32 = 0.999;

/// What a definition is worth that only differs in capitals from what the query names.
const OTHER_CASE: f32 = 0.6;

/// One reason to rank a file higher or lower. Every feature lies between 0 and 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Feature {
    /// BM25 of the whole file, against the best candidate's.
    File,
    /// BM25 of the best chunk, against the best candidate's.
    Chunk,
    /// BM25 of the three best chunks together, against the best candidate's.
    BestChunks,
    /// BM25 of the names the file defines, against the best candidate's.
    Names,
    /// BM25 of signatures and docstrings, against the best candidate's.
    Docs,
    /// Share of the query, by idf, that occurs in the file.
    Coverage,
    /// Share of the query, by idf, that occurs in the best chunk.
    ChunkCoverage,
    /// BM25 of the file's stem, against the best candidate's.
    Stem,
    /// BM25 of the directories, against the best candidate's.
    Dirs,
    /// BM25 of the best files of the same directory together, against the best directory's.
    Directory,
    /// Share of the words of the file's name that the query has.
    StemCoverage,
    /// The file's name is a word of the query, or two neighbouring ones; singular or plural.
    StemName,
    /// Defines a symbol that the query names as code.
    Definition,
    /// Defines a type that the query names as code: its methods and users are often called alike.
    TypeDefinition,
    /// Defines a symbol whose name is an ordinary word of the query.
    WordDefinition,
    /// Defines a named symbol and is named after it.
    Home,
    /// An entry point that names the identifier asked for, which nothing here defines.
    Exports,
    /// Cosine of the file's summary, between the candidates' lowest and highest.
    SummaryCosine,
    /// Cosine of the file's best chunk, between the candidates' lowest and highest.
    ChunkCosine,
    /// A test the query did not ask for.
    Test,
    /// An example, benchmark or script the query did not ask for.
    Example,
    /// Prose the query did not ask for.
    Prose,
    /// Configuration or data.
    Data,
    /// Vendored or kept for compatibility.
    Vendored,
    /// Made from other files.
    Generated,
    /// The texts of one human language.
    Translation,
    /// Kept beside a newer version: `v3` where there is `v4`.
    Older,
    /// Outside the package that the project is named after.
    Outside,
    /// Mostly re-exports: `__init__.py`, `index.ts`, `mod.rs`.
    EntryPoint,
    /// A declaration file or header whose implementation lies elsewhere.
    Declarations,
    /// Directories between root and file, 10 or more count 1.
    Depth,
}

impl Feature {
    /// How many features there are.
    pub const COUNT: usize = 31;

    /// All features, in the order of [`Features`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::File,
        Self::Chunk,
        Self::BestChunks,
        Self::Names,
        Self::Docs,
        Self::Coverage,
        Self::ChunkCoverage,
        Self::Stem,
        Self::Dirs,
        Self::Directory,
        Self::StemCoverage,
        Self::StemName,
        Self::Definition,
        Self::TypeDefinition,
        Self::WordDefinition,
        Self::Home,
        Self::Exports,
        Self::SummaryCosine,
        Self::ChunkCosine,
        Self::Test,
        Self::Example,
        Self::Prose,
        Self::Data,
        Self::Vendored,
        Self::Generated,
        Self::Translation,
        Self::Older,
        Self::Outside,
        Self::EntryPoint,
        Self::Declarations,
        Self::Depth,
    ];

    /// A stable name in snake case, for explanations and for fitting weights.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Chunk => "chunk",
            Self::BestChunks => "best_chunks",
            Self::Names => "names",
            Self::Docs => "docs",
            Self::Coverage => "coverage",
            Self::ChunkCoverage => "chunk_coverage",
            Self::Stem => "stem",
            Self::Dirs => "dirs",
            Self::Directory => "directory",
            Self::StemCoverage => "stem_coverage",
            Self::StemName => "stem_name",
            Self::Definition => "definition",
            Self::TypeDefinition => "type_definition",
            Self::WordDefinition => "word_definition",
            Self::Home => "home",
            Self::Exports => "exports",
            Self::SummaryCosine => "summary_cosine",
            Self::ChunkCosine => "chunk_cosine",
            Self::Test => "test",
            Self::Example => "example",
            Self::Prose => "prose",
            Self::Data => "data",
            Self::Vendored => "vendored",
            Self::Generated => "generated",
            Self::Translation => "translation",
            Self::Older => "older",
            Self::Outside => "outside",
            Self::EntryPoint => "entry_point",
            Self::Declarations => "declarations",
            Self::Depth => "depth",
        }
    }
}

/// The feature values of one candidate, indexed as [`Feature::ALL`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Features(pub [f32; Feature::COUNT]);

impl Features {
    /// The value of one feature.
    pub fn get(&self, feature: Feature) -> f32 {
        self.0[feature as usize]
    }

    fn set(&mut self, feature: Feature, value: f32) {
        self.0[feature as usize] = value;
    }
}

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
    /// One of its definitions here is written as the query writes it, capitals included.
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
        }
    }
}

impl Features {
    /// The features of all candidates of one query, in their order.
    ///
    /// Scores of one kind are divided by the best candidate's, cosines are stretched between the
    /// lowest and the highest that were retrieved (a file that was not retrieved counts as the
    /// lowest): what matters is who wins within a query, not what BM25 amounts to in this repository.
    pub fn of(query: &Query, candidates: &[Evidence]) -> Vec<Self> {
        let best = |value: fn(&Evidence) -> f32| candidates.iter().map(value).fold(f32::MIN_POSITIVE, f32::max);
        let (file, chunk, names, docs) = (best(|e| e.file), best(|e| e.chunk), best(|e| e.names), best(|e| e.docs));
        let (stem, dirs) = (best(|e| e.stem), best(|e| e.dirs));
        let (best_chunks, directory) = (best(|e| e.best_chunks), best(|e| e.directory));
        // An identifier that nothing here defines comes from elsewhere, by way of an entry point.
        let is_foreign = query.is_identifier
            && !candidates
                .iter()
                .any(|e| e.defines.iter().any(|defined| defined.strength == NameStrength::Code));
        let summaries = Stretch::of(candidates.iter().filter_map(|e| e.summary_cosine));
        let chunks = Stretch::of(candidates.iter().filter_map(|e| e.chunk_cosine));
        let terms: HashSet<&str> = query.terms.iter().map(|term| term.text.as_str()).collect();
        let asked: HashSet<String> = query.names.iter().map(|name| plain(&name.text)).collect();
        let mut tokenizer = Tokenizer::default();
        candidates
            .iter()
            .map(|evidence| {
                let mut features = Self::default();
                features.set(Feature::File, evidence.file / file);
                features.set(Feature::Chunk, evidence.chunk / chunk);
                features.set(Feature::BestChunks, evidence.best_chunks / best_chunks);
                features.set(Feature::Names, evidence.names / names);
                features.set(Feature::Docs, evidence.docs / docs);
                features.set(Feature::Coverage, evidence.coverage);
                features.set(Feature::ChunkCoverage, evidence.chunk_coverage);
                features.set(Feature::Stem, evidence.stem / stem);
                features.set(Feature::Dirs, evidence.dirs / dirs);
                features.set(Feature::Directory, evidence.directory / directory);
                features.set(Feature::SummaryCosine, summaries.place(evidence.summary_cosine));
                features.set(Feature::ChunkCosine, chunks.place(evidence.chunk_cosine));
                features.set_path(query, &evidence.path);
                features.set_stem(&evidence.path, &terms, &asked, &mut tokenizer);
                features.set_definitions(evidence);
                let exports = is_foreign && is_entry_point(&evidence.path) && evidence.coverage > WHOLE;
                features.set(Feature::Exports, f32::from(u8::from(exports)));
                features.set(Feature::Older, f32::from(u8::from(evidence.is_older)));
                features.set(Feature::Outside, f32::from(u8::from(evidence.is_outside)));
                features
            })
            .collect()
    }

    fn set_stem(&mut self, path: &RepoPath, terms: &HashSet<&str>, asked: &HashSet<String>, tokenizer: &mut Tokenizer) {
        let words = tokenizer.collect(module_name(path));
        let n_found = words.iter().filter(|word| terms.contains(word.as_str())).count();
        self.set(Feature::StemCoverage, n_found as f32 / words.len().max(1) as f32);
        self.set(
            Feature::StemName,
            f32::from(u8::from(asked.contains(&plain(module_name(path))))),
        );
    }

    fn set_path(&mut self, query: &Query, path: &RepoPath) {
        match Place::of(path) {
            Place::Source => {}
            // "the test client" is code, "tests of the client" are tests.
            Place::Test if query.wants_tests => self.set(Feature::Test, 0.5),
            Place::Example if query.wants_tests => {}
            Place::Docs if query.wants_docs => {}
            Place::Test => self.set(Feature::Test, 1.0),
            Place::Example => self.set(Feature::Example, 1.0),
            Place::Docs => self.set(Feature::Prose, 1.0),
            Place::Data => self.set(Feature::Data, 1.0),
            Place::Vendored => self.set(Feature::Vendored, 1.0),
            Place::Generated => self.set(Feature::Generated, 1.0),
            Place::Translation => self.set(Feature::Translation, 1.0),
        }
        self.set(Feature::EntryPoint, f32::from(u8::from(is_entry_point(path))));
        let declarations = path.as_str().ends_with(".d.ts") || matches!(path.extension(), Some("pyi"));
        self.set(Feature::Declarations, f32::from(u8::from(declarations)));
        self.set(
            Feature::Depth,
            (path.as_str().matches('/').count() as f32 / 10.0).min(1.0),
        );
    }

    fn set_definitions(&mut self, evidence: &Evidence) {
        let stem = plain(module_name(&evidence.path));
        let (mut code, mut type_code, mut word, mut home) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
        for defined in &evidence.defines {
            // A name defined in many files tells little about each.
            let rarity = 1.0 / (1.0 + (defined.n_files as f32).ln());
            match defined.strength {
                NameStrength::Code => {
                    code = code.max(if defined.is_exact { rarity } else { OTHER_CASE * rarity });
                    type_code = type_code.max(f32::from(u8::from(defined.is_type)));
                }
                NameStrength::Capitalised => code = code.max(0.8 * rarity),
                NameStrength::Word => word = word.max(rarity),
            }
            if plain(&defined.name) == stem {
                home = 1.0;
            }
        }
        self.set(Feature::Definition, code);
        self.set(Feature::TypeDefinition, type_code);
        self.set(Feature::WordDefinition, word);
        self.set(Feature::Home, home);
    }
}

/// Mostly re-exports, and called by the name of its directory.
fn is_entry_point(path: &RepoPath) -> bool {
    matches!(
        path.file_name(),
        "__init__.py" | "index.ts" | "index.tsx" | "index.js" | "index.mjs" | "mod.rs" | "lib.rs" | "init.lua"
    )
}

/// What a programmer calls the file: its stem, or its directory's name when it stands for the directory.
pub(super) fn module_name(path: &RepoPath) -> &str {
    let directory = path.directory();
    if is_entry_point(path) && !directory.is_empty() {
        directory.rsplit('/').next().unwrap_or(directory)
    } else {
        path.stem()
    }
}

/// A name without what differs between its spellings: `path_routers`, `PathRouter`.
pub(super) fn plain(name: &str) -> String {
    let mut plain = name.replace(['_', '-', '.', '$', '?', '!'], "").to_lowercase();
    if plain.ends_with('s') {
        plain.pop();
    }
    plain
}

/// Places cosines between the lowest and the highest of one query.
struct Stretch {
    low: f32,
    high: f32,
}

impl Stretch {
    fn of(values: impl Iterator<Item = f32>) -> Self {
        values.fold(
            Self {
                low: f32::INFINITY,
                high: f32::NEG_INFINITY,
            },
            |range, value| Self {
                low: range.low.min(value),
                high: range.high.max(value),
            },
        )
    }

    fn place(&self, value: Option<f32>) -> f32 {
        value.map_or(0.0, |value| {
            (value - self.low) / (self.high - self.low).max(f32::MIN_POSITIVE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn defined(name: &str) -> Defined {
        Defined {
            name: name.to_owned(),
            strength: NameStrength::Code,
            n_files: 1,
            is_type: true,
            is_exact: true,
        }
    }

    fn evidence(path: &str) -> Evidence {
        Evidence::new(RepoPath::new(path).expect("valid"))
    }

    #[test]
    fn the_list_of_features_is_in_order() {
        for (index, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature as usize, index);
        }
        let names: HashSet<&str> = Feature::ALL.into_iter().map(Feature::name).collect();
        assert_eq!(names.len(), Feature::COUNT);
    }

    #[test]
    fn a_feature_is_named_as_it_is_written_here_in_snake_case() {
        for feature in Feature::ALL {
            let camel: String = feature
                .name()
                .split('_')
                .map(|word| word[..1].to_uppercase() + &word[1..])
                .collect();
            assert_eq!(camel, format!("{feature:?}"));
        }
    }

    #[test]
    fn a_file_named_after_what_it_defines_is_its_home() {
        let mut home = evidence("src/path_router.rs");
        home.defines = vec![defined("pathrouter")];
        let mut user = evidence("src/app.rs");
        user.defines = vec![Defined {
            is_type: false,
            ..defined("pathrouter")
        }];
        let features = Features::of(&Query::parse("PathRouter"), &[home, user]);
        assert_eq!(
            features.iter().map(|f| f.get(Feature::Home)).collect::<Vec<_>>(),
            [1.0, 0.0]
        );
        assert_eq!(
            features.iter().map(|f| f.get(Feature::Definition)).collect::<Vec<_>>(),
            [1.0, 1.0]
        );
        assert_eq!(
            features
                .iter()
                .map(|f| f.get(Feature::TypeDefinition))
                .collect::<Vec<_>>(),
            [1.0, 0.0]
        );
    }

    #[test]
    fn a_file_may_be_called_by_its_stem_or_its_directory() {
        let table = [
            ("where are session cookies kept", "src/session.rs", 1.0),
            ("where are session cookies kept", "src/Sessions.swift", 1.0),
            ("where are session cookies kept", "src/session_cookie.py", 1.0),
            ("where are session cookies kept", "src/session/mod.rs", 1.0),
            ("where are session cookies kept", "src/session/store.rs", 0.0),
            ("where are session cookies kept", "src/user_session.rs", 0.0),
            ("how the module is loaded", "mod.rs", 0.0),
        ];
        for (query, path, expected) in table {
            let value = Features::of(&Query::parse(query), &[evidence(path)])[0].get(Feature::StemName);
            assert!((value - expected).abs() < f32::EPSILON, "{query}: {path}");
        }
    }

    #[test]
    fn a_test_counts_half_against_a_file_when_the_query_speaks_of_tests() {
        let files = [evidence("tests/a.rs")];
        let of = |query| Features::of(&Query::parse(query), &files)[0].get(Feature::Test);
        assert_eq!((of("parse header"), of("tests of parse header")), (1.0, 0.5));
    }

    #[test]
    fn an_identifier_from_elsewhere_is_looked_for_where_it_is_exported() {
        let entry = Evidence {
            coverage: 1.0,
            ..evidence("src/extract/mod.rs")
        };
        let user = Evidence {
            coverage: 1.0,
            ..evidence("src/form.rs")
        };
        let of = |query, files: &[Evidence]| -> Vec<f32> {
            let features = Features::of(&Query::parse(query), files);
            features.iter().map(|features| features.get(Feature::Exports)).collect()
        };
        assert_eq!(of("FromRequest", &[entry.clone(), user.clone()]), [1.0, 0.0]);
        assert_eq!(of("from request", &[entry.clone(), user.clone()]), [0.0, 0.0]);
        let home = Evidence {
            defines: vec![defined("fromrequest")],
            ..user
        };
        assert_eq!(of("FromRequest", &[entry, home]), [0.0, 0.0]);
    }

    #[test]
    fn another_spelling_is_a_weaker_definition() {
        let mut exact = evidence("src/a.rs");
        exact.defines = vec![defined("channel")];
        let mut other = evidence("src/b.rs");
        other.defines = vec![Defined {
            is_exact: false,
            ..defined("channel")
        }];
        let features = Features::of(&Query::parse("Channel"), &[exact, other]);
        let values: Vec<f32> = features.iter().map(|one| one.get(Feature::Definition)).collect();
        assert_eq!(values, [1.0, OTHER_CASE]);
    }

    proptest! {
        #[test]
        fn features_stay_between_zero_and_one(
            scores in proptest::collection::vec((0.0_f32..50.0, 0.0_f32..50.0, 0.0_f32..1.0, proptest::option::of(-1.0_f32..1.0)), 1..6),
        ) {
            let candidates: Vec<Evidence> = scores
                .iter()
                .enumerate()
                .map(|(index, (file, chunk, coverage, cosine))| Evidence {
                    file: *file,
                    chunk: *chunk,
                    best_chunks: *chunk * 2.0,
                    directory: *file * 3.0,
                    coverage: *coverage,
                    chunk_cosine: *cosine,
                    summary_cosine: *cosine,
                    ..evidence(&format!("src/f{index}.rs"))
                })
                .collect();
            for features in Features::of(&Query::parse("parse f1 header"), &candidates) {
                for value in features.0 {
                    prop_assert!((0.0..=1.0).contains(&value), "{features:?}");
                }
            }
        }
    }
}

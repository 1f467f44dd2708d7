//! The features of a candidate file, and how raw evidence becomes them.

use super::{Evidence, Place};
use crate::path::RepoPath;
use crate::query::{NameStrength, Query};
use crate::token::Tokenizer;
use std::borrow::Borrow;
use std::collections::HashSet;

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
    /// An entry point that re-exports the identifier asked for, which nothing here defines; where none is known to, one that has it.
    Exports,
    /// Cosine of the file's summary, between the candidates' lowest and highest.
    SummaryCosine,
    /// Cosine of the file's best chunk, between the candidates' lowest and highest.
    ChunkCosine,
    /// How many other files use what it defines, as a logarithm, against the file of its root that most use.
    Users,
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
    pub const COUNT: usize = 32;

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
        Self::Users,
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
            Self::Users => "users",
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

impl Features {
    /// The features of all candidates of one query, in their order.
    ///
    /// Scores of one kind are divided by the best candidate's, cosines are stretched between the
    /// lowest and the highest that were retrieved (a file that was not retrieved counts as the
    /// lowest): what matters is who wins within a query, not what BM25 amounts to in this repository.
    pub fn of(query: &Query, candidates: &[Evidence]) -> Vec<Self> {
        let mut scale = Scale::of(query, candidates);
        candidates.iter().map(|evidence| scale.features(evidence)).collect()
    }

    fn set_stem(&mut self, path: &RepoPath, terms: &HashSet<&str>, asked: &HashSet<String>, tokenizer: &mut Tokenizer) {
        let (mut n_words, mut n_found) = (0_usize, 0_usize);
        tokenizer.tokens(module_name(path), |word| {
            n_words += 1;
            n_found += usize::from(terms.contains(word));
        });
        self.set(Feature::StemCoverage, n_found as f32 / n_words.max(1) as f32);
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

/// What the candidates of one query are measured by.
pub(super) struct Scale<'q> {
    query: &'q Query,
    terms: HashSet<&'q str>,
    /// The names that the query has, each [`plain`].
    asked: HashSet<String>,
    tokenizer: Tokenizer,
    best: Best,
    summaries: Stretch,
    chunks: Stretch,
    /// An identifier that nothing here defines comes from elsewhere, by way of an entry point.
    is_foreign: bool,
    /// Some file says that it passes it on.
    is_told: bool,
}

/// The best of all candidates, never 0.
struct Best {
    file: f32,
    chunk: f32,
    chunks: f32,
    names: f32,
    docs: f32,
    stem: f32,
    dirs: f32,
    directory: f32,
}

impl<'q> Scale<'q> {
    pub(super) fn of<E: Borrow<Evidence>>(query: &'q Query, candidates: &[E]) -> Self {
        let all = || candidates.iter().map(Borrow::borrow);
        let best = |value: fn(&Evidence) -> f32| all().map(value).fold(f32::MIN_POSITIVE, f32::max);
        Self {
            query,
            terms: query.terms.iter().map(|term| term.text.as_str()).collect(),
            asked: query.names.iter().map(|name| plain(&name.text)).collect(),
            tokenizer: Tokenizer::default(),
            best: Best {
                file: best(|e| e.file),
                chunk: best(|e| e.chunk),
                chunks: best(|e| e.best_chunks),
                names: best(|e| e.names),
                docs: best(|e| e.docs),
                stem: best(|e| e.stem),
                dirs: best(|e| e.dirs),
                directory: best(|e| e.directory),
            },
            summaries: Stretch::of(all().filter_map(|e| e.summary_cosine)),
            chunks: Stretch::of(all().filter_map(|e| e.chunk_cosine)),
            is_foreign: query.is_identifier && !all().any(Evidence::defines_code),
            is_told: all().any(|e| e.exports),
        }
    }

    /// All features of a candidate.
    pub(super) fn features(&mut self, evidence: &Evidence) -> Features {
        let mut features = self.found(evidence, &Features::default());
        features.set_path(self.query, &evidence.path);
        features.set_stem(&evidence.path, &self.terms, &self.asked, &mut self.tokenizer);
        features.set_definitions(evidence);
        let exports = self.is_foreign && evidence.may_export() && (evidence.exports || !self.is_told);
        features.set(Feature::Exports, f32::from(u8::from(exports)));
        features
    }

    /// The features that are told by what was found, and the others as they are in `unread`.
    pub(super) fn found(&self, evidence: &Evidence, unread: &Features) -> Features {
        let best = &self.best;
        let mut features = *unread;
        features.set(Feature::File, evidence.file / best.file);
        features.set(Feature::Chunk, evidence.chunk / best.chunk);
        features.set(Feature::BestChunks, evidence.best_chunks / best.chunks);
        features.set(Feature::Names, evidence.names / best.names);
        features.set(Feature::Docs, evidence.docs / best.docs);
        features.set(Feature::Coverage, evidence.coverage);
        features.set(Feature::ChunkCoverage, evidence.chunk_coverage);
        features.set(Feature::Stem, evidence.stem / best.stem);
        features.set(Feature::Dirs, evidence.dirs / best.dirs);
        features.set(Feature::Directory, evidence.directory / best.directory);
        features.set(Feature::SummaryCosine, self.summaries.place(evidence.summary_cosine));
        features.set(Feature::ChunkCosine, self.chunks.place(evidence.chunk_cosine));
        features.set(Feature::Users, standing(evidence.users, evidence.most_users));
        features.set(Feature::Older, f32::from(u8::from(evidence.is_older)));
        features.set(Feature::Outside, f32::from(u8::from(evidence.is_outside)));
        if evidence.defines.is_empty() {
            for feature in [
                Feature::Definition,
                Feature::TypeDefinition,
                Feature::WordDefinition,
                Feature::Home,
            ] {
                features.set(feature, 0.0);
            }
        }
        if !self.is_foreign {
            features.set(Feature::Exports, 0.0);
        }
        features
    }
}

/// By orders: ten users more mean much to a file that has two, and little to one that has hundreds.
fn standing(users: u32, most: u32) -> f32 {
    (users as f32).ln_1p() / (most.max(1) as f32).ln_1p()
}

/// Mostly re-exports, and called by the name of its directory.
pub(super) fn is_entry_point(path: &RepoPath) -> bool {
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
    let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | '$' | '?' | '!'));
    let mut plain: String = kept.flat_map(char::to_lowercase).collect();
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
    use crate::rank::Defined;
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
    fn users_count_by_their_order_against_the_most_of_the_root() {
        for (users, most, expected) in [(0, 99, 0.0), (9, 99, 0.5), (99, 99, 1.0), (0, 0, 0.0)] {
            let candidate = Evidence {
                users,
                most_users: most,
                ..evidence("a.rs")
            };
            let features = Features::of(&Query::parse("router"), &[candidate])[0];
            assert!(
                (features.get(Feature::Users) - expected).abs() < 1e-6,
                "{users} of {most}"
            );
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
        // Of two that have it, the one that is known to re-export it.
        let other = Evidence {
            exports: true,
            path: RepoPath::new("src/lib.rs").expect("valid"),
            ..entry.clone()
        };
        assert_eq!(of("FromRequest", &[entry.clone(), other]), [0.0, 1.0]);
        let query = Query::parse("FromRequest");
        assert_eq!(Evidence::ways_in(&query, [&user, &entry].into_iter()), [1]);
        let home = Evidence {
            defines: vec![defined("fromrequest")],
            ..user
        };
        assert!(Evidence::ways_in(&query, [&home, &entry].into_iter()).is_empty());
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

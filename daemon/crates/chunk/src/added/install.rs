//! Adding and removing grammars.

use super::build::GrammarSource;
use super::check::check_apart;
use super::{GrammarError, Places, TAGS_FILE, download, grammars};
use crate::extractor::{PLAIN_TEXT, TreeSitterExtractor};
use crate::language::Language;
use crate::pack::{self, PackLanguage};
use crate::{languages, table};
use codemem_core::ports::{AddedLanguage, GrammarOrigin, Grammars, KnownLanguage, PortResult};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a grammar is put together. Names that begin with a dot are nobody's grammar.
const STAGE: &str = ".adding";

/// Where a grammar lies that is being deleted.
const TRASH: &str = ".removing";

/// The programs that adding a grammar calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toolchain {
    /// Compiles C. A program, perhaps with arguments.
    pub cc: OsString,
    /// Compiles C++.
    pub cxx: OsString,
    /// Called with `--check-grammar DIR --language NAME`, which must do what [`check_grammar`](super::check_grammar)
    /// does, tell a failure on standard error and exit with another code than 0.
    pub checker: PathBuf,
}

/// The grammars of one data directory. Holds no state but a lock: the directory is the truth.
#[derive(Debug)]
pub struct GrammarStore {
    places: Places,
    tools: Toolchain,
    /// Whether grammars may be fetched.
    fetches: AtomicBool,
    extractor: Arc<TreeSitterExtractor>,
    /// One change at a time.
    changing: Mutex<()>,
}

impl GrammarStore {
    /// Adds and removes in the directory that the extractor reads. Nobody else may write there.
    pub fn new(places: Places, tools: Toolchain, fetches: bool, extractor: Arc<TreeSitterExtractor>) -> Self {
        Self {
            places,
            tools,
            fetches: AtomicBool::new(fetches),
            extractor,
            changing: Mutex::new(()),
        }
    }

    /// Forbids or allows to fetch grammars.
    pub fn set_offline(&self, offline: bool) {
        self.fetches.store(!offline, Ordering::Relaxed);
    }

    fn install(&self, name: &str, from: Option<&Path>) -> Result<AddedLanguage, GrammarError> {
        let language = pack::find(name).ok_or_else(|| GrammarError::Unknown(name.to_owned()))?;
        if built_in(name).is_some() {
            return Err(GrammarError::BuiltIn(name.to_owned()));
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.installed(name).is_some() {
            return Err(GrammarError::AlreadyAdded(name.to_owned()));
        }
        let stage = Stage::create(&self.places.grammars)?;
        let library = stage.grammar.join(language.library());
        self.obtain(language, from, &stage, &library)?;
        let tags = from
            .map(|from| from.join("queries").join(TAGS_FILE))
            .filter(|path| path.is_file());
        if let Some(tags) = &tags {
            copy(tags, &stage.grammar.join(TAGS_FILE))?;
        }
        check_apart(&self.tools, name, &stage.grammar)?;
        let fingerprint = seal(&stage.grammar)?;
        let target = self.places.grammars.join(format!("{name}.{fingerprint}"));
        fs::rename(&stage.grammar, &target).map_err(writing(&target))?;
        let added = self
            .installed(name)
            .ok_or_else(|| GrammarError::NotAdded(name.to_owned()))?;
        let parser_language = added.load().map_err(|error| GrammarError::Refused(error.to_string()))?;
        let has_symbols = table::compile(&added, parser_language, None).is_ok_and(|grammar| grammar.is_some());
        Ok(AddedLanguage {
            symbols: has_symbols,
            query: self.places.queries.join(format!("{name}.scm")),
        })
    }

    /// Puts the library where it is wanted.
    fn obtain(
        &self,
        language: PackLanguage,
        from: Option<&Path>,
        stage: &Stage,
        library: &Path,
    ) -> Result<(), GrammarError> {
        let Some(from) = from else {
            if !self.fetches.load(Ordering::Relaxed) {
                return Err(GrammarError::Offline(language.name().to_owned()));
            }
            return copy(&download::fetch(language, &stage.scratch)?, library);
        };
        let metadata = fs::metadata(from).map_err(|source| GrammarError::Read {
            path: from.to_path_buf(),
            source,
        })?;
        if metadata.is_file() {
            return copy(from, library);
        }
        let ready = from.join(language.library());
        if ready.is_file() {
            return copy(&ready, library);
        }
        let source = GrammarSource::find(from).ok_or_else(|| GrammarError::NoSource {
            path: from.to_path_buf(),
            library: language.library(),
        })?;
        source.build(&self.tools, &stage.scratch, library)
    }

    fn uninstall(&self, name: &str) -> Result<(), GrammarError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let added = self.installed(name).ok_or_else(|| match built_in(name) {
            Some(_) => GrammarError::BuiltIn(name.to_owned()),
            None => GrammarError::NotAdded(name.to_owned()),
        })?;
        let trash = self.places.grammars.join(TRASH);
        clear(&trash)?;
        fs::rename(&added.directory, &trash).map_err(writing(&added.directory))?;
        clear(&trash)
    }

    fn installed(&self, name: &str) -> Option<super::AddedGrammar> {
        grammars(&self.places.grammars)
            .into_iter()
            .find(|added| added.name == name)
    }
}

impl Grammars for GrammarStore {
    fn list(&self) -> Vec<KnownLanguage> {
        let table = self.extractor.survey();
        let problems = table.problems();
        let row = |name: &str| KnownLanguage {
            name: name.to_owned(),
            extensions: Vec::new(),
            symbols: false,
            origin: None,
            problem: problems
                .iter()
                .find(|(language, _)| language == name)
                .map(|(_, problem)| problem.clone()),
        };
        let mut list = vec![KnownLanguage {
            origin: Some(GrammarOrigin::BuiltIn),
            ..row(PLAIN_TEXT)
        }];
        list.extend(languages::ALL.iter().map(|language| KnownLanguage {
            extensions: keys(language),
            symbols: true,
            origin: Some(GrammarOrigin::BuiltIn),
            ..row(language.name)
        }));
        let others = pack::all().filter(|language| built_in(language.name()).is_none());
        list.extend(others.map(|language| {
            let added = table.added(language.name());
            KnownLanguage {
                extensions: language.extensions().map(str::to_owned).collect(),
                symbols: added.is_some_and(|slot| slot.grammar().is_some()),
                origin: added.map(|_| GrammarOrigin::Added),
                ..row(language.name())
            }
        }));
        // A query for what nobody knows.
        let unknown = problems
            .iter()
            .filter(|(name, _)| !list.iter().any(|row| row.name == *name));
        let unknown: Vec<_> = unknown.map(|(name, _)| row(name)).collect();
        list.extend(unknown);
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    fn add(&self, name: &str, from: Option<&Path>) -> PortResult<AddedLanguage> {
        Ok(self.install(name, from)?)
    }

    fn remove(&self, name: &str) -> PortResult<()> {
        Ok(self.uninstall(name)?)
    }
}

/// By which extensions and file names a built-in language is recognised.
pub(crate) fn keys(language: &Language) -> Vec<String> {
    let keys = language.extensions.iter().chain(language.file_names);
    keys.map(ToString::to_string).collect()
}

fn built_in(name: &str) -> Option<&'static Language> {
    languages::ALL.iter().find(|language| language.name == name).copied()
}

/// A directory to put a grammar together in; what is left of it goes when this does.
struct Stage {
    root: PathBuf,
    /// Becomes the grammar's directory.
    grammar: PathBuf,
    /// For what is not kept.
    scratch: PathBuf,
}

impl Stage {
    fn create(grammars: &Path) -> Result<Self, GrammarError> {
        let root = grammars.join(STAGE);
        clear(&root)?;
        let stage = Self {
            grammar: root.join("grammar"),
            scratch: root.join("scratch"),
            root,
        };
        for directory in [&stage.grammar, &stage.scratch] {
            fs::create_dir_all(directory).map_err(writing(directory))?;
        }
        // Whoever can write here can run code as the user.
        for directory in [grammars, &stage.root, &stage.grammar] {
            permit(directory, 0o700)?;
        }
        Ok(stage)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What is left is cleared by the next addition.
        let _left = fs::remove_dir_all(&self.root);
    }
}

/// Makes a grammar's files the user's alone and durable, and names their bytes.
fn seal(grammar: &Path) -> Result<String, GrammarError> {
    let mut hasher = blake3::Hasher::new();
    for (name, path) in super::entries(grammar) {
        permit(&path, 0o600)?;
        let bytes = fs::read(&path).map_err(|source| GrammarError::Read {
            path: path.clone(),
            source,
        })?;
        hasher.update(name.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
        let file = fs::File::open(&path).map_err(writing(&path))?;
        file.sync_all().map_err(writing(&path))?;
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<(), GrammarError> {
    let bytes = fs::read(from).map_err(|source| GrammarError::Read {
        path: from.to_path_buf(),
        source,
    })?;
    fs::write(to, bytes).map_err(writing(to))
}

fn permit(path: &Path, mode: u32) -> Result<(), GrammarError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(writing(path))
}

/// Deletes a directory that may not be there.
fn clear(directory: &Path) -> Result<(), GrammarError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(writing(directory)(error)),
        _ => Ok(()),
    }
}

fn writing(path: &Path) -> impl FnOnce(io::Error) -> GrammarError {
    let path = path.to_path_buf();
    |source| GrammarError::Write { path, source }
}

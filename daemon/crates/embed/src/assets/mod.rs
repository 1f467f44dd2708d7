//! The runtime assets: the ONNX Runtime library and the embedding model, under the data directory.
//!
//! ```text
//! <data>/assets.lock                 held while anything below is being changed
//! <data>/runtime/manifest.json       which library is used, with its hash
//! <data>/runtime/libonnxruntime.…    the fetched library
//! <data>/models/active               the model in use, when it is not the default
//! <data>/models/<name>/              two graphs, the tokenizer, manifest.json
//! ```
//!
//! Everything appears whole, by a rename, or not at all; what a killed process left is swept away by
//! the next one that holds the lock. A source is trusted for nothing: what is fetched must have the
//! pinned sha256. Runs on the caller's thread and blocks, for minutes when it fetches.

pub(crate) mod files;
mod hub;
mod library;
mod model;
mod pins;
mod pip;

use crate::error::EmbedError;
use crate::import::Import;
use crate::manifest::{ModelManifest, Precision, list_models};
use crate::progress::{Progress, report};
use crate::runtime;
use library::Library;
use model::Models;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a lock that somebody else holds is asked for.
const LOCK_TICK: Duration = Duration::from_millis(100);

/// Where assets are kept and where they may come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetConfig {
    /// The directory that holds them; created when needed.
    pub data_dir: PathBuf,
    /// An ONNX Runtime library to use instead of a fetched one; absolute. It stays where it is.
    pub onnxruntime: Option<PathBuf>,
    /// A model folder to import and use instead of the fetched model; absolute.
    pub model_dir: Option<PathBuf>,
    /// The name of the installed model to use; else the one chosen by the last setup, else the default.
    pub model: Option<String>,
    /// Which of the model's graphs is used.
    pub precision: Precision,
    /// The Python interpreter that carries pip; else `python3`.
    pub python: Option<PathBuf>,
    /// The model hub's address; else the one everybody knows.
    pub hub_endpoint: Option<String>,
    /// Never fetch anything.
    pub offline: bool,
}

impl AssetConfig {
    /// Everything at its default.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            onnxruntime: None,
            model_dir: None,
            model: None,
            precision: Precision::default(),
            python: None,
            hub_endpoint: None,
            offline: false,
        }
    }

    fn python(&self) -> &Path {
        self.python.as_deref().unwrap_or(Path::new("python3"))
    }
}

/// What a person hands to one setup; it counts before the configuration and is remembered.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Given {
    /// An ONNX Runtime library; absolute. It stays where it is.
    pub onnxruntime: Option<PathBuf>,
    /// A model folder to import and use; absolute.
    pub model_dir: Option<PathBuf>,
}

/// What is installed and in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Installed {
    /// The ONNX Runtime library.
    pub onnxruntime: PathBuf,
    /// The model.
    pub model: ModelManifest,
    /// Which of the model's graphs is used.
    pub precision: Precision,
    /// The model's directory.
    pub directory: PathBuf,
}

impl Installed {
    /// What the vectors of this model in this precision mean.
    pub fn fingerprint(&self) -> String {
        self.model.fingerprint(self.precision)
    }

    /// The graph in use.
    pub(crate) fn graph(&self) -> PathBuf {
        self.directory.join(self.precision.file())
    }
}

/// Whether everything is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AssetState {
    /// It is.
    Ready(Arc<Installed>),
    /// It is not.
    Missing {
        /// What is missing, for a person.
        what: Vec<String>,
    },
}

/// The runtime assets of one data directory.
#[derive(Debug)]
pub struct Assets {
    config: AssetConfig,
    /// Never fetch anything; at first as configured.
    offline: AtomicBool,
    /// What was found by the last look at the disk; `None` when that must be done again.
    installed: Mutex<Option<Arc<Installed>>>,
}

impl Assets {
    /// Looks at nothing yet.
    pub fn new(config: AssetConfig) -> Self {
        Self {
            offline: AtomicBool::new(config.offline),
            config,
            installed: Mutex::default(),
        }
    }

    /// Whether everything is there, by existence and size. Cheap enough for every request.
    pub fn state(&self) -> AssetState {
        if let Some(installed) = &*self.cached() {
            return AssetState::Ready(Arc::clone(installed));
        }
        match (self.library().find(), self.models().find()) {
            (Some(onnxruntime), Some((model, directory))) => {
                AssetState::Ready(self.remember(onnxruntime, model, directory))
            }
            (library, model) => {
                let mut what = Vec::new();
                if library.is_none() {
                    what.push(Library::describe());
                }
                if model.is_none() {
                    what.push(format!("model {}", self.models().active()));
                }
                AssetState::Missing { what }
            }
        }
    }

    /// What is installed; an error that says what is missing. As cheap as [`Assets::state`].
    pub fn installed(&self) -> Result<Arc<Installed>, EmbedError> {
        match self.state() {
            AssetState::Ready(installed) => Ok(installed),
            AssetState::Missing { what } => Err(EmbedError::Missing { what: what.join(", ") }),
        }
    }

    /// Gets what is missing, and nothing when nothing is. Several calls at once, in one process or
    /// in several, do the work once.
    pub fn ensure(&self, progress: Progress<'_>) -> Result<Arc<Installed>, EmbedError> {
        if let AssetState::Ready(installed) = self.state() {
            return Ok(installed);
        }
        let _lock = self.lock(progress)?;
        self.install(&Given::default(), false, progress)
    }

    /// As [`Assets::ensure`], but uses what is given from now on, and reads again every byte of what
    /// is there: what no longer has its recorded hash is got anew.
    pub fn setup(&self, given: &Given, progress: Progress<'_>) -> Result<Arc<Installed>, EmbedError> {
        let _lock = self.lock(progress)?;
        self.install(given, true, progress)
    }

    /// Imports a model folder under a name, or under the folder's own; does not use it yet.
    pub fn import(&self, dir: &Path, name: Option<&str>, progress: Progress<'_>) -> Result<ModelManifest, EmbedError> {
        let _lock = self.lock(progress)?;
        if let Some(library) = self.library().find() {
            // So that the import can try its graphs.
            runtime::environment(&library)?;
        }
        let own = model::plain_name(dir);
        let import = Import {
            name: name.unwrap_or(&own),
            origin: dir.to_string_lossy().into_owned(),
            pin: &[],
        };
        let manifest = import.run(dir, &self.models().dir, progress);
        // It may have replaced the model in use.
        self.forget();
        manifest
    }

    /// The installed models, by name.
    pub fn models_installed(&self) -> Result<Vec<ModelManifest>, EmbedError> {
        list_models(&self.models().dir)
    }

    /// The name of the model in use, installed or not.
    pub fn active_model(&self) -> String {
        self.models().active()
    }

    /// Which of a model's graphs is used.
    pub fn precision(&self) -> Precision {
        self.config.precision
    }

    /// Forbids or allows fetching from now on; what is being fetched is not broken off.
    pub fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Relaxed);
    }

    /// Makes the next question look at the disk again.
    pub(crate) fn forget(&self) {
        *self.cached() = None;
    }

    fn install(&self, given: &Given, thorough: bool, progress: Progress<'_>) -> Result<Arc<Installed>, EmbedError> {
        let (library, models) = (self.library(), self.models());
        for dir in [&library.dir, &models.dir] {
            files::sweep(dir);
        }
        self.forget();
        // The library first: with it the model's graphs can be tried before they are used.
        let onnxruntime = library.ensure(given.onnxruntime.as_deref(), thorough, progress)?;
        let (model, directory) = models.ensure(given.model_dir.as_deref(), thorough, progress)?;
        Ok(self.remember(onnxruntime, model, directory))
    }

    fn remember(&self, onnxruntime: PathBuf, model: ModelManifest, directory: PathBuf) -> Arc<Installed> {
        let installed = Arc::new(Installed {
            onnxruntime,
            model,
            precision: self.config.precision,
            directory,
        });
        *self.cached() = Some(Arc::clone(&installed));
        installed
    }

    fn library(&self) -> Library<'_> {
        Library {
            config: &self.config,
            offline: self.offline.load(Ordering::Relaxed),
            dir: self.config.data_dir.join("runtime"),
        }
    }

    fn models(&self) -> Models<'_> {
        Models {
            config: &self.config,
            offline: self.offline.load(Ordering::Relaxed),
            dir: self.config.data_dir.join("models"),
        }
    }

    fn cached(&self) -> MutexGuard<'_, Option<Arc<Installed>>> {
        self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the lock that excludes every other installation, in this process and in others. It
    /// is released when the file is dropped, or by the system when the process dies.
    fn lock(&self, progress: Progress<'_>) -> Result<File, EmbedError> {
        let path = self.config.data_dir.join("assets.lock");
        let failed = || EmbedError::write(&path);
        fs::create_dir_all(&self.config.data_dir).map_err(failed())?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed())?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(failed()(error)),
            }
            // Asked again and again, not waited for, so that the listener can break off.
            report(progress, "waiting for another setup to end", 0, 0)?;
            thread::sleep(LOCK_TICK);
        }
    }
}

#[cfg(test)]
mod tests;

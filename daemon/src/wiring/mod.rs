//! Where the ports meet their implementations. The one place that knows both sides.

mod assets;
mod grammars;
mod memory;
mod opening;
mod registry;
mod system;

pub(crate) use grammars::check as check_grammar;

use crate::config::{MOST_FILE_BYTES, Settings};
use codemem_chunk::{ChunkError, GrammarStore, Limits, TreeSitterExtractor};
use codemem_core::ports::{Grammars, MemoryStore};
use codemem_embed::{AssetConfig, Assets, EmbedError, EmbeddingPool, PoolConfig};
use codemem_engine::{EngineConfig, Ports};
use codemem_proto::env::Env;
use codemem_proto::rendezvous::{FileLock, LockError};
use codemem_store::StoreError;
use codemem_watch::{FileWatcher, WorkingTree};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Below the data directory: one directory per repository, and the list of roots.
const INDEX_DIRECTORY: &str = "index";

/// In it, what keeps a second daemon out.
const LOCK: &str = "index.lock";

/// Why the parts could not be put together.
#[derive(thiserror::Error, Debug)]
pub(crate) enum WiringError {
    #[error("cannot open the list of roots in `{}`", path.display())]
    Registry { path: PathBuf, source: Box<StoreError> },
    #[error("cannot take the lock of the data directory")]
    Lock(#[source] LockError),
    #[error("another daemon uses the data directory `{}`", .0.display())]
    InUse(PathBuf),
    #[error("cannot load the grammars")]
    Grammars(#[source] Box<ChunkError>),
    #[error("cannot start the embedding pool")]
    Embedding(#[source] Box<EmbedError>),
}

impl WiringError {
    pub(crate) fn hint(&self) -> String {
        let by_default = || "see `codemem daemon logs`".to_owned();
        match self {
            Self::Registry { source, .. } => source.hint().unwrap_or_else(by_default),
            Self::Embedding(source) => source.hint().unwrap_or_else(by_default),
            Self::Lock(_) => "make the data directory writable, or set CODEMEM_DATA_DIR to another one".to_owned(),
            Self::InUse(_) => {
                "stop the other daemon, started with another runtime directory, or set CODEMEM_DATA_DIR".to_owned()
            }
            Self::Grammars(_) => "reinstall codemem: this build does not fit its grammars".to_owned(),
        }
    }
}

/// What can still be changed of the adapters behind the ports.
pub(crate) struct Knobs {
    registry: Arc<registry::Stores>,
    assets: Arc<Assets>,
    grammars: Arc<GrammarStore>,
    machine: Arc<system::Machine>,
}

impl Knobs {
    /// Brings the adapters in line with settings that have changed.
    pub(crate) fn turn(&self, settings: &Settings) {
        self.registry.set_index_threads(settings.index_threads);
        self.assets.set_offline(settings.offline);
        self.grammars.set_offline(settings.offline);
        self.machine.spare_battery(settings.pause_on_battery);
    }

    /// The grammars that the user adds and removes.
    pub(crate) fn grammars(&self) -> Arc<dyn Grammars> {
        Arc::clone(&self.grammars) as _
    }
}

/// Builds every port. Opens the list of roots and the memories; models and other stores stay closed until they are
/// needed.
pub(crate) fn ports(settings: &Settings, env: &Env) -> Result<(Ports, Arc<dyn MemoryStore>, Knobs), WiringError> {
    let directory = settings.directories.data().join(INDEX_DIRECTORY);
    let registry = if settings.read_only {
        // A lock that nobody has ever taken is not made: there is nothing to be locked.
        let lock = directory.join(LOCK).exists().then(|| lock(&directory)).transpose()?;
        registry::Stores::open_read_only(&directory, lock, scratch(settings), clock())
    } else {
        registry::Stores::open(&directory, lock(&directory)?, settings.index_threads, clock())
    };
    let registry = registry.map_err(|source| WiringError::Registry {
        path: directory,
        source: Box::new(source),
    })?;
    let limits = Limits {
        // Scan and read keep to what is configured, which may change; this is the most it can be.
        max_file_bytes: MOST_FILE_BYTES,
    };
    let extractor = TreeSitterExtractor::with_additions(limits, grammars::places(settings))
        .map_err(|error| WiringError::Grammars(Box::new(error)))?;
    let extractor = Arc::new(extractor);
    let assets = Arc::new(Assets::new(AssetConfig {
        onnxruntime: settings.onnxruntime.clone(),
        model_dir: settings.model_dir.clone(),
        python: settings.python.clone(),
        offline: settings.offline,
        ..AssetConfig::new(settings.directories.data())
    }));
    let pool = PoolConfig {
        index_threads: settings.embed_threads,
        ..PoolConfig::default()
    };
    let embedder =
        EmbeddingPool::new(Arc::clone(&assets), pool).map_err(|error| WiringError::Embedding(Box::new(error)))?;
    let registry = Arc::new(registry);
    let machine = Arc::new(system::Machine::this(settings.pause_on_battery));
    let knobs = Knobs {
        registry: Arc::clone(&registry),
        assets: Arc::clone(&assets),
        grammars: Arc::new(grammars::store(settings, env, Arc::clone(&extractor))),
        machine: Arc::clone(&machine),
    };
    let memories = memory::open(settings);
    let ports = Ports {
        registry,
        source: Arc::new(WorkingTree),
        watcher: Some(Arc::new(FileWatcher::default())),
        extractor,
        embedder: Arc::new(embedder),
        memories: Some(Arc::clone(&memories)),
        assets: Arc::new(assets::Installation::new(assets)),
        system: Some(machine),
        clock: clock(),
    };
    Ok((ports, memories, knobs))
}

/// One daemon per data directory, whatever runtime directories they were given.
fn lock(directory: &Path) -> Result<FileLock, WiringError> {
    let path = directory.join(LOCK);
    let lock = std::fs::create_dir_all(directory)
        .map_err(|source| LockError {
            path: path.clone(),
            source,
        })
        .and_then(|()| FileLock::try_acquire(&path))
        .map_err(WiringError::Lock)?;
    lock.ok_or_else(|| WiringError::InUse(directory.to_path_buf()))
}

/// Where a read-only daemon copies what cannot be read without being written to: a directory of its own for each
/// data directory, beside the logs.
fn scratch(settings: &Settings) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    settings.directories.data().hash(&mut hasher);
    let name = format!("{:016x}", hasher.finish());
    settings.directories.state().join("read-only").join(name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock that everything else is handed"
)]
fn clock() -> Arc<dyn Fn() -> SystemTime + Send + Sync> {
    Arc::new(SystemTime::now)
}

/// The engine's limits.
pub(crate) fn engine_config(settings: &Settings) -> EngineConfig {
    EngineConfig {
        max_file_bytes: settings.max_file_bytes,
        index_threads: settings.index_threads,
        search_threads: settings.search_threads,
        home: directories::BaseDirs::new().and_then(|dirs| dirs.home_dir().canonicalize().ok()),
        // Offline, a model folder given by path can still be imported.
        fetch_assets: !settings.read_only,
        read_only: settings.read_only,
        watch: settings.watch && !settings.read_only,
        vectors_per_second: settings.vectors_per_second,
        ..EngineConfig::default()
    }
}

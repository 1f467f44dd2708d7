//! What the engine is given: its ports and its limits.

use arc_swap::ArcSwap;
use codemem_core::ports::{
    Embedder, Extractor, MemoryStore, ModelAssets, Registry, SourceTree, SystemLoad, TreeWatcher,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Everything the engine reaches beyond itself.
#[derive(Clone)]
pub struct Ports {
    /// Roots and stores.
    pub registry: Arc<dyn Registry>,
    /// Working trees.
    pub source: Arc<dyn SourceTree>,
    /// Watches them; `None` where nothing is watched.
    pub watcher: Option<Arc<dyn TreeWatcher>>,
    /// Grammars.
    pub extractor: Arc<dyn Extractor>,
    /// The embedding pool.
    pub embedder: Arc<dyn Embedder>,
    /// The model and its runtime.
    pub assets: Arc<dyn ModelAssets>,
    /// The memories, of which some stand beside hits; `None` where they cannot be opened.
    pub memories: Option<Arc<dyn MemoryStore>>,
    /// Tells when background work should wait; `None` where nobody can tell.
    pub system: Option<Arc<dyn SystemLoad>>,
    /// The wall clock.
    pub clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

/// The limits in force. Replaced whole; a job that must not see them change keeps what it loaded.
pub(crate) type Limits = ArcSwap<EngineConfig>;

/// Limits, all with units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineConfig {
    /// Largest file indexed, in bytes.
    pub max_file_bytes: u64,
    /// Threads that read and parse during a pass.
    pub index_threads: usize,
    /// Searches answered at the same time; more wait their turn.
    pub search_threads: usize,
    /// The user's home directory, refused as a root unless forced.
    pub home: Option<PathBuf>,
    /// Whether missing models are fetched when vectors are wanted.
    pub fetch_assets: bool,
    /// Whether nothing that is stored is changed: repositories are opened and searched, and no other job runs.
    pub read_only: bool,
    /// Whether roots are watched, so that edits are searchable at once. Without it, what changed is found when a root is
    /// indexed again.
    pub watch: bool,
    /// Quiet time after an edit before what it made visible is made durable.
    pub settle_after: Duration,
    /// Between two comparisons of a watched root with its files, for what a watcher may have missed.
    pub recheck_every: Duration,
    /// Texts embedded per second at most, chunks and files; 0 is as fast as it goes.
    pub vectors_per_second: u32,
    /// Longest that an exact search reads files. Agents wait about a minute for a tool, people less.
    pub exact_time: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            // Hand-written files stay far below; what is above is data.
            max_file_bytes: 1024 * 1024,
            index_threads: 2,
            search_threads: 4,
            home: None,
            fetch_assets: true,
            read_only: false,
            watch: true,
            // A commit costs tens of milliseconds of disk: once per burst of edits, and soon enough that a crash
            // repeats little.
            settle_after: Duration::from_secs(2),
            recheck_every: Duration::from_mins(30),
            vectors_per_second: 0,
            exact_time: Duration::from_secs(5),
        }
    }
}

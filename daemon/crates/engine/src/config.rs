//! What the engine is given: its ports and its limits.

use arc_swap::ArcSwap;
use codemem_core::ports::{Embedder, Extractor, MemoryStore, ModelAssets, Registry, SourceTree};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// Everything the engine reaches beyond itself.
#[derive(Clone)]
pub struct Ports {
    /// Roots and stores.
    pub registry: Arc<dyn Registry>,
    /// Working trees.
    pub source: Arc<dyn SourceTree>,
    /// Grammars.
    pub extractor: Arc<dyn Extractor>,
    /// The embedding pool.
    pub embedder: Arc<dyn Embedder>,
    /// The model and its runtime.
    pub assets: Arc<dyn ModelAssets>,
    /// The memories, of which some stand beside hits; `None` where they cannot be opened.
    pub memories: Option<Arc<dyn MemoryStore>>,
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
        }
    }
}

//! Questions about the code graph: a symbol and who uses it, what a file or a tree is made of, what a change reaches.
//!
//! Each is answered on a blocking thread from a root's published snapshots, as searches are, and resolved there and then by
//! `codemem_core::graph`: nothing is stored but what files themselves say, so an answer is as true as the index is fresh.

mod affected;
mod map;
mod outline;
mod symbol;
mod tree;

pub use affected::{AffectedAnswer, AffectedRequest, Change};
pub use map::{Central, MapAnswer, MapRequest};
pub use outline::{OutlineAnswer, OutlineFile, OutlineNode, OutlineRequest};
pub use symbol::{Ask, Definition, SymbolAnswer, SymbolRequest, Use};

use crate::EngineError;
use crate::engine::{Engine, blocking};
use crate::freshness::Freshness;
use crate::search::Ready;
use crate::threads::Stop;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::Tree;

/// What an answer rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Ground {
    /// The root that was looked at.
    pub root: PathBuf,
    /// Files that are indexed.
    pub files_searched: u64,
    /// Files that the last scan found.
    pub files_total: u64,
    /// How true it is.
    pub freshness: Freshness,
}

impl Engine {
    /// Answers one question over the snapshots of the root that holds a path.
    async fn ask_graph<T: Send + 'static>(
        &self,
        path: &Path,
        answer: impl FnOnce(&Tree<'_>, Ground) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let chosen = self.choose(&[path.to_path_buf()], false).await?;
        let (permit, mut ready) = self.ready(&chosen).await.map_err(|failed| failed.error)?;
        let ready: Ready = ready.remove(0);
        let stop = Stop::default();
        let _given_up = stop.clone().on_drop();
        let ask = blocking("graph", move || {
            let _permit = permit;
            let ground = Ground {
                root: ready.chosen.root.clone(),
                files_searched: ready.view.len() as u64,
                files_total: ready.state.files_seen.max(ready.view.len() as u64),
                freshness: ready.freshness.clone(),
            };
            let catalog = Arc::clone(&ready.stores.catalog);
            answer(&Tree::new(&ready.view, &*catalog, &stop), ground)
        });
        ask.await?
    }
}

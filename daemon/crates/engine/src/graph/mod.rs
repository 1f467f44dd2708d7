//! Questions about the code graph: a symbol and who uses it, what a file or a tree is made of, what a change reaches.
//!
//! Each is answered on a blocking thread from a root's published snapshots, as searches are, and resolved there and then by
//! `codemem_core::graph`: nothing is stored but what files themselves say, so an answer is as true as the index is fresh.

mod affected;
mod fold;
mod known;
mod map;
mod neighbours;
mod outline;
mod standing;
mod symbol;
mod tree;
mod whole;

pub use affected::{AffectedAnswer, AffectedRequest, Change};
pub(crate) use known::Known;
pub use map::{Central, MapAnswer, MapRequest};
pub(crate) use neighbours::{Call, Caller, Neighbours, neighbours};
pub use outline::{OutlineAnswer, OutlineFile, OutlineNode, OutlineRequest};
pub(crate) use standing::{Standing, Users};
pub use symbol::{Ask, Definition, SymbolAnswer, SymbolRequest, Use};
pub(crate) use tree::Tree;

use crate::EngineError;
use crate::engine::{Engine, blocking};
use crate::freshness::Freshness;
use crate::repository::RepositoryHandle;
use crate::search::Ready;
use crate::threads::{Stop, step_back};
use crate::view::View;
use codemem_core::ports::Catalog;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// How much of a tree a question looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    /// What some files define.
    Little,
    /// Whatever uses a name, and what that leads to.
    Much,
    /// All of it.
    Everything,
}

impl Engine {
    /// Answers one question over the snapshots of the root that holds a path.
    async fn ask_graph<T: Send + 'static>(
        &self,
        path: &Path,
        reading: Reading,
        answer: impl FnOnce(&Tree<'_>, Ground) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let chosen = self.choose(&[path.to_path_buf()], false).await?;
        let (permit, mut ready) = self.ready(&chosen).await.map_err(|failed| failed.error)?;
        let ready: Ready = ready.remove(0);
        let stop = Stop::default();
        let _given_up = stop.clone().on_drop();
        let (view, catalog) = (Arc::clone(&ready.view), Arc::clone(&ready.stores.catalog));
        let repository = ready.chosen.repository.clone();
        let ask = blocking("graph", move || {
            let _permit = permit;
            let ground = Ground {
                root: ready.chosen.root.clone(),
                files_searched: ready.view.len() as u64,
                files_total: ready.state.files_seen.max(ready.view.len() as u64),
                freshness: ready.freshness.clone(),
            };
            let (catalog, known) = (&*ready.stores.catalog, &ready.chosen.repository.published.known);
            if reading == Reading::Everything && known.wants(&ready.view, catalog) {
                known.read(&ready.view, catalog, &stop);
            }
            answer(&Tree::new(&ready.view, catalog, known, &stop), ground)
        });
        let answered = ask.await?;
        if reading != Reading::Little {
            self.read_facts(repository, view, catalog);
        }
        answered
    }

    /// Reads what a repository's files define and use into memory, for the next question, where that helps.
    pub(crate) fn read_facts(&self, repository: RepositoryHandle, view: Arc<View>, catalog: Arc<dyn Catalog>) {
        if repository.published.known.wants(&view, &*catalog) {
            let stop = Stop::with(self.inner.cancel.clone());
            self.inner.aside("graph-facts", move || {
                let known = &repository.published.known;
                if known.read(&view, &*catalog, &stop).is_none() {
                    return;
                }
                // From here on it only saves time of questions to come.
                step_back();
                match Tree::new(&view, &*catalog, known, &stop).foresee() {
                    Ok(()) | Err(EngineError::GivenUp) => {}
                    Err(error) => tracing::warn!(%error, "what much used names mean is found out by who asks"),
                }
            });
        }
    }
}

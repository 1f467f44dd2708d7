//! One repository: an actor that owns its jobs, and what it publishes for everybody to read.
//!
//! The actor task owns the job queue. Jobs run one at a time on a named thread. Searches and status
//! read [`Published`], which the actor and its jobs replace and never lock.

mod actor;
pub(crate) mod job;

pub(crate) use actor::spawn;

use crate::EngineError;
use crate::progress::RootState;
use crate::prune::PruneReport;
use crate::view::View;
use arc_swap::{ArcSwap, ArcSwapOption};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Stores, WorktreeCounts};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Requests waiting for one actor. More than a handful means that clients repeat themselves; they wait.
const MAILBOX: usize = 32;

/// What an actor can be asked.
pub(crate) enum Command {
    /// Bring a root up to date. Answers with the request's number.
    Index {
        root: PathBuf,
        force: bool,
        reply: oneshot::Sender<IndexReply>,
    },
    /// Try the vectors again; the model may have arrived.
    Vectors,
    /// Forget a root. Answers when its manifest is gone.
    Remove {
        root: PathBuf,
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    /// Delete what nothing refers to, or count it.
    Prune {
        dry_run: bool,
        reply: oneshot::Sender<Result<PruneReport, EngineError>>,
    },
    /// End: let the running job stop, close the stores.
    Close { reply: oneshot::Sender<()> },
}

/// The number of a request to index, and where to watch it come true.
pub(crate) struct IndexReply {
    pub(crate) number: u64,
    pub(crate) state: watch::Receiver<RootState>,
}

/// The rest of the engine's way to a repository.
#[derive(Clone)]
pub(crate) struct RepositoryHandle {
    pub(crate) key: RepositoryKey,
    pub(crate) mailbox: mpsc::Sender<Command>,
    pub(crate) published: Arc<Published>,
}

/// What everybody may read without asking the actor.
pub(crate) struct Published {
    /// The open stores; empty while opening and after closing.
    pub(crate) stores: ArcSwapOption<Stores>,
    /// The roots by canonical path.
    pub(crate) roots: ArcSwap<BTreeMap<PathBuf, RootHandle>>,
    /// True once the stores are open or have failed to open.
    pub(crate) opened: watch::Sender<bool>,
    /// True while a job runs or waits.
    pub(crate) busy: watch::Sender<bool>,
}

/// What is published of one root.
#[derive(Clone)]
pub(crate) struct RootHandle {
    /// Written by the actor and by the job that works on the root.
    pub(crate) state: Arc<watch::Sender<RootState>>,
    /// The manifest as of the last commit; empty before the first is loaded.
    pub(crate) view: Arc<ArcSwapOption<View>>,
    /// Its counts as of the last commit or batch of vectors.
    pub(crate) counts: Arc<ArcSwap<WorktreeCounts>>,
}

impl Published {
    fn new(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        let roots = roots.into_iter().map(|root| (root, RootHandle::default())).collect();
        Self {
            stores: ArcSwapOption::empty(),
            roots: ArcSwap::from_pointee(roots),
            opened: watch::Sender::new(false),
            busy: watch::Sender::new(true),
        }
    }
}

impl Default for RootHandle {
    fn default() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(RootState::default())),
            view: Arc::new(ArcSwapOption::empty()),
            counts: Arc::default(),
        }
    }
}

//! One repository: an actor that owns its jobs, and what it publishes for everybody to read.
//!
//! The actor task owns the job queue. Jobs run one at a time on a named thread, but for those that take an edit in, which also
//! run beside vectors. Searches and status read [`Published`], which the actor and its jobs replace and never lock.

mod actor;
mod hints;
pub(crate) mod job;
mod light;
mod reopen;
mod rest;
mod running;
mod schedule;

pub(crate) use actor::spawn;
pub(crate) use reopen::is_damage;

use crate::EngineError;
use crate::freshness::Fresh;
use crate::graph::{Known, Standing};
use crate::progress::RootState;
use crate::prune::PruneReport;
use crate::view::View;
use arc_swap::{ArcSwap, ArcSwapOption};
use codemem_core::ids::RepositoryKey;
use codemem_core::memory::ProjectKey;
use codemem_core::ports::{Root, Stores, WorktreeCounts};
use codemem_core::skip::SkipReason;
use rest::Used;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, oneshot, watch};

/// Requests waiting for one actor. More than a handful means that clients repeat themselves; they wait.
const MAILBOX: usize = 32;

/// What an actor can be asked.
pub(crate) enum Command {
    /// Bring a root up to date. Answers with the request's number.
    Index {
        root: Root,
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
    /// A reader met damage. Answers, once the stores are open again, whether it is worth trying again.
    Suspect { reply: Option<oneshot::Sender<bool>> },
    /// Close the stores if the repository has not been used for so long.
    Rest { after: Duration },
    /// Open the stores that were closed for want of use.
    Wake,
    /// Whether roots are watched has been decided anew.
    Watch,
    /// End: let the running job stop, close the stores.
    Close { reply: oneshot::Sender<()> },
}

/// A command, and the span of the request that it is part of: its job's lines tell where they come from.
pub(crate) struct Asked {
    pub(crate) command: Command,
    pub(crate) span: tracing::Span,
}

impl Asked {
    /// A command of the request that is current here.
    pub(crate) fn here(command: Command) -> Self {
        Self {
            command,
            span: tracing::Span::current(),
        }
    }
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
    pub(crate) mailbox: mpsc::Sender<Asked>,
    /// Answered by the actor whatever it is at, also while it closes.
    pub(crate) probe: mpsc::Sender<oneshot::Sender<()>>,
    pub(crate) published: Arc<Published>,
}

/// What everybody may read without asking the actor.
pub(crate) struct Published {
    /// The open stores; empty while opening, while resting and after closing.
    pub(crate) stores: ArcSwapOption<Stores>,
    /// The roots by canonical path.
    pub(crate) roots: ArcSwap<BTreeMap<PathBuf, RootHandle>>,
    /// True once the stores are open or have failed to open.
    pub(crate) opened: watch::Sender<bool>,
    /// Set by whoever opened the stores and found one replaced: every root has to be read again.
    pub(crate) replaced: AtomicBool,
    /// True while a job runs or waits.
    pub(crate) busy: watch::Sender<bool>,
    /// True while the stores are closed for want of use: whoever needs them sends [`Command::Wake`].
    pub(crate) resting: AtomicBool,
    /// When it was last asked for or worked on. Status does not count.
    pub(crate) used: Used,
    /// What its contents define and use, as far as it is in memory.
    pub(crate) known: Known,
}

/// What is published of one root.
#[derive(Clone)]
pub(crate) struct RootHandle {
    /// The project that it is registered with: clones in one index have one each.
    pub(crate) project: Arc<ArcSwap<ProjectKey>>,
    /// When it was registered, where that is known.
    pub(crate) since: Option<SystemTime>,
    /// Written by the actor and by the job that works on the root.
    pub(crate) state: Arc<watch::Sender<RootState>>,
    /// The manifest as of the last commit; empty before the first is loaded.
    pub(crate) view: Arc<ArcSwapOption<View>>,
    /// Its counts as of the last commit or batch of vectors.
    pub(crate) counts: Arc<ArcSwap<WorktreeCounts>>,
    /// What was skipped, by reason, as of when the stores were closed for want of use.
    pub(crate) skipped: Arc<ArcSwap<Vec<(SkipReason, u64)>>>,
    /// How many files use each of its files.
    pub(crate) standing: Arc<Standing>,
    /// How true all this is, and what is to be looked into.
    pub(crate) fresh: Arc<Fresh>,
}

impl Published {
    fn new(roots: &[Root]) -> Self {
        let published = |root: &Root| (root.path.clone(), RootHandle::new(root));
        let roots = roots.iter().map(published).collect();
        Self {
            stores: ArcSwapOption::empty(),
            roots: ArcSwap::from_pointee(roots),
            opened: watch::Sender::new(false),
            replaced: AtomicBool::new(false),
            busy: watch::Sender::new(true),
            resting: AtomicBool::new(false),
            used: Used::default(),
            known: Known::default(),
        }
    }

    /// The stores are open, or could not be opened: whoever waits goes on.
    fn wake(&self) {
        self.resting.store(false, Ordering::SeqCst);
        self.opened.send_replace(true);
    }
}

impl RootHandle {
    /// Of a root of which nothing is known yet.
    pub(crate) fn new(root: &Root) -> Self {
        Self {
            project: Arc::new(ArcSwap::from_pointee(root.project.clone())),
            since: root.since,
            state: Arc::new(watch::Sender::new(RootState::default())),
            view: Arc::new(ArcSwapOption::empty()),
            counts: Arc::default(),
            skipped: Arc::default(),
            standing: Arc::default(),
            fresh: Arc::default(),
        }
    }
}

//! How many other files use what a file defines: what the ranker knows of the graph.
//!
//! Counted over one view, by the pass that brings most of a root's files in, and after edits behind everything else a
//! repository does, on the thread of its job. Recorded in the manifest, read by searches from memory. An edit leaves the
//! counts as they were until then: one file more or less among the users of another moves no ranking.

use super::known::Known;
use super::tree::Tree;
use crate::EngineError;
use crate::threads::Stop;
use crate::view::View;
use arc_swap::ArcSwap;
use codemem_core::graph::{FileId, Meaning, Resolver, is_test};
use codemem_core::ids::{PathId, WorktreeId};
use codemem_core::ports::Catalog;
use codemem_core::rank::Place;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most bytes of what a tree defines and uses that are read to count: about ten million lines. In a larger one nothing is counted.
const MAX_BYTES: usize = 192 << 20;

/// Counting again takes at most one part in so many of the time.
const SHARE: u32 = 50;

/// Between two looks at whether to stop.
const LOOK: Duration = Duration::from_millis(20);

/// How many other files use what each file defines, by path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Users {
    /// By path, without those that none uses.
    counts: Vec<(PathId, u32)>,
    /// The most of them.
    most: u32,
}

impl Users {
    /// Sorted by path.
    fn new(counts: Vec<(PathId, u32)>) -> Self {
        let most = counts.iter().map(|(_, users)| *users).max().unwrap_or_default();
        Self { counts, most }
    }

    /// Of one file.
    pub(crate) fn of(&self, path: PathId) -> u32 {
        let found = self.counts.binary_search_by_key(&path, |(of, _)| *of);
        found.map_or(0, |at| self.counts[at].1)
    }

    /// Of the file that most use.
    pub(crate) fn most(&self) -> u32 {
        self.most
    }
}

/// What has been counted of one root.
#[derive(Default)]
pub(crate) struct Standing {
    users: ArcSwap<Users>,
    /// Files have changed since.
    is_behind: AtomicBool,
    /// When they may be counted again.
    due: Mutex<Option<Instant>>,
    /// Something has been counted, or is too large for it, since the stores were opened.
    is_known: AtomicBool,
}

impl Standing {
    /// What was counted last.
    pub(crate) fn users(&self) -> Arc<Users> {
        self.users.load_full()
    }

    /// Takes up what is recorded.
    pub(crate) fn load(&self, catalog: &dyn Catalog, worktree: WorktreeId) -> Result<(), EngineError> {
        let users = catalog.users(worktree);
        let users = users.map_err(EngineError::port("read how much files are used"))?;
        self.is_known.store(!users.is_empty(), Ordering::Relaxed);
        self.users.store(Arc::new(Users::new(users)));
        Ok(())
    }

    /// Files have changed.
    pub(crate) fn fall_behind(&self) {
        self.is_behind.store(true, Ordering::Relaxed);
    }

    /// Whether nothing has been counted yet.
    pub(crate) fn is_unknown(&self) -> bool {
        !self.is_known.load(Ordering::Relaxed)
    }

    /// Takes over what was counted of another root of the repository, until it is counted here.
    pub(crate) fn take_over(&self, other: &Self) {
        self.users.store(other.users());
        self.is_known.store(true, Ordering::Relaxed);
        self.fall_behind();
    }

    /// Counts again if files have changed, not before its time. False when it was stopped.
    pub(crate) fn catch_up(
        &self,
        view: &View,
        catalog: &dyn Catalog,
        worktree: WorktreeId,
        known: &Known,
        stop: &Stop,
    ) -> Result<bool, EngineError> {
        if !self.is_behind.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        while due.is_some_and(|due| Instant::now() < due) {
            if stop.is_requested() {
                return Ok(false);
            }
            std::thread::sleep(LOOK);
        }
        self.count(view, catalog, worktree, known, stop)
    }

    /// Counts the files of a view and records it. False when it was stopped.
    pub(crate) fn count(
        &self,
        view: &View,
        catalog: &dyn Catalog,
        worktree: WorktreeId,
        known: &Known,
        stop: &Stop,
    ) -> Result<bool, EngineError> {
        let began = Instant::now();
        // Before: what changes meanwhile is counted next time.
        self.is_behind.store(false, Ordering::Relaxed);
        let counted = count(view, catalog, known, stop).and_then(|users| {
            let recorded = users.as_ref().map(|users| catalog.set_users(worktree, &users.counts));
            let recorded = recorded.transpose();
            recorded.map_err(EngineError::port("record how much files are used"))?;
            Ok(users)
        });
        let is_counted = match counted {
            Ok(Some(users)) => {
                self.users.store(Arc::new(users));
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.fall_behind();
                return match error {
                    EngineError::GivenUp => Ok(false),
                    error => Err(error),
                };
            }
        };
        self.is_known.store(true, Ordering::Relaxed);
        let took = began.elapsed();
        tracing::debug!(seconds = took.as_secs_f64(), is_counted, "counted who uses what");
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + took * SHARE);
        Ok(true)
    }
}

/// `None` for a tree that is too large, or cannot be read: what was counted before stays.
fn count(view: &View, catalog: &dyn Catalog, known: &Known, stop: &Stop) -> Result<Option<Users>, EngineError> {
    // What questions have in memory is used; what is read for this alone is let go of.
    let own = Known::within(MAX_BYTES);
    let known = if known.of(view, catalog, stop).is_some() {
        known
    } else if own.read(view, catalog, stop).is_some() {
        &own
    } else if stop.is_requested() {
        return Err(EngineError::GivenUp);
    } else {
        return Ok(None);
    };
    let tree = Tree::new(view, catalog, known, stop);
    let resolver = Resolver::new(&tree);
    let mut counted: Vec<(PathId, u32)> = view.files().map(|file| (file.path_id, 0)).collect();
    counted.sort_unstable();
    let mut used = HashSet::new();
    for number in view.numbers() {
        // What tests and examples use is what is shown to others, not what the rest is built on.
        if matches!(
            Place::of(&view.file(number).path),
            Place::Test | Place::Example | Place::Docs
        ) {
            continue;
        }
        let file = FileId(number);
        let facts = resolver.file(file)?;
        for one in facts.uses() {
            if let Meaning::Edge(edge) = resolver.resolve(file, one)?
                && edge.to.file != file
                && !used.contains(&edge.to.file)
                && !is_test(&facts, one.symbol)
            {
                used.insert(edge.to.file);
            }
        }
        for to in used.drain() {
            let path = view.file(to.0).path_id;
            if let Ok(at) = counted.binary_search_by_key(&path, |(of, _)| *of) {
                counted[at].1 += 1;
            }
        }
    }
    counted.retain(|(_, users)| *users > 0);
    counted.shrink_to_fit();
    Ok(Some(Users::new(counted)))
}

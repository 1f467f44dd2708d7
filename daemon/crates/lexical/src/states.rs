//! The two states of the index that matter: what was committed last and what searches see.
//!
//! Replaced by the thread that writes; a search holds the lock only to clone a pointer.

use crate::overlay::Overlay;
use crate::snapshot::Snapshot;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Both states.
pub(crate) struct States(RwLock<Pair>);

struct Pair {
    committed: Arc<Snapshot>,
    shown: Arc<Snapshot>,
}

impl States {
    /// A commit, which is shown.
    pub(crate) fn new(committed: Snapshot) -> Self {
        Self(RwLock::new(Pair::of(committed)))
    }

    /// The last commit, by which the writing side goes.
    pub(crate) fn committed(&self) -> Arc<Snapshot> {
        Arc::clone(&self.read().committed)
    }

    /// The last refresh or commit, which searches see.
    pub(crate) fn shown(&self) -> Arc<Snapshot> {
        Arc::clone(&self.read().shown)
    }

    /// Shows a newer commit and nothing else.
    pub(crate) fn commit(&self, committed: Snapshot) {
        *self.write() = Pair::of(committed);
    }

    /// Shows what was refreshed since the last commit.
    pub(crate) fn refresh(&self, overlay: &Overlay) {
        let shown = Arc::new(overlay.over(&self.committed()));
        self.write().shown = shown;
    }

    /// Hides what was refreshed.
    pub(crate) fn fall_back(&self) {
        let mut pair = self.write();
        pair.shown = Arc::clone(&pair.committed);
    }

    fn read(&self) -> RwLockReadGuard<'_, Pair> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Pair> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pair {
    fn of(committed: Snapshot) -> Self {
        let committed = Arc::new(committed);
        Self {
            shown: Arc::clone(&committed),
            committed,
        }
    }
}

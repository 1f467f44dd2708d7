//! Making durable what edits made visible.
//!
//! An edit's documents are shown at once and committed later, together with those of the edits that follow it. Until then they
//! are *unsettled*: the catalog counts them as missing from the lexical index, so that after a crash the files are read again.
//! Runs on a job's thread, as the only writer.

use crate::EngineError;
use crate::repository::RootHandle;
use crate::repository::job::{Context, publish_counts};
use codemem_core::ids::{ContentId, PathId, WorktreeId};
use codemem_core::ports::Stores;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is visible and not durable in one repository.
#[derive(Default)]
pub(crate) struct Unsettled(Mutex<Rest>);

#[derive(Default)]
struct Rest {
    contents: Vec<ContentId>,
    paths: Vec<PathId>,
    /// The roots whose counts and left out files are to be brought up to date.
    roots: BTreeSet<PathBuf>,
}

impl Unsettled {
    /// Adds what an edit of a root made visible.
    pub(super) fn add(&self, root: &Path, contents: Vec<ContentId>, paths: Vec<PathId>) {
        let mut rest = self.lock();
        rest.contents.extend(contents);
        rest.paths.extend(paths);
        rest.roots.insert(root.to_path_buf());
    }

    /// How many documents' worth there are: contents and paths.
    pub(crate) fn len(&self) -> usize {
        let rest = self.lock();
        rest.contents.len() + rest.paths.len()
    }

    /// Whether anything is left to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().roots.is_empty()
    }

    /// Leaves what there is to the next pass, which reads those files again. For when nobody knows any more whether the
    /// lexical index has it.
    pub(crate) fn forget(&self) {
        *self.lock() = Rest::default();
    }

    fn take(&self) -> Rest {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commits and marks what is unsettled. After a failure nothing is marked, and every watched root is to be compared
/// whole: what a commit that failed has left, only the index knows.
pub(crate) fn settle(context: &Context, stores: &Stores) -> Result<(), EngineError> {
    let rest = context.unsettled.take();
    if !rest.contents.is_empty() || !rest.paths.is_empty() {
        commit(stores, &rest).inspect_err(|_| leave_to_pass(context))?;
    }
    let roots = context.published.roots.load();
    for (root, handle) in rest.roots.iter().filter_map(|root| roots.get_key_value(root)) {
        let found = stores.catalog.find_worktree(root);
        if let Some(worktree) = found.map_err(EngineError::port("find the root"))? {
            save_left_out(stores, worktree, handle)?;
            publish_counts(stores, worktree, handle)?;
        }
    }
    Ok(())
}

fn commit(stores: &Stores, rest: &Rest) -> Result<(), EngineError> {
    stores
        .lexical
        .commit()
        .map_err(EngineError::port("commit the lexical index"))?;
    stores
        .catalog
        .mark_lexical(&rest.contents, &rest.paths)
        .map_err(EngineError::port("mark the lexical index"))
}

/// Has every watched root compared whole, because what is unsettled may be lost.
pub(crate) fn leave_to_pass(context: &Context) {
    context.unsettled.forget();
    for handle in context.published.roots.load().values() {
        if handle.fresh.is_watched() {
            handle.fresh.add_anything();
        }
    }
}

/// Writes the list of a root's left out files when it has changed.
pub(super) fn save_left_out(stores: &Stores, worktree: WorktreeId, handle: &RootHandle) -> Result<(), EngineError> {
    let mut left_out = handle.fresh.left_out();
    if let Some(files) = left_out.unsaved() {
        stores
            .catalog
            .set_skipped(worktree, &files)
            .map_err(EngineError::port("record the skipped files"))?;
        left_out.saved();
    }
    Ok(())
}

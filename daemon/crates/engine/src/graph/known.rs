//! What the contents of one repository define and use, in memory: questions read it there instead of in the catalog.
//!
//! A content says the same for as long as the catalog's revision stays, so nothing here is ever out of date: what an edit
//! brings is added by the next question, and what it leaves behind is in no view that asks. Read by questions on their
//! threads. The first one is answered from the catalog, and all is read behind it on a thread of its own (`graph-facts`),
//! which then finds out what the names mean that many files use; a repository of which that would take too much memory is
//! always answered from the catalog. Let go of with the stores.

use super::whole::{Part, Whole};
use crate::threads::Stop;
use crate::view::{Layout, View};
use arc_swap::ArcSwapOption;
use codemem_core::graph::Memo;
use codemem_core::ids::ContentId;
use codemem_core::ports::{Catalog, PortResult};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of one repository: about three million lines.
const MAX_BYTES: usize = 96 << 20;

/// Most contents that a question reads itself before it answers: what edits bring, in a few milliseconds.
const FEW: usize = 128;

/// Contents that are read in one transaction.
const BATCH: usize = 256;

/// Of one repository; shared by its roots.
pub(crate) struct Known {
    whole: ArcSwapOption<Whole>,
    /// Held by whoever adds to it.
    adding: Mutex<()>,
    /// Bytes that are too many.
    max_bytes: usize,
    /// So many contents take more than that.
    too_many: AtomicUsize,
    /// What the last question found out, over which files of which revision.
    found_out: Mutex<Option<(Layout, u64, Memo)>>,
}

impl Default for Known {
    fn default() -> Self {
        Self::within(MAX_BYTES)
    }
}

impl Known {
    /// Of at most so many bytes.
    pub(super) fn within(max_bytes: usize) -> Self {
        Self {
            whole: ArcSwapOption::empty(),
            adding: Mutex::default(),
            max_bytes,
            too_many: AtomicUsize::new(usize::MAX),
            found_out: Mutex::default(),
        }
    }

    /// What a question before has found out over the same files, unless another one has it just now.
    pub(super) fn recall(&self, view: &View, whole: &Whole) -> Memo {
        let held = self.found_out().take();
        let held = held.filter(|(layout, revision, _)| *revision == whole.revision() && layout.is(&view.layout()));
        held.map(|(.., memo)| memo).unwrap_or_default()
    }

    /// Keeps what a question has found out, for the next one. Of two that were asked at once the one that knows more.
    pub(super) fn keep(&self, view: &View, whole: &Whole, memo: Memo) {
        let (layout, revision) = (view.layout(), whole.revision());
        let mut found_out = self.found_out();
        let is_less = found_out
            .as_ref()
            .is_some_and(|(over, of, held)| *of == revision && over.is(&layout) && held.n_names() > memo.n_names());
        if !is_less {
            *found_out = Some((layout, revision, memo));
        }
    }

    fn found_out(&self) -> MutexGuard<'_, Option<(Layout, u64, Memo)>> {
        self.found_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that the contents of a view say, where no more than a few of them are still to be read.
    pub(super) fn of(&self, view: &View, catalog: &dyn Catalog, stop: &Stop) -> Option<Arc<Whole>> {
        let whole = self.current(catalog)?;
        match whole.missing(view.contents()).len() {
            0 => Some(whole),
            1..=FEW => self.add(self.adding.try_lock().ok()?, view, catalog, stop),
            _ => None,
        }
    }

    /// Whether reading the contents of a view would help the next question.
    pub(super) fn wants(&self, view: &View, catalog: &dyn Catalog) -> bool {
        let is_all = |whole: Arc<Whole>| whole.missing(view.contents()).is_empty();
        view.contents().len() < self.too_many.load(Ordering::Relaxed)
            && !self.current(catalog).is_some_and(is_all)
            && self.adding.try_lock().is_ok()
    }

    /// Reads what is missing of the contents of a view, after whoever is at it. `None` when that is too much,
    /// fails or is stopped.
    pub(super) fn read(&self, view: &View, catalog: &dyn Catalog, stop: &Stop) -> Option<Arc<Whole>> {
        let adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(adding, view, catalog, stop)
    }

    /// Lets go of everything.
    pub(crate) fn forget(&self) {
        self.whole.store(None);
        self.too_many.store(usize::MAX, Ordering::Relaxed);
        *self.found_out() = None;
    }

    fn add(&self, _adding: MutexGuard<'_, ()>, view: &View, catalog: &dyn Catalog, stop: &Stop) -> Option<Arc<Whole>> {
        // As of before the reading: a revision that changes meanwhile makes the next question begin anew.
        let revision = catalog.revision();
        let mut whole = self.current(catalog).unwrap_or_else(|| Arc::new(Whole::new(revision)));
        let n_kept = whole.len();
        whole = self.with_missing(whole, view, catalog, stop)?;
        if whole.bytes() > self.max_bytes && n_kept > 0 {
            // What no view of late has goes first.
            whole = self.with_missing(Arc::new(Whole::new(revision)), view, catalog, stop)?;
        }
        if whole.bytes() > self.max_bytes {
            self.too_many.store(view.contents().len(), Ordering::Relaxed);
            self.whole.store(None);
            return None;
        }
        self.whole.store(Some(Arc::clone(&whole)));
        Some(whole)
    }

    fn current(&self, catalog: &dyn Catalog) -> Option<Arc<Whole>> {
        self.whole
            .load_full()
            .filter(|whole| whole.revision() == catalog.revision())
    }

    fn with_missing(&self, whole: Arc<Whole>, view: &View, catalog: &dyn Catalog, stop: &Stop) -> Option<Arc<Whole>> {
        let missing = whole.missing(view.contents());
        if missing.is_empty() {
            return Some(whole);
        }
        let part = read(&missing, catalog, self.max_bytes, stop);
        let part =
            part.map_err(|error| tracing::warn!(error = %error, "what contents define and use stays on the disk"));
        Some(Arc::new(whole.with(part.ok()??)))
    }
}

/// Contents as the catalog has them; no more when they are too much, nothing when it is stopped.
fn read(missing: &[ContentId], catalog: &dyn Catalog, max_bytes: usize, stop: &Stop) -> PortResult<Option<Part>> {
    let mut contents = Vec::with_capacity(missing.len());
    let mut bytes = 0;
    for batch in missing.chunks(BATCH) {
        if stop.is_requested() {
            return Ok(None);
        }
        let facts = catalog.facts(batch)?;
        bytes += facts.iter().map(codemem_core::graph::Content::bytes).sum::<usize>();
        contents.extend(batch.iter().copied().zip(facts.into_iter().map(Arc::new)));
        if bytes > max_bytes {
            break;
        }
    }
    Ok(Some(Part::new(contents)))
}

#[cfg(test)]
mod tests;

//! Opening stores that came under suspicion again: the adapters check what was not closed in order,
//! set aside what is damaged, and keep the rest.
//!
//! Runs on a job's thread, so no other job has the stores open. Searches may: they get their time to
//! end, and those that come meanwhile wait for the opening as they do when the daemon starts.

use super::job::{self, Context};
use crate::EngineError;
use codemem_core::ports::{PortErrorKind, Repair, Stores};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Longest wait for searches to let go of the stores. Whoever holds them longer makes the opening
/// fail, which is then the problem that is reported.
const LETTING_GO: Duration = Duration::from_secs(10);

/// Between two looks whether they have.
const LOOK: Duration = Duration::from_millis(5);

/// Closes the stores and opens them again.
pub(super) fn reopen(context: &Context) -> Result<(), EngineError> {
    tracing::warn!(repository = %context.key, "the index may be damaged: it is closed, checked and opened again");
    context.published.opened.send_replace(false);
    if let Some(stores) = context.published.stores.swap(None) {
        stores.closing.distrust();
        let held = Arc::downgrade(&stores);
        drop(stores);
        let began = Instant::now();
        while held.strong_count() > 0 && began.elapsed() < LETTING_GO {
            std::thread::sleep(LOOK);
        }
    }
    job::open(context).map(drop)
}

/// Whether an error says that a store may be damaged.
pub(crate) fn is_damage(error: &EngineError) -> bool {
    matches!(error, EngineError::Port { source, .. } if source.kind == PortErrorKind::Corrupt)
}

/// Makes known what an opening had to replace: to the actor, which has every root read again, and in
/// the status of every root.
pub(super) fn report(context: &Context, stores: &Stores) {
    if stores.repairs.is_empty() {
        return;
    }
    let texts: Vec<String> = stores.repairs.iter().map(Repair::to_string).collect();
    let text = texts.join("; ");
    tracing::error!(repository = %context.key, repairs = text, "damaged stores were replaced and are filled again");
    for handle in context.published.roots.load().values() {
        handle.fresh.left_out().distrust();
        handle.state.send_modify(|state| state.repaired = Some(text.clone()));
    }
    context.published.replaced.store(true, Ordering::Relaxed);
}

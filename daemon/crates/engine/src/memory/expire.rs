//! The task that removes what has expired: at the start and every hour. Until then no answer shows it.

use super::MemoryError;
use super::inner::Inner;
use super::writer::{Became, Step};
use codemem_core::memory::Origin;
use codemem_core::ports::AuditNote;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_hours(1);

/// Memories removed in one transaction.
const MEMORIES_PER_ROUND: usize = 200;

/// Removes what has expired until the daemon ends.
pub(super) async fn run(inner: Arc<Inner>) {
    loop {
        match sweep(&inner).await {
            Ok(0) => {}
            Ok(n_memories) => tracing::info!(n_memories, "expired memories are removed"),
            Err(error) => tracing::warn!(error = error.chain(), "cannot remove expired memories"),
        }
        tokio::select! {
            () = inner.cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Removes all that has expired by now. How many those were.
async fn sweep(inner: &Arc<Inner>) -> Result<usize, MemoryError> {
    let mut n_removed = 0;
    loop {
        // A damaged store takes changes again once it is restored.
        if inner.store.is_read_only() || inner.cancel.is_cancelled() {
            return Ok(n_removed);
        }
        let now = inner.now();
        let expired = inner.blocking_now("memory expiry", move |inner| {
            let expired = inner.store.expired(now, MEMORIES_PER_ROUND);
            expired.map_err(MemoryError::port("list expired memories"))
        });
        let expired = expired.await?;
        if expired.is_empty() {
            return Ok(n_removed);
        }
        let steps: Vec<Step> = expired.into_iter().map(|id| Step::Expire(id, now)).collect();
        let note = AuditNote {
            at: now,
            action: "expire",
            // Whoever stored it said until when.
            origin: Origin::User,
            request: String::new(),
        };
        let became = inner.write("remove expired memories", steps, note, None).await?;
        let n_now = became.iter().filter(|one| matches!(one, Became::Removed)).count();
        if n_now == 0 {
            return Ok(n_removed);
        }
        n_removed += n_now;
    }
}

//! New ids: numbers that no other daemon makes.

use codemem_core::memory::MemoryId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes ids of the time, a count and what they are for. Two daemons would have to store the same content in the same
/// nanosecond to agree; the writer looks whether an id is free all the same.
pub(super) struct Ids {
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    n_made: AtomicU64,
}

impl Ids {
    pub(super) fn new(clock: Arc<dyn Fn() -> SystemTime + Send + Sync>) -> Self {
        Self {
            clock,
            n_made: AtomicU64::new(0),
        }
    }

    /// An id for a content; another one for every call.
    pub(super) fn next(&self, content: &str) -> MemoryId {
        let now = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&now.as_nanos().to_le_bytes());
        hasher.update(&self.n_made.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.update(content.as_bytes());
        let mut number = [0; 8];
        hasher.finalize_xof().fill(&mut number);
        MemoryId::new(u64::from_le_bytes(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::Duration;

    #[test]
    fn ids_differ_by_time_count_and_content() {
        let at = |nanos| Ids::new(Arc::new(move || UNIX_EPOCH + Duration::from_nanos(nanos)));
        let ids = at(7);
        let same: HashSet<MemoryId> = (0..1_000).map(|_| ids.next("the same")).collect();
        assert_eq!(same.len(), 1_000);
        assert_ne!(at(7).next("one"), at(8).next("one"));
        assert_ne!(at(7).next("one"), at(7).next("two"));
    }
}

//! Counts, and whether the store is sound.

use super::MemoryError;
use super::inner::Inner;
use super::types::Caller;
use codemem_core::ports::{MemoryScope, MemoryStats, StoreFinding};
use std::sync::Arc;

pub(super) async fn stats(inner: &Arc<Inner>, caller: Caller) -> Result<MemoryStats, MemoryError> {
    inner
        .blocking("stats", move |inner| {
            let asking = inner.asking(caller)?;
            let scope = match asking.project {
                Some(_) => MemoryScope::Reader(asking.reader),
                None => MemoryScope::Everything,
            };
            inner
                .store
                .stats(&scope)
                .map_err(MemoryError::port("count the memories"))
        })
        .await
}

pub(super) async fn check(inner: &Arc<Inner>) -> Result<Vec<StoreFinding>, MemoryError> {
    inner.blocking("check", |inner| Ok(inner.store.check())).await
}

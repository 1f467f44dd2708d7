//! Listing memories page by page.

use super::MemoryError;
use super::inner::{Asking, Inner};
use super::types::{Caller, ListMemories, Listed};
use codemem_core::memory::{Memory, MemoryFilter, State, validate};
use codemem_core::ports::MemoryScope;
use std::sync::Arc;

pub(super) async fn list(inner: &Arc<Inner>, caller: Caller, request: ListMemories) -> Result<Listed, MemoryError> {
    inner
        .blocking("list", move |inner| {
            let asking = inner.asking(caller)?;
            let filter = asking.filter(request.filter)?;
            let limit = validate::page_limit(request.limit)?;
            let after = request.after.as_deref();
            page(inner, &asking, &filter, &request.states, after, limit)
        })
        .await
}

/// A page of what a caller may read. Blocks.
pub(super) fn page(
    inner: &Inner,
    asking: &Asking,
    filter: &MemoryFilter,
    states: &[State],
    after: Option<&str>,
    limit: usize,
) -> Result<Listed, MemoryError> {
    let now = inner.now();
    let scope = MemoryScope::Reader(asking.reader.clone());
    let page = inner.store.list(&scope, filter, states, after, limit, now);
    let page = page.map_err(MemoryError::port("list the memories"))?;
    let mut trees = inner.trees(asking.project.as_ref());
    let is_readable = |memory: &Memory| asking.reader.may_read(&memory.place) && filter.admits(memory);
    let readable = page.memories.into_iter().filter(is_readable);
    Ok(Listed {
        memories: readable.map(|memory| trees.show(memory)).collect(),
        next: page.next,
        total: page.total,
    })
}

//! Exporting memories page by page: what is active, as a backup that can be read and imported again.

use super::inner::{Inner, checked};
use super::types::{Caller, ExportMemories, Listed};
use super::{MemoryError, list};
use codemem_core::memory::{Origin, State};
use codemem_core::ports::MemoryScope;
use std::sync::Arc;

/// Memories on a page: 32 KiB each at most.
const PAGE: usize = 100;

pub(super) async fn export(inner: &Arc<Inner>, caller: Caller, request: ExportMemories) -> Result<Listed, MemoryError> {
    inner
        .blocking("export", move |inner| {
            let asking = inner.asking(caller)?;
            let after = request.after.as_deref();
            if !request.all_projects {
                let filter = asking.filter(request.filter)?;
                return list::page(inner, &asking, &filter, &[State::Active], after, PAGE);
            }
            if asking.caller.origin == Origin::Agent {
                return Err(MemoryError::PeopleOnly("export the memories of every project"));
            }
            let filter = checked(request.filter)?;
            let page = inner.store.list(
                &MemoryScope::Everything,
                &filter,
                &[State::Active],
                after,
                PAGE,
                inner.now(),
            );
            let page = page.map_err(MemoryError::port("list the memories"))?;
            // Of the code of other projects nothing is known here.
            let mut trees = inner.trees(None);
            Ok(Listed {
                memories: page.memories.into_iter().map(|memory| trees.show(memory)).collect(),
                next: page.next,
                total: page.total,
            })
        })
        .await
}

//! One memory, by its id or a beginning of it.

use super::MemoryError;
use super::inner::Inner;
use super::types::{Caller, Got};
use std::sync::Arc;

pub(super) async fn get(inner: &Arc<Inner>, caller: Caller, id: &str, history: bool) -> Result<Got, MemoryError> {
    let id = id.to_owned();
    inner
        .blocking("get", move |inner| {
            let asking = inner.asking(caller)?;
            let memory = inner.readable(&asking, "id", &id)?;
            let mut former = Vec::new();
            if history {
                former = inner
                    .store
                    .history(&memory.id)
                    .map_err(MemoryError::port("read the memory's history"))?;
                former.retain(|version| asking.reader.may_read(&version.place));
            }
            Ok(Got {
                shown: inner.trees(asking.project.as_ref()).show(memory),
                history: former,
            })
        })
        .await
}

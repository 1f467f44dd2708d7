//! Removing a memory from every store.

use super::MemoryError;
use super::copy::absolute;
use super::inner::Inner;
use super::types::{Caller, Shown};
use super::writer::{Became, Step};
use std::path::PathBuf;
use std::sync::Arc;

const ACTION: &str = "delete the memory";

pub(super) async fn delete(
    inner: &Arc<Inner>,
    caller: Caller,
    id: &str,
    backup: Option<PathBuf>,
) -> Result<Shown, MemoryError> {
    let (own, id) = (Arc::clone(inner), id.to_owned());
    inner
        .whole("delete", async move {
            let prepared = own.preparing("delete", move |inner| {
                inner.writable(ACTION)?;
                let asking = inner.asking(caller)?;
                let memory = inner.readable(&asking, "id", &id)?;
                if let Some(path) = &backup {
                    absolute("backup", path)?;
                    let copied = inner.store.backup(Some(path), inner.now());
                    copied.map_err(MemoryError::port("back up the memories before deleting"))?;
                }
                let audit = inner.note(&asking.caller, "delete");
                Ok((inner.trees(asking.project.as_ref()).show(memory), audit))
            });
            let (shown, audit) = prepared.await?;
            let id = shown.memory.id.clone();
            match own.write_one(ACTION, Step::Delete(id.clone()), audit, None).await? {
                Became::Removed => Ok(shown),
                Became::Stored(_) | Became::Duplicate(_) | Became::Conflict => {
                    Err(MemoryError::NotFound(id.to_string()))
                }
            }
        })
        .await
}

//! A person says that a memory holds.

use super::MemoryError;
use super::inner::Inner;
use super::types::{Caller, Shown};
use super::writer::{Became, Step};
use codemem_core::memory::{Anchor, MemoryId, Origin, State};
use codemem_core::ports::AuditNote;
use std::sync::Arc;

const ACTION: &str = "confirm the memory";

pub(super) async fn confirm(inner: &Arc<Inner>, caller: Caller, id: &str) -> Result<Shown, MemoryError> {
    if caller.origin != Origin::User {
        return Err(MemoryError::PeopleOnly("confirm a memory"));
    }
    let (own, id) = (Arc::clone(inner), id.to_owned());
    inner
        .whole("confirm", async move {
            own.open_indexes(&caller).await?;
            let asker = caller.clone();
            let prepared = own.preparing("confirm", move |inner| prepare(inner, asker, &id));
            let (id, step, audit) = prepared.await?;
            let confirmed = match own.write_one(ACTION, step, audit, None).await? {
                Became::Stored(confirmed) | Became::Duplicate(confirmed) => *confirmed,
                Became::Removed | Became::Conflict => return Err(MemoryError::NotFound(id.to_string())),
            };
            own.blocking("confirm", move |inner| {
                let asking = inner.asking(caller)?;
                Ok(inner.trees(asking.project.as_ref()).show(confirmed))
            })
            .await
        })
        .await
}

fn prepare(inner: &Inner, caller: Caller, id: &str) -> Result<(MemoryId, Step, AuditNote), MemoryError> {
    inner.writable(ACTION)?;
    let asking = inner.asking(caller)?;
    let memory = inner.readable(&asking, "id", id)?;
    if memory.state == State::Superseded {
        return Err(MemoryError::superseded(&memory));
    }
    let names: Vec<String> = memory.anchors.iter().map(|anchor| anchor.name.clone()).collect();
    let now = inner.resolver(asking.project.as_ref()).resolve(&names);
    let step = Step::Confirm {
        id: memory.id.clone(),
        at: inner.now(),
        anchors: memory
            .anchors
            .into_iter()
            .zip(now)
            .map(|(then, now)| renewed(then, now))
            .collect(),
    };
    Ok((memory.id, step, inner.note(&asking.caller, "confirm")))
}

/// An anchor as it is now; what is not there any more stays as it was, and stale.
fn renewed(then: Anchor, now: Anchor) -> Anchor {
    if now.hash.is_some() { now } else { then }
}

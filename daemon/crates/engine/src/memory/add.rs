//! Storing a memory.

use super::MemoryError;
use super::draft::{Fields, notes_on, superseded};
use super::inner::Inner;
use super::types::{AddMemory, Added, Caller, MemoryHit};
use super::writer::{Became, Step};
use codemem_core::memory::State;
use codemem_core::memory::validate::FieldError;
use codemem_core::ports::{AuditNote, Fingerprint, IndexedMemory};
use std::sync::Arc;

const ACTION: &str = "store the memory";

/// A memory that is ready to be written.
struct Ready {
    indexed: IndexedMemory,
    fingerprint: Option<Fingerprint>,
    redacted: Vec<&'static str>,
    notes: Vec<String>,
    related: Vec<MemoryHit>,
    audit: AuditNote,
}

pub(super) async fn add(inner: &Arc<Inner>, caller: Caller, request: AddMemory) -> Result<Added, MemoryError> {
    let own = Arc::clone(inner);
    inner
        .whole("add", async move {
            if !request.anchors.is_empty() {
                own.open_indexes(&caller).await?;
            }
            let ready = own
                .preparing("add", move |inner| prepare(inner, caller, &request))
                .await?;
            let id = ready.indexed.memory.id.clone();
            let step = Step::Add(Box::new(ready.indexed));
            let became = own.write_one(ACTION, step, ready.audit, ready.fingerprint).await?;
            let (memory, is_duplicate) = match became {
                Became::Stored(memory) => (memory, false),
                Became::Duplicate(memory) => (memory, true),
                Became::Removed | Became::Conflict => return Err(MemoryError::Contended(id)),
            };
            let mut notes = ready.notes;
            notes.extend(notes_on(&memory));
            let mut related = ready.related;
            related.retain(|hit| hit.shown.memory.id != memory.id);
            Ok(Added {
                id: memory.id,
                is_duplicate,
                state: memory.state,
                redacted: ready.redacted,
                notes,
                related,
            })
        })
        .await
}

fn prepare(inner: &Inner, caller: Caller, request: &AddMemory) -> Result<Ready, MemoryError> {
    inner.writable(ACTION)?;
    let asking = inner.asking(caller)?;
    let now = inner.now();
    let mut resolver = inner.resolver(asking.project.as_ref());
    let fields = Fields {
        content: &request.content,
        level: &request.level,
        kind: &request.kind,
        tags: &request.tags,
        anchors: &request.anchors,
        expires_at: request.expires_at,
        redact: request.redact,
    };
    let checked = fields.check(&resolver, now)?;
    let mut memory = inner.memory(&asking, &asking.reader, checked.draft, &mut resolver, now)?;
    if let Some(beginning) = superseded(&request.supersedes)? {
        let former = inner.readable(&asking, "supersedes", &beginning)?;
        if former.place != memory.place {
            let reason = format!(
                "`{}` is of {}; one of the same level and place is allowed",
                former.id,
                former.place.level()
            );
            return Err(FieldError::new("supersedes", reason).into());
        }
        if former.state == State::Superseded {
            return Err(MemoryError::superseded(&former));
        }
        memory.supersedes = Some(former.id);
    }
    let (mut indexed, fingerprint) = inner.index(&[&memory]);
    let indexed = indexed.pop().ok_or(MemoryError::JobLost("embedding"))?;
    let notes = std::mem::take(&mut resolver.notes);
    let related = inner.related(&asking.reader, &indexed, &mut resolver.into_trees(), now);
    Ok(Ready {
        indexed,
        fingerprint,
        redacted: checked.redacted,
        notes,
        related,
        audit: inner.note(&asking.caller, "add"),
    })
}

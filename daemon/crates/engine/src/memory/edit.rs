//! Editing a memory: its next version, in the place of the one that was read.

use super::MemoryError;
use super::draft::{Fields, flags_of, notes_on};
use super::inner::Inner;
use super::types::{Caller, EditMemory, Edited};
use super::writer::{Became, Step};
use codemem_core::memory::{Memory, Origin, Place, State};
use codemem_core::ports::{AuditNote, Fingerprint, IndexedMemory};
use std::sync::Arc;

const ACTION: &str = "edit the memory";

/// How often a memory that changes meanwhile is read again, where any version may be edited.
const MAX_TRIES: usize = 5;

/// The next version, if there is one.
struct Next {
    former: Memory,
    /// `None` when nothing changes.
    indexed: Option<(IndexedMemory, Option<Fingerprint>)>,
    redacted: Vec<&'static str>,
    notes: Vec<String>,
    audit: AuditNote,
}

pub(super) async fn edit(inner: &Arc<Inner>, caller: Caller, request: EditMemory) -> Result<Edited, MemoryError> {
    let own = Arc::clone(inner);
    inner
        .whole("edit", async move { edit_whole(&own, caller, Arc::new(request)).await })
        .await
}

async fn edit_whole(inner: &Arc<Inner>, caller: Caller, request: Arc<EditMemory>) -> Result<Edited, MemoryError> {
    if request.content.is_some() || request.anchors.is_some() {
        inner.open_indexes(&caller).await?;
    }
    let mut n_tries = 0;
    let (memory, redacted, notes) = loop {
        let (asking, asked) = (caller.clone(), Arc::clone(&request));
        let next = inner
            .preparing("edit", move |inner| prepare(inner, asking, &asked))
            .await?;
        let Some((indexed, fingerprint)) = next.indexed else {
            break (next.former, next.redacted, next.notes);
        };
        match inner
            .write_one(ACTION, Step::Replace(Box::new(indexed)), next.audit, fingerprint)
            .await?
        {
            Became::Stored(memory) | Became::Duplicate(memory) => break (*memory, next.redacted, next.notes),
            Became::Removed | Became::Conflict => {}
        }
        // Somebody else was faster: with a version given, the next look says so.
        n_tries += 1;
        if n_tries == MAX_TRIES {
            return Err(MemoryError::Contended(next.former.id));
        }
    };
    let shown = inner.blocking("edit", move |inner| {
        let asking = inner.asking(caller)?;
        Ok(inner.trees(asking.project.as_ref()).show(memory))
    });
    let shown = shown.await?;
    let mut notes = notes;
    notes.extend(notes_on(&shown.memory));
    Ok(Edited { shown, redacted, notes })
}

fn prepare(inner: &Inner, caller: Caller, request: &EditMemory) -> Result<Next, MemoryError> {
    inner.writable(ACTION)?;
    let asking = inner.asking(caller)?;
    let former = inner.readable(&asking, "id", &request.id)?;
    if request.version != 0 && request.version != former.version {
        return Err(MemoryError::VersionChanged {
            id: former.id,
            asked: request.version,
            found: former.version,
        });
    }
    if former.state == State::Superseded {
        return Err(MemoryError::superseded(&former));
    }
    if asking.caller.origin == Origin::Agent && former.place == Place::User && former.state == State::Active {
        return Err(MemoryError::CrossesProjects(former.id));
    }
    let now = inner.now();
    let mut resolver = inner.resolver(asking.project.as_ref());
    let names: Vec<String> = former.anchors.iter().map(|anchor| anchor.name.clone()).collect();
    let fields = Fields {
        content: request.content.as_deref().unwrap_or(&former.content),
        level: former.place.level().as_str(),
        kind: request.kind.unwrap_or(former.kind).as_str(),
        tags: request.tags.as_deref().unwrap_or(&former.tags),
        anchors: request.anchors.as_deref().unwrap_or(&names),
        expires_at: 0,
        redact: request.redact,
    };
    let checked = fields.check(&resolver, now)?;
    let draft = checked.draft;
    let mut memory = former.clone();
    let says_else = draft.content != former.content;
    if says_else {
        // What was believed and confirmed was another content.
        memory.origin = asking.caller.origin;
        memory.trust = memory.origin.trust();
        (memory.confirmed_at, memory.confirmations) = (None, 0);
        memory.flags = flags_of(&draft.content);
    }
    if says_else || request.anchors.is_some() {
        if former.place == Place::User && !draft.anchors.is_empty() {
            let reason = "belong to one project, and this memory to all";
            return Err(codemem_core::memory::validate::FieldError::new("anchors", reason).into());
        }
        memory.anchors = resolver.resolve(&draft.anchors);
    }
    memory.content = draft.content;
    memory.tags = draft.tags;
    memory.kind = draft.kind;
    let audit = inner.note(&asking.caller, "edit");
    let notes = std::mem::take(&mut resolver.notes);
    let indexed = if memory == former {
        None
    } else {
        memory.version = former.version.saturating_add(1);
        memory.updated_at = now;
        let (mut indexed, fingerprint) = inner.index(&[&memory]);
        Some((indexed.pop().ok_or(MemoryError::JobLost("embedding"))?, fingerprint))
    };
    Ok(Next {
        former,
        indexed,
        redacted: checked.redacted,
        notes,
        audit,
    })
}

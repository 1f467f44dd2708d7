//! Storing many: a batch in one transaction, a bad line reported, the rest stored.

use super::MemoryError;
use super::anchors::Resolver;
use super::draft::{Fields, optional_id};
use super::inner::{Asking, Inner};
use super::types::{Caller, Imported, ImportedMemory, Rejected};
use super::writer::{Became, Step};
use codemem_core::memory::validate::{self, FieldError};
use codemem_core::memory::{ContextLevel, Memory, Origin, Reader, TimestampMs};
use codemem_core::ports::{AuditNote, Fingerprint, IndexedMemory, PortErrorKind};
use std::sync::Arc;

const ACTION: &str = "import the memories";

/// A batch that is ready to be written.
struct Ready {
    /// With the line of each.
    indexed: Vec<(u64, IndexedMemory)>,
    fingerprint: Option<Fingerprint>,
    rejected: Vec<Rejected>,
    audit: AuditNote,
}

pub(super) async fn import(
    inner: &Arc<Inner>,
    caller: Caller,
    redact: bool,
    memories: Vec<ImportedMemory>,
) -> Result<Imported, MemoryError> {
    let own = Arc::clone(inner);
    inner
        .whole("import", async move {
            if memories.iter().any(|memory| !memory.anchors.is_empty()) {
                own.open_indexes(&caller).await?;
            }
            let ready = own
                .preparing("import", move |inner| prepare(inner, caller, redact, memories))
                .await?;
            let mut imported = write(&own, ready).await?;
            imported.rejected.sort_by_key(|rejected| rejected.line);
            Ok(imported)
        })
        .await
}

fn prepare(inner: &Inner, caller: Caller, redact: bool, lines: Vec<ImportedMemory>) -> Result<Ready, MemoryError> {
    inner.writable(ACTION)?;
    let asking = inner.asking(caller)?;
    let now = inner.now();
    let mut resolver = inner.resolver(asking.project.as_ref());
    let (mut memories, mut rejected) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        match memory(inner, &asking, &mut resolver, &line, redact, now) {
            Ok(memory) => memories.push((line.line, memory)),
            Err(error) => rejected.push(reject(line.line, &error)),
        }
    }
    let (indexed, fingerprint) = inner.index(&memories.iter().map(|(_, memory)| memory).collect::<Vec<_>>());
    Ok(Ready {
        indexed: memories.iter().map(|(line, _)| *line).zip(indexed).collect(),
        fingerprint,
        rejected,
        audit: inner.note(&asking.caller, "import"),
    })
}

/// The memory of one line.
fn memory(
    inner: &Inner,
    asking: &Asking,
    resolver: &mut Resolver<'_>,
    line: &ImportedMemory,
    redact: bool,
    now: TimestampMs,
) -> Result<Memory, MemoryError> {
    let fields = Fields {
        content: &line.content,
        level: &line.level,
        kind: &line.kind,
        tags: &line.tags,
        anchors: &line.anchors,
        expires_at: line.expires_at,
        redact,
    };
    let draft = fields.check(resolver, now)?.draft;
    let created_at = validate::created_at(line.created_at, now)?;
    let id = optional_id("id", &line.id)?;
    let session = validate::session(&line.session)?.or_else(|| asking.reader.session.clone());
    if asking.caller.origin == Origin::Agent && session != asking.reader.session {
        return Err(FieldError::new(
            "session",
            "another one than the caller's; an agent may write to its own",
        )
        .into());
    }
    let reader = Reader {
        project: asking.reader.project.clone(),
        session,
    };
    if draft.level == ContextLevel::SessionState && reader.session.is_none() {
        return Err(FieldError::new("session", format!("missing; {} needs it", draft.level)).into());
    }
    let mut memory = inner.memory(asking, &reader, draft, resolver, now)?;
    memory.created_at = created_at.unwrap_or(now).min(now);
    if let Some(id) = id {
        memory.id = id;
    }
    Ok(memory)
}

/// Writes a batch as one; where that fails, line by line, unless no line can be written.
async fn write(inner: &Inner, ready: Ready) -> Result<Imported, MemoryError> {
    let mut imported = Imported {
        rejected: ready.rejected,
        ..Imported::default()
    };
    if ready.indexed.is_empty() {
        return Ok(imported);
    }
    let steps = ready.indexed.iter().map(|(_, indexed)| step(indexed.clone())).collect();
    match inner
        .write(ACTION, steps, ready.audit.clone(), ready.fingerprint.clone())
        .await
    {
        Ok(became) => {
            for ((line, _), became) in ready.indexed.iter().zip(became) {
                imported.count(*line, &became);
            }
        }
        Err(error) if concerns_all(&error) => return Err(error),
        Err(_) => {
            for (line, indexed) in ready.indexed {
                let one = inner.write_one(ACTION, step(indexed), ready.audit.clone(), ready.fingerprint.clone());
                match one.await {
                    Ok(became) => imported.count(line, &became),
                    Err(error) if concerns_all(&error) => return Err(error),
                    Err(error) => imported.rejected.push(reject(line, &error)),
                }
            }
        }
    }
    Ok(imported)
}

/// Whether an error is no line's own.
fn concerns_all(error: &MemoryError) -> bool {
    match error {
        MemoryError::Port { source, .. } => match source.kind {
            PortErrorKind::Corrupt
            | PortErrorKind::Denied
            | PortErrorKind::DiskFull
            | PortErrorKind::Mismatch
            | PortErrorKind::Unavailable => true,
            PortErrorKind::NotFound | PortErrorKind::Failed => false,
        },
        MemoryError::Stopping | MemoryError::JobLost(_) | MemoryError::ReadOnly { .. } => true,
        MemoryError::Field(_)
        | MemoryError::Secret { .. }
        | MemoryError::NotFound(_)
        | MemoryError::VersionChanged { .. }
        | MemoryError::Contended(_)
        | MemoryError::Superseded { .. }
        | MemoryError::PeopleOnly(_)
        | MemoryError::CrossesProjects(_)
        | MemoryError::Project { .. } => false,
    }
}

fn step(indexed: IndexedMemory) -> Step {
    Step::Add(Box::new(indexed))
}

fn reject(line: u64, error: &MemoryError) -> Rejected {
    Rejected {
        line,
        reason: error.chain(),
    }
}

impl Imported {
    fn count(&mut self, line: u64, became: &Became) {
        match became {
            Became::Stored(_) => self.n_imported += 1,
            Became::Duplicate(_) => self.n_duplicates += 1,
            Became::Removed | Became::Conflict => self.rejected.push(Rejected {
                line,
                reason: "its id was taken while it was stored".to_owned(),
            }),
        }
    }
}

//! Import and export: many memories, a bounded part of them in memory at a time.
//!
//! An import takes the next message only when the one before is stored, so a client that is faster waits.
//! An export reads the next page only when the client has taken the one before.

use super::super::{Context, request};
use super::{answer, ask, status};
use codemem_engine::EngineError;
use codemem_engine::memory::{Caller, ExportMemories, Imported};
use codemem_proto::request::RequestId;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::Instrument as _;

/// Memories stored in one transaction.
const BATCH: usize = 256;

/// Most memories of one import: a lifetime of them, and few enough to be counted in minutes.
const MAX_IMPORTED: u64 = 1_000_000;

/// Most lines reported as bad, so that the report fits into one message. A file with more of them is another kind of file.
const MAX_REJECTED: usize = 5_000;

/// Bytes of one line's reason that are told.
const MAX_REASON: usize = 500;

/// Messages of an export that wait for a slow client.
const PAGES: usize = 2;

/// Bytes of contents in one message of an export; a quarter of what clients take.
const PAGE_BYTES: usize = 1024 * 1024;

/// Bytes that the rest of a memory is taken to need.
const UNIT_BYTES: usize = 4 * 1024;

type Pages = ReceiverStream<Result<v1::ExportMemoriesResponse, Status>>;

pub(super) async fn import(
    context: &Context,
    id: &RequestId,
    mut messages: Streaming<v1::ImportMemoriesRequest>,
) -> Result<v1::ImportMemoriesResponse, Status> {
    let mut first: Option<(Option<v1::MemoryCaller>, bool, Caller)> = None;
    let mut whole = Imported::default();
    let mut n_given = 0;
    while let Some(message) = messages.message().await? {
        let (caller, redact) = match &first {
            None => {
                let caller = ask::caller(id, message.caller.clone())?;
                let known = first.insert((message.caller, message.redact, caller));
                (known.2.clone(), known.1)
            }
            Some((given, redact, caller)) => {
                if message.caller.is_some() && message.caller != *given {
                    return Err(ask::wrong(
                        "caller",
                        "belongs into the first message; a later one names another",
                    ));
                }
                (caller.clone(), *redact || message.redact)
            }
        };
        n_given += message.memories.len() as u64;
        if n_given > MAX_IMPORTED {
            return Err(given_up(
                &whole,
                &format!("an import takes {MAX_IMPORTED} memories at most"),
            ));
        }
        let mut memories = message.memories.into_iter().map(ask::imported);
        loop {
            let batch: Vec<_> = memories.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let stored = context
                .memories
                .import(caller.clone(), redact, batch)
                .await
                .map_err(status)?;
            context.activity.work();
            whole.n_imported += stored.n_imported;
            whole.n_duplicates += stored.n_duplicates;
            whole.rejected.extend(stored.rejected);
            if whole.rejected.len() > MAX_REJECTED {
                let what = format!("more than {MAX_REJECTED} lines cannot be stored");
                return Err(given_up(&whole, &what));
            }
        }
    }
    Ok(v1::ImportMemoriesResponse {
        imported: whole.n_imported,
        duplicates: whole.n_duplicates,
        rejected: whole
            .rejected
            .into_iter()
            .map(|rejected| v1::RejectedMemory {
                line: rejected.line,
                reason: shortened(rejected.reason),
            })
            .collect(),
    })
}

/// An end before the end of the file.
fn given_up(whole: &Imported, what: &str) -> Status {
    let first = whole.rejected.first();
    let first = first.map_or_else(String::new, |rejected| {
        format!("; line {}: {}", rejected.line, shortened(rejected.reason.clone()))
    });
    let error = WireError::new(ErrorKind::Usage, format!("{what}{first}"));
    let n_imported = whole.n_imported;
    let hint = format!("{n_imported} memories were imported and stay; what is imported again is told as a duplicate");
    error.with_hint(hint).into()
}

fn shortened(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(MAX_REASON));
    reason
}

pub(super) fn export(context: &Context, caller: Caller, mut request: ExportMemories) -> Pages {
    let (pages_tx, pages_rx) = mpsc::channel(PAGES);
    let (memories, stop) = (context.memories.clone(), context.stop.clone());
    let exporting = async move {
        loop {
            let page = tokio::select! {
                // An end without an error would look like the end of the memories.
                () = stop.cancelled() => Err(super::super::convert::status(EngineError::Stopping)),
                page = memories.export(caller.clone(), request.clone()) => page.map_err(status),
            };
            let page = match page {
                Ok(page) => page,
                Err(status) => {
                    request::failed(&status);
                    let _gone = pages_tx.send(Err(status)).await;
                    return;
                }
            };
            for memories in parts(page.memories.into_iter().map(answer::shown).collect()) {
                if pages_tx
                    .send(Ok(v1::ExportMemoriesResponse { memories }))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            let Some(next) = page.next else { return };
            request.after = Some(next);
        }
    };
    context.tracker.spawn(exporting.in_current_span());
    ReceiverStream::new(pages_rx)
}

/// Cuts a page into messages of a bounded size.
fn parts(memories: Vec<v1::MemoryUnit>) -> Vec<Vec<v1::MemoryUnit>> {
    let mut parts: Vec<Vec<v1::MemoryUnit>> = Vec::new();
    let mut left = 0;
    for memory in memories {
        let bytes = memory.content.len() + UNIT_BYTES;
        match parts.last_mut() {
            Some(part) if bytes <= left => {
                part.push(memory);
                left -= bytes;
            }
            Some(_) | None => {
                parts.push(vec![memory]);
                left = PAGE_BYTES.saturating_sub(bytes);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_an_export_are_small_and_lose_nothing() {
        let memory = |bytes: usize| v1::MemoryUnit {
            content: "x".repeat(bytes),
            ..v1::MemoryUnit::default()
        };
        assert_eq!(parts(Vec::new()), Vec::<Vec<v1::MemoryUnit>>::new());
        let sizes: Vec<usize> = (0..500).map(|n| n * 131 % 32_768).chain([2 * PAGE_BYTES, 1]).collect();
        let cut = parts(sizes.iter().map(|bytes| memory(*bytes)).collect());
        let back: Vec<usize> = cut.iter().flatten().map(|memory| memory.content.len()).collect();
        assert_eq!(back, sizes);
        for part in &cut {
            let bytes: usize = part.iter().map(|memory| memory.content.len() + UNIT_BYTES).sum();
            assert!(bytes <= PAGE_BYTES || part.len() == 1, "{bytes}");
        }
        assert!(cut.len() > 2);
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        assert!(shortened("\u{fc}".repeat(MAX_REASON)).len() <= MAX_REASON);
    }
}

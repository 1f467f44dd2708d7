//! Between the engine's types and the wire's, in one place, by hand.

use super::freshness;
use codemem_core::error::chain;
use codemem_core::ports::{InstalledModel, PortError, PortErrorKind};
use codemem_core::skip::SkipReason;
use codemem_engine::memory::{MemoryError, MemoryErrorKind};
use codemem_engine::{self as engine, EngineError, RootStatus};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::{Model, Phase, Progress, RepositoryStatus};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;
use tonic::Status;

/// Longest path looked at, in bytes: the system opens no longer one.
const MAX_PATH: usize = 4096;

/// Bytes of a wrong path that are told.
const MAX_SHOWN: usize = 200;

/// An error of the engine as a status.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(super) fn status(error: EngineError) -> Status {
    let kind = match error.kind() {
        engine::ErrorKind::Usage => ErrorKind::Usage,
        engine::ErrorKind::NotFound => match &error {
            EngineError::NotRegistered(_) => ErrorKind::NotRegistered,
            _ => ErrorKind::Usage,
        },
        engine::ErrorKind::Daemon => match &error {
            EngineError::Stopping => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        },
        engine::ErrorKind::Data => ErrorKind::Data,
        engine::ErrorKind::Unavailable => ErrorKind::Unavailable,
    };
    with_hint(WireError::new(kind, error.chain()), error.hint())
}

/// An error of the engine's memories as a status.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(super) fn memory(error: MemoryError) -> Status {
    let kind = match error.kind() {
        MemoryErrorKind::Usage => ErrorKind::Usage,
        MemoryErrorKind::Denied => ErrorKind::Denied,
        MemoryErrorKind::Data => ErrorKind::Data,
        MemoryErrorKind::Unavailable => ErrorKind::Unavailable,
        MemoryErrorKind::Daemon => match &error {
            MemoryError::Stopping => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        },
    };
    with_hint(WireError::new(kind, error.chain()), error.hint())
}

/// A failed port, reached without the engine.
pub(super) fn port(error: PortError) -> Status {
    let kind = match error.kind {
        PortErrorKind::Unavailable => ErrorKind::Assets,
        PortErrorKind::NotFound => ErrorKind::Usage,
        PortErrorKind::Corrupt
        | PortErrorKind::DiskFull
        | PortErrorKind::Denied
        | PortErrorKind::Mismatch
        | PortErrorKind::Failed => ErrorKind::Data,
    };
    with_hint(WireError::new(kind, chain(&error)), error.hint)
}

/// A blocking task that panicked.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
pub(super) fn lost(error: tokio::task::JoinError) -> Status {
    let is_panic = error.is_panic();
    tracing::error!(is_panic, "a blocking call was lost; at debug level the log has why");
    // With the message of a panic, which may quote the text that it choked on.
    tracing::debug!(%error, "why a blocking call was lost");
    let error = WireError::new(ErrorKind::Internal, "the daemon failed while working on this call");
    error.with_hint("see `codemem daemon logs` for the cause").into()
}

fn with_hint(error: WireError, hint: Option<String>) -> Status {
    match hint {
        Some(hint) => error.with_hint(hint).into(),
        None => error.into(),
    }
}

/// A path from the wire; relative ones would mean the daemon's directory.
pub(super) fn absolute(path: &str) -> Result<PathBuf, Status> {
    let wrong = match path {
        _ if path.len() > MAX_PATH => "is too long for a path",
        _ if path.contains('\0') => "has a NUL, which no path has",
        _ if !path.starts_with('/') => "is not an absolute path",
        _ => return Ok(PathBuf::from(path)),
    };
    let shown = &path[..path.floor_char_boundary(MAX_SHOWN)];
    let error = WireError::new(ErrorKind::Usage, format!("`{shown}` {wrong}"));
    Err(error.with_hint("give the absolute path of a directory").into())
}

pub(super) fn progress(progress: &engine::Progress) -> Progress {
    Progress {
        phase: phase(progress.phase).into(),
        files_done: progress.files_done,
        files_total: progress.files_total,
        chunks_done: progress.chunks_done,
        chunks_total: progress.chunks_total,
        seconds: progress.elapsed().as_secs_f64(),
        rate: progress.rate().unwrap_or(0.0),
        eta_seconds: progress.eta().map_or(-1.0, |eta| eta.as_secs_f64()),
    }
}

fn phase(phase: engine::Phase) -> Phase {
    match phase {
        engine::Phase::Idle => Phase::Idle,
        engine::Phase::Queued => Phase::Queued,
        engine::Phase::Scan => Phase::Scan,
        engine::Phase::Lexical => Phase::Lexical,
        engine::Phase::Setup => Phase::Setup,
        engine::Phase::Vectors => Phase::Vectors,
    }
}

pub(super) fn skipped(skipped: &[(SkipReason, u64)]) -> HashMap<String, u64> {
    skipped
        .iter()
        .map(|(reason, n_files)| (reason.as_str().to_owned(), *n_files))
        .collect()
}

pub(super) fn repository(status: RootStatus) -> RepositoryStatus {
    let head = status.state.head.as_ref();
    let indexed_at = status
        .state
        .indexed_at
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    RepositoryStatus {
        root: status.root.display().to_string(),
        files: status.counts.files,
        chunks: status.counts.chunks,
        symbols: status.counts.symbols,
        vectors: status.counts.chunks_with_vector,
        skipped: skipped(&status.skipped),
        disk_bytes: status.disk_bytes,
        progress: Some(progress(&status.state.progress)),
        branch: head.and_then(|head| head.branch.clone()).unwrap_or_default(),
        commit: head.and_then(|head| head.commit.clone()).unwrap_or_default(),
        indexed_at: indexed_at.map_or(0, |since| since.as_secs() as i64),
        freshness: Some(freshness::wire(status.freshness)),
        paused: status.state.paused.clone().unwrap_or_default(),
        problem: problem(status.state),
    }
}

/// What stands in the way, and what was repaired, in one line.
fn problem(state: engine::RootState) -> String {
    let problem = state.problem.or(state.vectors_problem);
    let lines: Vec<String> = [problem, state.repaired].into_iter().flatten().collect();
    lines.join("; ")
}

pub(super) fn model(model: InstalledModel) -> Model {
    Model {
        name: model.name,
        dimension: model.dimension,
        window: model.window,
        fingerprint: model.fingerprint,
        precision: model.precision,
        active: model.active,
        disk_bytes: model.disk_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::tests::logged;
    use tracing::Level;

    #[test]
    fn a_root_tells_why_its_vectors_wait_and_how_fresh_it_is() {
        let state = engine::RootState {
            paused: Some("memory is short".to_owned()),
            ..engine::RootState::default()
        };
        let status = RootStatus {
            root: "/r".into(),
            state,
            counts: codemem_core::ports::WorktreeCounts::default(),
            skipped: Vec::new(),
            disk_bytes: 7,
            freshness: engine::Freshness {
                pending: 3,
                ..engine::Freshness::default()
            },
        };
        let wire = repository(status);
        assert_eq!((wire.paused.as_str(), wire.problem.as_str()), ("memory is short", ""));
        let freshness = wire.freshness.expect("told");
        assert_eq!((freshness.pending_files, freshness.watching.as_str()), (3, "off"));
    }

    #[test]
    fn what_a_lost_call_choked_on_stays_below_info() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        for (level, has_message) in [(Level::INFO, false), (Level::DEBUG, true)] {
            let call = runtime.spawn(async { panic!("choked on `zanzibar`") });
            let error = runtime.block_on(call).expect_err("it panicked");
            let text = logged(level, || drop(lost(error)));
            assert!(text.contains("is_panic=true"), "{text}");
            assert_eq!(text.contains("zanzibar"), has_message, "{text}");
        }
    }
}

//! How the daemon and its repositories do.

use super::freshness::Freshness;
use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize, Debug)]
pub(crate) struct Status {
    daemon: Daemon,
    repositories: Vec<Repository>,
    model: ModelState,
}

#[derive(Serialize, Debug)]
struct Daemon {
    pid: u32,
    version: String,
    uptime_seconds: u64,
    rss_bytes: u64,
    peak_rss_bytes: u64,
    open_repositories: u32,
    model_loaded: bool,
    socket: String,
    data_dir: String,
    log_file: String,
    problems: Vec<String>,
}

#[derive(Serialize, Debug)]
struct Repository {
    root: String,
    files: u64,
    chunks: u64,
    symbols: u64,
    vectors: u64,
    skipped: BTreeMap<String, u64>,
    disk_bytes: u64,
    progress: Progress,
    branch: String,
    commit: String,
    indexed_at: i64,
    problem: String,
    /// Null where the daemon does not tell.
    freshness: Option<Freshness>,
    /// Why background work waits; null when it does not.
    paused: Option<String>,
}

#[derive(Serialize, Debug)]
struct Progress {
    phase: &'static str,
    files_done: u64,
    files_total: u64,
    chunks_done: u64,
    chunks_total: u64,
    seconds: f64,
    rate: f64,
    eta_seconds: f64,
}

#[derive(Serialize, Debug)]
struct ModelState {
    state: String,
    name: String,
    reason: String,
}

impl From<v1::StatusResponse> for Status {
    fn from(status: v1::StatusResponse) -> Self {
        let daemon = status.daemon.unwrap_or_default();
        let model = status.model.unwrap_or_default();
        Self {
            daemon: Daemon {
                pid: daemon.pid,
                version: daemon.version,
                uptime_seconds: daemon.uptime_seconds,
                rss_bytes: daemon.rss_bytes,
                peak_rss_bytes: daemon.peak_rss_bytes,
                open_repositories: daemon.open_repositories,
                model_loaded: daemon.model_loaded,
                socket: daemon.socket,
                data_dir: daemon.data_dir,
                log_file: daemon.log_file,
                problems: daemon.problems,
            },
            repositories: status.repositories.into_iter().map(Repository::from).collect(),
            model: ModelState {
                state: model.state,
                name: model.name,
                reason: model.reason,
            },
        }
    }
}

impl From<v1::RepositoryStatus> for Repository {
    fn from(repository: v1::RepositoryStatus) -> Self {
        let progress = repository.progress.unwrap_or_default();
        Self {
            root: repository.root,
            files: repository.files,
            chunks: repository.chunks,
            symbols: repository.symbols,
            vectors: repository.vectors,
            skipped: repository.skipped.into_iter().collect(),
            disk_bytes: repository.disk_bytes,
            progress: Progress {
                phase: phase_name(progress.phase()),
                files_done: progress.files_done,
                files_total: progress.files_total,
                chunks_done: progress.chunks_done,
                chunks_total: progress.chunks_total,
                seconds: progress.seconds,
                rate: progress.rate,
                eta_seconds: progress.eta_seconds,
            },
            branch: repository.branch,
            commit: repository.commit,
            indexed_at: repository.indexed_at,
            problem: repository.problem,
            freshness: repository.freshness.map(Freshness::from),
            paused: Some(repository.paused).filter(|paused| !paused.is_empty()),
        }
    }
}

fn phase_name(phase: v1::Phase) -> &'static str {
    match phase {
        v1::Phase::Unspecified => "unknown",
        v1::Phase::Idle => "idle",
        v1::Phase::Queued => "queued",
        v1::Phase::Scan => "scan",
        v1::Phase::Lexical => "lexical",
        v1::Phase::Setup => "setup",
        v1::Phase::Vectors => "vectors",
    }
}

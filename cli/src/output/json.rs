//! The answers as JSON. These shapes are a promise to other programs: fields are added, never changed.

mod config;
mod doctor;
mod service;

pub(crate) use config::{Config, ConfigFile, LogLevel, Reloaded};
pub(crate) use doctor::Doctor;
pub(crate) use service::{
    FileOutcome, FileState, ServiceDaemon, ServiceFile, ServiceReport, ServiceStatus, StatusFile, Step, StepOutcome,
};

use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize, Debug)]
pub(crate) struct Indexed {
    repo: String,
    files: u64,
    chunks: u64,
    symbols: u64,
    skipped: BTreeMap<String, u64>,
    vectors: u64,
    seconds: f64,
}

impl From<v1::IndexRootResult> for Indexed {
    fn from(result: v1::IndexRootResult) -> Self {
        Self {
            repo: result.root,
            files: result.files,
            chunks: result.chunks,
            symbols: result.symbols,
            skipped: result.skipped.into_iter().collect(),
            vectors: result.vectors,
            seconds: result.seconds,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Search {
    hits: Vec<Hit>,
    coverage: Coverage,
    took_ms: f64,
}

#[derive(Serialize, Debug)]
struct Hit {
    path: String,
    start_line: u32,
    end_line: u32,
    kind: String,
    name: String,
    signature: String,
    score: f64,
    snippet: String,
    /// By name; only when they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, Feature>,
}

#[derive(Serialize, Debug)]
struct Feature {
    value: f64,
    share: f64,
}

#[derive(Serialize, Debug)]
struct Coverage {
    files_searched: u64,
    files_total: u64,
    files_in_scope: u64,
    chunks: u64,
    vectors: f64,
    vectors_used: bool,
    vectors_reason: String,
}

impl From<v1::SearchResponse> for Search {
    fn from(answer: v1::SearchResponse) -> Self {
        Self {
            hits: answer.hits.into_iter().map(Hit::from).collect(),
            coverage: answer.coverage.unwrap_or_default().into(),
            took_ms: answer.took_ms,
        }
    }
}

impl From<v1::Hit> for Hit {
    fn from(hit: v1::Hit) -> Self {
        Self {
            path: hit.path,
            start_line: hit.start_line,
            end_line: hit.end_line,
            kind: hit.kind,
            name: hit.name,
            signature: hit.signature,
            score: hit.score,
            snippet: hit.snippet,
            features: hit.features.into_iter().map(feature).collect(),
        }
    }
}

fn feature(feature: v1::FeatureShare) -> (String, Feature) {
    let v1::FeatureShare { name, value, share } = feature;
    (name, Feature { value, share })
}

impl From<v1::Coverage> for Coverage {
    fn from(coverage: v1::Coverage) -> Self {
        Self {
            files_searched: coverage.files_searched,
            files_total: coverage.files_total,
            files_in_scope: coverage.files_in_scope,
            chunks: coverage.chunks,
            vectors: coverage.vectors,
            vectors_used: coverage.vectors_used,
            vectors_reason: coverage.vectors_reason,
        }
    }
}

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

#[derive(Serialize, Debug)]
pub(crate) struct Pruned {
    dry_run: bool,
    roots: Vec<String>,
    contents: u64,
    vectors: u64,
    freed_bytes: u64,
}

impl Pruned {
    pub(crate) fn new(pruned: v1::PruneResponse, dry_run: bool) -> Self {
        Self {
            dry_run,
            roots: pruned.roots,
            contents: pruned.contents,
            vectors: pruned.vectors,
            freed_bytes: pruned.freed_bytes,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Removed {
    pub(crate) repo: String,
    pub(crate) freed_bytes: u64,
}

#[derive(Serialize, Debug)]
pub(crate) struct Language {
    name: String,
    extensions: Vec<String>,
    symbols: bool,
    /// `built-in` or `added`; null when there is no grammar.
    origin: Option<String>,
    available: bool,
    problem: Option<String>,
}

impl From<v1::Language> for Language {
    fn from(language: v1::Language) -> Self {
        Self {
            name: language.name,
            extensions: language.extensions,
            symbols: language.symbols,
            origin: Some(language.origin).filter(|origin| !origin.is_empty()),
            available: language.available,
            problem: Some(language.problem).filter(|problem| !problem.is_empty()),
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct AddedLanguage {
    name: String,
    symbols: bool,
    /// Where a query of the user's would stand.
    query: String,
}

impl AddedLanguage {
    pub(crate) fn new(name: String, added: v1::AddLanguageResponse) -> Self {
        Self {
            name,
            symbols: added.symbols,
            query: added.query,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct RemovedLanguage {
    pub(crate) name: String,
}

#[derive(Serialize, Debug)]
pub(crate) struct Setup {
    onnxruntime: String,
    model: Option<Model>,
}

impl From<v1::SetupResult> for Setup {
    fn from(result: v1::SetupResult) -> Self {
        Self {
            onnxruntime: result.onnxruntime,
            model: result.model.map(Model::from),
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Model {
    name: String,
    dimension: u32,
    window: u32,
    fingerprint: String,
    precision: String,
    active: bool,
    disk_bytes: u64,
}

impl From<v1::Model> for Model {
    fn from(model: v1::Model) -> Self {
        Self {
            name: model.name,
            dimension: model.dimension,
            window: model.window,
            fingerprint: model.fingerprint,
            precision: model.precision,
            active: model.active,
            disk_bytes: model.disk_bytes,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// False when it ran already.
    pub(crate) started: bool,
}

#[derive(Serialize, Debug)]
pub(crate) struct Stopped {
    /// False when none ran.
    pub(crate) stopped: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_there_only_when_they_were_asked_for() {
        let features = vec![v1::FeatureShare {
            name: "stem".to_owned(),
            value: 0.5,
            share: 0.25,
        }];
        let explained = v1::Hit {
            features,
            ..v1::Hit::default()
        };
        let text = |hit| serde_json::to_string(&Hit::from(hit)).expect("serialised");
        assert!(text(explained).ends_with(r#""features":{"stem":{"value":0.5,"share":0.25}}}"#));
        assert!(!text(v1::Hit::default()).contains("features"));
    }
}

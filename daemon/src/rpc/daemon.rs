//! The Daemon service: hello, status, shutdown.

use super::{Context, convert};
use crate::blocking::blocking;
use crate::memory::Resident;
use codemem_core::ports::AssetsState;
use codemem_proto::v1::daemon_server::Daemon;
use codemem_proto::v1::{
    DaemonStatus, HelloRequest, HelloResponse, ModelStatus, ShutdownRequest, ShutdownResponse, StatusRequest,
    StatusResponse,
};
use codemem_proto::version::PROTOCOL;
use tonic::{Request, Response, Status};

pub(super) struct Service(pub(super) Context);

#[tonic::async_trait]
impl Daemon for Service {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let hello = request.into_inner();
        tracing::debug!(client = hello.client, "hello");
        Ok(Response::new(HelloResponse {
            protocol: Some(PROTOCOL.into()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            managed: self.0.info.managed,
        }))
    }

    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let root = request.into_inner().root;
        let path = (!root.is_empty()).then(|| convert::absolute(&root)).transpose()?;
        let roots = self.0.engine.status(path.as_deref()).await.map_err(convert::status)?;
        let info = &self.0.info;
        let memory = Resident::of_process();
        let (_, n_open) = self.0.engine.n_open();
        Ok(Response::new(StatusResponse {
            daemon: Some(DaemonStatus {
                pid: std::process::id(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                uptime_seconds: info.started.elapsed().as_secs(),
                rss_bytes: memory.now,
                peak_rss_bytes: memory.peak,
                open_repositories: n_open as u32,
                model_loaded: self.0.engine.ports().embedder.is_loaded(),
                socket: info.socket.display().to_string(),
                data_dir: info.data_dir.display().to_string(),
                log_file: self.0.logs.file().display().to_string(),
                problems: self.problems(),
            }),
            repositories: roots.into_iter().map(convert::repository).collect(),
            model: Some(self.model().await?),
        }))
    }

    async fn shutdown(&self, request: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        tracing::info!(reason = request.into_inner().reason, "asked to shut down");
        self.0.stop.cancel();
        Ok(Response::new(ShutdownResponse {}))
    }
}

impl Service {
    /// What is wrong with the daemon itself.
    fn problems(&self) -> Vec<String> {
        let in_force = self.0.settings.now();
        let invalid = in_force.problem.as_ref();
        let invalid = invalid.map(|problem| format!("the configuration is not valid: {problem}"));
        [invalid, in_force.missing_file.clone(), self.0.logs.problem()]
            .into_iter()
            .flatten()
            .collect()
    }

    async fn model(&self) -> Result<ModelStatus, Status> {
        let assets = std::sync::Arc::clone(self.0.engine.assets());
        let look = move || (assets.state(), assets.models());
        let (state, models) = blocking(look).await.map_err(convert::lost)?;
        let active = models
            .ok()
            .and_then(|models| models.into_iter().find(|model| model.active));
        let name = active.map(|model| model.name).unwrap_or_default();
        Ok(match state {
            AssetsState::Ready => ModelStatus {
                state: "ready".to_owned(),
                name,
                reason: String::new(),
            },
            AssetsState::Missing(what) => ModelStatus {
                state: "missing".to_owned(),
                name,
                reason: format!("{what}; `codemem setup` installs it"),
            },
        })
    }
}

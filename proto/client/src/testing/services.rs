//! The fake's side of every service: note the request, give what the script has.

use super::{Asked, Reply, Script, Shared};
use codemem_proto::v1;
use codemem_proto::v1::config_server::Config;
use codemem_proto::v1::daemon_server::Daemon;
use codemem_proto::v1::doctor_server::Doctor;
use codemem_proto::v1::index_server::Index;
use codemem_proto::v1::models_server::Models;
use codemem_proto::v1::search_server::Search;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, async_trait};

pub(super) type EventStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[derive(Clone)]
pub(super) struct Services(pub(super) Arc<Shared>);

/// Counts a call that ended without an answer.
struct Abandoned<'a>(&'a Shared);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.abandoned.fetch_add(1, Ordering::SeqCst);
    }
}

impl Services {
    pub(super) fn note(&self, asked: Asked) {
        let mut list = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(asked);
    }

    pub(super) fn take<T>(&self, of: impl FnOnce(&mut Script) -> T) -> T {
        of(&mut self.0.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn give<T>(&self, reply: Reply<T>) -> Result<Response<T>, Status> {
        match reply {
            Reply::Now(answer) => Ok(Response::new(answer)),
            Reply::Fail(error) => Err(error.into()),
            Reply::Never => {
                let _abandoned = Abandoned(&self.0);
                std::future::pending().await
            }
        }
    }
}

/// The first entry, which is used up unless it is the last.
pub(super) fn next<T: Clone>(list: &mut Vec<Reply<T>>) -> Reply<T> {
    match list.len() {
        0 => Reply::Never,
        1 => list[0].clone(),
        _ => list.remove(0),
    }
}

pub(super) fn events<T: Send + 'static>(replies: Vec<Reply<T>>) -> Response<EventStream<T>> {
    let mut stays_open = false;
    let mut items = Vec::new();
    for reply in replies {
        match reply {
            Reply::Now(event) => items.push(Ok(event)),
            Reply::Fail(error) => items.push(Err(Status::from(error))),
            Reply::Never => stays_open = true,
        }
    }
    let given = tokio_stream::iter(items);
    Response::new(if stays_open {
        Box::pin(given.chain(tokio_stream::pending()))
    } else {
        Box::pin(given)
    })
}

#[async_trait]
impl Daemon for Services {
    async fn hello(&self, request: Request<v1::HelloRequest>) -> Result<Response<v1::HelloResponse>, Status> {
        self.note(Asked::Hello(request.into_inner()));
        Ok(Response::new(self.take(|script| script.hello.clone())))
    }

    async fn status(&self, request: Request<v1::StatusRequest>) -> Result<Response<v1::StatusResponse>, Status> {
        self.note(Asked::Status(request.into_inner()));
        let reply = self.take(|script| next(&mut script.status));
        self.give(reply).await
    }

    async fn shutdown(&self, request: Request<v1::ShutdownRequest>) -> Result<Response<v1::ShutdownResponse>, Status> {
        self.note(Asked::Shutdown(request.into_inner()));
        let stop_tx = self.0.stop_tx.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop_tx) = stop_tx {
            // It may have been killed meanwhile.
            let _ = stop_tx.send(());
        }
        Ok(Response::new(v1::ShutdownResponse {}))
    }
}

#[async_trait]
impl Config for Services {
    async fn show(&self, _request: Request<v1::ShowConfigRequest>) -> Result<Response<v1::ShowConfigResponse>, Status> {
        self.note(Asked::ShowConfig);
        let reply = self.take(|script| script.config.clone());
        self.give(reply).await
    }

    async fn reload(
        &self,
        _request: Request<v1::ReloadConfigRequest>,
    ) -> Result<Response<v1::ReloadConfigResponse>, Status> {
        self.note(Asked::ReloadConfig);
        Ok(Response::new(v1::ReloadConfigResponse::default()))
    }

    async fn set_log(&self, request: Request<v1::SetLogRequest>) -> Result<Response<v1::SetLogResponse>, Status> {
        let request = request.into_inner();
        self.note(Asked::SetLog(request.clone()));
        Ok(Response::new(v1::SetLogResponse {
            filter: request.filter,
            configured: "info".to_owned(),
        }))
    }
}

#[async_trait]
impl Doctor for Services {
    type ExamineStream = EventStream<v1::Finding>;

    async fn examine(&self, request: Request<v1::ExamineRequest>) -> Result<Response<Self::ExamineStream>, Status> {
        self.note(Asked::Examine(request.into_inner()));
        Ok(events(self.take(|script| script.findings.clone())))
    }
}

#[async_trait]
impl Search for Services {
    async fn search(&self, request: Request<v1::SearchRequest>) -> Result<Response<v1::SearchResponse>, Status> {
        self.note(Asked::Search(request.into_inner()));
        let reply = self.take(|script| next(&mut script.search));
        self.give(reply).await
    }

    async fn expand(&self, request: Request<v1::ExpandRequest>) -> Result<Response<v1::ExpandResponse>, Status> {
        self.note(Asked::Expand(request.into_inner()));
        let reply = self.take(|script| next(&mut script.expand));
        self.give(reply).await
    }
}

#[async_trait]
impl Index for Services {
    type IndexRootStream = EventStream<v1::IndexRootEvent>;

    async fn index_root(
        &self,
        request: Request<v1::IndexRootRequest>,
    ) -> Result<Response<Self::IndexRootStream>, Status> {
        self.note(Asked::IndexRoot(request.into_inner()));
        Ok(events(self.take(|script| script.index.clone())))
    }

    async fn remove(&self, request: Request<v1::RemoveRequest>) -> Result<Response<v1::RemoveResponse>, Status> {
        self.note(Asked::Remove(request.into_inner()));
        let reply = self.take(|script| script.remove.clone());
        self.give(reply).await
    }

    async fn add_language(
        &self,
        request: Request<v1::AddLanguageRequest>,
    ) -> Result<Response<v1::AddLanguageResponse>, Status> {
        self.note(Asked::AddLanguage(request.into_inner()));
        let reply = self.take(|script| script.add_language.clone());
        self.give(reply).await
    }

    async fn remove_language(
        &self,
        request: Request<v1::RemoveLanguageRequest>,
    ) -> Result<Response<v1::RemoveLanguageResponse>, Status> {
        self.note(Asked::RemoveLanguage(request.into_inner()));
        let reply = self.take(|script| script.remove_language.clone());
        self.give(reply).await
    }

    async fn explain_project(
        &self,
        request: Request<v1::ExplainProjectRequest>,
    ) -> Result<Response<v1::ExplainProjectResponse>, Status> {
        self.note(Asked::ExplainProject(request.into_inner()));
        let reply = self.take(|script| script.project.clone());
        self.give(reply).await
    }

    async fn prune(&self, request: Request<v1::PruneRequest>) -> Result<Response<v1::PruneResponse>, Status> {
        self.note(Asked::Prune(request.into_inner()));
        let reply = self.take(|script| script.prune.clone());
        self.give(reply).await
    }

    async fn languages(
        &self,
        _request: Request<v1::LanguagesRequest>,
    ) -> Result<Response<v1::LanguagesResponse>, Status> {
        self.note(Asked::Languages);
        let reply = self.take(|script| script.languages.clone());
        self.give(reply).await
    }
}

#[async_trait]
impl Models for Services {
    type SetupStream = EventStream<v1::SetupEvent>;
    type ImportModelStream = EventStream<v1::SetupEvent>;

    async fn setup(&self, request: Request<v1::SetupRequest>) -> Result<Response<Self::SetupStream>, Status> {
        self.note(Asked::Setup(request.into_inner()));
        Ok(events(self.take(|script| script.setup.clone())))
    }

    async fn import_model(
        &self,
        request: Request<v1::ImportModelRequest>,
    ) -> Result<Response<Self::ImportModelStream>, Status> {
        self.note(Asked::ImportModel(request.into_inner()));
        Ok(events(self.take(|script| script.setup.clone())))
    }

    async fn list_models(
        &self,
        _request: Request<v1::ListModelsRequest>,
    ) -> Result<Response<v1::ListModelsResponse>, Status> {
        self.note(Asked::ListModels);
        let reply = self.take(|script| script.models.clone());
        self.give(reply).await
    }
}

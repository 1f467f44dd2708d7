//! The Index service: register, watch, forget, prune, languages.

use super::{Context, convert, languages, project, request};
use codemem_engine::{Engine, EngineError, IndexTicket, RootState};
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::index_server::Index;
use codemem_proto::v1::{
    AddLanguageRequest, AddLanguageResponse, ExplainProjectRequest, ExplainProjectResponse, IndexRootEvent,
    IndexRootRequest, IndexRootResult, LanguagesRequest, LanguagesResponse, PruneRequest, PruneResponse,
    RemoveLanguageRequest, RemoveLanguageResponse, RemoveRequest, RemoveResponse, WaitFor,
};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

/// Between two progress events: what an eye can follow.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// Events that may wait for a slow client; it then sees fewer of them.
const EVENTS: usize = 4;

pub(super) struct Service(pub(super) Context);

#[tonic::async_trait]
impl Index for Service {
    type IndexRootStream = ReceiverStream<Result<IndexRootEvent, Status>>;

    async fn index_root(&self, request: Request<IndexRootRequest>) -> Result<Response<Self::IndexRootStream>, Status> {
        let request = request.into_inner();
        let began = Instant::now();
        let root = convert::absolute(&request.root)?;
        let wait = request.wait();
        let ticket = self
            .0
            .engine
            .index(&root, request.force)
            .await
            .map_err(convert::status)?;
        self.0.activity.work();
        let (events_tx, events_rx) = mpsc::channel(EVENTS);
        let follow = Follow {
            engine: self.0.engine.clone(),
            ticket,
            wait,
            began,
            events: events_tx,
        };
        let stop = self.0.stop.clone();
        let following = async move {
            let events = follow.events.clone();
            tokio::select! {
                () = follow.run() => {}
                () = stop.cancelled() => {
                    let status = convert::status(EngineError::Stopping);
                    request::failed(&status);
                    let _gone = events.try_send(Err(status));
                }
            }
        };
        self.0.tracker.spawn(following.in_current_span());
        Ok(Response::new(ReceiverStream::new(events_rx)))
    }

    async fn remove(&self, request: Request<RemoveRequest>) -> Result<Response<RemoveResponse>, Status> {
        let root = convert::absolute(&request.into_inner().root)?;
        let freed_bytes = self.0.engine.remove(&root).await.map_err(convert::status)?;
        Ok(Response::new(RemoveResponse { freed_bytes }))
    }

    async fn prune(&self, request: Request<PruneRequest>) -> Result<Response<PruneResponse>, Status> {
        let report = self
            .0
            .engine
            .prune(request.into_inner().dry_run)
            .await
            .map_err(convert::status)?;
        Ok(Response::new(PruneResponse {
            roots: paths(&report.roots),
            missing: paths(&report.missing),
            contents: report.contents,
            vectors: report.vectors,
            freed_bytes: report.freed_bytes,
            worktrees: report.worktrees,
            orphans: report.orphans,
            documents: report.documents,
        }))
    }

    async fn languages(&self, _request: Request<LanguagesRequest>) -> Result<Response<LanguagesResponse>, Status> {
        languages::list(&self.0).await.map(Response::new)
    }

    async fn add_language(
        &self,
        request: Request<AddLanguageRequest>,
    ) -> Result<Response<AddLanguageResponse>, Status> {
        languages::add(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn remove_language(
        &self,
        request: Request<RemoveLanguageRequest>,
    ) -> Result<Response<RemoveLanguageResponse>, Status> {
        languages::remove(&self.0, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn explain_project(
        &self,
        request: Request<ExplainProjectRequest>,
    ) -> Result<Response<ExplainProjectResponse>, Status> {
        project::explain(&self.0, request.into_inner()).await.map(Response::new)
    }
}

/// Follows one request to index until what its client waits for is there.
struct Follow {
    engine: Engine,
    ticket: IndexTicket,
    wait: WaitFor,
    began: Instant,
    events: mpsc::Sender<Result<IndexRootEvent, Status>>,
}

impl Follow {
    async fn run(mut self) {
        let mut last_sent: Option<Instant> = None;
        loop {
            let state = self.ticket.state.borrow_and_update().clone();
            if self.is_reached(&state) {
                let result = self.result(&state).await;
                let result = result
                    .map(|result| event(Event::Result(result)))
                    .map_err(convert::status)
                    .inspect_err(request::failed);
                let _gone = self.events.send(result).await;
                return;
            }
            if last_sent.is_none_or(|sent| sent.elapsed() >= PROGRESS_INTERVAL) {
                last_sent = Some(Instant::now());
                let progress = event(Event::Progress(convert::progress(&state.progress)));
                // A client that does not keep up gets the next one.
                if let Err(mpsc::error::TrySendError::Closed(_)) = self.events.try_send(Ok(progress)) {
                    return;
                }
            }
            // Progress shows time passing even while nothing else changes.
            let changed = tokio::time::timeout(PROGRESS_INTERVAL * 5, self.ticket.state.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                let status = convert::status(EngineError::Stopping);
                request::failed(&status);
                let _gone = self.events.send(Err(status)).await;
                return;
            }
        }
    }

    fn is_reached(&self, state: &RootState) -> bool {
        match self.wait {
            WaitFor::Unspecified => true,
            WaitFor::Lexical => state.lexical_done >= self.ticket.number,
            WaitFor::Vectors => state.lexical_done >= self.ticket.number && state.vectors_done >= self.ticket.number,
        }
    }

    async fn result(&self, state: &RootState) -> Result<IndexRootResult, EngineError> {
        let rows = self.engine.status(Some(&self.ticket.root)).await?;
        let row = rows.into_iter().find(|row| row.root == self.ticket.root);
        let row = row.ok_or_else(|| EngineError::NotRegistered(self.ticket.root.clone()))?;
        let vectors_problem = state.vectors_problem.clone().filter(|_| self.wait == WaitFor::Vectors);
        Ok(IndexRootResult {
            root: self.ticket.root.display().to_string(),
            files: row.counts.files,
            chunks: row.counts.chunks,
            symbols: row.counts.symbols,
            skipped: convert::skipped(&row.skipped),
            vectors: row.counts.chunks_with_vector,
            seconds: self.began.elapsed().as_secs_f64(),
            problem: state.problem.clone().or(vectors_problem).unwrap_or_default(),
        })
    }
}

fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn event(event: Event) -> IndexRootEvent {
    IndexRootEvent { event: Some(event) }
}

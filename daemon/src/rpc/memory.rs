//! The Memory service: every request converted by hand, asked of the engine, and converted back.
//!
//! A question whose client leaves is given up; what changes something goes on to its end. Requests with
//! fields that are not in the contract never come here ([`codemem_proto::strict`]).

mod answer;
mod ask;
mod stream;

use super::{Context, convert};
use codemem_engine::memory::{Caller, FindMemories, Memories, MemoryError};
use codemem_proto::request::RequestId;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use codemem_proto::v1::memory_server::Memory;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Calls that run or wait for their turn. Each may hold a message of four megabytes, so whoever comes later
/// should rather come again.
const MAX_CALLS: usize = 256;

pub(super) struct Service {
    context: Context,
    places: Semaphore,
}

impl Service {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            places: Semaphore::new(MAX_CALLS),
        }
    }

    fn memories(&self) -> &Memories {
        &self.context.memories
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.places.try_acquire().map_err(|_| {
            let error = WireError::new(
                ErrorKind::Busy,
                format!("{MAX_CALLS} calls about memories wait already"),
            );
            error.with_hint("try again in a moment").into()
        })
    }

    /// Notes that work was done, and answers.
    fn answered<T>(&self, answer: T) -> Response<T> {
        self.context.activity.work();
        Response::new(answer)
    }
}

#[tonic::async_trait]
impl Memory for Service {
    type ExportStream = ReceiverStream<Result<v1::ExportMemoriesResponse, Status>>;

    async fn add(&self, request: Request<v1::AddMemoryRequest>) -> Result<Response<v1::AddMemoryResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let (caller, request) = ask::add(&id, request)?;
        let added = self.memories().add(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::added(added)))
    }

    async fn find(
        &self,
        request: Request<v1::FindMemoriesRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let request = FindMemories {
            query: request.query,
            filter: ask::filter(request.filter)?,
            limit: request.limit,
            token_budget: request.token_budget,
            no_gate: request.no_gate,
            no_floor: request.no_floor,
            explain: request.explain,
        };
        let found = self.memories().find(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::found(found)))
    }

    async fn retrieve_preferences(
        &self,
        request: Request<v1::RetrievePreferencesRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let request = ask::retrieval(request.query, request.limit, request.token_budget);
        let found = self.memories().preferences(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::found(found)))
    }

    async fn retrieve_project_facts(
        &self,
        request: Request<v1::RetrieveProjectFactsRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let request = ask::retrieval(request.query, request.limit, request.token_budget);
        let found = self.memories().project_facts(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::found(found)))
    }

    async fn retrieve_session(
        &self,
        request: Request<v1::RetrieveSessionRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let request = ask::retrieval(request.query, request.limit, request.token_budget);
        let found = self.memories().session(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::found(found)))
    }

    async fn get(&self, request: Request<v1::GetMemoryRequest>) -> Result<Response<v1::GetMemoryResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let got = self
            .memories()
            .get(caller, &request.id, request.history)
            .await
            .map_err(status)?;
        Ok(self.answered(answer::got(got)))
    }

    async fn list(
        &self,
        request: Request<v1::ListMemoriesRequest>,
    ) -> Result<Response<v1::ListMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let (caller, request) = ask::list(&id, request)?;
        let listed = self.memories().list(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::listed(listed)))
    }

    async fn edit(&self, request: Request<v1::EditMemoryRequest>) -> Result<Response<v1::EditMemoryResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let (caller, request) = ask::edit(&id, request)?;
        let edited = self.memories().edit(caller, request).await.map_err(status)?;
        Ok(self.answered(answer::edited(edited)))
    }

    async fn delete(
        &self,
        request: Request<v1::DeleteMemoryRequest>,
    ) -> Result<Response<v1::DeleteMemoryResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let backup = ask::path("backup", &request.backup)?;
        let shown = self
            .memories()
            .delete(caller, &request.id, backup)
            .await
            .map_err(status)?;
        Ok(self.answered(v1::DeleteMemoryResponse {
            memory: Some(answer::shown(shown)),
        }))
    }

    async fn confirm(
        &self,
        request: Request<v1::ConfirmMemoryRequest>,
    ) -> Result<Response<v1::ConfirmMemoryResponse>, Status> {
        let _place = self.place()?;
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let shown = self.memories().confirm(caller, &request.id).await.map_err(status)?;
        Ok(self.answered(v1::ConfirmMemoryResponse {
            memory: Some(answer::shown(shown)),
        }))
    }

    async fn import(
        &self,
        request: Request<Streaming<v1::ImportMemoriesRequest>>,
    ) -> Result<Response<v1::ImportMemoriesResponse>, Status> {
        let _place = self.place()?;
        let (id, messages) = opened(request);
        let imported = stream::import(&self.context, &id, messages).await?;
        Ok(self.answered(imported))
    }

    async fn export(
        &self,
        request: Request<v1::ExportMemoriesRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        let (id, request) = opened(request);
        let (caller, request) = ask::export(&id, request)?;
        let pages = stream::export(&self.context, caller, request);
        Ok(self.answered(pages))
    }

    async fn backup(
        &self,
        request: Request<v1::BackupMemoriesRequest>,
    ) -> Result<Response<v1::BackupMemoriesResponse>, Status> {
        let path = ask::path("path", &request.into_inner().path)?;
        let copy = self.memories().backup(path).await.map_err(status)?;
        Ok(self.answered(v1::BackupMemoriesResponse {
            path: copy.path.display().to_string(),
            memories: copy.n_memories,
            bytes: copy.bytes,
        }))
    }

    async fn restore(
        &self,
        request: Request<v1::RestoreMemoriesRequest>,
    ) -> Result<Response<v1::RestoreMemoriesResponse>, Status> {
        let path = ask::path("path", &request.into_inner().path)?;
        let path = path.ok_or_else(|| ask::wrong("path", "is missing: it names the backup to restore"))?;
        let copy = self.memories().restore(path).await.map_err(status)?;
        Ok(self.answered(v1::RestoreMemoriesResponse {
            memories: copy.n_memories,
            kept: copy.path.display().to_string(),
        }))
    }

    async fn stats(
        &self,
        request: Request<v1::MemoryStatsRequest>,
    ) -> Result<Response<v1::MemoryStatsResponse>, Status> {
        let (id, request) = opened(request);
        let caller = ask::caller(&id, request.caller)?;
        let stats = self.memories().stats(caller).await.map_err(status)?;
        // Looking is no work.
        Ok(Response::new(answer::stats(stats)))
    }
}

/// The name of a call's request, for the audit log, and what it asks.
fn opened<T>(request: Request<T>) -> (RequestId, T) {
    let id = request.extensions().get::<RequestId>().cloned();
    (id.unwrap_or_else(RequestId::fresh), request.into_inner())
}

fn status(error: MemoryError) -> Status {
    convert::memory(error)
}

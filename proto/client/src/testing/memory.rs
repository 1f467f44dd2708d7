//! The fake's Memory service.

use super::services::{EventStream, Services, events, next};
use super::{Asked, Reply};
use codemem_proto::v1;
use codemem_proto::v1::memory_server::Memory;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// What each call of the Memory service gets. Lists are used up from the front; their last entry stays.
#[derive(Clone, Debug)]
pub struct MemoryScript {
    /// Answers to Add.
    pub add: Vec<Reply<v1::AddMemoryResponse>>,
    /// Answers to Find, RetrievePreferences, RetrieveProjectFacts and RetrieveSession.
    pub find: Vec<Reply<v1::FindMemoriesResponse>>,
    /// Answer to Get.
    pub get: Reply<v1::GetMemoryResponse>,
    /// Answers to List.
    pub list: Vec<Reply<v1::ListMemoriesResponse>>,
    /// Answer to Edit.
    pub edit: Reply<v1::EditMemoryResponse>,
    /// Answer to Delete.
    pub delete: Reply<v1::DeleteMemoryResponse>,
    /// Answer to Confirm.
    pub confirm: Reply<v1::ConfirmMemoryResponse>,
    /// Answer to Import, after the last of its messages.
    pub import: Reply<v1::ImportMemoriesResponse>,
    /// What each Export streams.
    pub export: Vec<Reply<v1::ExportMemoriesResponse>>,
    /// Answer to Backup.
    pub backup: Reply<v1::BackupMemoriesResponse>,
    /// Answer to Restore.
    pub restore: Reply<v1::RestoreMemoriesResponse>,
    /// Answer to Stats.
    pub stats: Reply<v1::MemoryStatsResponse>,
}

impl Default for MemoryScript {
    fn default() -> Self {
        Self {
            add: vec![Reply::Now(v1::AddMemoryResponse::default())],
            find: vec![Reply::Now(v1::FindMemoriesResponse::default())],
            get: Reply::Now(v1::GetMemoryResponse::default()),
            list: vec![Reply::Now(v1::ListMemoriesResponse::default())],
            edit: Reply::Now(v1::EditMemoryResponse::default()),
            delete: Reply::Now(v1::DeleteMemoryResponse::default()),
            confirm: Reply::Now(v1::ConfirmMemoryResponse::default()),
            import: Reply::Now(v1::ImportMemoriesResponse::default()),
            export: Vec::new(),
            backup: Reply::Now(v1::BackupMemoriesResponse::default()),
            restore: Reply::Now(v1::RestoreMemoriesResponse::default()),
            stats: Reply::Now(v1::MemoryStatsResponse::default()),
        }
    }
}

#[async_trait]
impl Memory for Services {
    type ExportStream = EventStream<v1::ExportMemoriesResponse>;

    async fn add(&self, request: Request<v1::AddMemoryRequest>) -> Result<Response<v1::AddMemoryResponse>, Status> {
        self.note(Asked::AddMemory(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.add));
        self.give(reply).await
    }

    async fn find(
        &self,
        request: Request<v1::FindMemoriesRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        self.note(Asked::FindMemories(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.find));
        self.give(reply).await
    }

    async fn retrieve_preferences(
        &self,
        request: Request<v1::RetrievePreferencesRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        self.note(Asked::RetrievePreferences(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.find));
        self.give(reply).await
    }

    async fn retrieve_project_facts(
        &self,
        request: Request<v1::RetrieveProjectFactsRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        self.note(Asked::RetrieveProjectFacts(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.find));
        self.give(reply).await
    }

    async fn retrieve_session(
        &self,
        request: Request<v1::RetrieveSessionRequest>,
    ) -> Result<Response<v1::FindMemoriesResponse>, Status> {
        self.note(Asked::RetrieveSession(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.find));
        self.give(reply).await
    }

    async fn get(&self, request: Request<v1::GetMemoryRequest>) -> Result<Response<v1::GetMemoryResponse>, Status> {
        self.note(Asked::GetMemory(request.into_inner()));
        let reply = self.take(|script| script.memory.get.clone());
        self.give(reply).await
    }

    async fn list(
        &self,
        request: Request<v1::ListMemoriesRequest>,
    ) -> Result<Response<v1::ListMemoriesResponse>, Status> {
        self.note(Asked::ListMemories(request.into_inner()));
        let reply = self.take(|script| next(&mut script.memory.list));
        self.give(reply).await
    }

    async fn edit(&self, request: Request<v1::EditMemoryRequest>) -> Result<Response<v1::EditMemoryResponse>, Status> {
        self.note(Asked::EditMemory(request.into_inner()));
        let reply = self.take(|script| script.memory.edit.clone());
        self.give(reply).await
    }

    async fn delete(
        &self,
        request: Request<v1::DeleteMemoryRequest>,
    ) -> Result<Response<v1::DeleteMemoryResponse>, Status> {
        self.note(Asked::DeleteMemory(request.into_inner()));
        let reply = self.take(|script| script.memory.delete.clone());
        self.give(reply).await
    }

    async fn confirm(
        &self,
        request: Request<v1::ConfirmMemoryRequest>,
    ) -> Result<Response<v1::ConfirmMemoryResponse>, Status> {
        self.note(Asked::ConfirmMemory(request.into_inner()));
        let reply = self.take(|script| script.memory.confirm.clone());
        self.give(reply).await
    }

    async fn import(
        &self,
        request: Request<Streaming<v1::ImportMemoriesRequest>>,
    ) -> Result<Response<v1::ImportMemoriesResponse>, Status> {
        let mut messages = request.into_inner();
        let mut batches = Vec::new();
        while let Some(batch) = messages.next().await {
            batches.push(batch?);
        }
        self.note(Asked::ImportMemories(batches));
        let reply = self.take(|script| script.memory.import.clone());
        self.give(reply).await
    }

    async fn export(
        &self,
        request: Request<v1::ExportMemoriesRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        self.note(Asked::ExportMemories(request.into_inner()));
        Ok(events(self.take(|script| script.memory.export.clone())))
    }

    async fn backup(
        &self,
        request: Request<v1::BackupMemoriesRequest>,
    ) -> Result<Response<v1::BackupMemoriesResponse>, Status> {
        self.note(Asked::BackupMemories(request.into_inner()));
        let reply = self.take(|script| script.memory.backup.clone());
        self.give(reply).await
    }

    async fn restore(
        &self,
        request: Request<v1::RestoreMemoriesRequest>,
    ) -> Result<Response<v1::RestoreMemoriesResponse>, Status> {
        self.note(Asked::RestoreMemories(request.into_inner()));
        let reply = self.take(|script| script.memory.restore.clone());
        self.give(reply).await
    }

    async fn stats(
        &self,
        request: Request<v1::MemoryStatsRequest>,
    ) -> Result<Response<v1::MemoryStatsResponse>, Status> {
        self.note(Asked::MemoryStats(request.into_inner()));
        let reply = self.take(|script| script.memory.stats.clone());
        self.give(reply).await
    }
}

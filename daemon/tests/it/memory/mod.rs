//! Memories through the built daemon, over its wire.

mod bad_input;
mod crash;
mod damage;
mod levels;
mod life;
mod log;
mod read_only;

use crate::sandbox;
use codemem_client::Client;
use codemem_proto::status::WireError;
use codemem_proto::v1;
use codemem_testkit::Sandbox;
use std::path::Path;
use tonic::{Response, Status};

/// An answer, or the error as people see it.
type Answer<T> = Result<T, WireError>;

fn read<T>(answer: Result<Response<T>, Status>) -> Answer<T> {
    answer
        .map(Response::into_inner)
        .map_err(|status| WireError::from_status(&status))
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A person in the sandbox's tree.
fn person(sandbox: &Sandbox) -> v1::MemoryCaller {
    v1::MemoryCaller {
        project: text(&sandbox.tree()),
        session: String::new(),
        origin: v1::MemoryOrigin::User.into(),
    }
}

fn agent(sandbox: &Sandbox, session: &str) -> v1::MemoryCaller {
    v1::MemoryCaller {
        session: session.to_owned(),
        origin: v1::MemoryOrigin::Agent.into(),
        ..person(sandbox)
    }
}

fn fact(caller: &v1::MemoryCaller, content: &str) -> v1::AddMemoryRequest {
    v1::AddMemoryRequest {
        caller: Some(caller.clone()),
        content: content.to_owned(),
        context_level: v1::ContextLevel::ProjectContext.into(),
        kind: v1::MemoryKind::Fact.into(),
        ..v1::AddMemoryRequest::default()
    }
}

fn question(caller: &v1::MemoryCaller, query: &str) -> v1::FindMemoriesRequest {
    v1::FindMemoriesRequest {
        caller: Some(caller.clone()),
        query: query.to_owned(),
        no_gate: true,
        ..v1::FindMemoriesRequest::default()
    }
}

/// A running daemon without a model, and a client.
fn started() -> Sandbox {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    sandbox
}

async fn client(sandbox: &Sandbox) -> Client {
    sandbox::client(sandbox).await
}

async fn add(client: &Client, request: v1::AddMemoryRequest) -> Answer<v1::AddMemoryResponse> {
    read(client.memory.clone().add(request).await)
}

async fn find(client: &Client, request: v1::FindMemoriesRequest) -> Answer<v1::FindMemoriesResponse> {
    read(client.memory.clone().find(request).await)
}

async fn contents(client: &Client, caller: &v1::MemoryCaller, query: &str) -> Vec<String> {
    let found = find(client, question(caller, query)).await.expect("an answer");
    let memories = found.hits.into_iter().filter_map(|hit| hit.memory);
    memories.map(|memory| memory.content).collect()
}

async fn stats(client: &Client) -> v1::MemoryStatsResponse {
    let stats = client.memory.clone().stats(v1::MemoryStatsRequest::default()).await;
    read(stats).expect("counts")
}

/// Everything that is stored, of every project.
async fn exported(client: &Client, caller: &v1::MemoryCaller) -> Vec<v1::MemoryUnit> {
    let request = v1::ExportMemoriesRequest {
        caller: Some(caller.clone()),
        all_projects: true,
        ..v1::ExportMemoriesRequest::default()
    };
    let mut pages = read(client.memory.clone().export(request).await).expect("an export");
    let mut memories = Vec::new();
    while let Some(page) = pages.message().await.expect("a page") {
        memories.extend(page.memories);
    }
    memories
}

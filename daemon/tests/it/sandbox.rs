//! Sandboxes over this package's binaries.

use codemem_client::{Client, Connector};
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::status::WireError;
use codemem_proto::v1::{SearchRequest, SearchResponse};
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::path::Path;
use tonic::transport::{Channel, Endpoint};

/// Words and symbols only.
pub(crate) fn lexical() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_codememd"))
}

/// With the real model, installed once per target directory.
pub(crate) fn with_model() -> Sandbox {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codemem-assets");
    Sandbox::with_model(env!("CARGO_BIN_EXE_codememd"), &shared)
}

/// The checked-in sample repository.
pub(crate) fn sample() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sample"))
}

/// Runs a future to its end, with the clock and the sockets of a runtime of its own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// Where the daemon of a sandbox and its clients meet.
pub(crate) fn rendezvous(sandbox: &Sandbox) -> Rendezvous {
    Rendezvous::at(sandbox.path("run")).expect("short enough for a socket")
}

/// A new connection to the running daemon.
pub(crate) async fn client(sandbox: &Sandbox) -> Client {
    let found = Connector::new(rendezvous(sandbox), "test").find().await;
    found.expect("the daemon answers").expect("a daemon runs")
}

/// A search in the sandbox's tree, over gRPC.
pub(crate) async fn search(sandbox: &Sandbox, query: &str) -> Result<SearchResponse, WireError> {
    let request = SearchRequest {
        query: query.to_owned(),
        roots: vec![sandbox.tree().to_string_lossy().into_owned()],
        ..SearchRequest::default()
    };
    let answer = client(sandbox).await.search.search(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| WireError::from_status(&status))
}

/// The paths of the files that hold a word.
pub(crate) fn found(sandbox: &Sandbox, word: &str) -> Vec<String> {
    let answer = wait(search(sandbox, word)).expect("an answer");
    answer.hits.into_iter().map(|hit| hit.path).collect()
}

/// Asserts that the daemon of that process still serves.
#[track_caller]
pub(crate) fn assert_serves(sandbox: &Sandbox, pid: Option<i32>) {
    assert!(pid.is_some());
    assert_eq!(sandbox.daemon_pid(), pid, "the same daemon answers");
}

/// A connection that nobody has greeted on.
pub(crate) async fn channel(sandbox: &Sandbox) -> Channel {
    channel_at(&rendezvous(sandbox).socket()).await
}

/// The same for a socket.
pub(crate) async fn channel_at(socket: &Path) -> Channel {
    let address = format!("unix://{}", socket.display());
    let endpoint = Endpoint::try_from(address).expect("an address");
    endpoint.connect().await.expect("a daemon listens")
}

/// The hits of an answer without their root, which every sandbox has another of.
pub(crate) fn hits(answer: &Value) -> Value {
    let mut hits = answer["hits"].clone();
    for hit in hits.as_array_mut().into_iter().flatten() {
        hit["root"].take();
    }
    hits
}

//! A daemon that answers from a script, over a real socket in a real runtime directory.
//!
//! It runs on a thread and runtime of its own, so that a test may be on any runtime, and so that
//! [`FakeDaemon::kill`] is what SIGKILL is to a process: every connection breaks, the lock is let go,
//! the socket file stays.

mod memory;
mod services;

pub use memory::MemoryScript;

use codemem_proto::rendezvous::{FileLock, Rendezvous};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use codemem_proto::version::PROTOCOL;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

/// Patience with a lock that somebody only looks at.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// What a call gets.
#[derive(Clone, Debug)]
pub enum Reply<T> {
    /// This.
    Now(T),
    /// An error.
    Fail(WireError),
    /// Nothing, until the caller gives up.
    Never,
}

/// What every call gets. Lists are used up from the front; their last entry stays.
#[derive(Clone, Debug)]
pub struct Script {
    /// Answer to Hello.
    pub hello: v1::HelloResponse,
    /// Answers to Status.
    pub status: Vec<Reply<v1::StatusResponse>>,
    /// Answers to Search.
    pub search: Vec<Reply<v1::SearchResponse>>,
    /// Answers to Expand.
    pub expand: Vec<Reply<v1::ExpandResponse>>,
    /// Events of each IndexRoot; [`Reply::Never`] keeps the stream open.
    pub index: Vec<Reply<v1::IndexRootEvent>>,
    /// Events of each Setup and ImportModel.
    pub setup: Vec<Reply<v1::SetupEvent>>,
    /// Answer to Prune.
    pub prune: Reply<v1::PruneResponse>,
    /// Answer to Remove.
    pub remove: Reply<v1::RemoveResponse>,
    /// Answer to ExplainProject.
    pub project: Reply<v1::ExplainProjectResponse>,
    /// Answer to Languages.
    pub languages: Reply<v1::LanguagesResponse>,
    /// Answer to AddLanguage.
    pub add_language: Reply<v1::AddLanguageResponse>,
    /// Answer to RemoveLanguage.
    pub remove_language: Reply<v1::RemoveLanguageResponse>,
    /// Answer to ListModels.
    pub models: Reply<v1::ListModelsResponse>,
    /// Answer to Show.
    pub config: Reply<v1::ShowConfigResponse>,
    /// What each Examine finds.
    pub findings: Vec<Reply<v1::Finding>>,
    /// What calls of the Memory service get.
    pub memory: MemoryScript,
}

/// What was asked.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "one variant per call, named like it")]
pub enum Asked {
    Hello(v1::HelloRequest),
    Status(v1::StatusRequest),
    Shutdown(v1::ShutdownRequest),
    IndexRoot(v1::IndexRootRequest),
    Remove(v1::RemoveRequest),
    Prune(v1::PruneRequest),
    ExplainProject(v1::ExplainProjectRequest),
    Languages,
    AddLanguage(v1::AddLanguageRequest),
    RemoveLanguage(v1::RemoveLanguageRequest),
    Search(v1::SearchRequest),
    /// An Expand.
    Expand(v1::ExpandRequest),
    Setup(v1::SetupRequest),
    ImportModel(v1::ImportModelRequest),
    ListModels,
    Examine(v1::ExamineRequest),
    ShowConfig,
    ReloadConfig,
    SetLog(v1::SetLogRequest),
    AddMemory(v1::AddMemoryRequest),
    FindMemories(v1::FindMemoriesRequest),
    RetrievePreferences(v1::RetrievePreferencesRequest),
    RetrieveProjectFacts(v1::RetrieveProjectFactsRequest),
    RetrieveSession(v1::RetrieveSessionRequest),
    GetMemory(v1::GetMemoryRequest),
    ListMemories(v1::ListMemoriesRequest),
    EditMemory(v1::EditMemoryRequest),
    DeleteMemory(v1::DeleteMemoryRequest),
    ConfirmMemory(v1::ConfirmMemoryRequest),
    ImportMemories(Vec<v1::ImportMemoriesRequest>),
    ExportMemories(v1::ExportMemoriesRequest),
    BackupMemories(v1::BackupMemoriesRequest),
    RestoreMemories(v1::RestoreMemoriesRequest),
    MemoryStats(v1::MemoryStatsRequest),
}

impl Default for Script {
    fn default() -> Self {
        let hello = v1::HelloResponse {
            protocol: Some(PROTOCOL.into()),
            version: "0.0.0-fake".to_owned(),
            pid: std::process::id(),
            managed: false,
        };
        Self {
            hello,
            status: vec![Reply::Now(v1::StatusResponse::default())],
            search: vec![Reply::Now(v1::SearchResponse::default())],
            expand: vec![Reply::Now(v1::ExpandResponse::default())],
            index: Vec::new(),
            setup: Vec::new(),
            prune: Reply::Now(v1::PruneResponse::default()),
            remove: Reply::Now(v1::RemoveResponse::default()),
            project: Reply::Now(v1::ExplainProjectResponse::default()),
            languages: Reply::Now(v1::LanguagesResponse::default()),
            add_language: Reply::Now(v1::AddLanguageResponse::default()),
            remove_language: Reply::Now(v1::RemoveLanguageResponse::default()),
            models: Reply::Now(v1::ListModelsResponse::default()),
            config: Reply::Now(v1::ShowConfigResponse::default()),
            findings: Vec::new(),
            memory: MemoryScript::default(),
        }
    }
}

impl<T> Reply<T> {
    /// An error of a kind, with a hint.
    pub fn fail(kind: ErrorKind, message: &str, hint: &str) -> Self {
        Self::Fail(WireError::new(kind, message).with_hint(hint))
    }
}

/// A running fake. Dropping it kills it.
#[derive(Debug)]
pub struct FakeDaemon {
    shared: Arc<Shared>,
    kill_tx: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
    abandoned: AtomicUsize,
    stop_tx: Mutex<Option<oneshot::Sender<()>>>,
}

impl FakeDaemon {
    /// Starts listening the way the real one does: lock, unlink, bind. `None` when another daemon
    /// holds the lock.
    ///
    /// # Panics
    ///
    /// When the runtime directory cannot be used.
    pub fn start(rendezvous: &Rendezvous, script: Script) -> Option<Self> {
        rendezvous.prepare().expect("a runtime directory");
        let lock = FileLock::acquire_within(&rendezvous.daemon_lock(), LOCK_PATIENCE).expect("a lock file")?;
        let (kill_tx, kill_rx) = oneshot::channel();
        let (stop_tx, stop_rx) = oneshot::channel();
        let (ready_tx, ready_rx) = std::sync::mpsc::sync_channel(1);
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            asked: Mutex::default(),
            abandoned: AtomicUsize::new(0),
            stop_tx: Mutex::new(Some(stop_tx)),
        });
        let socket = rendezvous.socket();
        let service = services::Services(Arc::clone(&shared));
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                drop(std::fs::remove_file(&socket));
                let listener = UnixListener::bind(&socket).expect("a socket");
                ready_tx.send(()).expect("somebody waits");
                let serving = Server::builder()
                    .add_service(v1::config_server::ConfigServer::new(service.clone()))
                    .add_service(v1::daemon_server::DaemonServer::new(service.clone()))
                    .add_service(v1::doctor_server::DoctorServer::new(service.clone()))
                    .add_service(v1::index_server::IndexServer::new(service.clone()))
                    .add_service(v1::memory_server::MemoryServer::new(service.clone()))
                    .add_service(v1::search_server::SearchServer::new(service.clone()))
                    .add_service(v1::models_server::ModelsServer::new(service))
                    .serve_with_incoming_shutdown(UnixListenerStream::new(listener), async {
                        drop(stop_rx.await);
                    });
                tokio::select! {
                    outcome = serving => {
                        outcome.expect("served to the end");
                        drop(std::fs::remove_file(&socket));
                    }
                    _ = kill_rx => {}
                }
            });
            // Every connection ends with the runtime, and only then is the lock let go.
            drop(runtime);
            drop(lock);
        };
        let thread = std::thread::Builder::new()
            .name("fake-daemon".to_owned())
            .spawn(serve)
            .expect("a thread");
        ready_rx.recv().expect("it listens");
        Some(Self {
            shared,
            kill_tx: Some(kill_tx),
            thread: Some(thread),
        })
    }

    /// Changes what later calls get.
    pub fn rewrite(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.shared.script.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Everything asked so far, but greetings.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let without_greetings = asked.iter().filter(|asked| !matches!(asked, Asked::Hello(_)));
        without_greetings.cloned().collect()
    }

    /// How many greetings came in.
    pub fn n_greetings(&self) -> usize {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|asked| matches!(asked, Asked::Hello(_))).count()
    }

    /// How many unanswered calls the callers gave up.
    pub fn n_abandoned(&self) -> usize {
        self.shared.abandoned.load(Ordering::SeqCst)
    }

    /// Ends it at once, connections and all. The socket file stays.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until a Shutdown call has ended it.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }

    fn end(&mut self) {
        if let Some(kill_tx) = self.kill_tx.take() {
            // It may have ended by itself.
            let _ = kill_tx.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.end();
    }
}

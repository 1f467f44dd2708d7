//! The engine's front: roots to repositories, requests to actors, searches to threads.
//!
//! Readers take no lock: the table of repositories is replaced whole, under an async mutex that only
//! registering and forgetting take (`registrar`). What blocks runs on the runtime's blocking threads.

use crate::EngineError;
use crate::config::{EngineConfig, Ports};
use crate::progress::RootState;
use crate::prune::PruneReport;
use crate::repository::{self, Command, RepositoryHandle, RootHandle};
use crate::search::{Search, SearchAnswer, SearchRequest};
use arc_swap::ArcSwap;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Identity, ModelAssets, WorktreeCounts};
use codemem_core::skip::SkipReason;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a search waits for a repository that is still being opened.
const OPENING: Duration = Duration::from_secs(10);

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) ports: Ports,
    config: Arc<EngineConfig>,
    pub(crate) repositories: ArcSwap<HashMap<RepositoryKey, RepositoryHandle>>,
    /// Held while roots are registered or forgotten.
    pub(crate) registering: Mutex<()>,
    pass_permits: Arc<Semaphore>,
    search_permits: Arc<Semaphore>,
    pub(crate) cancel: CancellationToken,
    tracker: TaskTracker,
}

/// A request to index, and where to watch it come true.
pub struct IndexTicket {
    /// The canonical root.
    pub root: PathBuf,
    /// The request's number; see [`RootState`].
    pub number: u64,
    /// The root's state.
    pub state: watch::Receiver<RootState>,
}

/// What is known of one registered root.
#[derive(Clone, Debug)]
pub struct RootStatus {
    /// The canonical path.
    pub root: PathBuf,
    /// Its indexing.
    pub state: RootState,
    /// What is indexed.
    pub counts: WorktreeCounts,
    /// What was skipped, by reason.
    pub skipped: Vec<(SkipReason, u64)>,
    /// Bytes on disk of its repository.
    pub disk_bytes: u64,
}

impl Engine {
    /// Starts the engine: an actor for every repository that has a root, each bringing its roots up to date.
    pub fn start(
        ports: Ports,
        config: EngineConfig,
        cancel: CancellationToken,
        tracker: TaskTracker,
    ) -> Result<Self, EngineError> {
        let roots = ports
            .registry
            .roots()
            .map_err(EngineError::port("read the list of roots"))?;
        let mut by_repository: BTreeMap<RepositoryKey, Vec<PathBuf>> = BTreeMap::new();
        for root in roots {
            by_repository.entry(root.repository).or_default().push(root.path);
        }
        let search_permits = Arc::new(Semaphore::new(config.search_threads.max(1)));
        let inner = Inner {
            ports,
            config: Arc::new(config),
            repositories: ArcSwap::default(),
            registering: Mutex::new(()),
            pass_permits: Arc::new(Semaphore::new(1)),
            search_permits,
            cancel,
            tracker,
        };
        let handles = by_repository
            .into_iter()
            .map(|(key, roots)| (key.clone(), inner.spawn(key, roots)))
            .collect();
        inner.repositories.store(Arc::new(handles));
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Registers a root when it is new and asks for it to be brought up to date.
    pub async fn index(&self, path: &Path, force: bool) -> Result<IndexTicket, EngineError> {
        let identity = self.identify(path).await?;
        if !force {
            self.inner.refuse(&identity.root)?;
        }
        let inner = Arc::clone(&self.inner);
        let (root, identity) = (identity.root.clone(), identity);
        let reply = self
            .whole(async move { inner.register(&identity, force).await })
            .await?;
        Ok(IndexTicket {
            root,
            number: reply.number,
            state: reply.state,
        })
    }

    /// Answers a search over the registered root that holds the request's path.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchAnswer, EngineError> {
        let (repository, root, handle) = self.resolve(&request.path).await?;
        let mut opened = repository.published.opened.subscribe();
        // A repository that takes longer than that to open answers that it is not ready.
        drop(tokio::time::timeout(OPENING, opened.wait_for(|opened| *opened)).await);
        let inner = Arc::clone(&self.inner);
        let permits = Arc::clone(&inner.search_permits);
        let permit = permits.acquire_owned().await.map_err(|_| EngineError::Stopping)?;
        let search = blocking("search", move || {
            // Held to the end of the work, not of the call: a client that leaves frees no thread.
            let _permit = permit;
            let state = handle.state.borrow().clone();
            let (Some(stores), Some(view)) = (repository.published.stores.load_full(), handle.view.load_full()) else {
                return Err(not_ready(&root, &state));
            };
            let search = Search {
                ports: &inner.ports,
                stores: &stores,
                root: &root,
                view: &view,
                state: &state,
                counts: **handle.counts.load(),
                max_file_bytes: inner.config.max_file_bytes,
            };
            search.run(&request)
        });
        search.await?
    }

    /// Everything known of every root, or of the one that holds `path`.
    pub async fn status(&self, path: Option<&Path>) -> Result<Vec<RootStatus>, EngineError> {
        let chosen: Vec<(RepositoryHandle, PathBuf, RootHandle)> = match path {
            Some(path) => vec![self.resolve(path).await?],
            None => self.all_roots(),
        };
        let inner = Arc::clone(&self.inner);
        let gather = move || {
            let mut rows: Vec<RootStatus> = chosen
                .into_iter()
                .map(|(repository, root, handle)| inner.root_status(&repository, root, &handle))
                .collect();
            rows.sort_by(|a, b| a.root.cmp(&b.root));
            rows
        };
        blocking("status", gather).await
    }

    /// Forgets a root; its repository's stores go with its last root. Returns the bytes freed. Goes on
    /// when the caller leaves.
    pub async fn remove(&self, path: &Path) -> Result<u64, EngineError> {
        let (inner, path) = (Arc::clone(&self.inner), path.to_path_buf());
        self.whole(async move { inner.remove(&path).await }).await
    }

    /// Forgets roots whose directories are gone and deletes what nothing refers to. With `dry_run`,
    /// counts. Goes on when the caller leaves.
    pub async fn prune(&self, dry_run: bool) -> Result<PruneReport, EngineError> {
        let inner = Arc::clone(&self.inner);
        self.whole(async move { inner.prune(dry_run).await }).await
    }

    /// Tries again to embed what has no vector, in every repository.
    pub async fn retry_vectors(&self) {
        for handle in self.inner.repositories.load_full().values() {
            // An actor that is gone has no vectors to retry.
            let _closed = handle.mailbox.send(Command::Vectors).await;
        }
    }

    /// True while any repository has a job.
    pub fn is_busy(&self) -> bool {
        self.inner
            .repositories
            .load()
            .values()
            .any(|handle| *handle.published.busy.borrow())
    }

    /// The models and their runtime.
    pub fn assets(&self) -> &Arc<dyn ModelAssets> {
        &self.inner.ports.assets
    }

    /// The ports that the engine works with.
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    async fn identify(&self, path: &Path) -> Result<Identity, EngineError> {
        let (source, path) = (Arc::clone(&self.inner.ports.source), path.to_path_buf());
        let identity = blocking("identify", move || source.identify(&path)).await?;
        identity.map_err(EngineError::port("open the root"))
    }

    fn all_roots(&self) -> Vec<(RepositoryHandle, PathBuf, RootHandle)> {
        self.inner.all_roots()
    }

    /// The innermost registered root that holds `path`.
    async fn resolve(&self, path: &Path) -> Result<(RepositoryHandle, PathBuf, RootHandle), EngineError> {
        let path = path.to_path_buf();
        let canonical = blocking("resolve", move || path.canonicalize().unwrap_or(path)).await?;
        let holders = self.all_roots().into_iter();
        holders
            .filter(|(_, root, _)| canonical.starts_with(root))
            .max_by_key(|(_, root, _)| root.as_os_str().len())
            .ok_or(EngineError::NotRegistered(canonical))
    }

    /// Runs a change to its end, whether or not the caller waits for it.
    async fn whole<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, EngineError> {
        let change = self.inner.tracker.spawn(change);
        change.await.map_err(|_| EngineError::JobLost("change"))?
    }
}

impl Inner {
    pub(crate) fn spawn(&self, key: RepositoryKey, roots: Vec<PathBuf>) -> RepositoryHandle {
        repository::spawn(
            key,
            roots,
            self.ports.clone(),
            Arc::clone(&self.config),
            Arc::clone(&self.pass_permits),
            self.cancel.child_token(),
            &self.tracker,
        )
    }

    fn refuse(&self, root: &Path) -> Result<(), EngineError> {
        let why = match &self.config.home {
            _ if root.parent().is_none() => "it is the whole file system",
            Some(home) if root == home => "it is your home directory",
            Some(home) if home.starts_with(root) => "it holds your home directory",
            _ => return Ok(()),
        };
        Err(EngineError::Refused {
            path: root.to_path_buf(),
            why,
        })
    }

    pub(crate) fn all_roots(&self) -> Vec<(RepositoryHandle, PathBuf, RootHandle)> {
        let repositories = self.repositories.load();
        let roots = repositories.values().flat_map(|repository| {
            let roots = repository.published.roots.load_full();
            let handles = roots
                .iter()
                .map(|(root, handle)| (repository.clone(), root.clone(), handle.clone()));
            handles.collect::<Vec<_>>()
        });
        roots.collect()
    }

    fn root_status(&self, repository: &RepositoryHandle, root: PathBuf, handle: &RootHandle) -> RootStatus {
        let mut state = handle.state.borrow().clone();
        let (mut counts, mut skipped) = (WorktreeCounts::default(), Vec::new());
        if let Some(stores) = repository.published.stores.load_full() {
            let found = stores
                .catalog
                .worktree(&root)
                .and_then(|worktree| Ok((stores.catalog.counts(worktree)?, stores.catalog.skipped(worktree)?)));
            match found {
                Ok(found) => (counts, skipped) = found,
                Err(error) => state.problem = Some(error.to_string()),
            }
        }
        let disk_bytes = self.ports.registry.disk_bytes(&repository.key);
        RootStatus {
            root,
            state,
            counts,
            skipped,
            disk_bytes,
        }
    }
}

fn not_ready(root: &Path, state: &RootState) -> EngineError {
    match &state.problem {
        Some(problem) => EngineError::Unsearchable {
            root: root.to_path_buf(),
            problem: problem.clone(),
        },
        None => EngineError::NotReady(root.to_path_buf()),
    }
}

/// Runs what blocks on one of the runtime's blocking threads.
pub(crate) async fn blocking<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| EngineError::JobLost(name))
}

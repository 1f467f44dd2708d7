//! The engine's front: roots to repositories, requests to actors, searches to threads.
//!
//! A supervisor lock-free for readers: the table of repositories is replaced whole under one async
//! mutex that only registering and forgetting take.

use crate::EngineError;
use crate::config::{EngineConfig, Ports};
use crate::progress::RootState;
use crate::prune::PruneReport;
use crate::repository::{self, Command, RepositoryHandle, RootHandle};
use crate::search::{Search, SearchAnswer, SearchRequest};
use arc_swap::ArcSwap;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Identity, ModelAssets, PortErrorKind, Root, WorktreeCounts};
use codemem_core::skip::SkipReason;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a search waits for a repository that is still being opened.
const OPENING: Duration = Duration::from_secs(10);

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    ports: Ports,
    config: Arc<EngineConfig>,
    repositories: ArcSwap<HashMap<RepositoryKey, RepositoryHandle>>,
    /// Held while roots are registered or forgotten.
    registering: Mutex<()>,
    pass_permits: Arc<Semaphore>,
    search_permits: Semaphore,
    cancel: CancellationToken,
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
        let search_permits = Semaphore::new(config.search_threads.max(1));
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
        let repository = self.inner.register(&identity).await?;
        let root = identity.root.clone();
        let reply = ask(&repository, |reply| Command::Index { root, force, reply }).await?;
        Ok(IndexTicket {
            root: identity.root,
            number: reply.number,
            state: reply.state,
        })
    }

    /// Answers a search over the registered root that holds the request's path.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchAnswer, EngineError> {
        let (repository, root, handle) = self.resolve(&request.path)?;
        let mut opened = repository.published.opened.subscribe();
        // A repository that takes longer than that to open answers that it is not ready.
        drop(tokio::time::timeout(OPENING, opened.wait_for(|opened| *opened)).await);
        let _permit = self
            .inner
            .search_permits
            .acquire()
            .await
            .map_err(|_| EngineError::Stopping)?;
        let inner = Arc::clone(&self.inner);
        let search = tokio::task::spawn_blocking(move || {
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
                max_file_bytes: inner.config.max_file_bytes,
            };
            search.run(&request)
        });
        search.await.map_err(|_| EngineError::JobLost("search"))?
    }

    /// Everything known of every root, or of the one that holds `path`.
    pub async fn status(&self, path: Option<&Path>) -> Result<Vec<RootStatus>, EngineError> {
        let chosen: Vec<(RepositoryHandle, PathBuf, RootHandle)> = match path {
            Some(path) => vec![self.resolve(path)?],
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
        tokio::task::spawn_blocking(gather)
            .await
            .map_err(|_| EngineError::JobLost("status"))
    }

    /// Forgets a root; its repository's stores go with its last root. Returns the bytes freed.
    pub async fn remove(&self, path: &Path) -> Result<u64, EngineError> {
        let _registering = self.inner.registering.lock().await;
        let root = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let roots = self.all_roots();
        let Some((repository, root, _)) = roots.into_iter().find(|(_, known, _)| *known == root || known == path)
        else {
            return Err(EngineError::NotRegistered(root));
        };
        self.inner.forget(&repository, &root).await
    }

    /// Forgets roots whose directories are gone and deletes what nothing refers to. With `dry_run`, counts.
    pub async fn prune(&self, dry_run: bool) -> Result<PruneReport, EngineError> {
        let _registering = self.inner.registering.lock().await;
        let mut report = PruneReport::default();
        for (repository, root, _) in self.all_roots() {
            let gone = self
                .inner
                .ports
                .source
                .identify(&root)
                .is_err_and(|error| error.kind == PortErrorKind::NotFound);
            if gone {
                if !dry_run {
                    report.freed_bytes += self.inner.forget(&repository, &root).await?;
                }
                report.roots.push(root);
            }
        }
        let handles: Vec<RepositoryHandle> = self.inner.repositories.load().values().cloned().collect();
        for handle in &handles {
            report.add(ask(handle, |reply| Command::Prune { dry_run, reply }).await??);
        }
        report.freed_bytes += self.inner.destroy_orphans(dry_run)?;
        Ok(report)
    }

    /// Tries again to embed what has no vector, in every repository.
    pub async fn retry_vectors(&self) {
        for handle in self.inner.repositories.load().values() {
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
        let identity = tokio::task::spawn_blocking(move || source.identify(&path)).await;
        identity
            .map_err(|_| EngineError::JobLost("identify"))?
            .map_err(EngineError::port("open the root"))
    }

    fn all_roots(&self) -> Vec<(RepositoryHandle, PathBuf, RootHandle)> {
        let repositories = self.inner.repositories.load();
        let roots = repositories.values().flat_map(|repository| {
            let roots = repository.published.roots.load_full();
            roots
                .iter()
                .map(|(root, handle)| (repository.clone(), root.clone(), handle.clone()))
                .collect::<Vec<_>>()
        });
        roots.collect()
    }

    /// The innermost registered root that holds `path`.
    fn resolve(&self, path: &Path) -> Result<(RepositoryHandle, PathBuf, RootHandle), EngineError> {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let holders = self
            .all_roots()
            .into_iter()
            .filter(|(_, root, _)| canonical.starts_with(root));
        holders
            .max_by_key(|(_, root, _)| root.as_os_str().len())
            .ok_or(EngineError::NotRegistered(canonical))
    }
}

impl Inner {
    fn spawn(&self, key: RepositoryKey, roots: Vec<PathBuf>) -> RepositoryHandle {
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

    async fn register(&self, identity: &Identity) -> Result<RepositoryHandle, EngineError> {
        let _registering = self.registering.lock().await;
        if self.cancel.is_cancelled() {
            return Err(EngineError::Stopping);
        }
        let key = RepositoryKey::new(crate::pass::hash(identity.repository.as_os_str().as_encoded_bytes()));
        let root = Root {
            path: identity.root.clone(),
            repository: key.clone(),
        };
        self.ports
            .registry
            .add(&root)
            .map_err(EngineError::port("register the root"))?;
        if let Some(handle) = self.repositories.load().get(&key) {
            return Ok(handle.clone());
        }
        let handle = self.spawn(key.clone(), Vec::new());
        let mut repositories = (**self.repositories.load()).clone();
        repositories.insert(key, handle.clone());
        self.repositories.store(Arc::new(repositories));
        Ok(handle)
    }

    /// Forgets a root. The caller holds `registering`.
    async fn forget(&self, repository: &RepositoryHandle, root: &Path) -> Result<u64, EngineError> {
        let last = repository.published.roots.load().len() == 1;
        if !last {
            let path = root.to_path_buf();
            ask(repository, |reply| Command::Remove { root: path, reply }).await??;
            self.ports
                .registry
                .remove(root)
                .map_err(EngineError::port("forget the root"))?;
            return Ok(ask(repository, |reply| Command::Prune { dry_run: false, reply })
                .await??
                .freed_bytes);
        }
        let mut repositories = (**self.repositories.load()).clone();
        repositories.remove(&repository.key);
        self.repositories.store(Arc::new(repositories));
        ask(repository, |reply| Command::Close { reply }).await?;
        self.ports
            .registry
            .remove(root)
            .map_err(EngineError::port("forget the root"))?;
        let freed = self.ports.registry.disk_bytes(&repository.key);
        self.ports
            .registry
            .destroy(&repository.key)
            .map_err(EngineError::port("delete the index"))?;
        Ok(freed)
    }

    /// Deletes stores that no root names. The caller holds `registering`.
    fn destroy_orphans(&self, dry_run: bool) -> Result<u64, EngineError> {
        let registry = &self.ports.registry;
        let mut freed = 0;
        for key in registry.repositories().map_err(EngineError::port("list the stores"))? {
            if !self.repositories.load().contains_key(&key) {
                freed += registry.disk_bytes(&key);
                if !dry_run {
                    registry
                        .destroy(&key)
                        .map_err(EngineError::port("delete an unused index"))?;
                }
            }
        }
        Ok(freed)
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
        Some(problem) => EngineError::Invalid {
            message: format!("`{}` cannot be searched: {problem}", root.display()),
            hint: "see `codemem status`".to_owned(),
        },
        None => EngineError::NotReady(root.to_path_buf()),
    }
}

/// Sends a command with a reply channel and waits for the answer.
async fn ask<T>(
    repository: &RepositoryHandle,
    command: impl FnOnce(oneshot::Sender<T>) -> Command,
) -> Result<T, EngineError> {
    let (reply_tx, reply_rx) = oneshot::channel();
    repository
        .mailbox
        .send(command(reply_tx))
        .await
        .map_err(|_| EngineError::Stopping)?;
    reply_rx.await.map_err(|_| EngineError::Stopping)
}

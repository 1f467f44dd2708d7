//! The engine's front: roots to repositories, requests to actors, searches to threads.
//!
//! Readers take no lock: the table of repositories is replaced whole, under an async mutex that only
//! registering and forgetting take (`registrar`). What blocks runs on the runtime's blocking threads.

use crate::EngineError;
use crate::config::{EngineConfig, Limits, Ports};
use crate::freshness::Freshness;
use crate::permits;
use crate::progress::RootState;
use crate::prune::PruneReport;
use crate::repository::{self, Asked, Command, RepositoryHandle, RootHandle};
use crate::search::Memo;
use crate::threads;
use arc_swap::ArcSwap;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Identity, ModelAssets, PortErrorKind, Repair, Root, WorktreeCounts};
use codemem_core::skip::SkipReason;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// How long a search waits for a repository that is still being opened.
const OPENING: Duration = Duration::from_secs(10);

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) ports: Ports,
    config: Arc<Limits>,
    pub(crate) repositories: ArcSwap<HashMap<RepositoryKey, RepositoryHandle>>,
    /// Held while roots are registered or forgotten.
    pub(crate) registering: Mutex<()>,
    pass_permits: Arc<Semaphore>,
    search_permits: Arc<Semaphore>,
    pub(crate) cancel: CancellationToken,
    tracker: TaskTracker,
    memo: Memo,
    /// Told when a model may have come: memories want vectors, too.
    pub(crate) models_changed: Notify,
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
    /// How true an answer about it is just now.
    pub freshness: Freshness,
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
        let mut by_repository: BTreeMap<RepositoryKey, Vec<Root>> = BTreeMap::new();
        for root in roots {
            by_repository.entry(root.repository.clone()).or_default().push(root);
        }
        let search_permits = Arc::new(Semaphore::new(config.search_threads.max(1)));
        let inner = Inner {
            ports,
            config: Arc::new(Limits::from_pointee(config)),
            repositories: ArcSwap::default(),
            registering: Mutex::new(()),
            pass_permits: Arc::new(Semaphore::new(1)),
            search_permits,
            cancel,
            tracker,
            memo: Memo::default(),
            models_changed: Notify::new(),
        };
        let handles = by_repository
            .into_iter()
            .map(|(key, roots)| (key.clone(), inner.spawn(key, roots)))
            .collect();
        inner.repositories.store(Arc::new(handles));
        inner.report_repaired_roots();
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

    /// Waits until the repository's stores are open, and has them opened when they were closed for want
    /// of use. One that takes longer than [`OPENING`] is not ready.
    pub(crate) async fn awake(&self, repository: &RepositoryHandle) {
        let published = &repository.published;
        published.used.touch();
        let mut opened = published.opened.subscribe();
        let open = async {
            if published.resting.load(Ordering::SeqCst) {
                // An actor that is gone opens nothing, and the search finds that out.
                let _closed = repository.mailbox.send(Asked::here(Command::Wake)).await;
            }
            // Gone with its actor, it stays closed.
            let _closed = opened.wait_for(|opened| *opened).await;
        };
        if tokio::time::timeout(OPENING, open).await.is_err() {
            tracing::debug!(repository = %repository.key, "still opening");
        }
    }

    /// Has repositories that were not used for `after` close their stores, which gives their memory
    /// and descriptors back. They open again when they are asked for. Returns at once.
    pub fn rest(&self, after: Duration) {
        for handle in self.inner.repositories.load().values() {
            let published = &handle.published;
            if published.used.quiet() >= after && published.stores.load().is_some() {
                // One with a full mailbox is not idle.
                let _full = handle.mailbox.try_send(Asked::here(Command::Rest { after }));
            }
        }
    }

    /// How many repositories there are, and how many of them have their stores open.
    pub fn n_open(&self) -> (usize, usize) {
        let repositories = self.inner.repositories.load();
        let is_open = |handle: &&RepositoryHandle| handle.published.stores.load().is_some();
        (repositories.len(), repositories.values().filter(is_open).count())
    }

    /// Has stores that may be damaged opened again; true when that was done in time.
    pub(crate) async fn heal(&self, repository: &RepositoryHandle) -> bool {
        let (reply_tx, reply_rx) = oneshot::channel();
        let command = Command::Suspect { reply: Some(reply_tx) };
        let healed =
            async { repository.mailbox.send(Asked::here(command)).await.is_ok() && reply_rx.await == Ok(true) };
        tokio::time::timeout(OPENING, healed).await.unwrap_or(false)
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

    /// Tries again to embed what has no vector, in every repository and of the memories.
    pub async fn retry_vectors(&self) {
        self.inner.models_changed.notify_one();
        for handle in self.inner.repositories.load_full().values() {
            // An actor that is gone has no vectors to retry.
            let _closed = handle.mailbox.send(Asked::here(Command::Vectors)).await;
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

    /// Returns once a blocking thread and every repository's actor have answered, which takes
    /// milliseconds however much there is to do. A hung engine never returns: the caller bounds the wait.
    pub async fn probe(&self) -> Result<(), EngineError> {
        blocking("probe", || ()).await?;
        for (key, handle) in self.inner.repositories.load_full().iter() {
            let (reply_tx, reply_rx) = oneshot::channel();
            let answered = handle.probe.send(reply_tx).await.is_ok() && reply_rx.await.is_ok();
            // A repository that was forgotten meanwhile has no actor, and needs none.
            let is_gone = || self.inner.cancel.is_cancelled() || !self.inner.repositories.load().contains_key(key);
            if !answered && !is_gone() {
                return Err(EngineError::JobLost("actor"));
            }
        }
        Ok(())
    }

    /// Works with other limits from now on; a pass that runs keeps its own to its end.
    pub fn reconfigure(&self, config: EngineConfig) {
        let inner = &self.inner;
        let before = inner.config.load_full();
        let (now, then) = (config.search_threads.max(1), before.search_threads.max(1));
        let watch = config.watch;
        inner.config.store(Arc::new(config));
        permits::resize(&inner.search_permits, then, now, &inner.tracker);
        if watch != before.watch {
            let repositories = inner.repositories.load_full();
            inner.tracker.spawn(async move {
                for handle in repositories.values() {
                    // An actor that is gone watches nothing.
                    let _closed = handle.mailbox.send(Asked::here(Command::Watch)).await;
                }
            });
        }
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
    pub(crate) async fn resolve(&self, path: &Path) -> Result<(RepositoryHandle, PathBuf, RootHandle), EngineError> {
        let path = path.to_path_buf();
        let canonical = blocking("resolve", move || resolved(&path)).await?;
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
        let change = self.inner.tracker.spawn(change.in_current_span());
        change.await.map_err(|_| EngineError::JobLost("change"))?
    }
}

impl Inner {
    pub(crate) fn spawn(&self, key: RepositoryKey, roots: Vec<Root>) -> RepositoryHandle {
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

    /// Runs what nobody waits for on a thread of that name.
    pub(crate) fn aside(&self, name: &'static str, job: impl FnOnce() + Send + 'static) {
        drop(threads::run(&self.tracker, name, job));
    }

    /// What answers have shown lately.
    pub(crate) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// The limits in force.
    pub(crate) fn limits(&self) -> Arc<EngineConfig> {
        self.config.load_full()
    }

    /// Who has one may search.
    pub(crate) fn search_permits(&self) -> &Arc<Semaphore> {
        &self.search_permits
    }

    /// Largest file read, in bytes.
    pub(crate) fn max_file_bytes(&self) -> u64 {
        self.config.load().max_file_bytes
    }

    /// Whether missing models are fetched when vectors are wanted.
    pub(crate) fn fetches_assets(&self) -> bool {
        self.config.load().fetch_assets
    }

    /// A list of roots that was made anew from its copy concerns every root in it.
    fn report_repaired_roots(&self) {
        let texts: Vec<String> = self.ports.registry.repairs().iter().map(Repair::to_string).collect();
        if texts.is_empty() {
            return;
        }
        for (_, _, handle) in self.all_roots() {
            handle
                .state
                .send_modify(|state| state.repaired = Some(texts.join("; ")));
        }
    }

    fn refuse(&self, root: &Path) -> Result<(), EngineError> {
        let config = self.config.load();
        let why = match &config.home {
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
        // Of stores that are closed for want of use, what was known when they were closed.
        let (mut counts, mut skipped) = (**handle.counts.load(), handle.skipped.load().to_vec());
        if let Some(stores) = repository.published.stores.load_full() {
            let found = stores.catalog.find_worktree(&root).and_then(|worktree| match worktree {
                Some(worktree) => Ok((stores.catalog.counts(worktree)?, stores.catalog.skipped(worktree)?)),
                // Not yet indexed, or just removed.
                None => Ok((WorktreeCounts::default(), Vec::new())),
            });
            match found {
                Ok(found) => (counts, skipped) = found,
                Err(error) => {
                    if error.kind == PortErrorKind::Corrupt {
                        suspect(repository);
                    }
                    state.problem = Some(error.to_string());
                }
            }
        }
        let disk_bytes = self.ports.registry.disk_bytes(&repository.key);
        let freshness = handle.fresh.told(&state);
        RootStatus {
            root,
            state,
            counts,
            skipped,
            disk_bytes,
            freshness,
        }
    }
}

/// The path without links. One that is gone goes without `..`, by which it could leave a root unseen.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        path.components().fold(PathBuf::new(), |mut plain, part| {
            if part == Component::ParentDir {
                plain.pop();
            } else {
                plain.push(part);
            }
            plain
        })
    })
}

/// Tells a repository's actor that a reader met damage, without waiting for what it does about it.
pub(crate) fn suspect(repository: &RepositoryHandle) {
    // A full mailbox has more pressing things in it; whoever meets the damage next says so again.
    let _full = repository
        .mailbox
        .try_send(Asked::here(Command::Suspect { reply: None }));
}

pub(crate) fn not_ready(root: &Path, state: &RootState) -> EngineError {
    match &state.problem {
        Some(problem) => EngineError::Unsearchable {
            root: root.to_path_buf(),
            problem: problem.clone(),
        },
        None => EngineError::NotReady(root.to_path_buf()),
    }
}

/// Runs what blocks on one of the runtime's blocking threads, inside the span that is current here.
pub(crate) async fn blocking<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
        .await
        .map_err(|_| EngineError::JobLost(name))
}

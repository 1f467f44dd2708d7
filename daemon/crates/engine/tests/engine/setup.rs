//! An engine over fakes.

use codemem_core::ports::SystemLoad;
use codemem_core::ports::{Root, Stores};
use codemem_engine::{Engine, EngineConfig, IndexTicket, Ports, RootState, RootStatus, SearchAnswer, SearchRequest};
use codemem_testkit::{
    FakeAssets, FakeEmbedder, FakeExtractor, FakeMemories, FakeRegistry, FakeSource, FakeWatcher, Faults,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest that anything in memory may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The one root of most tests.
pub(crate) const ROOT: &str = "/tree";

/// What outlives an engine.
pub(crate) struct World {
    pub(crate) source: Arc<FakeSource>,
    pub(crate) extractor: Arc<FakeExtractor>,
    pub(crate) registry: Arc<FakeRegistry>,
    pub(crate) embedder: Arc<FakeEmbedder>,
    pub(crate) memories: Arc<FakeMemories>,
    pub(crate) faults: Faults,
    /// Watches nothing until [`World::watched`].
    pub(crate) watcher: FakeWatcher,
    pub(crate) system: Option<Arc<dyn SystemLoad>>,
    /// Seconds since 1970.
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) config: EngineConfig,
    is_watched: bool,
    assets: Arc<FakeAssets>,
}

/// A running engine.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) cancel: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

impl World {
    /// A world whose model is installed.
    pub(crate) fn new() -> Self {
        Self::with_assets(FakeAssets::new(true, true))
    }

    pub(crate) fn with_assets(assets: FakeAssets) -> Self {
        let faults = Faults::default();
        let world = Self {
            source: Arc::new(FakeSource::new(faults.clone())),
            extractor: Arc::default(),
            registry: Arc::new(FakeRegistry::new(faults.clone())),
            embedder: Arc::new(FakeEmbedder::new(&assets, faults.clone())),
            assets: Arc::new(assets),
            memories: Arc::new(FakeMemories::new(faults.clone())),
            watcher: FakeWatcher::default(),
            system: None,
            clock: Arc::new(AtomicU64::new(1_000_000)),
            config: EngineConfig {
                home: Some("/home/user".into()),
                ..EngineConfig::default()
            },
            is_watched: false,
            faults,
        };
        world.write("router.fk", "def route\nmatch the path of a request\n");
        world.write(
            "socket.fk",
            "def listen\nbind the socket\ndef accept\ntake a connection\n",
        );
        world
    }

    /// A world whose roots are watched, and whose edits are made durable only when something needs them to be.
    pub(crate) fn watched() -> Self {
        let mut world = Self::new();
        world.is_watched = true;
        world.config.settle_after = Duration::from_hours(1);
        world
    }

    /// Writes a file and has it noticed.
    pub(crate) fn save(&self, path: &str, text: &str) {
        self.write(path, text);
        self.watcher.touch(ROOT, &[path]);
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        // The size tells an edit; times stay, as coarse file systems have it.
        self.source.write(ROOT, path, text, 1);
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(|_| {})
    }

    /// Starts with other ports.
    pub(crate) fn start_with(&self, change: impl FnOnce(&mut Ports)) -> Running {
        let (cancel, tracker) = (CancellationToken::new(), TaskTracker::new());
        let clock = Arc::clone(&self.clock);
        let mut ports = Ports {
            registry: Arc::clone(&self.registry) as _,
            source: Arc::clone(&self.source) as _,
            watcher: self.is_watched.then(|| Arc::new(self.watcher.clone()) as _),
            extractor: Arc::clone(&self.extractor) as _,
            embedder: Arc::clone(&self.embedder) as _,
            assets: Arc::clone(&self.assets) as _,
            memories: Some(Arc::clone(&self.memories) as _),
            system: self.system.clone(),
            clock: Arc::new(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed))),
        };
        change(&mut ports);
        let engine =
            Engine::start(ports, self.config.clone(), cancel.clone(), tracker.clone()).expect("the engine starts");
        Running {
            engine,
            cancel,
            tracker,
        }
    }

    pub(crate) fn stores(&self) -> Stores {
        self.registry.stores().pop().expect("there is a repository")
    }

    pub(crate) fn roots(&self) -> Vec<Root> {
        codemem_core::ports::Registry::roots(&*self.registry).expect("roots")
    }

    /// Everything searchable, in a form that does not depend on ids.
    pub(crate) fn fingerprint(&self) -> Vec<String> {
        let stores = self.stores();
        let worktree = stores.catalog.worktree(Path::new(ROOT)).expect("worktree");
        let found = self.registry.lexical().pop().expect("an index").contents();
        let mut lines = Vec::new();
        for entry in stores.catalog.manifest(worktree).expect("manifest") {
            let chunks = stores.catalog.chunks_of(entry.content).expect("chunks");
            assert!(
                found.contains(&entry.content) || chunks.is_empty(),
                "{} cannot be found by its words",
                entry.path
            );
            for chunk in chunks {
                let name = chunk.symbol.map(|symbol| symbol.qualified_name);
                lines.push(format!("{} {:?} {:?} {:?}", entry.path, entry.hash, chunk.lines, name));
            }
        }
        let counts = stores.catalog.counts(worktree).expect("counts");
        lines.push(format!("{counts:?}"));
        lines
    }
}

impl Running {
    pub(crate) async fn index(&self) -> RootState {
        self.index_with(false).await
    }

    pub(crate) async fn index_with(&self, force: bool) -> RootState {
        let ticket = self.engine.index(Path::new(ROOT), force).await.expect("accepted");
        finished(ticket).await
    }

    pub(crate) async fn search(&self, query: &str) -> SearchAnswer {
        let request = SearchRequest {
            query: query.to_owned(),
            paths: vec![ROOT.into()],
            ..SearchRequest::default()
        };
        self.engine.search(request).await.expect("an answer")
    }

    pub(crate) async fn paths(&self, query: &str) -> Vec<String> {
        self.search(query).await.hits.into_iter().map(|hit| hit.path).collect()
    }

    /// Waits until no repository has anything to do.
    pub(crate) async fn settle(&self) {
        let idle = async {
            while self.engine.is_busy() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, idle)
            .await
            .expect("the engine comes to rest");
    }

    /// Waits until a root's hints are looked into and its vectors made.
    pub(crate) async fn quiet(&self) -> RootStatus {
        let mut last = None;
        let quiet = async {
            loop {
                if self.engine.n_open().1 == 0 {
                    // Of a repository at rest, hints are looked into when somebody asks.
                    self.search("anything").await;
                }
                let status = self
                    .engine
                    .status(Some(Path::new(ROOT)))
                    .await
                    .expect("status")
                    .remove(0);
                let (fresh, counts) = (&status.freshness, &status.counts);
                let is_read = fresh.pending == 0 && !fresh.rescanning && !self.engine.is_busy();
                let is_embedded =
                    counts.chunks == counts.chunks_with_vector && counts.files == counts.files_with_vector;
                if is_read && is_embedded {
                    return status;
                }
                last = Some(status);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, quiet).await;
        in_time.unwrap_or_else(|_| panic!("hints are not looked into: {last:?}"))
    }

    /// Waits until these files answer a question before all others, or none does.
    pub(crate) async fn finds(&self, query: &str, paths: &[&str]) {
        let mut last = Vec::new();
        let found = async {
            loop {
                last = self.paths(query).await;
                if last.len().min(paths.len().max(1)) == paths.len() && last.iter().zip(paths).all(|(a, b)| a == b) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, found).await.is_ok();
        assert!(in_time, "{query}: {last:?} and not {paths:?}");
    }

    /// Ends the engine in an orderly way.
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        drop(self.engine);
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait())
            .await
            .expect("every task and thread ends");
    }
}

/// Waits until a request is served whole, vectors included.
pub(crate) async fn finished(mut ticket: IndexTicket) -> RootState {
    let number = ticket.number;
    let done = ticket
        .state
        .wait_for(|state| state.lexical_done >= number && state.vectors_done >= number);
    tokio::time::timeout(PATIENCE, done)
        .await
        .expect("in time")
        .expect("the actor lives")
        .clone()
}

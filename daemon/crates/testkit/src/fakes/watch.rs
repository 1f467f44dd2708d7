//! A watcher that notices what a test tells it.

use codemem_core::ports::{Hint, HintSink, PortError, PortErrorKind, PortResult, TreeWatch, TreeWatcher, Watching};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Watches whatever it is asked to and hints when a test says so. Cheap to clone; clones watch the same roots.
#[derive(Clone, Default)]
pub struct FakeWatcher(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    /// By root, and by the number of the watch: a root may be watched again before its former watch ends.
    sinks: BTreeMap<(PathBuf, u64), HintSink>,
    /// What watches say of a root when a test has set it.
    watching: BTreeMap<PathBuf, Watching>,
    n_watches: u64,
    fails: bool,
}

impl FakeWatcher {
    /// Sends a hint about a root to whoever watches it, on the calling thread; false when nobody does.
    pub fn hint(&self, root: &str, hint: &Hint) -> bool {
        let sinks: Vec<HintSink> = {
            let watched = self.lock();
            let of_root = watched.sinks.iter().filter(|((path, _), _)| path == Path::new(root));
            of_root.map(|(_, sink)| Arc::clone(sink)).collect()
        };
        for sink in &sinks {
            sink(hint.clone());
        }
        !sinks.is_empty()
    }

    /// Hints that something may have changed at or below these paths.
    pub fn touch(&self, root: &str, paths: &[&str]) -> bool {
        self.hint(root, &Hint::Paths(paths.iter().map(PathBuf::from).collect()))
    }

    /// What watches of a root say from now on; they count one directory otherwise.
    pub fn set_watching(&self, root: &str, watching: Watching) {
        self.lock().watching.insert(root.into(), watching);
    }

    /// Lets every attempt to watch fail, or none.
    pub fn set_failing(&self, fails: bool) {
        self.lock().fails = fails;
    }

    /// The roots that are watched now, each once per watch.
    pub fn roots(&self) -> Vec<PathBuf> {
        self.lock().sinks.keys().map(|(root, _)| root.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TreeWatcher for FakeWatcher {
    fn watch(&self, root: &Path, sink: HintSink) -> PortResult<Box<dyn TreeWatch>> {
        let mut watched = self.lock();
        if watched.fails {
            return Err(PortError::new(PortErrorKind::Failed, "planned fault: no watching"));
        }
        watched.n_watches += 1;
        let key = (root.to_path_buf(), watched.n_watches);
        watched.sinks.insert(key.clone(), sink);
        let watcher = self.clone();
        Ok(Box::new(FakeWatch { watcher, key }))
    }
}

/// One watch of one root.
struct FakeWatch {
    watcher: FakeWatcher,
    key: (PathBuf, u64),
}

impl TreeWatch for FakeWatch {
    fn watching(&self) -> Watching {
        let watched = self.watcher.lock();
        let told = watched.watching.get(&self.key.0).cloned();
        told.unwrap_or(Watching::Events { directories: 1 })
    }
}

impl Drop for FakeWatch {
    fn drop(&mut self) {
        self.watcher.lock().sinks.remove(&self.key);
    }
}

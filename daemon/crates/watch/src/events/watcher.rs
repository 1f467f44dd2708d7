//! The [`TreeWatcher`] port over the system's events.

use super::WatchOptions;
use super::inbox::Inbox;
use super::root::RootWatch;
use crate::WatchError;
use codemem_core::ports::{HintSink, PortResult, TreeWatch, TreeWatcher, Watching};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Watches working trees on this machine. Has no state of its own: what is watched belongs to each watch.
#[derive(Clone, Default, Debug)]
pub struct FileWatcher {
    options: WatchOptions,
}

impl FileWatcher {
    /// A watcher that is tuned.
    pub fn new(options: WatchOptions) -> Self {
        Self { options }
    }
}

impl TreeWatcher for FileWatcher {
    fn watch(&self, root: &Path, sink: HintSink) -> PortResult<Box<dyn TreeWatch>> {
        let inbox = Arc::new(Inbox::default());
        let told = Arc::new(Mutex::new(Watching::Off));
        let mut watch = RootWatch::new(root, &self.options, sink, &inbox, &told);
        // Here, not on the thread: whatever changes from now on is hinted at.
        watch.open();
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch.run());
        let thread = thread.map_err(|source| WatchError::Thread {
            path: root.to_path_buf(),
            source,
        })?;
        Ok(Box::new(FileWatch {
            inbox,
            told,
            thread: Some(thread),
        }))
    }
}

/// The watch of one root. Its thread ends with it.
struct FileWatch {
    inbox: Arc<Inbox>,
    told: Arc<Mutex<Watching>>,
    thread: Option<JoinHandle<()>>,
}

impl TreeWatch for FileWatch {
    fn watching(&self) -> Watching {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_gathering(&self) -> bool {
        self.inbox.is_gathering()
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.inbox.end();
        // Who is called by that very thread cannot wait for it; it ends when the call returns.
        if let Some(thread) = self
            .thread
            .take()
            .filter(|thread| thread.thread().id() != thread::current().id())
        {
            // One that panicked has said so where panics are told.
            drop(thread.join());
        }
    }
}

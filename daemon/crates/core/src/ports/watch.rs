//! Watching a working tree: hints that something may have changed.

use super::PortResult;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a watcher noticed. A hint is never the truth: what is so is read from the files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// Something may have changed at or below these paths, relative to the root: files that were written, came or went,
    /// and directories of which no more is known.
    Paths(Vec<PathBuf>),
    /// Git moved: another commit or branch may be checked out.
    Head,
    /// Git wrote its list of tracked files, and perhaps no other: what it calls modified may be another number.
    Index,
    /// Anything may have changed: events were lost, or the rules of what is left out changed.
    Anything,
}

/// How a root is watched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Watching {
    /// Nobody watches: what changed is found when the root is indexed again.
    #[default]
    Off,
    /// The system tells.
    Events {
        /// Directories that are watched.
        directories: u64,
    },
    /// The whole root is looked at now and then.
    Polling {
        /// How often.
        every: Duration,
        /// Why the system does not tell, with what to do about it where something can be done.
        reason: String,
    },
}

/// Where hints go: called on the watcher's thread, and must not block.
pub type HintSink = Arc<dyn Fn(Hint) + Send + Sync>;

/// Watches working trees. Implemented by `codemem-watch`.
pub trait TreeWatcher: Send + Sync {
    /// Watches a canonical root until what is returned is dropped. Whatever changes after the call has returned is
    /// hinted at; what cannot be watched is polled.
    fn watch(&self, root: &Path, sink: HintSink) -> PortResult<Box<dyn TreeWatch>>;
}

/// A root that is watched. Ends when dropped.
pub trait TreeWatch: Send + Sync {
    /// How it is watched just now.
    fn watching(&self) -> Watching;

    /// Whether something was noticed that is not hinted at yet, as when a quiet moment is waited for. A search that is to
    /// see what was just saved waits for it.
    fn is_gathering(&self) -> bool {
        false
    }
}

//! How watching is tuned.

use std::time::Duration;

/// How roots are watched. The defaults fit all systems; tests shorten them.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// A hint waits until nothing has happened for this long: a save is several events.
    pub quiet: Duration,
    /// A hint waits no longer than this after the first event, so that a busy tree is not starved.
    pub longest: Duration,
    /// The shortest time between two looks at a whole root whose changes the system does not tell.
    pub poll: Duration,
    /// Between two looks for a root that is gone.
    pub back: Duration,
    /// Between two looks whether a root is still the directory that is watched: the system tells when it is moved or
    /// deleted, but not when a directory above it is moved, or a disk detached.
    pub check: Duration,
    /// Between two attempts to be told by the system again, once it has refused.
    pub retry: Duration,
    /// Most directories that are watched, whatever the system's own limit is.
    pub most_directories: Option<u64>,
    /// Whether the system watches whole trees by itself. Where it does not, every directory is watched on its own.
    pub recursive: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(10),
            longest: Duration::from_millis(50),
            poll: Duration::from_secs(10),
            back: Duration::from_secs(1),
            check: Duration::from_secs(10),
            retry: Duration::from_mins(5),
            most_directories: None,
            recursive: cfg!(target_os = "macos"),
        }
    }
}

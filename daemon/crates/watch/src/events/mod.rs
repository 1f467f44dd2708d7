//! Watching roots: events of the system become hints that something may have changed.
//!
//! Owns one thread per watched root, beside the one that `notify` has for each. The thread of `notify` only
//! drops what is no change and gathers the rest; the root's thread waits for a quiet moment, leaves out
//! what a scan would leave out, keeps what is watched in line with the tree, and calls the sink. No event
//! is believed: what cannot be told apart, and whatever was lost, is a hint that anything may have changed.
//!
//! Nothing here is unbounded: what is gathered is kept per path, up to a number of paths beyond which only
//! the fact is kept that there were more.

mod filesystem;
mod git;
mod inbox;
mod net;
mod options;
mod pace;
mod poll;
mod root;
mod source;
mod watcher;

pub use options::WatchOptions;
pub use watcher::FileWatcher;

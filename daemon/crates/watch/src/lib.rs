//! Working trees: what files there are, what they hold, which repository they belong to.
//!
//! Owns scanning, reading, watching and the little that codemem must know of git's on-disk layout. Runs on the
//! thread that calls it, but for watching, which has threads of its own (`events`). Must not follow a link out of a
//! root, must not write anything into a working tree, must not run git, must not open what is no regular file.

mod beneath;
mod config;
mod dirty;
mod error;
mod events;
mod git;
mod gone;
mod group;
mod index;
mod rules;
mod scan;
mod trail;
mod tree;
mod walk;

pub use error::WatchError;
pub use events::{FileWatcher, WatchOptions};
pub use tree::WorkingTree;

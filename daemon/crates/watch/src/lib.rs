//! Working trees: what files there are, what they hold, which repository they belong to.
//!
//! Owns scanning, reading and the little that codemem must know of git's on-disk layout. Runs on the
//! thread that calls it. Must not follow a link out of a root, must not write anything into a
//! working tree, must not run git, must not open what is no regular file.

mod beneath;
mod error;
mod git;
mod rules;
mod scan;
mod tree;

pub use error::WatchError;
pub use tree::WorkingTree;

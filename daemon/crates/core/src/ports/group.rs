//! Which roots share an index, and how that came about. No more than sharing depends on it: everything is keyed by content, and
//! a root shows what its own manifest names.

use std::path::PathBuf;

/// What stands for the roots that share an index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum GroupName {
    /// A repository's canonical common directory, or outside git a directory.
    Directory(PathBuf),
    /// Where a repository comes from, as host and path: `example.org/owner/name`. Never says who may read it, or how.
    Origin(String),
}

/// How one repository leads to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupLink {
    /// Its `origin` is the other one.
    Origin,
    /// It borrows the other one's objects.
    Alternates,
}

/// The roots that share an index with one root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexGroup {
    /// The same for all of them.
    pub name: GroupName,
    /// The repositories on this machine between the root's own and the one that gave the name, by their canonical common
    /// directories, each with what led there.
    pub way: Vec<(GroupLink, PathBuf)>,
}

impl IndexGroup {
    /// A directory that leads nowhere.
    pub fn own(directory: PathBuf) -> Self {
        Self {
            name: GroupName::Directory(directory),
            way: Vec::new(),
        }
    }
}

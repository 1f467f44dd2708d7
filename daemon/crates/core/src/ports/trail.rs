//! How a directory comes to its repository: what is looked at on the way, for people who wonder.

use std::path::PathBuf;

/// How a directory stands to git.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GitPlace {
    /// No working tree holds it.
    Outside,
    /// It is the git directory of a repository without a working tree.
    Bare,
    /// In a working tree that holds its repository in `.git`.
    Main,
    /// In a working tree whose repository is another one's, as `git worktree add` makes it.
    Linked,
    /// In a submodule, whose repository is kept within that of the tree around it.
    Submodule,
    /// In a working tree whose repository is somewhere else, as `git init --separate-git-dir` makes it.
    Separate,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrailStep {
    /// Where.
    pub path: PathBuf,
    /// What is there and what it says, for a person: lower case, without a full stop.
    pub found: String,
}

/// What decided where a directory belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail {
    /// The outcome.
    pub place: GitPlace,
    /// What was looked at, in that order; what is not there is left out unless that decided.
    pub steps: Vec<TrailStep>,
    /// The innermost `.git` that is there and does not count.
    pub broken: Option<PathBuf>,
}

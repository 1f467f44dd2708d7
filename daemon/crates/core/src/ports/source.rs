//! The working tree: which files there are and what they hold.

use super::{IndexGroup, PortResult, Trail};
use crate::path::RepoPath;
use crate::skip::{SkipReason, is_binary};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the file system says about a file without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileStamp {
    /// Bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970; a hint that it may be unchanged, never proof of age.
    pub mtime_ns: i64,
}

/// One finding of a scan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScanEntry {
    /// A file to consider.
    File(RepoPath, FileStamp),
    /// Something left out; the text is its path as far as it can be shown.
    Skipped(String, SkipReason),
}

/// Where a path belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The canonical path that was asked about.
    pub root: PathBuf,
    /// What makes two roots the same project: the canonical git common directory, or the root itself outside git.
    pub repository: PathBuf,
    /// The top of the git worktree that holds the root, when there is one.
    pub git_top: Option<PathBuf>,
}

/// The state of git at a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The branch, when on one.
    pub branch: Option<String>,
    /// The commit's hex id, when there is one.
    pub commit: Option<String>,
}

/// Reads working trees. Implemented by `codemem-watch`.
pub trait SourceTree: Send + Sync {
    /// Resolves a path to its canonical root and its repository. Not found or not a directory is an error.
    fn identify(&self, path: &Path) -> PortResult<Identity>;

    /// Which roots could share an index with this one: its worktrees and its clones.
    fn group(&self, identity: &Identity) -> IndexGroup;

    /// How [`SourceTree::identify`] comes to its answer for a canonical directory.
    fn trail(&self, directory: &Path) -> Trail;

    /// What git says about a root; `None` outside git.
    fn head(&self, root: &Path) -> Option<Head>;

    /// Lists every file that is not ignored (`.gitignore`, `.git/info/exclude`, `.codememignore`,
    /// `.git` itself), in no particular order, until the sink breaks. Links are not followed.
    fn scan(
        &self,
        root: &Path,
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()>;

    /// Whether a root's directory was surely deleted. False where it is there, and where it may be on a disk that is not
    /// attached: what is known of it must not be lost for that. `known_since` is a time at which it was there.
    fn is_gone(&self, root: &Path, known_since: Option<SystemTime>) -> bool;

    /// What a scan would find at and below these paths, relative to the root and without `..`: the same entries by the same
    /// rules, in no particular order, each once. What is not there or left out is not reported.
    fn look(
        &self,
        root: &Path,
        paths: &[PathBuf],
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()>;

    /// Files that git would call modified or untracked, those left out not counted: a working tree's difference to its index.
    /// `None` outside git, or where git's index is of a kind that is not understood. Costs about what a scan costs.
    fn dirty(&self, root: &Path) -> Option<u64>;

    /// Reads a file whole, never through a link that leaves the root, at most `max_bytes`.
    fn read(&self, root: &Path, path: &RepoPath, max_bytes: u64) -> PortResult<Vec<u8>>;

    /// The same for text alone: `None` where the first bytes say that it is none, however large the file is.
    fn read_text(&self, root: &Path, path: &RepoPath, max_bytes: u64) -> PortResult<Option<Vec<u8>>> {
        let bytes = self.read(root, path, max_bytes)?;
        Ok((!is_binary(&bytes)).then_some(bytes))
    }
}

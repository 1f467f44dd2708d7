//! The directories of a root that are watched: those that a scan enters, and a few beside it.

use super::WatchOptions;
use super::inbox::Inbox;
use super::source::{Source, Unwatched};
use crate::WatchError;
use crate::git::{self, GitDir};
use crate::rules::Rules;
use crate::scan::outermost;
use crate::walk::{Found, Step, Visitor, Walk, is_never_entered};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a root is not watched.
#[derive(Debug)]
pub(super) enum Failure {
    /// The system allows no more; what to say about it.
    Refused(String),
    /// The root cannot be walked.
    Root(WatchError),
    /// Nobody wants to know any more.
    Ended,
}

impl From<Unwatched> for Failure {
    fn from(unwatched: Unwatched) -> Self {
        match unwatched {
            Unwatched::Absent => Self::Refused("the system refuses to watch the directory".to_owned()),
            Unwatched::Refused(reason) => Self::Refused(reason),
        }
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        Self::Root(error)
    }
}

/// See the module. Nothing is watched any more once it is dropped.
pub(super) struct Net {
    root: PathBuf,
    /// The root's path from the base of all rules.
    above: PathBuf,
    source: Source,
    inbox: Arc<Inbox>,
    whole_tree: bool,
    most: u64,
    /// The directories that a scan enters, by their path from the root, with the rules inside.
    directories: BTreeMap<PathBuf, Rules>,
    /// Directories between the top of the worktree and the root: their rules count inside it.
    above_root: BTreeSet<PathBuf>,
    /// Where the repositories of the tree have their own rules.
    infos: BTreeSet<PathBuf>,
    /// What else is watched, by absolute path.
    others: BTreeSet<PathBuf>,
}

impl Net {
    /// Watches whatever a scan of a canonical root enters.
    pub(super) fn open(root: &Path, options: &WatchOptions, inbox: &Arc<Inbox>) -> Result<Self, Failure> {
        let mut source = Source::open(Arc::clone(inbox))?;
        if options.recursive {
            source.add(root, true)?;
        }
        let mut net = Self {
            root: root.to_path_buf(),
            above: PathBuf::new(),
            source,
            inbox: Arc::clone(inbox),
            whole_tree: options.recursive,
            most: options.most_directories.unwrap_or(u64::MAX),
            directories: BTreeMap::new(),
            above_root: BTreeSet::new(),
            infos: BTreeSet::new(),
            others: BTreeSet::new(),
        };
        net.align(true)?;
        Ok(net)
    }

    /// Brings what is watched in line with rules that have changed; or with a tree that may have become another one, for
    /// which every directory is watched anew: it may be another one of the same name.
    pub(super) fn align(&mut self, anew: bool) -> Result<(), Failure> {
        let git = git::find(&self.root);
        let top = git.as_ref().map_or(self.root.as_path(), |git| git.top.as_path());
        self.above = self.root.strip_prefix(top).unwrap_or(Path::new("")).to_path_buf();
        self.above_root = self
            .root
            .ancestors()
            .skip(1)
            .take(self.above.components().count())
            .map(Path::to_path_buf)
            .collect();
        self.infos = git.iter().map(|git| git.common.join("info")).collect();
        let former = std::mem::take(&mut self.directories);
        let root = self.root.clone();
        let mut walk = Walk::open(&root)?;
        let none = BTreeMap::new();
        let mut casting = Casting::new(self, if anew { &none } else { &former });
        let walked = walk.whole(&mut casting);
        casting.end(walked.map(drop))?;
        walk.finish()?;
        if !self.whole_tree {
            for left in former.keys().filter(|path| !self.directories.contains_key(*path)) {
                self.source.remove(&self.root.join(left));
            }
        }
        Ok(())
    }

    /// Watches directories that appeared, and what they hold.
    pub(super) fn add(&mut self, paths: &[PathBuf]) -> Result<(), Failure> {
        let root = self.root.clone();
        let mut walk = Walk::open(&root)?;
        let none = BTreeMap::new();
        for path in outermost(paths) {
            self.forget(&path);
            let mut casting = Casting::new(self, &none);
            let walked = walk.at(&path, &mut casting);
            casting.end(walked.map(drop))?;
        }
        Ok(walk.finish()?)
    }

    /// A directory is gone, with all that it held; false when it was none that is watched.
    pub(super) fn forget(&mut self, path: &Path) -> bool {
        // By their parts: what a directory contains comes right after it.
        let from = (Bound::Included(path), Bound::Unbounded);
        let below = self.directories.range::<Path, _>(from).map(|(directory, _)| directory);
        let gone: Vec<PathBuf> = below
            .take_while(|directory| directory.starts_with(path))
            .cloned()
            .collect();
        for directory in &gone {
            self.directories.remove(directory);
        }
        !gone.is_empty()
    }

    /// Watches what is wanted beside the tree, as far as it is there, and nothing else beside it. Each is watched anew: it
    /// may be another directory of the same name.
    pub(super) fn watch_beside(&mut self, wanted: impl IntoIterator<Item = PathBuf>) -> Result<(), Failure> {
        let mut others: BTreeSet<PathBuf> = wanted.into_iter().collect();
        others.extend(self.above_root.iter().chain(&self.infos).cloned());
        others.retain(|path| !(self.whole_tree && path.starts_with(&self.root)));
        for former in self.others.difference(&others) {
            self.source.remove(former);
        }
        self.others.clear();
        for path in others {
            match self.source.add(&path, false) {
                Ok(()) => {
                    self.others.insert(path);
                }
                Err(Unwatched::Absent) => {}
                Err(Unwatched::Refused(reason)) => return Err(Failure::Refused(reason)),
            }
        }
        Ok(())
    }

    /// How many directories a scan enters.
    pub(super) fn n_directories(&self) -> u64 {
        self.directories.len() as u64
    }

    /// Whether a path from the root is a directory that a scan enters, as far as is known.
    pub(super) fn enters(&self, path: &Path) -> bool {
        self.directories.contains_key(path)
    }

    /// Whether a scan would leave a path out. So does one whose directory is not entered.
    pub(super) fn leaves_out(&self, path: &Path, is_directory: bool) -> bool {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return false;
        };
        let Some(rules) = self.directories.get(parent) else {
            return true;
        };
        is_never_entered(name, is_directory) || rules.leave_out(&self.above.join(path), is_directory)
    }

    /// Whether a directory's rules count inside the root though it is above it.
    pub(super) fn is_above(&self, directory: &Path) -> bool {
        self.above_root.contains(directory)
    }

    /// Whether a repository of the tree keeps its own rules in a directory.
    pub(super) fn is_info(&self, directory: &Path) -> bool {
        self.infos.contains(directory)
    }
}

/// Watches each directory before it is read, so that what comes into it meanwhile is told or found.
struct Casting<'a> {
    net: &'a mut Net,
    /// What is watched already.
    former: &'a BTreeMap<PathBuf, Rules>,
    failure: Option<Failure>,
}

impl<'a> Casting<'a> {
    fn new(net: &'a mut Net, former: &'a BTreeMap<PathBuf, Rules>) -> Self {
        let failure = None;
        Self { net, former, failure }
    }

    fn end(self, walked: Result<(), WatchError>) -> Result<(), Failure> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(walked?),
        }
    }

    fn watch(&mut self, path: &Path) -> Result<(), Unwatched> {
        if self.net.whole_tree || self.former.contains_key(path) {
            return Ok(());
        }
        if self.net.n_directories() >= self.net.most {
            let most = self.net.most;
            let reason = format!("it has more than the {most} directories that may be watched");
            return Err(Unwatched::Refused(reason));
        }
        self.net.source.add(&self.net.root.join(path), false)
    }
}

impl Visitor for Casting<'_> {
    const FILES: bool = false;

    fn enter(&mut self, path: &Path, git: Option<&GitDir>) -> Step {
        if self.net.inbox.is_ended() {
            self.failure = Some(Failure::Ended);
            return Step::Stop;
        }
        self.net.infos.extend(git.map(|git| git.common.join("info")));
        match self.watch(path) {
            Ok(()) => Step::Into,
            Err(Unwatched::Absent) if !path.as_os_str().is_empty() => Step::Past,
            Err(unwatched) => {
                self.failure = Some(unwatched.into());
                Step::Stop
            }
        }
    }

    fn entered(&mut self, path: &Path, rules: &Rules) {
        self.net.directories.insert(path.to_path_buf(), rules.clone());
    }

    fn found(&mut self, _path: &Path, _found: Found) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

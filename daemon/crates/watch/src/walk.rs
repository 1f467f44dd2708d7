//! Walking a root by its rules: which directories are entered, and what stands in them.
//!
//! One directory is open at a time, opened from the root by its parts, so that neither a deep tree nor
//! one that changes meanwhile leads anywhere else. What is not a regular file is never opened.
//!
//! A repository inside the tree, submodule or not, is part of it like any directory: what stands there
//! is what its owner sees. Its own rules count inside it, the outer repository's `.gitignore` files do
//! not. A linked worktree of the tree's own repository is not part of it: it is the same code in
//! another state, and a root of its own.

use crate::WatchError;
use crate::beneath::{self, Root, is_exhausted};
use crate::git::{self, GitDir};
use crate::rules::Rules;
use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Directories that hold no source of the project whatever git thinks of them: version control,
/// environments, caches and installed packages.
const NEVER_ENTERED: [&str; 13] = [
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".gradle",
    "__pycache__",
    "node_modules",
];

/// Longest absolute path listed, in bytes: the system opens no longer one by its name, so no editor
/// could show it.
const MAX_PATH: usize = 4095;

/// What a walk comes by.
pub(crate) enum Found {
    /// A regular file.
    File(Stat),
    /// A link, a pipe or the like, or one of them where a directory stood before.
    Special,
    /// What cannot be looked at.
    Unreadable,
}

/// What becomes of a directory.
pub(crate) enum Step {
    /// It is listed.
    Into,
    /// It is left alone.
    Past,
    /// Nothing else is looked at.
    Stop,
}

/// Who is told of what a walk comes by. Paths are relative to the root.
pub(crate) trait Visitor {
    /// Whether a walk looks at anything but directories.
    const FILES: bool = true;

    /// A directory is about to be read, before its rules and its entries are. `git` when a repository begins there.
    fn enter(&mut self, _path: &Path, _git: Option<&GitDir>) -> Step {
        Step::Into
    }

    /// The rules inside a directory that was entered.
    fn entered(&mut self, _path: &Path, _rules: &Rules) {}

    /// Something that is no directory, or a directory that cannot be listed.
    fn found(&mut self, path: &Path, found: Found) -> ControlFlow<()>;
}

/// A walk of one root.
pub(crate) struct Walk<'a> {
    root: &'a Path,
    directory: Root,
    /// The root's path from the base of all rules.
    above: PathBuf,
    /// The repository's common directory.
    common: Option<PathBuf>,
    /// The rules of the directories above the root.
    outer: Rules,
    /// The rules inside directories that paths were asked for in; none where a walk of the root does not come.
    known: HashMap<PathBuf, Option<Rules>>,
    /// Directories to list, with the rules of their parents.
    pending: Vec<(PathBuf, Rules)>,
}

impl<'a> Walk<'a> {
    /// Opens a root, which must be canonical.
    pub(crate) fn open(root: &'a Path) -> Result<Self, WatchError> {
        if root.canonicalize().is_ok_and(|now| now != root) {
            return Err(WatchError::Escapes(root.to_path_buf()));
        }
        let directory = Root::open(root).map_err(|error| unopened(root, error))?;
        let git = git::find(root);
        let base = git.as_ref().map_or(root, |git| git.top.as_path());
        let above = root.strip_prefix(base).unwrap_or(Path::new("")).to_path_buf();
        Ok(Self {
            root,
            directory,
            outer: rules_above(base, &above),
            above,
            common: git.map(|git| git.common),
            known: HashMap::new(),
            pending: Vec::new(),
        })
    }

    /// Walks the whole root until the visitor stops.
    pub(crate) fn whole(&mut self, visitor: &mut impl Visitor) -> Result<ControlFlow<()>, WatchError> {
        self.pending.push((PathBuf::new(), self.outer.clone()));
        self.drain(visitor)
    }

    /// Walks what stands at a path, if a walk of the whole root came by it.
    pub(crate) fn at(&mut self, path: &Path, visitor: &mut impl Visitor) -> Result<ControlFlow<()>, WatchError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.whole(visitor);
        };
        let Some(rules) = self.rules_inside(parent)? else {
            return Ok(ControlFlow::Continue(()));
        };
        let (Ok(directory), Ok(name)) = (self.directory.directory(parent), CString::new(name.as_bytes())) else {
            return Ok(ControlFlow::Continue(()));
        };
        let Ok(stat) = statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) else {
            return Ok(ControlFlow::Continue(()));
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if self
            .look_at(&directory, parent, &name, kind, &rules, visitor)
            .is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        self.drain(visitor)
    }

    /// The rules inside a directory, if a walk of the whole root enters it. Each directory's are read once.
    pub(crate) fn rules_inside(&mut self, path: &Path) -> Result<Option<Rules>, WatchError> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let outer = match path.parent() {
            Some(parent) => self.rules_inside(parent)?,
            None => Some(self.outer.clone()),
        };
        let rules = match outer {
            Some(outer) => self.read_rules(path, &outer)?,
            None => None,
        };
        self.known.insert(path.to_path_buf(), rules.clone());
        Ok(rules)
    }

    /// Whether the root that was walked is still where it was. One that vanished half-way looks like one that lost half
    /// of its files.
    pub(crate) fn finish(self) -> Result<(), WatchError> {
        if self.directory.is_still_at(self.root) {
            Ok(())
        } else {
            Err(WatchError::Missing(self.root.to_path_buf()))
        }
    }

    fn read_rules(&self, path: &Path, outer: &Rules) -> Result<Option<Rules>, WatchError> {
        let is_out = path
            .file_name()
            .is_some_and(|name| is_never_entered(name, true) || outer.leave_out(&self.above.join(path), true));
        if is_out || self.is_too_long(path) {
            return Ok(None);
        }
        let directory = match self.directory.directory(path) {
            Ok(directory) => directory,
            Err(error) if is_exhausted(error) => {
                return Err(WatchError::Scan {
                    path: self.root.join(path),
                    source: error.into(),
                });
            }
            Err(_) => return Ok(None),
        };
        let git = self.git_in(&directory, path);
        if self.is_worktree_of_ours(path, git.as_ref()) {
            return Ok(None);
        }
        Ok(Some(outer.inside(&directory, &self.above.join(path), git.as_ref())))
    }

    fn drain(&mut self, visitor: &mut impl Visitor) -> Result<ControlFlow<()>, WatchError> {
        while let Some((path, rules)) = self.pending.pop() {
            if self.list(&path, &rules, visitor)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn list<V: Visitor>(&mut self, path: &Path, rules: &Rules, visitor: &mut V) -> Result<ControlFlow<()>, WatchError> {
        let directory = match self.directory.directory(path) {
            Ok(directory) => directory,
            Err(error) => return self.unlisted(path, error, visitor),
        };
        let git = self.git_in(&directory, path);
        if self.is_worktree_of_ours(path, git.as_ref()) {
            return Ok(ControlFlow::Continue(()));
        }
        match visitor.enter(path, git.as_ref()) {
            Step::Into => {}
            Step::Past => return Ok(ControlFlow::Continue(())),
            Step::Stop => return Ok(ControlFlow::Break(())),
        }
        let entries = match Dir::read_from(&directory) {
            Ok(entries) => entries,
            Err(error) => return self.unlisted(path, error, visitor),
        };
        let rules = rules.inside(&directory, &self.above.join(path), git.as_ref());
        visitor.entered(path, &rules);
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.unlisted(path, error, visitor),
            };
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let went_on = self.look_at(&directory, path, entry.file_name(), entry.file_type(), &rules, visitor);
            if went_on.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What becomes of a directory that cannot be listed.
    fn unlisted(&self, path: &Path, error: Errno, visitor: &mut impl Visitor) -> Result<ControlFlow<()>, WatchError> {
        let full = self.root.join(path);
        if path.as_os_str().is_empty() {
            return Err(unopened(&full, error));
        }
        if is_exhausted(error) {
            let source = error.into();
            return Err(WatchError::Scan { path: full, source });
        }
        Ok(match error {
            // It was deleted after its parent was listed.
            Errno::NOENT => ControlFlow::Continue(()),
            error if beneath::is_replaced(error) => visitor.found(path, Found::Special),
            _ => visitor.found(path, Found::Unreadable),
        })
    }

    fn look_at<V: Visitor>(
        &mut self,
        directory: &OwnedFd,
        parent: &Path,
        name: &CStr,
        kind: FileType,
        rules: &Rules,
        visitor: &mut V,
    ) -> ControlFlow<()> {
        let stat = || statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = match kind {
            // Some file systems do not tell while they list.
            FileType::Unknown => match stat() {
                Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                Err(_) => return ControlFlow::Continue(()),
            },
            kind => kind,
        };
        let is_directory = kind == FileType::Directory;
        let name = OsStr::from_bytes(name.to_bytes());
        if is_never_entered(name, is_directory) || !V::FILES && !is_directory {
            return ControlFlow::Continue(());
        }
        let path = parent.join(name);
        if rules.leave_out(&self.above.join(&path), is_directory) {
            return ControlFlow::Continue(());
        }
        if self.is_too_long(&path) {
            return visitor.found(&path, Found::Unreadable);
        }
        if is_directory {
            self.pending.push((path, rules.clone()));
            return ControlFlow::Continue(());
        }
        if kind != FileType::RegularFile {
            return visitor.found(&path, Found::Special);
        }
        match stat() {
            Ok(stat) => visitor.found(&path, Found::File(stat)),
            // It was deleted while its directory was listed.
            Err(Errno::NOENT) => ControlFlow::Continue(()),
            Err(_) => visitor.found(&path, Found::Unreadable),
        }
    }

    fn is_too_long(&self, path: &Path) -> bool {
        self.root.as_os_str().len() + 1 + path.as_os_str().len() > MAX_PATH
    }

    /// The repository that begins in a directory.
    fn git_in(&self, directory: &OwnedFd, path: &Path) -> Option<GitDir> {
        statat(directory.as_fd(), ".git", AtFlags::empty()).ok()?;
        git::at(&self.root.join(path))
    }

    fn is_worktree_of_ours(&self, path: &Path, git: Option<&GitDir>) -> bool {
        let is_below = !path.as_os_str().is_empty();
        is_below && git.is_some_and(|git| self.common.as_ref() == Some(&git.common) && git.is_linked())
    }
}

/// Whether nothing of that name is ever part of a tree.
pub(crate) fn is_never_entered(name: &OsStr, is_directory: bool) -> bool {
    name == ".git" || is_directory && NEVER_ENTERED.iter().any(|never| name == *never)
}

/// Why a root cannot be opened.
pub(crate) fn unopened(root: &Path, error: Errno) -> WatchError {
    match error {
        Errno::NOENT => WatchError::Missing(root.to_path_buf()),
        Errno::NOTDIR | Errno::LOOP => WatchError::NotADirectory(root.to_path_buf()),
        error => WatchError::Open {
            path: root.to_path_buf(),
            source: error.into(),
        },
    }
}

/// The rules of the directories from the top of a worktree down to, and without, the root inside it.
fn rules_above(base: &Path, root: &Path) -> Rules {
    let mut rules = Rules::default();
    let mut above: Vec<&Path> = root.ancestors().skip(1).collect();
    if above.is_empty() {
        return rules;
    }
    let Ok(directory) = Root::open(base) else {
        return rules;
    };
    above.reverse();
    for path in above {
        if let Ok(directory) = directory.directory(path) {
            let git = git::at(&base.join(path));
            rules = rules.inside(&directory, path, git.as_ref());
        }
    }
    rules
}

//! Which project a path belongs to: the one rule by which memories are told apart. Which index its contents go to is another
//! question ([`crate::group`]): clones are projects of their own and share an index.
//!
//! Within git it is the common directory, so that worktrees and sub-directories of a repository are one project. Outside
//! git a path inside a registered root belongs to that root, and any other directory is a project of its own. Blocks.

use crate::engine::Inner;
use codemem_core::memory::ProjectKey;
use codemem_core::ports::{Identity, PortErrorKind, PortResult};
use std::path::{Path, PathBuf};

/// Where a path belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Project {
    /// The same for all worktrees and directories of a repository.
    pub(crate) key: ProjectKey,
    /// What paths of the project are relative to: the top of the path's worktree, the registered root, or the directory.
    pub(crate) base: PathBuf,
    /// The path itself, canonical.
    pub(crate) path: PathBuf,
}

/// The key of a project.
pub(crate) fn key(identity: &Identity) -> ProjectKey {
    ProjectKey::new(crate::pass::hash(identity.repository.as_os_str().as_encoded_bytes()))
}

impl Inner {
    /// The project of a directory. One that is gone from the disk is known as long as it is registered.
    pub(crate) fn project(&self, path: &Path) -> PortResult<Project> {
        let identity = match self.ports.source.identify(path) {
            Ok(identity) => identity,
            Err(error) if error.kind == PortErrorKind::NotFound => {
                let registered = self.all_roots().into_iter().find(|(_, root, _)| root == path);
                return registered
                    .map(|(_, root, handle)| Project::of((**handle.project.load()).clone(), root))
                    .ok_or(error);
            }
            Err(error) => return Err(error),
        };
        if let Some(top) = &identity.git_top {
            return Ok(Project {
                key: key(&identity),
                base: top.clone(),
                path: identity.root,
            });
        }
        let holders = self
            .all_roots()
            .into_iter()
            .filter(|(_, root, _)| identity.root.starts_with(root));
        let innermost = holders.max_by_key(|(_, root, _)| root.as_os_str().len());
        Ok(match innermost {
            Some((_, root, handle)) => Project {
                key: (**handle.project.load()).clone(),
                base: root,
                path: identity.root,
            },
            None => Project::of(key(&identity), identity.root),
        })
    }
}

impl Project {
    fn of(key: ProjectKey, path: PathBuf) -> Self {
        Self {
            key,
            base: path.clone(),
            path,
        }
    }

    /// A directory as paths of the project begin with it.
    pub(crate) fn prefix(&self, directory: &Path) -> Option<String> {
        prefix(&self.base, directory)
    }
}

/// A directory as paths relative to `base` begin with it: with `/` at its end, empty at the base. `None` outside.
pub(crate) fn prefix(base: &Path, directory: &Path) -> Option<String> {
    let inside = directory.strip_prefix(base).ok()?.to_str()?;
    Some(if inside.is_empty() {
        String::new()
    } else {
        format!("{inside}/")
    })
}

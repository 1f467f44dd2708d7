//! Which index a root's contents go to: the one rule for registering and for explaining. Blocks.
//!
//! A registered root stays where it is for as long as it belongs to the same project, whatever becomes of its origin or of its
//! clones: to move would mean to read it again for nothing. A new one goes where its worktrees and clones are, and otherwise to
//! the index of its group's name. What an index is called makes no difference to anything else.

use crate::engine::Inner;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{GroupName, Identity, IndexGroup};

/// Where a root's contents go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placement {
    pub(crate) key: RepositoryKey,
    /// Whom it could share an index with, by what the disk says now.
    pub(crate) group: IndexGroup,
    pub(crate) reason: PlacementReason,
}

/// Why a root's contents go to one index and not to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlacementReason {
    /// The root is registered, and what is registered stays.
    Registered,
    /// Another root of the project is there.
    Project,
    /// It is called by the group's name.
    Name,
    /// A root of the same group is there.
    Group,
}

/// The index that is called by a group's name. That of a directory is also the name of its project.
pub(crate) fn called(name: &GroupName) -> RepositoryKey {
    RepositoryKey::new(match name {
        GroupName::Directory(directory) => crate::pass::hash(directory.as_os_str().as_encoded_bytes()),
        // No path begins like a host, so the two never meet.
        GroupName::Origin(origin) => crate::pass::hash(origin.as_bytes()),
    })
}

impl Inner {
    /// Where the contents of a directory go, were it registered as a root.
    pub(crate) fn placement(&self, identity: &Identity) -> Placement {
        let group = self.ports.source.group(identity);
        let project = crate::project::key(identity);
        let mut roots = self.all_roots();
        roots.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
        let of_project = |is_it: bool| {
            let mut roots = roots.iter();
            roots.find(|(_, root, handle)| **handle.project.load() == project && (*root == identity.root) == is_it)
        };
        let named = called(&group.name);
        let (key, reason) = if let Some((repository, _, _)) = of_project(true) {
            (repository.key.clone(), PlacementReason::Registered)
        } else if let Some((repository, _, _)) = of_project(false) {
            (repository.key.clone(), PlacementReason::Project)
        } else if self.repositories.load().contains_key(&named) {
            (named, PlacementReason::Name)
        } else {
            let source = &self.ports.source;
            let is_clone = |root| {
                let identity = source.identify(root);
                identity.is_ok_and(|identity| source.group(&identity).name == group.name)
            };
            match roots.iter().find(|(_, root, _)| is_clone(root)) {
                Some((repository, _, _)) => (repository.key.clone(), PlacementReason::Group),
                None => (named, PlacementReason::Name),
            }
        };
        Placement { key, group, reason }
    }
}

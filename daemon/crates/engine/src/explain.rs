//! Which project a path belongs to, and why: what [`crate::project`] decides, told to a person. Blocks; changes nothing.

use crate::EngineError;
use crate::engine::{Engine, Inner, blocking, resolved};
use crate::group::{PlacementReason, called};
use crate::project::key;
use codemem_core::ids::RepositoryKey;
use codemem_core::memory::ProjectKey;
use codemem_core::ports::{GitPlace, Head, Identity, IndexGroup, PortError, Trail, TrailStep};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Neither: a pipe, a socket, a device.
    Other,
    /// Nothing, or nothing that may be looked at.
    Missing,
}

/// The rule by which a directory came to its project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProjectRule {
    /// Git's common directory.
    Git(GitPlace),
    /// Outside git, but inside this registered root.
    InsideRoot(PathBuf),
    /// It is gone from the disk, and registered: what it was when it was registered.
    Registered,
    /// A plain directory is a project of its own; also the git directory of a repository without a working tree.
    Directory(GitPlace),
}

/// The project of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExplainedProject {
    /// Why it is this one.
    pub rule: ProjectRule,
    /// The same for all worktrees and directories of a repository: what memories belong to.
    pub key: ProjectKey,
    /// What the key stands for: git's common directory, or a directory.
    pub repository: PathBuf,
    /// What paths of the project are relative to: the top of the working tree, or the directory.
    pub base: PathBuf,
    /// What git's HEAD names; `None` outside git.
    pub head: Option<Head>,
    /// All registered roots of the project, in order.
    pub roots: Vec<PathBuf>,
}

/// The index that a root's contents go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExplainedIndex {
    /// What it is called.
    pub key: RepositoryKey,
    /// Whom it could be shared with, by what the disk says now; `None` where the root is gone from it.
    pub group: Option<IndexGroup>,
    /// Why it is this one.
    pub reason: PlacementReason,
    /// Whether it is called by that group's name.
    pub is_called_so: bool,
    /// All registered roots whose contents are in it, in order.
    pub roots: Vec<PathBuf>,
}

/// The registered root that answers searches at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnsweringRoot {
    /// Its canonical path.
    pub path: PathBuf,
    /// Whether it has been indexed.
    pub is_indexed: bool,
}

/// Where a path belongs, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The path without links, as far as it is there.
    pub path: PathBuf,
    /// What is there.
    pub standing: Standing,
    /// The directory that the rest is about: the path, or the nearest directory that holds it.
    pub directory: PathBuf,
    /// Its project; `None` where it cannot be told.
    pub project: Option<ExplainedProject>,
    /// The index of the root that answers searches there, or were the directory registered; `None` where it cannot be told.
    pub index: Option<ExplainedIndex>,
    /// What was looked at on the way, in that order.
    pub trail: Vec<TrailStep>,
    /// Where a search at the path is answered from.
    pub root: Option<AnsweringRoot>,
    /// What does not fit together, with the next step.
    pub problem: Option<String>,
}

impl Engine {
    /// Tells which project and working tree a path belongs to. The path need not be there.
    pub async fn explain(&self, path: &Path) -> Result<Explanation, EngineError> {
        let (inner, path) = (Arc::clone(&self.inner), path.to_path_buf());
        blocking("explain", move || inner.explain(&path)).await
    }
}

impl Inner {
    fn explain(&self, asked: &Path) -> Explanation {
        let path = resolved(asked);
        let standing = standing(&path);
        let root = self.answering_root(&path);
        let gone = root
            .as_ref()
            .filter(|root| standing == Standing::Missing && !root.path.is_dir());
        let directory = match gone {
            // It is known what that was.
            Some(root) => root.path.clone(),
            None => nearest_directory(&path),
        };
        let (project, trail, problem) = match self.explain_project(&directory, gone.is_some()) {
            Ok((project, trail)) => {
                let problem = misfit(&project, root.as_ref(), gone.is_some());
                let problem = problem.or_else(|| trail.broken.as_deref().map(broken));
                (Some(project), trail.steps, problem)
            }
            Err(error) => (None, Vec::new(), Some(in_words(&error))),
        };
        let index = match gone {
            Some(root) => self.index_of_gone(&root.path),
            None => self.explain_index(root.as_ref().map_or(&directory, |root| &root.path)),
        };
        Explanation {
            path,
            standing,
            directory,
            project,
            index,
            trail,
            root,
            problem,
        }
    }

    fn explain_project(&self, directory: &Path, is_gone: bool) -> Result<(ExplainedProject, Trail), PortError> {
        // The decision itself; what follows only tells how it came about.
        let project = self.project(directory)?;
        let mut roots: Vec<PathBuf> = self
            .all_roots()
            .into_iter()
            .filter(|(_, _, handle)| **handle.project.load() == project.key)
            .map(|(_, root, _)| root)
            .collect();
        roots.sort();
        if is_gone {
            let explained = ExplainedProject {
                rule: ProjectRule::Registered,
                key: project.key,
                repository: project.base.clone(),
                base: project.base,
                head: None,
                roots,
            };
            let trail = Trail {
                place: GitPlace::Outside,
                steps: Vec::new(),
                broken: None,
            };
            return Ok((explained, trail));
        }
        let identity = self.ports.source.identify(directory)?;
        let trail = self.ports.source.trail(&identity.root);
        let (rule, repository) = rule(&identity, trail.place, &project.key, &project.base);
        let head = identity.git_top.as_ref().and_then(|top| self.ports.source.head(top));
        let explained = ExplainedProject {
            rule,
            key: project.key,
            repository,
            base: project.base,
            head,
            roots,
        };
        Ok((explained, trail))
    }

    fn explain_index(&self, root: &Path) -> Option<ExplainedIndex> {
        let identity = self.ports.source.identify(root).ok()?;
        let placement = self.placement(&identity);
        Some(ExplainedIndex {
            roots: self.roots_in(&placement.key),
            is_called_so: placement.key == called(&placement.group.name),
            key: placement.key,
            group: Some(placement.group),
            reason: placement.reason,
        })
    }

    fn index_of_gone(&self, root: &Path) -> Option<ExplainedIndex> {
        let (repository, _, _) = self.all_roots().into_iter().find(|(_, known, _)| known == root)?;
        Some(ExplainedIndex {
            roots: self.roots_in(&repository.key),
            is_called_so: false,
            key: repository.key,
            group: None,
            reason: PlacementReason::Registered,
        })
    }

    fn roots_in(&self, index: &RepositoryKey) -> Vec<PathBuf> {
        let roots = self.all_roots().into_iter();
        let mut roots: Vec<PathBuf> = roots
            .filter(|(repository, _, _)| repository.key == *index)
            .map(|(_, root, _)| root)
            .collect();
        roots.sort();
        roots
    }

    /// The innermost registered root that holds a resolved path, as a search finds it.
    fn answering_root(&self, path: &Path) -> Option<AnsweringRoot> {
        let holders = self
            .all_roots()
            .into_iter()
            .filter(|(_, root, _)| path.starts_with(root));
        let (_, path, handle) = holders.max_by_key(|(_, root, _)| root.as_os_str().len())?;
        let is_indexed = handle.state.borrow().indexed_at.is_some() || handle.view.load().is_some();
        Some(AnsweringRoot { path, is_indexed })
    }
}

/// Which rule made a project of an identity, and what its key stands for.
fn rule(identity: &Identity, place: GitPlace, project: &ProjectKey, base: &Path) -> (ProjectRule, PathBuf) {
    if identity.git_top.is_some() {
        return (ProjectRule::Git(place), identity.repository.clone());
    }
    if key(identity) == *project {
        return (ProjectRule::Directory(place), identity.repository.clone());
    }
    (ProjectRule::InsideRoot(base.to_path_buf()), base.to_path_buf())
}

/// What does not fit together.
fn misfit(project: &ExplainedProject, root: Option<&AnsweringRoot>, is_gone: bool) -> Option<String> {
    let root = root?;
    let shown = root.path.display();
    if is_gone {
        return Some(format!(
            "`{shown}` is registered and no longer there; `codemem prune` forgets it"
        ));
    }
    // A repository inside a root that is another one's is as it should be.
    let is_changed = root.path.starts_with(&project.base) && !project.roots.contains(&root.path);
    is_changed.then(|| {
        format!(
            "`{shown}` was registered when it belonged to another project; `codemem remove {shown}` and `codemem index {shown}` \
             make it part of this one"
        )
    })
}

fn broken(git: &Path) -> String {
    format!(
        "`{}` is there and does not count, so what it stood for is not known as a repository; `git status` there says what \
         git makes of it",
        git.display()
    )
}

fn in_words(error: &PortError) -> String {
    let chain = codemem_core::error::chain(error);
    match &error.hint {
        Some(hint) => format!("{chain}; {hint}"),
        None => chain,
    }
}

fn standing(path: &Path) -> Standing {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Standing::Directory,
        Ok(metadata) if metadata.is_file() => Standing::File,
        Ok(_) => Standing::Other,
        Err(_) => Standing::Missing,
    }
}

/// The path or what holds it, whichever is there first.
fn nearest_directory(path: &Path) -> PathBuf {
    let there = path.ancestors().find(|path| path.is_dir());
    let there = there.unwrap_or(Path::new("/"));
    there.canonicalize().unwrap_or_else(|_| there.to_path_buf())
}

//! The call of the Index service that explains where a path belongs.

use super::{Context, convert, index_group};
use codemem_core::memory::{ContextLevel, Origin};
use codemem_core::ports::{GitPlace, TrailStep};
use codemem_engine::memory::Caller;
use codemem_engine::{ExplainedProject, Explanation, ProjectRule, Standing};
use codemem_proto::v1;
use std::path::Path;
use tonic::Status;

pub(super) async fn explain(
    context: &Context,
    request: v1::ExplainProjectRequest,
) -> Result<v1::ExplainProjectResponse, Status> {
    let path = convert::absolute(&request.path)?;
    let explanation = context.engine.explain(&path).await.map_err(convert::status)?;
    let memories = match &explanation.project {
        Some(_) => n_memories(context, &explanation.directory).await,
        None => None,
    };
    Ok(wire(explanation, memories))
}

/// Memories of the project of a directory; `None` where they cannot be counted, which is no reason not to explain.
async fn n_memories(context: &Context, directory: &Path) -> Option<u64> {
    let caller = Caller {
        project: Some(directory.to_path_buf()),
        session: None,
        origin: Origin::Agent,
        request: String::new(),
    };
    let stats = context.memories.stats(caller).await.ok()?;
    let of_project = stats
        .by_level
        .iter()
        .find(|(level, _)| *level == ContextLevel::ProjectContext);
    Some(of_project.map_or(0, |(_, n_memories)| *n_memories))
}

fn wire(explanation: Explanation, memories: Option<u64>) -> v1::ExplainProjectResponse {
    let text = |path: &Path| path.display().to_string();
    let (rule, because) = match &explanation.project {
        Some(project) => (rule(&project.rule), because(project)),
        None => ("none", "it belongs to no project that can be told".to_owned()),
    };
    let project = explanation.project.as_ref();
    let inside = project.and_then(|project| explanation.directory.strip_prefix(&project.base).ok());
    let head = project.and_then(|project| project.head.clone());
    let (branch, commit) = head.map_or((None, None), |head| (head.branch, head.commit));
    let root = explanation.root.as_ref();
    v1::ExplainProjectResponse {
        path: text(&explanation.path),
        found: match explanation.standing {
            Standing::Directory => "directory",
            Standing::File => "file",
            Standing::Other => "other",
            Standing::Missing => "missing",
        }
        .to_owned(),
        directory: text(&explanation.directory),
        rule: rule.to_owned(),
        because,
        project: project.map(|project| project.key.to_string()).unwrap_or_default(),
        repository: project.map(|project| text(&project.repository)).unwrap_or_default(),
        worktree: project.map(|project| text(&project.base)).unwrap_or_default(),
        inside: inside.map(text).unwrap_or_default(),
        branch: branch.unwrap_or_default(),
        commit: commit.unwrap_or_default(),
        root: root.map(|root| text(&root.path)).unwrap_or_default(),
        indexed: root.is_some_and(|root| root.is_indexed),
        project_roots: project.map_or_else(Vec::new, |project| {
            project.roots.iter().map(|root| text(root)).collect()
        }),
        memories,
        problem: explanation.problem.unwrap_or_default(),
        index_group: explanation.index.as_ref().map(index_group::wire),
        trail: explanation.trail.into_iter().map(step).collect(),
    }
}

fn step(step: TrailStep) -> v1::TrailStep {
    v1::TrailStep {
        path: step.path.display().to_string(),
        found: step.found,
    }
}

fn rule(rule: &ProjectRule) -> &'static str {
    match rule {
        ProjectRule::Git(place) => match place {
            GitPlace::Linked => "linked_worktree",
            GitPlace::Submodule => "submodule",
            GitPlace::Separate => "separate_git_directory",
            // A working tree is never outside git or without itself; the tree may have changed between two looks.
            GitPlace::Main | GitPlace::Outside | GitPlace::Bare => "git",
        },
        ProjectRule::InsideRoot(_) => "inside_root",
        ProjectRule::Registered => "registered",
        ProjectRule::Directory(_) => "directory",
    }
}

/// The rule in a sentence, without a full stop.
fn because(project: &ExplainedProject) -> String {
    let repository = project.repository.display();
    match &project.rule {
        ProjectRule::Git(place) => match place {
            GitPlace::Linked => format!(
                "a linked worktree: git's common directory `{repository}` is that of another working tree, and all its worktrees are \
                 one project"
            ),
            GitPlace::Submodule => {
                format!("a submodule: its repository `{repository}` is its own, so it is a project of its own")
            }
            GitPlace::Separate => {
                format!("its `.git` names the git directory `{repository}`, and a repository is one project")
            }
            GitPlace::Main | GitPlace::Outside | GitPlace::Bare => {
                format!("git's common directory is `{repository}`, and a repository is one project")
            }
        },
        ProjectRule::InsideRoot(root) => {
            format!("not in git, and inside the registered root `{}`", root.display())
        }
        ProjectRule::Registered => "it is gone from the disk and known because it is registered".to_owned(),
        ProjectRule::Directory(GitPlace::Bare) => {
            "the git directory of a bare repository: one project with the worktrees that were made from it".to_owned()
        }
        ProjectRule::Directory(
            GitPlace::Outside | GitPlace::Main | GitPlace::Linked | GitPlace::Submodule | GitPlace::Separate,
        ) => "neither in git nor inside a registered root, so the directory is a project of its own".to_owned(),
    }
}

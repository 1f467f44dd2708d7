//! Which project a path belongs to.

use codemem_proto::v1;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Explained {
    path: String,
    /// `directory`, `file`, `other` or `missing`.
    found: String,
    directory: String,
    rule: String,
    because: String,
    /// Null where the path belongs to none, as are the next three.
    project: Option<String>,
    repository: Option<String>,
    worktree: Option<String>,
    inside: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
    trail: Vec<Step>,
    /// The registered root that a search is answered from; null when there is none.
    root: Option<String>,
    indexed: bool,
    project_roots: Vec<String>,
    /// Null where they cannot be counted.
    memories: Option<u64>,
    problem: Option<String>,
    /// Null where it cannot be told.
    index_group: Option<Group>,
}

#[derive(Serialize, Debug)]
struct Group {
    key: String,
    /// Null for a root that is gone.
    name: Option<String>,
    rule: String,
    because: String,
    roots: Vec<String>,
}

#[derive(Serialize, Debug)]
struct Step {
    path: String,
    found: String,
}

impl From<v1::ExplainProjectResponse> for Explained {
    fn from(answer: v1::ExplainProjectResponse) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let is_known = !answer.project.is_empty();
        let group = |group: v1::IndexGroup| Group {
            key: group.key,
            name: given(group.name),
            rule: group.rule,
            because: group.because,
            roots: group.roots,
        };
        let step = |step: v1::TrailStep| Step {
            path: step.path,
            found: step.found,
        };
        Self {
            path: answer.path,
            found: answer.found,
            directory: answer.directory,
            rule: answer.rule,
            because: answer.because,
            project: given(answer.project),
            repository: given(answer.repository),
            worktree: given(answer.worktree),
            // Empty means the top.
            inside: is_known.then_some(answer.inside),
            branch: given(answer.branch),
            commit: given(answer.commit),
            trail: answer.trail.into_iter().map(step).collect(),
            root: given(answer.root),
            indexed: answer.indexed,
            project_roots: answer.project_roots,
            memories: answer.memories,
            problem: given(answer.problem),
            index_group: answer.index_group.map(group),
        }
    }
}

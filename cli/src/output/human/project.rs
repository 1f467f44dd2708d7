//! Which project a path belongs to, and why.

use super::super::Style;
use super::super::style::clean;
use super::freshness::place;
use super::{counted_memories, units::counted};
use codemem_proto::v1;
use std::fmt::Write as _;

/// Everything but the problem, which is a warning.
pub(crate) fn project(answer: &v1::ExplainProjectResponse, style: Style) -> String {
    let mut text = format!("{}\n", style.subject(&clean(&answer.path)));
    let mut line = |label: &str, what: &str| {
        let _ = writeln!(text, "  {label:10} {what}");
    };
    let about = || format!("; this is about {}", clean(&answer.directory));
    match answer.found.as_str() {
        "directory" => {}
        "missing" if answer.directory == answer.path => line("found", "nothing"),
        "missing" => line("found", &format!("nothing{}", about())),
        "file" => line("found", &format!("a file{}", about())),
        _ => line("found", &format!("neither a file nor a directory{}", about())),
    }
    line("because", &clean(&answer.because));
    if !answer.project.is_empty() {
        line(
            "project",
            &format!("{}  {}", clean(&answer.project), clean(&answer.repository)),
        );
        let inside = match answer.inside.as_str() {
            "" => String::new(),
            inside => format!(", inside it {}", clean(inside)),
        };
        let head = v1::Freshness {
            branch: answer.branch.clone(),
            commit: answer.commit.clone(),
            ..v1::Freshness::default()
        };
        let head = place(&head).map_or_else(String::new, |head| format!(", {head}"));
        line("worktree", &format!("{}{inside}{head}", clean(&answer.worktree)));
    }
    line("search", &search(answer));
    if let Some(group) = &answer.index_group {
        line("index", &index(group));
    }
    if !answer.project.is_empty() {
        line("memories", &memories(answer));
    }
    if !answer.trail.is_empty() {
        text.push_str("looked at\n");
    }
    for step in &answer.trail {
        let _ = writeln!(text, "  {}  {}", style.subject(&clean(&step.path)), clean(&step.found));
    }
    text
}

fn search(answer: &v1::ExplainProjectResponse) -> String {
    let root = clean(&answer.root);
    if root.is_empty() {
        return "no registered root holds it; `codemem index` registers one".to_owned();
    }
    let whose = if answer.project.is_empty() || answer.project_roots.contains(&answer.root) {
        ""
    } else {
        ", which is of another project"
    };
    let state = if answer.indexed { "indexed" } else { "not indexed yet" };
    format!("answered from {root}{whose}, {state}")
}

fn index(group: &v1::IndexGroup) -> String {
    let shared = match group.roots.len() {
        0 | 1 => String::new(),
        n_roots => format!(", shared by {}", counted(n_roots as u64, "registered root")),
    };
    format!("{}{shared}: {}", clean(&group.key), clean(&group.because))
}

fn memories(answer: &v1::ExplainProjectResponse) -> String {
    let roots = match answer.project_roots.as_slice() {
        [] => "no registered root".to_owned(),
        roots => counted(roots.len() as u64, "registered root"),
    };
    match answer.memories {
        Some(n_memories) => format!("{} of the project, which has {roots}", counted_memories(n_memories)),
        None => format!("those of the project, which has {roots}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained() -> v1::ExplainProjectResponse {
        v1::ExplainProjectResponse {
            path: "/w/src".to_owned(),
            found: "directory".to_owned(),
            directory: "/w/src".to_owned(),
            rule: "linked_worktree".to_owned(),
            because: "a linked worktree".to_owned(),
            project: "00ff".to_owned(),
            repository: "/r/.git".to_owned(),
            worktree: "/w".to_owned(),
            inside: "src".to_owned(),
            trail: vec![v1::TrailStep {
                path: "/w/.git".to_owned(),
                found: "a file\nthat".to_owned(),
            }],
            branch: "fix".to_owned(),
            commit: "0123456789abcdef".to_owned(),
            root: "/w".to_owned(),
            indexed: true,
            project_roots: vec!["/r".to_owned(), "/w".to_owned()],
            memories: Some(3),
            problem: String::new(),
            index_group: Some(v1::IndexGroup {
                key: "11ee".to_owned(),
                name: "example.org/a/b".to_owned(),
                rule: "origin".to_owned(),
                because: "its origin is example.org/a/b".to_owned(),
                roots: vec!["/other".to_owned(), "/r".to_owned(), "/w".to_owned()],
            }),
        }
    }

    #[test]
    fn a_worktree() {
        let expected = "\
/w/src
  because    a linked worktree
  project    00ff  /r/.git
  worktree   /w, inside it src, fix@0123456
  search     answered from /w, indexed
  index      11ee, shared by 3 registered roots: its origin is example.org/a/b
  memories   3 memories of the project, which has 2 registered roots
looked at
  /w/.git  a file\u{fffd}that
";
        assert_eq!(project(&explained(), Style::new(false)), expected);
    }

    #[test]
    fn what_is_not_there_and_belongs_nowhere() {
        let answer = v1::ExplainProjectResponse {
            path: "/gone/x".to_owned(),
            found: "missing".to_owned(),
            directory: "/".to_owned(),
            because: "it belongs to no project that can be told".to_owned(),
            ..v1::ExplainProjectResponse::default()
        };
        let expected = "\
/gone/x
  found      nothing; this is about /
  because    it belongs to no project that can be told
  search     no registered root holds it; `codemem index` registers one
";
        assert_eq!(project(&answer, Style::new(false)), expected);
        for (found, expected) in [
            ("file", "found      a file; this is about /"),
            ("other", "found      neither a file nor a directory; this is about /"),
        ] {
            let answer = v1::ExplainProjectResponse {
                found: found.to_owned(),
                ..answer.clone()
            };
            assert!(project(&answer, Style::new(false)).contains(expected), "{found}");
        }
    }

    #[test]
    fn a_search_may_be_answered_by_another_project() {
        let answer = v1::ExplainProjectResponse {
            root: "/super".to_owned(),
            indexed: false,
            memories: None,
            project_roots: Vec::new(),
            ..explained()
        };
        let text = project(&answer, Style::new(false));
        assert!(
            text.contains("answered from /super, which is of another project, not indexed yet\n"),
            "{text}"
        );
        assert!(
            text.contains("memories   those of the project, which has no registered root\n"),
            "{text}"
        );
    }
}

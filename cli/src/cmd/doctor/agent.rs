//! Whether a coding agent knows of the shim. Looked up in the agent's own files; nothing is started.

use super::programs::on_path;
use super::{good, warning};
use crate::context::Context;
use codemem_proto::dirs;
use codemem_proto::v1::Finding;
use std::fs;
use std::path::{Path, PathBuf};

/// Where Claude Code keeps what is registered for the user, below the home directory.
const USER_FILE: &str = ".claude.json";

/// Where a project names its servers.
const PROJECT_FILE: &str = ".mcp.json";

/// Nothing where there is no agent to speak of.
pub(super) fn examine(context: &Context) -> Option<Finding> {
    let user_file = dirs::home().map(|home| home.join(USER_FILE));
    let is_installed = on_path(context, "claude").iter().any(|path| path.is_file());
    judge(user_file, Path::new(PROJECT_FILE), is_installed)
}

fn judge(user_file: Option<PathBuf>, project_file: &Path, is_installed: bool) -> Option<Finding> {
    let subject = "claude code";
    let files = user_file.into_iter().chain([project_file.to_owned()]);
    let mut files = files.filter(|path| path.is_file()).peekable();
    if !is_installed && files.peek().is_none() {
        return None;
    }
    let names_us = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("codemem-mcp"));
    Some(match files.find(names_us) {
        Some(path) => good(subject, format!("knows codemem-mcp, {}", path.display())),
        None => warning(
            subject,
            "does not know codemem-mcp",
            "run `claude mcp add -s user codemem -- codemem-mcp`",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_proto::v1::Verdict;

    #[test]
    fn the_agents_files_are_read() {
        let dir = tempfile::tempdir().expect("temp dir");
        let (user, project) = (dir.path().join(USER_FILE), dir.path().join(PROJECT_FILE));
        let verdict = |is_installed| judge(Some(user.clone()), &project, is_installed).map(|finding| finding.verdict());
        assert_eq!(verdict(false), None, "no agent, nothing to say");
        assert_eq!(verdict(true), Some(Verdict::Warning));
        fs::write(&user, r#"{"mcpServers": {"other": {"command": "other"}}}"#).expect("write");
        assert_eq!(verdict(false), Some(Verdict::Warning));
        fs::write(&project, r#"{"mcpServers": {"codemem": {"command": "codemem-mcp"}}}"#).expect("write");
        assert_eq!(verdict(false), Some(Verdict::Good));
    }
}

//! The parts of git's on-disk layout that identity rests on: where the common directory is, what HEAD names.
//!
//! Read from files, because starting git costs milliseconds and may run hooks or filters of the
//! repository. A layout not understood here (reftable, a broken `.git`) reads as "not git".

use codemem_core::ports::Head;
use std::fs;
use std::path::{Path, PathBuf};

/// A git worktree found at or above a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct GitDir {
    /// The directory that holds `.git`.
    pub(crate) top: PathBuf,
    /// Where this worktree's own HEAD is.
    pub(crate) dir: PathBuf,
    /// Where objects and branches are; the same for all worktrees of a repository.
    pub(crate) common: PathBuf,
}

/// The worktree that holds `directory`, which must be canonical.
pub(crate) fn find(directory: &Path) -> Option<GitDir> {
    directory.ancestors().find_map(|top| {
        let entry = top.join(".git");
        let dir = if entry.is_dir() {
            entry
        } else {
            let text = fs::read_to_string(&entry).ok()?;
            top.join(text.strip_prefix("gitdir:")?.trim()).canonicalize().ok()?
        };
        if !dir.join("HEAD").is_file() {
            return None;
        }
        let common = match fs::read_to_string(dir.join("commondir")) {
            Ok(text) => dir.join(text.trim()),
            Err(_) => dir.clone(),
        };
        Some(GitDir {
            top: top.to_path_buf(),
            common: common.canonicalize().ok()?,
            dir,
        })
    })
}

/// What HEAD names in a worktree.
pub(crate) fn head(git: &GitDir) -> Option<Head> {
    let text = fs::read_to_string(git.dir.join("HEAD")).ok()?;
    let Some(reference) = text.strip_prefix("ref:").map(str::trim) else {
        return Some(Head {
            branch: None,
            commit: hex(&text),
        });
    };
    let commit = fs::read_to_string(git.common.join(reference))
        .ok()
        .and_then(|text| hex(&text))
        .or_else(|| packed(git, reference));
    Some(Head {
        branch: reference.strip_prefix("refs/heads/").map(str::to_owned),
        commit,
    })
}

fn packed(git: &GitDir, reference: &str) -> Option<String> {
    let text = fs::read_to_string(git.common.join("packed-refs")).ok()?;
    text.lines().find_map(|line| match line.split_once(' ') {
        Some((id, name)) if name == reference => hex(id),
        _ => None,
    })
}

fn hex(text: &str) -> Option<String> {
    let text = text.trim();
    let valid = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| text.to_owned())
}

//! The parts of git's on-disk layout that identity rests on: where the common directory is, what HEAD names.
//!
//! Read from files, because starting git costs milliseconds and may run hooks or filters of the
//! repository. A broken `.git` reads as "not git"; of a repository that keeps its references in a reftable
//! everything is known but HEAD, whose format would take more code than all of this. Whoever made
//! the tree made these files too: only regular ones are read, and no further than git's own would go.

use crate::beneath;
use crate::config::Config;
use codemem_core::ports::Head;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Largest small file read, in bytes: a path or a commit's id.
pub(crate) const MAX_NAME: u64 = 64 * 1024;

/// What HEAD names where references are kept in a reftable, for whoever does not know of those.
pub(crate) const NOT_HERE: &str = "refs/heads/.invalid";

/// Largest list of references read, in bytes: a million of them.
const MAX_REFERENCES: u64 = 128 * 1024 * 1024;

/// Largest `info/exclude` read, in bytes.
const MAX_EXCLUDE: u64 = 2 * 1024 * 1024;

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

impl GitDir {
    /// Whether another worktree holds the repository's objects.
    pub(crate) fn is_linked(&self) -> bool {
        self.dir.canonicalize().is_ok_and(|dir| dir != self.common)
    }

    /// The repository's own file of ignored paths; empty when there is none.
    pub(crate) fn exclude(&self) -> Vec<u8> {
        read(&self.common.join("info/exclude"), MAX_EXCLUDE).unwrap_or_default()
    }
}

/// What the repository's own configuration says of a key, in lower case, as are section and key; its last word counts.
pub(crate) fn configured(git: &GitDir, section: &str, key: &str) -> Option<String> {
    Config::of(&git.common).value(section, key).map(str::to_ascii_lowercase)
}

/// The worktree that holds `directory`, which must be canonical.
pub(crate) fn find(directory: &Path) -> Option<GitDir> {
    directory.ancestors().find_map(at)
}

/// The worktree whose top is `top`.
pub(crate) fn at(top: &Path) -> Option<GitDir> {
    let entry = top.join(".git");
    let dir = if entry.is_dir() {
        entry
    } else {
        let text = text(&entry, MAX_NAME)?;
        top.join(text.strip_prefix("gitdir:")?.trim()).canonicalize().ok()?
    };
    if !dir.join("HEAD").is_file() {
        return None;
    }
    let common = match text(&dir.join("commondir"), MAX_NAME) {
        Some(text) => dir.join(text.trim()),
        None => dir.clone(),
    };
    Some(GitDir {
        top: top.to_path_buf(),
        common: common.canonicalize().ok()?,
        dir,
    })
}

/// Whether a directory is a repository's git directory, by what git itself looks for.
pub(crate) fn is_git_directory(directory: &Path) -> bool {
    directory.join("HEAD").is_file() && directory.join("objects").is_dir() && directory.join("refs").is_dir()
}

/// What HEAD names in a worktree; none where references are kept in another way than in files.
pub(crate) fn head(git: &GitDir) -> Option<Head> {
    let text = text(&git.dir.join("HEAD"), MAX_NAME)?;
    let Some(reference) = text.strip_prefix("ref:").map(str::trim) else {
        return Some(Head {
            branch: None,
            commit: hex(&text),
        });
    };
    if reference == NOT_HERE {
        return None;
    }
    let commit = crate::git::text(&git.common.join(reference), MAX_NAME)
        .and_then(|text| hex(&text))
        .or_else(|| packed(git, reference));
    Some(Head {
        branch: reference.strip_prefix("refs/heads/").map(str::to_owned),
        commit,
    })
}

fn packed(git: &GitDir, reference: &str) -> Option<String> {
    let text = text(&git.common.join("packed-refs"), MAX_REFERENCES)?;
    text.lines().find_map(|line| match line.split_once(' ') {
        Some((id, name)) if name == reference => hex(id),
        _ => None,
    })
}

/// The text of a regular file of at most `limit` bytes.
pub(crate) fn text(path: &Path, limit: u64) -> Option<String> {
    String::from_utf8(read(path, limit)?).ok()
}

/// A regular file of at most `limit` bytes; git's directory may hold links to shared files.
pub(crate) fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let file = File::options()
        .read(true)
        .custom_flags(beneath::NEVER_WAIT)
        .open(path)
        .ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

/// The commit that a text names by its whole id.
pub(crate) fn hex(text: &str) -> Option<String> {
    let text = text.trim();
    let valid = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| text.to_owned())
}

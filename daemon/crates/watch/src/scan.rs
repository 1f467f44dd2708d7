//! Listing a root: everything that is not ignored, each thing once.

use crate::WatchError;
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileStamp, ScanEntry};
use codemem_core::skip::SkipReason;
use ignore::{DirEntry, WalkBuilder};
use std::fs::Metadata;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The project's own ignore file, in gitignore syntax, read in every directory.
const IGNORE_FILE: &str = ".codememignore";

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

/// Walks `root` until the sink breaks.
pub(crate) fn scan(
    root: &Path,
    max_file_bytes: u64,
    sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
) -> Result<(), WatchError> {
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .follow_links(false)
        .require_git(false) // an unpacked archive has its .gitignore files too
        .git_global(false) // the answer must not depend on whose daemon it is
        .add_custom_ignore_filename(IGNORE_FILE)
        .filter_entry(|entry| !is_never_entered(entry))
        .build();
    for entry in walk {
        let found = match entry {
            Ok(entry) => look_at(root, &entry, max_file_bytes),
            Err(error) if is_root_error(root, &error) => {
                return Err(WatchError::Scan {
                    path: root.to_path_buf(),
                    source: error,
                });
            }
            Err(error) => Some(ScanEntry::Skipped(shown(root, &error), SkipReason::Unreadable)),
        };
        if let Some(found) = found
            && sink(found).is_break()
        {
            break;
        }
    }
    Ok(())
}

/// Size and modification time as the manifest keeps them.
pub(crate) fn stamp(metadata: &Metadata) -> FileStamp {
    let mtime_ns = metadata
        .modified()
        .ok()
        .and_then(|time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok(),
            Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|nanos| -nanos),
        });
    FileStamp {
        size: metadata.len(),
        mtime_ns: mtime_ns.unwrap_or(0),
    }
}

fn look_at(root: &Path, entry: &DirEntry, max_file_bytes: u64) -> Option<ScanEntry> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return None;
    }
    let relative = entry.path().strip_prefix(root).ok()?;
    let skipped = |reason| Some(ScanEntry::Skipped(relative.to_string_lossy().into_owned(), reason));
    if !kind.is_file() {
        return skipped(SkipReason::NotAFile);
    }
    let Some(path) = relative.to_str().and_then(RepoPath::new) else {
        return skipped(SkipReason::BadName);
    };
    match entry.metadata() {
        Ok(metadata) if metadata.len() > max_file_bytes => skipped(SkipReason::TooLarge),
        Ok(metadata) => Some(ScanEntry::File(path, stamp(&metadata))),
        Err(_) => skipped(SkipReason::Unreadable),
    }
}

fn is_never_entered(entry: &DirEntry) -> bool {
    entry.depth() > 0
        && entry
            .file_name()
            .to_str()
            .is_some_and(|name| NEVER_ENTERED.contains(&name))
        && (entry.file_type().is_some_and(|kind| kind.is_dir()) || entry.file_name() == ".git")
}

fn is_root_error(root: &Path, error: &ignore::Error) -> bool {
    match error {
        ignore::Error::WithDepth { depth, .. } => *depth == 0,
        ignore::Error::WithPath { path, .. } => path == root,
        _ => false,
    }
}

fn shown(root: &Path, error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => shown(root, err),
        ignore::Error::WithPath { path, .. } => path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned(),
        other => other.to_string(),
    }
}

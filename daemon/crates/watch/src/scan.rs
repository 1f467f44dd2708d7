//! Listing a root, or some paths of it: everything that is not left out, each thing once.

use crate::WatchError;
use crate::walk::{Found, Visitor, Walk};
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileStamp, ScanEntry};
use codemem_core::skip::SkipReason;
use rustix::fs::Stat;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

type Sink<'a> = &'a mut dyn FnMut(ScanEntry) -> ControlFlow<()>;

/// Walks `root`, which must be canonical, until the sink breaks.
pub(crate) fn scan(root: &Path, max_file_bytes: u64, sink: Sink<'_>) -> Result<(), WatchError> {
    let mut walk = Walk::open(root)?;
    let mut entries = Entries { max_file_bytes, sink };
    if walk.whole(&mut entries)?.is_break() {
        return Ok(());
    }
    walk.finish()
}

/// Walks what stands at `paths` below `root`, which must be canonical, until the sink breaks. Costs what the paths and
/// the rules above them cost, whatever else is in the root.
pub(crate) fn look(root: &Path, paths: &[PathBuf], max_file_bytes: u64, sink: Sink<'_>) -> Result<(), WatchError> {
    let mut walk = Walk::open(root)?;
    let mut entries = Entries { max_file_bytes, sink };
    for path in outermost(paths) {
        if walk.at(&path, &mut entries)?.is_break() {
            return Ok(());
        }
    }
    walk.finish()
}

/// The paths that no other one contains, each once and as the system would spell it. What leads out of a root is no path
/// below it.
pub(crate) fn outermost(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut below: Vec<PathBuf> = paths.iter().filter_map(|path| plain(path)).collect();
    // By their parts: what a directory contains comes right after it.
    below.sort_unstable();
    let mut outermost: Vec<PathBuf> = Vec::with_capacity(below.len());
    for path in below {
        if !outermost.last().is_some_and(|last| path.starts_with(last)) {
            outermost.push(path);
        }
    }
    outermost
}

fn plain(path: &Path) -> Option<PathBuf> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts
        .map(|part| match part {
            Component::Normal(name) => Some(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
        })
        .collect()
}

/// Tells a sink what a walk finds.
struct Entries<'a> {
    max_file_bytes: u64,
    sink: Sink<'a>,
}

impl Visitor for Entries<'_> {
    fn found(&mut self, path: &Path, found: Found) -> ControlFlow<()> {
        let entry = match found {
            Found::Special => skipped(path, SkipReason::NotAFile),
            Found::Unreadable => skipped(path, SkipReason::Unreadable),
            Found::File(stat) => match path.to_str().and_then(RepoPath::new) {
                None => skipped(path, SkipReason::BadName),
                Some(relative) => {
                    let stamp = stamp(&stat);
                    if stamp.size > self.max_file_bytes {
                        skipped(path, SkipReason::TooLarge)
                    } else {
                        ScanEntry::File(relative, stamp)
                    }
                }
            },
        };
        (self.sink)(entry)
    }
}

/// Size and modification time as the manifest keeps them.
pub(crate) fn stamp(stat: &Stat) -> FileStamp {
    // The fields' types differ from system to system; no time or size is anywhere near their ends.
    let (seconds, nanos) = (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec));
    FileStamp {
        size: u64::try_from(stat.st_size).unwrap_or(u64::MAX),
        mtime_ns: i64::try_from(seconds * 1_000_000_000 + nanos).unwrap_or(0),
    }
}

/// Something left out, with a name that no other has: what is not UTF-8 is shown as `\xff`.
fn skipped(path: &Path, reason: SkipReason) -> ScanEntry {
    let mut shown = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        shown.push_str(chunk.valid());
        shown.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    ScanEntry::Skipped(shown, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_looked_at_once_and_only_below_the_root() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["a", "a", "a/b", "./a/", "ab"], &["a", "ab"]),
            (&["b/c", "a", "b"], &["a", "b"]),
            (&["a-b", "a/c", "a"], &["a", "a-b"]),
            (&["../a", "/etc", "a/../b"], &[]),
            (&["a", "", "b"], &[""]),
            (&["."], &[""]),
        ];
        for (paths, expected) in cases {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(outermost(&paths), expected, "{paths:?}");
        }
    }
}

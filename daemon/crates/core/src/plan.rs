//! What a pass must do: the difference between a manifest and a scan.

use crate::ids::{ContentHash, PathId};
use crate::path::RepoPath;
use crate::ports::{FileStamp, ManifestEntry};
use crate::rank::Place;
use std::collections::HashMap;

/// A file that must be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToRead {
    /// Where.
    pub path: RepoPath,
    /// Size and time at the scan.
    pub stamp: FileStamp,
    /// What the manifest holds for it, when it holds something.
    pub known: Option<(PathId, ContentHash)>,
}

/// The work of a pass.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Files to read, the ones most worth finding first.
    pub read: Vec<ToRead>,
    /// Paths that are gone.
    pub removed: Vec<PathId>,
    /// Files whose stamp says that nothing happened.
    pub unchanged: usize,
}

/// Compares a manifest with a scan. With `force`, every file is read whatever its stamp.
///
/// A stamp can only say "look again": a file is read when size or time differ in either direction,
/// so a clock that went backwards or a restored old file is noticed too.
pub fn plan(manifest: &[ManifestEntry], scanned: Vec<(RepoPath, FileStamp)>, force: bool) -> Plan {
    let mut known: HashMap<&RepoPath, &ManifestEntry> = manifest.iter().map(|entry| (&entry.path, entry)).collect();
    let mut plan = Plan::default();
    for (path, stamp) in scanned {
        let entry = known.remove(&path);
        if !force && entry.is_some_and(|entry| entry.stamp == stamp) {
            plan.unchanged += 1;
        } else {
            plan.read.push(ToRead {
                path,
                stamp,
                known: entry.map(|entry| (entry.path_id, entry.hash)),
            });
        }
    }
    plan.removed = known.into_values().map(|entry| entry.path_id).collect();
    plan.removed.sort_unstable();
    // The first commit of a pass makes the first files searchable: let them be the project's own code.
    plan.read
        .sort_by_cached_key(|file| (Place::of(&file.path).rank_in_pass(), file.path.clone()));
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ContentId, Hash128, TextId};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn stamp(time: i64) -> FileStamp {
        FileStamp {
            size: 1,
            mtime_ns: time,
        }
    }

    fn entry(id: u32, path: &str, time: i64) -> ManifestEntry {
        ManifestEntry {
            path: RepoPath::new(path).expect("valid"),
            path_id: PathId(id),
            content: ContentId(id),
            hash: Hash128([0; 16]),
            stamp: stamp(time),
            language: "text".to_owned(),
            summary: TextId(id),
            n_chunks: 1,
        }
    }

    proptest! {
        #[test]
        fn every_path_ends_in_exactly_one_place(
            before in proptest::collection::btree_map("[a-d]", 0_i64..3, 0..4),
            after in proptest::collection::btree_map("[a-d]", 0_i64..3, 0..4),
            force in any::<bool>(),
        ) {
            let manifest: Vec<_> = before.iter().enumerate().map(|(id, (path, time))| entry(id as u32, path, *time)).collect();
            let scanned = after.iter().map(|(path, time)| (RepoPath::new(path).expect("valid"), stamp(*time))).collect();
            let plan = plan(&manifest, scanned, force);
            let read: BTreeSet<String> = plan.read.iter().map(|file| file.path.to_string()).collect();
            let changed: BTreeSet<String> = after
                .iter()
                .filter(|(path, time)| force || before.get(*path) != Some(time))
                .map(|(path, _)| path.clone())
                .collect();
            prop_assert_eq!(&read, &changed);
            prop_assert_eq!(plan.unchanged, after.len() - changed.len());
            let ids: BTreeMap<&String, u32> = before.keys().zip(0..).collect();
            let gone: Vec<PathId> = before.keys().filter(|path| !after.contains_key(*path)).map(|path| PathId(ids[path])).collect();
            prop_assert_eq!(plan.removed, gone);
        }
    }

    #[test]
    fn the_projects_own_code_comes_first() {
        let scanned = ["docs/a.md", "tests/a.rs", "vendor/a.rs", "src/a.rs"]
            .map(|path| (RepoPath::new(path).expect("valid"), stamp(0)))
            .to_vec();
        let order: Vec<String> = plan(&[], scanned, false)
            .read
            .iter()
            .map(|file| file.path.to_string())
            .collect();
        assert_eq!(order, ["src/a.rs", "tests/a.rs", "docs/a.md", "vendor/a.rs"]);
    }
}

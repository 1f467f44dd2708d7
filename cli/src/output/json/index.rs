//! What indexing, pruning and forgetting did.

use codemem_proto::v1;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize, Debug)]
pub(crate) struct Indexed {
    repo: String,
    files: u64,
    chunks: u64,
    symbols: u64,
    skipped: BTreeMap<String, u64>,
    vectors: u64,
    seconds: f64,
}

impl From<v1::IndexRootResult> for Indexed {
    fn from(result: v1::IndexRootResult) -> Self {
        Self {
            repo: result.root,
            files: result.files,
            chunks: result.chunks,
            symbols: result.symbols,
            skipped: result.skipped.into_iter().collect(),
            vectors: result.vectors,
            seconds: result.seconds,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Pruned {
    dry_run: bool,
    roots: Vec<String>,
    contents: u64,
    vectors: u64,
    freed_bytes: u64,
    worktrees: u64,
    orphans: u64,
    /// Roots that are kept although they are not there.
    missing: Vec<String>,
    documents: u64,
}

impl Pruned {
    pub(crate) fn new(pruned: v1::PruneResponse, dry_run: bool) -> Self {
        Self {
            dry_run,
            roots: pruned.roots,
            contents: pruned.contents,
            vectors: pruned.vectors,
            freed_bytes: pruned.freed_bytes,
            worktrees: pruned.worktrees,
            orphans: pruned.orphans,
            missing: pruned.missing,
            documents: pruned.documents,
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Removed {
    pub(crate) repo: String,
    pub(crate) freed_bytes: u64,
}

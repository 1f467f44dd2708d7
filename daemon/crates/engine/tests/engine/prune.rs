//! Pruning: what is counted first is what is deleted then, in every store, and nothing else.

use crate::setup::{ROOT, Running, World, finished};
use codemem_core::ids::{ChunkId, ContentId, Hash128, PathId, RepositoryKey, TextId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    ChunkDocument, FileRecord, FileStamp, ManifestChange, PathDocument, PortErrorKind, Registry as _, VectorSpace,
};
use codemem_core::unit::Extraction;
use codemem_engine::PruneReport;
use codemem_testkit::Fault;
use std::path::{Path, PathBuf};

const SIDE: &str = "/side";

async fn index(running: &Running, root: &str) {
    finished(running.engine.index(Path::new(root), false).await.expect("accepted")).await;
}

/// Counts, prunes, compares, and finds nothing left.
async fn pruned(running: &Running) -> PruneReport {
    running.settle().await;
    let counted = running.engine.prune(true).await.expect("counted");
    let again = running.engine.prune(true).await.expect("counted");
    assert_eq!(counted, again, "counting changes nothing");
    let report = running.engine.prune(false).await.expect("pruned");
    let without_bytes = |report: &PruneReport| PruneReport {
        freed_bytes: 0,
        ..report.clone()
    };
    assert_eq!(without_bytes(&counted), without_bytes(&report));
    let left = running.engine.prune(true).await.expect("counted");
    assert_eq!(without_bytes(&left), PruneReport::default());
    report
}

/// Contents, paths and vectors by which the stores of a world go beyond each other.
fn orphans(world: &World) -> (usize, usize, usize) {
    let stores = world.stores();
    let known = stores.catalog.ids().expect("listed");
    let (contents, paths) = stores.lexical.held().expect("listed");
    let vectors = [VectorSpace::Files, VectorSpace::Chunks].map(|space| {
        let held = stores.vectors.held(space).expect("listed");
        held.iter().filter(|id| !known.texts.contains(*id)).count()
    });
    (
        contents.iter().filter(|id| !known.contents.contains(*id)).count(),
        paths.iter().filter(|id| !known.paths.contains(*id)).count(),
        vectors.iter().sum(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_that_is_gone_takes_along_what_it_alone_held() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.settle().await;
    let before = world.fingerprint();
    world
        .source
        .write(SIDE, "router.fk", "def route\nmatch the path of a request\n", 1);
    world
        .source
        .write(SIDE, "only.fk", "def only\nhere and nowhere else\n", 1);
    index(&running, SIDE).await;
    running.settle().await;
    world.source.delete_root(SIDE);
    let report = pruned(&running).await;
    assert_eq!(report.roots, [PathBuf::from(SIDE)]);
    assert_eq!((report.worktrees, report.contents), (0, 1), "`only.fk`: {report:?}");
    assert!(report.vectors >= 2, "its summary and its chunk: {report:?}");
    assert!(report.documents >= 1 && report.freed_bytes > 0, "{report:?}");
    assert_eq!(running.paths("route").await, ["router.fk"]);
    running.stop().await;
    assert_eq!(world.fingerprint(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_whose_roots_are_all_gone_is_counted_before_it_is_deleted_whole() {
    let world = World::new();
    world.source.write(SIDE, "side.fk", "def side\n", 1);
    let running = world.start();
    running.index().await;
    index(&running, SIDE).await;
    world.source.delete_root(SIDE);
    world.source.delete_root(ROOT);
    let report = pruned(&running).await;
    assert_eq!((report.roots.len(), report.contents), (2, 3), "{report:?}");
    assert!(world.roots().is_empty() && world.registry.stores().is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_in_any_store_is_found_by_its_id_and_deleted() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    running.settle().await;
    let before = world.fingerprint();
    let stores = world.stores();
    // A manifest of a root that is not registered.
    let nobody = stores.catalog.worktree(Path::new("/nobody")).expect("added");
    let path = RepoPath::new("nobody.fk").expect("a path");
    let extraction = Extraction {
        language: "fake".to_owned(),
        chunks: vec![],
        symbols: vec![],
        references: codemem_core::reference::References::default(),
        leading_comment: None,
        has_errors: false,
    };
    let record = FileRecord {
        path: path.clone(),
        stamp: FileStamp { size: 1, mtime_ns: 1 },
        hash: Hash128([7; 16]),
        extraction: Some((extraction, vec![])),
        summary: Hash128([8; 16]),
    };
    let change = ManifestChange {
        put: vec![record],
        ..ManifestChange::default()
    };
    stores.catalog.record(nobody, &change, 1).expect("recorded");
    // Documents and vectors that the catalog never heard of, or has forgotten.
    let document = ChunkDocument {
        content: ContentId(9_001),
        chunk: ChunkId(9_001),
        body: "nobody",
        names: "",
        docs: "",
    };
    stores.lexical.put_chunks(&[document]).expect("written");
    let document = PathDocument {
        path: PathId(9_002),
        text: &path,
    };
    stores.lexical.put_paths(&[document]).expect("written");
    stores.lexical.commit().expect("committed");
    for (space, id) in [(VectorSpace::Files, 9_003), (VectorSpace::Chunks, 9_004)] {
        stores
            .vectors
            .upsert(space, &[(TextId(id), vec![1.0, 0.0])])
            .expect("written");
    }
    assert_eq!(orphans(&world), (1, 1, 2));
    let report = pruned(&running).await;
    assert_eq!(
        (report.worktrees, report.contents, report.documents, report.vectors),
        (1, 1, 2, 2),
        "{report:?}"
    );
    assert_eq!(orphans(&world), (0, 0, 0));
    running.stop().await;
    assert_eq!(world.fingerprint(), before, "and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_no_root_names_is_counted_and_deleted() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let nobody = RepositoryKey::new(Hash128([9; 16]));
    drop(world.registry.open(&nobody).expect("made"));
    assert_eq!(pruned(&running).await.orphans, 1);
    assert_eq!(world.registry.stores().len(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_that_fails_half_way_is_done_by_the_next() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.write("router.fk", "def other\n");
    running.index().await;
    running.settle().await;
    world.faults.plan(Fault::CommitLexical, 1, PortErrorKind::DiskFull);
    assert!(running.engine.prune(false).await.is_err());
    let counted = running.engine.prune(true).await.expect("counted");
    assert_eq!(counted.contents, 1, "{counted:?}");
    pruned(&running).await;
    assert_eq!(orphans(&world), (0, 0, 0));
    running.stop().await;
}

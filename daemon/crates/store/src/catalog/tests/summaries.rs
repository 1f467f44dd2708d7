//! Which summary a path had with a content: what it is kept for, how long, and how soon it is found.

use super::{VERSION, content_hash, extraction, file, mark_all, open, path, put, text_hash};
use codemem_core::ids::{ContentId, TextId};
use codemem_core::ports::{Catalog, FileRecord, Garbage, ManifestChange, ManifestEntry, VectorSpace};
use rusqlite::Connection;
use std::path::Path;

/// A file whose summary has this number.
fn summed(n_path: u32, n_content: u32, summary: u32, n_text: u32) -> FileRecord {
    FileRecord {
        summary: text_hash(summary),
        ..file(n_path, n_content, Some(extraction(&[n_text], vec![])))
    }
}

fn known(n_path: u32, n_content: u32, summary: u32) -> FileRecord {
    FileRecord {
        extraction: None,
        ..summed(n_path, n_content, summary, 0)
    }
}

/// Collects what no manifest names.
fn prune(catalog: &dyn Catalog) -> Garbage {
    let garbage = catalog.garbage(&[]).expect("found");
    catalog.unmark(&garbage).expect("unmarked");
    catalog.collect(&garbage).expect("collected");
    assert_eq!(
        catalog.garbage(&[]).expect("found"),
        Garbage::default(),
        "all of it at once"
    );
    garbage
}

#[test]
fn a_summary_is_kept_while_its_path_and_its_content_are_held_and_no_longer() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    // The contents of two paths, which then change places.
    let files = vec![summed(1, 7, 100, 1), summed(2, 8, 200, 2)];
    let recorded = catalog.record(tree, &put(files), VERSION).expect("recorded");
    mark_all(&catalog, &recorded);
    let before = recorded.iter().map(|file| file.summary).collect::<Vec<_>>();
    catalog.mark_vectors(&before).expect("marked");
    let swapped = put(vec![summed(1, 8, 101, 2), summed(2, 7, 201, 1)]);
    let swapped = catalog.record(tree, &swapped, VERSION).expect("recorded");
    assert!(swapped.iter().all(|file| file.new_chunks.is_empty() && !file.new_path));
    let summary = |n_path, n_content| {
        let found = catalog.recorded(&path(n_path), content_hash(n_content), VERSION);
        found.expect("looked up")
    };
    let all = || [summary(1, 7), summary(2, 8), summary(1, 8), summary(2, 7)];
    let expected = [100, 200, 101, 201].map(|text| Some(text_hash(text)));
    assert_eq!(all(), expected, "what was, and what is");
    assert_eq!(
        catalog.recorded(&path(3), content_hash(7), VERSION).expect("looked up"),
        None
    );
    assert_eq!(
        catalog.recorded(&path(1), content_hash(9), VERSION).expect("looked up"),
        None
    );

    assert_eq!(
        prune(&catalog),
        Garbage::default(),
        "both paths and both contents are held"
    );
    // Back again: nothing has to be extracted, and nothing to be embedded.
    let back = put(vec![known(1, 7, 100), known(2, 8, 200)]);
    let back = catalog.record(tree, &back, VERSION).expect("recorded");
    assert_eq!(back.iter().map(|file| file.summary).collect::<Vec<_>>(), before);
    assert_eq!(catalog.pending_vectors(VectorSpace::Files, 10).expect("listed"), []);

    // A path that is gone takes its summaries along, whatever becomes of their contents.
    let gone = ManifestChange {
        put: vec![known(1, 8, 101)],
        removed: vec![recorded[1].path],
        ..ManifestChange::default()
    };
    catalog.record(tree, &gone, VERSION).expect("recorded");
    let garbage = prune(&catalog);
    assert_eq!(
        (garbage.contents.len(), garbage.paths.len(), garbage.texts.len()),
        (1, 1, 4),
        "content 7 with its chunk's text, and the summaries of 7 here, of 7 and 8 there"
    );
    assert_eq!(all(), [None, None, Some(text_hash(101)), None]);
    catalog.remove_worktree(tree).expect("removed");
    let left = prune(&catalog);
    assert_eq!((left.contents.len(), left.paths.len(), left.texts.len()), (1, 1, 2));
    assert_eq!(all(), [None; 4]);
}

#[test]
fn what_is_not_in_the_lexical_index_or_of_another_version_is_not_recorded() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let files = vec![summed(1, 7, 100, 1), summed(2, 7, 200, 1)];
    let recorded = catalog.record(tree, &put(files), 1).expect("recorded");
    let summary = |n_path, version| {
        let found = catalog.recorded(&path(n_path), content_hash(7), version);
        found.expect("looked up")
    };
    assert_eq!(summary(1, 1), None, "on its way");
    mark_all(&catalog, &recorded);
    assert_eq!((summary(1, 1), summary(1, 2)), (Some(text_hash(100)), None));
    // Read again at one of its paths: of the other only the old summary is known, which is not that of these units.
    let again = catalog
        .record(tree, &put(vec![summed(1, 7, 101, 2)]), 2)
        .expect("recorded");
    mark_all(&catalog, &again);
    assert_eq!((summary(1, 2), summary(2, 2)), (Some(text_hash(101)), None));
    catalog.reset_lexical().expect("reset");
    assert_eq!(summary(1, 2), None);
}

#[test]
fn a_catalog_of_version_1_is_filled_from_its_manifests() {
    let directory = tempfile::tempdir().expect("dir");
    let file = directory.path().join("catalog.db");
    let old = Connection::open(&file).expect("opened");
    old.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").expect("set");
    old.execute_batch(include_str!("../migrations/001_initial.sql"))
        .expect("made");
    old.execute_batch(include_str!("version_1.sql")).expect("filled");
    drop(old);
    for opening in 0..2 {
        let catalog = open(directory.path());
        let summary = |n_path, n_content| {
            let found = catalog.recorded(&path(n_path), content_hash(n_content), 1);
            found.expect("looked up")
        };
        let found = [summary(1, 7), summary(2, 7), summary(2, 8)];
        // Two worktrees had it otherwise: the newer one counts. What is not in the lexical index is not recorded.
        assert_eq!(found, [Some(text_hash(1_003)), None, None], "opening {opening}");
        catalog.check().expect("sound");
        assert_eq!(catalog.garbage(&[]).expect("found"), Garbage::default());
        // Its lines are what they were, and what has no vector still has none.
        let [one, two] = ["/one", "/two"].map(|root| catalog.worktree(Path::new(root)).expect("there"));
        let lines = |tree| -> Vec<(u32, u32, u64, i64)> {
            let lines = catalog.manifest(tree).expect("listed").into_iter();
            let told = |e: ManifestEntry| (e.path_id.0, e.summary.0, e.stamp.size, e.stamp.mtime_ns);
            lines.map(told).collect()
        };
        assert_eq!(
            (lines(one), lines(two)),
            (vec![(1, 2, 7, -7), (2, 3, 8, -8)], vec![(1, 4, 7, -7)])
        );
        let pending = catalog.pending_vectors(VectorSpace::Files, 10).expect("listed");
        let pending: Vec<_> = pending.iter().map(|file| (file.worktree, file.texts[0].1)).collect();
        assert_eq!(pending, [(one, TextId(3)), (two, TextId(4))]);
        assert_eq!(catalog.pending_vectors(VectorSpace::Chunks, 10).expect("listed"), []);
        assert_eq!(catalog.counts(one).expect("counted").files_with_vector, 1);
    }
    let catalog = open(directory.path());
    catalog.mark_lexical(&[ContentId(2)], &[]).expect("marked");
    let found = catalog.recorded(&path(2), content_hash(8), 1).expect("looked up");
    assert_eq!(found, Some(text_hash(1_002)));
    let two = catalog
        .find_worktree(Path::new("/two"))
        .expect("looked up")
        .expect("there");
    catalog.remove_worktree(two).expect("removed");
    assert_eq!(
        catalog.garbage(&[]).expect("found").texts,
        [],
        "named by the table, and its path and content are held"
    );
    let one = catalog
        .find_worktree(Path::new("/one"))
        .expect("looked up")
        .expect("there");
    catalog.remove_worktree(one).expect("removed");
    assert_eq!(prune(&catalog).texts, [1, 2, 3, 4].map(TextId));
}

#[test]
fn a_look_up_goes_by_keys_alone() {
    let directory = tempfile::tempdir().expect("dir");
    drop(open(directory.path()));
    let reader = Connection::open(directory.path().join("catalog.db")).expect("opened");
    let sql = format!("EXPLAIN QUERY PLAN {}", super::super::lookups::RECORDED);
    let mut plan = reader.prepare(&sql).expect("prepared");
    let hash: &[u8] = &content_hash(7).0;
    let steps = plan.query_map((hash, 1, "src/0007.rs"), |row| row.get::<_, String>(3));
    let steps: Vec<String> = steps.expect("asked").map(|step| step.expect("a step")).collect();
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
}

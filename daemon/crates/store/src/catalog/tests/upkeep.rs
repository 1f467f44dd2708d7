//! What the other indexes still have to do, and what nobody names any more, on small examples.

use super::{VERSION, content_hash, extraction, file, mark_all, open, path, put, symbol};
use codemem_core::ids::{ContentId, TextId, WorktreeId};
use codemem_core::ports::{Catalog, Fingerprint, Garbage, ManifestChange, VectorSpace, WorktreeCounts};
use std::path::Path;

#[test]
fn rewinding_drops_what_never_reached_the_lexical_index_and_says_so_until_it_is_collected() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let done = catalog
        .record(tree, &put(vec![file(1, 7, Some(extraction(&[1], vec![])))]), VERSION)
        .expect("recorded");
    mark_all(&catalog, &done);
    // A new content, a known content under a new path, and a new content under a known path.
    let open_ended = catalog
        .record(
            tree,
            &put(vec![file(2, 8, Some(extraction(&[2], vec![]))), file(3, 7, None)]),
            VERSION,
        )
        .expect("recorded");
    assert!(open_ended[1].new_path && open_ended[1].new_chunks.is_empty());
    let lost = Garbage {
        contents: vec![open_ended[0].content],
        paths: vec![open_ended[0].path, open_ended[1].path],
        texts: vec![],
    };
    assert_eq!(catalog.rewind(VERSION).expect("rewound"), lost);
    let left: Vec<_> = catalog
        .manifest(tree)
        .expect("listed")
        .into_iter()
        .map(|e| e.path)
        .collect();
    assert_eq!(left, [path(1)]);
    drop(catalog);

    let catalog = open(directory.path());
    assert_eq!(
        catalog.rewind(VERSION).expect("rewound"),
        lost,
        "a crash before the deletion is made good"
    );
    let again = catalog
        .record(tree, &put(vec![file(2, 8, Some(extraction(&[2], vec![])))]), VERSION)
        .expect("recorded");
    assert_eq!(
        (again[0].content, again[0].path, again[0].new_path),
        (lost.contents[0], lost.paths[0], true)
    );
    assert_eq!(again[0].new_chunks.len(), 1, "still to be indexed");
    mark_all(&catalog, &again);
    catalog
        .collect(&catalog.garbage(&[]).expect("found"))
        .expect("collected");
    assert_eq!(catalog.rewind(VERSION).expect("rewound"), Garbage::default());
    assert_eq!(catalog.manifest(tree).expect("listed").len(), 2);
}

#[test]
fn vectors_are_pending_until_marked_and_counts_follow() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let other = catalog.worktree(Path::new("/two")).expect("added");
    let symbols = || vec![symbol("Outer", (1, 20), None)];
    catalog
        .record(
            tree,
            &put(vec![
                file(1, 7, Some(extraction(&[1, 2, 1], symbols()))),
                file(2, 8, Some(extraction(&[2, 3], vec![]))),
                file(3, 7, Some(extraction(&[1, 2, 1], symbols()))),
            ]),
            VERSION,
        )
        .expect("recorded");
    catalog
        .record(other, &put(vec![file(1, 7, None)]), VERSION)
        .expect("recorded");
    let counts = |chunks_with_vector, files_with_vector| WorktreeCounts {
        files: 3,
        chunks: 5,
        symbols: 1,
        chunks_with_vector,
        files_with_vector,
    };
    assert_eq!(catalog.counts(tree).expect("counted"), counts(0, 0));

    let chunks = catalog.pending_vectors(VectorSpace::Chunks, 10).expect("listed");
    let shape: Vec<_> = chunks
        .iter()
        .map(|f| (f.path.clone(), f.texts.iter().map(|t| t.0).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        shape,
        [(path(1), vec![0, 1]), (path(2), vec![0, 1])],
        "each content and text once"
    );
    assert_eq!((chunks[0].worktree, chunks[0].hash), (tree, content_hash(7)));
    assert_eq!(
        catalog.pending_vectors(VectorSpace::Chunks, 1).expect("listed"),
        chunks[..1]
    );
    assert!(
        catalog
            .pending_vectors(VectorSpace::Chunks, 0)
            .expect("listed")
            .is_empty()
    );
    let files = catalog.pending_vectors(VectorSpace::Files, 10).expect("listed");
    let paths: Vec<_> = files.iter().map(|f| f.path.clone()).collect();
    assert_eq!(
        paths,
        [path(1), path(2), path(3)],
        "summaries differ even where contents do not"
    );

    let shared = chunks[0].texts[1].1;
    catalog.mark_vectors(&[shared, shared, TextId(9_999)]).expect("marked");
    assert_eq!(catalog.counts(tree).expect("counted"), counts(2, 0));
    let left = catalog.pending_vectors(VectorSpace::Chunks, 10).expect("listed");
    assert_eq!(left.iter().map(|f| f.texts.len()).collect::<Vec<_>>(), [1, 1]);
    let all: Vec<_> = left
        .iter()
        .chain(&files)
        .flat_map(|f| f.texts.iter().map(|t| t.1))
        .collect();
    catalog.mark_vectors(&all).expect("marked");
    assert_eq!(catalog.counts(tree).expect("counted"), counts(5, 3));
    assert!(
        catalog
            .pending_vectors(VectorSpace::Chunks, 10)
            .expect("listed")
            .is_empty()
    );
    assert!(
        catalog
            .pending_vectors(VectorSpace::Files, 10)
            .expect("listed")
            .is_empty()
    );
    assert_eq!(
        catalog.counts(WorktreeId(99)).expect("counted"),
        WorktreeCounts::default()
    );

    // An edited file of known texts wants nothing.
    catalog
        .record(tree, &put(vec![file(2, 9, Some(extraction(&[1, 3], vec![])))]), VERSION)
        .expect("recorded");
    assert!(
        catalog
            .pending_vectors(VectorSpace::Chunks, 10)
            .expect("listed")
            .is_empty()
    );
    assert_eq!(catalog.counts(tree).expect("counted"), counts(5, 3));

    catalog.set_fingerprint(&Fingerprint("a".into())).expect("set");
    catalog.set_fingerprint(&Fingerprint("b".into())).expect("set");
    assert_eq!(catalog.fingerprint().expect("read"), Some(Fingerprint("b".into())));
    catalog.reset_vectors().expect("reset");
    assert_eq!(catalog.fingerprint().expect("read"), None);
    assert_eq!(catalog.counts(tree).expect("counted"), counts(0, 0));
    assert_eq!(
        catalog.pending_vectors(VectorSpace::Chunks, 10).expect("listed").len(),
        2
    );
}

#[test]
fn collecting_keeps_what_came_back_into_use_and_has_it_indexed_again() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let units = || Some(extraction(&[1, 2], vec![symbol("Outer", (1, 2), None)]));
    let recorded = catalog
        .record(tree, &put(vec![file(1, 7, units())]), VERSION)
        .expect("recorded");
    mark_all(&catalog, &recorded);
    let texts: Vec<_> = catalog
        .chunks_of(recorded[0].content)
        .expect("found")
        .iter()
        .map(|c| c.text)
        .collect();
    catalog.mark_vectors(&texts).expect("marked");
    catalog.remove_worktree(tree).expect("removed");
    let garbage = catalog.garbage(&[]).expect("found");
    assert_eq!(
        (garbage.contents.len(), garbage.paths.len(), garbage.texts.len()),
        (1, 1, 3)
    );

    let tree = catalog.worktree(Path::new("/one")).expect("added");
    catalog
        .record(tree, &put(vec![file(1, 7, None)]), VERSION)
        .expect("held again");
    catalog.collect(&garbage).expect("collected");
    assert_eq!(catalog.manifest(tree).expect("listed").len(), 1);
    let summary = catalog.recorded(&path(1), content_hash(7), VERSION);
    assert_eq!(summary.expect("looked up"), None, "not in the lexical index any more");
    assert_eq!(
        catalog.pending_vectors(VectorSpace::Chunks, 5).expect("listed")[0]
            .texts
            .len(),
        2
    );
    assert_eq!(
        catalog.rewind(VERSION).expect("rewound").contents,
        recorded.iter().map(|r| r.content).collect::<Vec<_>>()
    );
}

#[test]
fn collecting_gives_the_disk_back_and_ids_are_not_given_out_again() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let empty = catalog.disk_bytes();
    let files = (0..200)
        .map(|n| {
            let texts: Vec<u32> = (n * 20..(n + 1) * 20).collect();
            let symbols = (0..20)
                .map(|s| symbol(&format!("name_{n}_{s}"), (1, 2), None))
                .collect();
            file(n, n, Some(extraction(&texts, symbols)))
        })
        .collect();
    let recorded = catalog.record(tree, &put(files), VERSION).expect("recorded");
    let full = catalog.disk_bytes();
    catalog.remove_worktree(tree).expect("removed");
    let garbage = catalog.garbage(&[]).expect("found");
    assert_eq!((garbage.contents.len(), garbage.texts.len()), (200, 200 * 21));
    catalog.collect(&garbage).expect("collected");
    catalog.collect(&garbage).expect("collected twice is collected once");
    assert_eq!(catalog.garbage(&[]).expect("found"), Garbage::default());
    let left = catalog.disk_bytes();
    assert!(left < full / 4 && left < empty * 3, "{empty} → {full} → {left}");

    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let again = catalog
        .record(tree, &put(vec![file(0, 0, Some(extraction(&[1], vec![])))]), VERSION)
        .expect("recorded");
    let last = recorded.last().expect("200 files");
    assert!(again[0].content > last.content && again[0].path > last.path);
    assert!(again[0].new_chunks[0] > *last.new_chunks.last().expect("20 chunks"));
    assert!(again[0].content > ContentId(200));
}

#[test]
fn how_much_files_are_used_stays_with_their_lines() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let [one, two] = ["/one", "/two"].map(|root| catalog.worktree(Path::new(root)).expect("added"));
    let files = || {
        vec![
            file(1, 7, Some(extraction(&[1], vec![]))),
            file(2, 7, None),
            file(3, 7, None),
        ]
    };
    let paths: Vec<_> = [one, two]
        .map(|tree| catalog.record(tree, &put(files()), VERSION).expect("recorded"))
        .concat()
        .into_iter()
        .map(|recorded| recorded.path)
        .collect();
    assert_eq!(catalog.users(one).expect("read"), []);
    let (first, second, third) = (paths[0], paths[1], paths[2]);
    let stranger = codemem_core::ids::PathId(9_999);
    catalog
        .set_users(one, &[(first, 5), (second, 1), (stranger, 2)])
        .expect("set");
    assert_eq!(catalog.users(one).expect("read"), [(first, 5), (second, 1)]);
    assert_eq!(catalog.users(two).expect("read"), [], "each worktree has its own");

    // A file that changes keeps what it had, one that goes takes it along.
    let change = ManifestChange {
        put: vec![file(1, 8, Some(extraction(&[2], vec![])))],
        removed: vec![second],
        ..ManifestChange::default()
    };
    catalog.record(one, &change, VERSION).expect("recorded");
    assert_eq!(catalog.users(one).expect("read"), [(first, 5)]);
    catalog.set_users(one, &[(third, 300)]).expect("set");
    assert_eq!(catalog.users(one).expect("read"), [(third, 300)]);
}

#[test]
fn another_worktree_costs_some_fifty_bytes_a_file() {
    const N_FILES: u32 = 4_000;
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let files = (0..N_FILES).map(|n| file(n, n, Some(extraction(&[n], vec![]))));
    catalog.record(tree, &put(files.collect()), VERSION).expect("recorded");
    drop(catalog);
    let catalog = open(directory.path());
    let one = catalog.disk_bytes();
    let other = catalog.worktree(Path::new("/two")).expect("added");
    // As readers come by them: not in the order of their ids.
    let files = (0..N_FILES).map(|n| file(n * 2_003 % N_FILES, n * 2_003 % N_FILES, None));
    catalog.record(other, &put(files.collect()), VERSION).expect("recorded");
    drop(catalog);
    let catalog = open(directory.path());
    let added = catalog.disk_bytes() - one;
    assert!(added < u64::from(N_FILES) * 55, "{added} bytes for {N_FILES} files");
    assert_eq!(
        catalog.counts(tree).expect("counted"),
        catalog.counts(other).expect("counted")
    );
}

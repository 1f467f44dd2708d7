//! What is recorded and how it is found again, on small examples.

use super::{VERSION, content_hash, extraction, file, mark_all, open, path, put, stamp, symbol, text_hash};
use crate::SqliteCatalog;
use crate::error::StoreError;
use codemem_core::ids::{ChunkId, IdSet, PathId, TextId, WorktreeId};
use codemem_core::ports::{Catalog, Garbage, ManifestChange, PortErrorKind};
use codemem_core::skip::SkipReason;
use codemem_core::unit::LineSpan;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

#[test]
fn a_catalog_keeps_its_generation_and_two_catalogs_differ() {
    let (one, two) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
    let generation = open(one.path()).generation();
    assert_eq!(open(one.path()).generation(), generation);
    assert_ne!(open(two.path()).generation(), generation);
}

#[test]
fn worktrees_are_found_again_and_their_ids_are_not_given_out_twice() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let one = catalog.worktree(Path::new("/one")).expect("added");
    let two = catalog.worktree(Path::new("/two")).expect("added");
    assert_eq!(catalog.worktree(Path::new("/one")).expect("found"), one);
    catalog.remove_worktree(two).expect("removed");
    let three = catalog.worktree(Path::new("/two")).expect("added");
    assert_ne!(three, two);
    let listed = catalog.worktrees().expect("listed");
    assert_eq!(listed, [(one, "/one".into()), (three, "/two".into())]);

    let bad = Path::new(OsStr::from_bytes(b"/caf\xe9"));
    let error = catalog.worktree(bad).expect_err("not text");
    assert!(error.to_string().contains("not valid UTF-8"), "{error}");
}

#[test]
fn a_batch_is_recorded_and_read_back() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let symbols = || vec![symbol("Outer", (1, 20), None), symbol("run", (5, 9), Some(0))];
    let recorded = catalog
        .record(
            tree,
            &put(vec![
                file(2, 7, Some(extraction(&[1, 2, 1], symbols()))),
                file(1, 7, Some(extraction(&[1, 2, 1], symbols()))),
                file(3, 8, Some(extraction(&[], vec![]))),
            ]),
            VERSION,
        )
        .expect("recorded");
    assert_eq!(recorded[0].new_chunks.len(), 3);
    assert!(
        recorded[1].new_chunks.is_empty(),
        "indexed once however many files hold it"
    );
    assert_eq!(recorded[0].content, recorded[1].content);
    assert!(recorded.iter().all(|file| file.new_path));

    let manifest = catalog.manifest(tree).expect("listed");
    let paths: Vec<_> = manifest.iter().map(|entry| entry.path.clone()).collect();
    assert_eq!(paths, [path(1), path(2), path(3)]);
    assert_eq!(
        (
            manifest[1].path_id,
            manifest[1].content,
            manifest[1].hash,
            manifest[1].stamp
        ),
        (recorded[0].path, recorded[0].content, content_hash(7), stamp(7))
    );
    assert_eq!((manifest[1].n_chunks, manifest[1].language.as_str()), (3, "rust"));
    assert_ne!(manifest[0].summary, manifest[1].summary);

    let chunks = catalog.chunks_of(recorded[0].content).expect("found");
    assert_eq!(
        chunks.iter().map(|chunk| chunk.id).collect::<Vec<_>>(),
        recorded[0].new_chunks
    );
    assert_eq!(chunks[1].lines, LineSpan { start: 11, end: 20 });
    assert_eq!(chunks[0].text, chunks[2].text);
    let run = chunks[1].symbol.as_ref().expect("attributed");
    assert_eq!((run.name.as_str(), run.qualified_name.as_str()), ("run", "Outer::run"));
    assert_eq!(run.docstring.as_deref(), Some("What run does."));
    assert_eq!(run.lines, LineSpan { start: 5, end: 9 });
    assert_eq!(chunks[0].symbol.as_ref().expect("attributed").qualified_name, "Outer");
    assert_eq!(chunks[2].symbol, None);
    let symbols = catalog.symbols_of(recorded[0].content).expect("found");
    assert_eq!(
        symbols.iter().map(|symbol| &*symbol.qualified_name).collect::<Vec<_>>(),
        ["Outer", "Outer::run"]
    );
    assert_eq!(Some(&symbols[1]), chunks[1].symbol.as_ref());

    let wanted = [chunks[2].id, ChunkId(9_999), chunks[0].id];
    let found = catalog.chunks(&wanted).expect("found");
    assert_eq!(found, [chunks[2].clone(), chunks[0].clone()]);
    let carriers = catalog
        .chunks_with_texts(&[chunks[0].text, TextId(9_999)])
        .expect("found");
    let content = recorded[0].content;
    assert_eq!(
        carriers,
        [
            (chunks[0].text, chunks[0].id, content),
            (chunks[0].text, chunks[2].id, content)
        ]
    );
}

#[test]
fn restamping_and_removing_touch_one_worktree() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let one = catalog.worktree(Path::new("/one")).expect("added");
    let two = catalog.worktree(Path::new("/two")).expect("added");
    let recorded = catalog
        .record(one, &put(vec![file(1, 7, Some(extraction(&[1], vec![])))]), VERSION)
        .expect("recorded");
    let again = catalog
        .record(two, &put(vec![file(1, 7, None)]), VERSION)
        .expect("the content is held");
    assert_eq!(
        (again[0].path, again[0].content),
        (recorded[0].path, recorded[0].content)
    );
    let change = ManifestChange {
        restamped: vec![(recorded[0].path, stamp(99))],
        ..ManifestChange::default()
    };
    catalog.record(one, &change, VERSION).expect("restamped");
    assert_eq!(catalog.manifest(one).expect("listed")[0].stamp, stamp(99));
    assert_eq!(catalog.manifest(two).expect("listed")[0].stamp, stamp(7));
    let change = ManifestChange {
        removed: vec![recorded[0].path, PathId(9_999)],
        ..ManifestChange::default()
    };
    catalog.record(one, &change, VERSION).expect("removed");
    assert!(catalog.manifest(one).expect("listed").is_empty());
    assert_eq!(catalog.manifest(two).expect("listed").len(), 1);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let mut short = extraction(&[1, 2], vec![]);
    short.1.pop();
    let mut astray = extraction(&[1], vec![]);
    astray.0.chunks[0].symbol = Some(0);
    let good = || file(1, 7, Some(extraction(&[1], vec![])));
    for (bad, kind) in [
        (file(2, 8, None), PortErrorKind::NotFound),
        (file(2, 8, Some(short)), PortErrorKind::Failed),
        (file(2, 8, Some(astray)), PortErrorKind::Failed),
    ] {
        let error = catalog
            .record(tree, &put(vec![good(), bad]), VERSION)
            .expect_err("does not fit");
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains("src/0002.rs"), "{error}");
        assert!(catalog.manifest(tree).expect("listed").is_empty());
        assert_eq!(catalog.garbage(&[]).expect("found"), Garbage::default());
    }
    let error = catalog
        .record(WorktreeId(99), &put(vec![good()]), VERSION)
        .expect_err("no such worktree");
    assert_eq!(error.kind, PortErrorKind::NotFound);
}

#[test]
fn another_extractor_version_replaces_the_units_under_the_same_content() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let old = catalog
        .record(
            tree,
            &put(vec![file(
                1,
                7,
                Some(extraction(&[1, 2], vec![symbol("Old", (1, 2), None)])),
            )]),
            1,
        )
        .expect("recorded");
    mark_all(&catalog, &old);
    let summary = |version| {
        let found = catalog.recorded(&path(1), content_hash(7), version);
        found.expect("looked up")
    };
    assert_eq!((summary(1), summary(2)), (Some(text_hash(1_001)), None));
    catalog
        .record(tree, &put(vec![file(1, 7, None)]), 2)
        .expect_err("its units are wanted");
    let new = catalog
        .record(
            tree,
            &put(vec![file(
                1,
                7,
                Some(extraction(&[2, 3, 4], vec![symbol("New", (1, 2), None)])),
            )]),
            2,
        )
        .expect("recorded");
    assert_eq!(new[0].content, old[0].content);
    assert_eq!(new[0].new_chunks.len(), 3);
    assert!(new[0].new_chunks.iter().all(|chunk| !old[0].new_chunks.contains(chunk)));
    assert!(catalog.chunks(&old[0].new_chunks).expect("found").is_empty());
    assert!(catalog.definitions(&["old".into()], None, 5).expect("found").is_empty());
    assert_eq!(catalog.definitions(&["new".into()], None, 5).expect("found").len(), 1);
    assert_eq!(summary(2), None, "not in the lexical index yet");
    mark_all(&catalog, &new);
    assert_eq!((summary(1), summary(2)), (None, Some(text_hash(1_001))));
}

#[test]
fn the_same_bytes_in_another_language_are_cut_anew_only_before_they_are_indexed() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let mut text = extraction(&[1], vec![]);
    text.0.language = "text".to_owned();
    let (text, rust) = (|| Some(text.clone()), || Some(extraction(&[2, 3], vec![])));
    let both = catalog
        .record(tree, &put(vec![file(1, 7, rust()), file(2, 7, text())]), VERSION)
        .expect("recorded");
    assert_eq!(
        (both[0].new_chunks.len(), both[1].new_chunks.len()),
        (2, 0),
        "the first in a batch decides"
    );
    let later = catalog
        .record(tree, &put(vec![file(3, 7, text())]), VERSION)
        .expect("recorded");
    assert_eq!(later[0].new_chunks.len(), 1, "as many as the caller is about to index");
    mark_all(&catalog, &later);
    let late = catalog
        .record(tree, &put(vec![file(4, 7, rust())]), VERSION)
        .expect("recorded");
    assert!(late[0].new_chunks.is_empty());
    assert_eq!(catalog.chunks_of(late[0].content).expect("found").len(), 1);
    assert_eq!(catalog.counts(tree).expect("counted").chunks, 1);
}

#[test]
fn definitions_are_found_by_any_case_and_every_name_gets_its_share() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let mut symbols: Vec<_> = (0..30).map(|_| symbol("New", (1, 2), None)).collect();
    symbols.push(symbol("GRÖSSE", (3, 4), None));
    symbols.push(symbol("parse_header", (5, 6), None));
    let recorded = catalog
        .record(tree, &put(vec![file(1, 7, Some(extraction(&[1], symbols)))]), VERSION)
        .expect("recorded");
    let find = |names: &[&str], limit| -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let found = catalog.definitions(&names, None, limit).expect("found");
        found.into_iter().map(|symbol| symbol.name).collect()
    };
    assert_eq!(find(&["größe", "grösse"], 5), ["GRÖSSE"]);
    assert_eq!(
        find(&["new", "missing", "new", "parse_header"], 4),
        ["New", "New", "parse_header", "New"]
    );
    assert_eq!(find(&["new"], 100).len(), 30);
    assert!(find(&["new"], 0).is_empty());
    assert!(find(&[], 5).is_empty());
    let found = catalog.definitions(&["new".into()], None, 1).expect("found");
    assert_eq!(
        (found[0].content, found[0].signature.as_str()),
        (recorded[0].content, "fn New()")
    );

    // Nor must what the filter leaves out.
    let other = catalog
        .record(
            tree,
            &put(vec![file(
                2,
                8,
                Some(extraction(&[1], vec![symbol("new", (1, 2), None)])),
            )]),
            VERSION,
        )
        .expect("recorded");
    let within: IdSet = [other[0].content.0].into_iter().collect();
    let found = catalog.definitions(&["new".into()], Some(&within), 2).expect("found");
    let contents: Vec<_> = found.iter().map(|symbol| symbol.content).collect();
    assert_eq!(contents, [other[0].content]);

    // What no manifest holds any more must not crowd out what can be shown.
    let change = ManifestChange {
        removed: vec![recorded[0].path, other[0].path],
        ..ManifestChange::default()
    };
    catalog.record(tree, &change, VERSION).expect("removed");
    assert!(find(&["new", "parse_header"], 5).is_empty());
}

#[test]
fn skipped_files_are_replaced_and_counted_by_reason() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let skipped = |names: &[(&str, SkipReason)]| -> Vec<_> {
        names.iter().map(|&(name, reason)| (name.to_owned(), reason)).collect()
    };
    let first = skipped(&[("x", SkipReason::TooLarge)]);
    catalog.set_skipped(tree, &first).expect("set");
    // Two names that cannot be shown may read alike.
    let second = skipped(&[
        ("caf\u{fffd}", SkipReason::BadName),
        ("a.png", SkipReason::Binary),
        ("caf\u{fffd}", SkipReason::BadName),
    ]);
    catalog.set_skipped(tree, &second).expect("set");
    let counts = catalog.skipped(tree).expect("counted");
    assert_eq!(counts, [(SkipReason::Binary, 1), (SkipReason::BadName, 2)]);
    catalog.remove_worktree(tree).expect("removed");
    assert!(catalog.skipped(tree).expect("counted").is_empty());
    catalog.set_skipped(tree, &second).expect_err("no such worktree");
}

#[test]
fn ids_run_out_with_an_error_before_they_wrap() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    catalog
        .database
        .write("push the ids to their end", |tx| {
            Ok(tx.execute("UPDATE next_ids SET next = ?1 WHERE kind = 'chunk'", [u32::MAX - 2])?)
        })
        .expect("written");
    let record = |n_chunks: u32, n| {
        let texts: Vec<u32> = (0..n_chunks).collect();
        catalog.record(tree, &put(vec![file(n, n, Some(extraction(&texts, vec![])))]), VERSION)
    };
    let error = record(3, 1).expect_err("two are left");
    assert!(error.to_string().contains("no chunk ids are left"), "{error}");
    record(2, 2).expect("these fit");
    record(1, 3).expect_err("none are left");
    assert_eq!(catalog.manifest(tree).expect("listed").len(), 1);
}

#[test]
fn reads_go_on_while_a_write_is_open() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    catalog
        .record(tree, &put(vec![file(1, 7, Some(extraction(&[1], vec![])))]), VERSION)
        .expect("recorded");
    catalog
        .database
        .write("hold the writer", |tx| {
            tx.execute("DELETE FROM manifest", [])?;
            assert_eq!(catalog.manifest(tree).expect("not blocked").len(), 1);
            assert_eq!(catalog.counts(tree).expect("not blocked").files, 1);
            Ok(())
        })
        .expect("written");
    assert!(catalog.manifest(tree).expect("listed").is_empty());
}

#[test]
fn a_catalog_of_a_newer_program_or_of_another_kind_is_refused() {
    let directory = tempfile::tempdir().expect("dir");
    let set = |pragma: &str, value: i32| {
        drop(open(directory.path()));
        let connection = rusqlite::Connection::open(directory.path().join("catalog.db")).expect("opened");
        connection.pragma_update(None, pragma, value).expect("set");
    };
    set("user_version", 99);
    let error = SqliteCatalog::open(directory.path(), false).err().expect("newer");
    assert_eq!(error.kind(), PortErrorKind::Mismatch);
    assert!(error.hint().is_some_and(|hint| hint.starts_with("update codemem")));

    let directory = tempfile::tempdir().expect("dir");
    drop(crate::RegistryDb::open(directory.path(), 1).expect("opened"));
    std::fs::rename(
        directory.path().join("registry.db"),
        directory.path().join("catalog.db"),
    )
    .expect("renamed");
    let error = SqliteCatalog::open(directory.path(), false)
        .err()
        .expect("another kind");
    assert!(matches!(error, StoreError::ForeignDatabase { .. }));
}

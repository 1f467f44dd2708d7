//! The index as its users see it, on made-up vectors.

use super::EdgeVectors;
use crate::SqliteCatalog;
use codemem_core::ids::{IdSet, TextId};
use codemem_core::ports::{Catalog, Fingerprint, PortErrorKind, VectorIndex, VectorSpace};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const DIMENSION: usize = 16;
use VectorSpace::{Chunks, Files};

/// A unit vector that differs for every seed.
fn vector(seed: u32) -> Vec<f32> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let raw: Vec<f32> = (0..DIMENSION)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

fn points(ids: impl IntoIterator<Item = u32>) -> Vec<(TextId, Vec<f32>)> {
    ids.into_iter().map(|id| (TextId(id), vector(id))).collect()
}

/// What an exact search must answer.
fn nearest(query: &[f32], ids: impl IntoIterator<Item = u32>, limit: usize) -> Vec<TextId> {
    let dot = |id: u32| -> f32 { vector(id).iter().zip(query).map(|(a, b)| a * b).sum() };
    let mut scored: Vec<(u32, f32)> = ids.into_iter().map(|id| (id, dot(id))).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    scored.into_iter().take(limit).map(|(id, _)| TextId(id)).collect()
}

pub(super) fn ids(found: &[(TextId, f32)]) -> Vec<TextId> {
    found.iter().map(|&(id, _)| id).collect()
}

fn index() -> (TempDir, EdgeVectors) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let vectors = EdgeVectors::create(directory.path(), 42).expect("created");
    (directory, vectors)
}

/// The files as a SIGKILL would leave them: copied while the index is open.
pub(super) fn killed(directory: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("made");
        for entry in fs::read_dir(from).expect("listed") {
            let entry = entry.expect("entry");
            let target = to.join(entry.file_name());
            if entry.file_type().expect("type").is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).expect("copied");
            }
        }
    }
    let copied = tempfile::tempdir().expect("temporary directory");
    copy(directory, copied.path());
    copied
}

pub(super) fn reopened(directory: &Path) -> EdgeVectors {
    EdgeVectors::open(directory).expect("readable").expect("there")
}

#[test]
fn an_empty_index_costs_next_to_nothing_and_answers() {
    let (directory, vectors) = index();
    assert_eq!(vectors.search(Chunks, &vector(1), None, 5).expect("searched"), []);
    assert_eq!(vectors.count(Files).expect("counted"), 0);
    vectors.delete(&[TextId(1)]).expect("nothing to delete");
    vectors.flush().expect("nothing to flush");
    vectors.upsert(Chunks, &[]).expect("nothing to add");
    assert!(vectors.disk_bytes() < 64 * 1024, "{}", vectors.disk_bytes());
    drop(vectors);
    assert_eq!(reopened(directory.path()).generation(), 42);
}

#[test]
fn searches_are_exact_and_filtered_before_the_cut() {
    let (_directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..600)).expect("added");
    vectors.upsert(Chunks, &points(100..300)).expect("added again");
    vectors.upsert(Files, &points(900..905)).expect("added");
    assert_eq!(vectors.count(Chunks).expect("counted"), 600);
    assert_eq!(vectors.count(Files).expect("counted"), 5);

    let found = vectors.search(Chunks, &vector(7), None, 10).expect("searched");
    assert_eq!(ids(&found), nearest(&vector(7), 0..600, 10));
    assert!((found[0].1 - 1.0).abs() < 1e-5, "a vector is nearest to itself");

    let within: IdSet = (0..600).filter(|id| id % 50 == 3).chain([5_000]).collect();
    let found = vectors.search(Chunks, &vector(7), Some(&within), 10).expect("searched");
    assert_eq!(ids(&found), nearest(&vector(7), (0..600).filter(|id| id % 50 == 3), 10));
    // Much allowed, but of the nearest only the farther half.
    let ranked = nearest(&vector(7), 0..600, 600);
    let far: IdSet = ranked[300..].iter().map(|text| text.0).collect();
    for limit in [1, 10, 299, 300, 301] {
        let found = vectors.search(Chunks, &vector(7), Some(&far), limit).expect("searched");
        assert_eq!(ids(&found), ranked[300..600.min(300 + limit)], "limit {limit}");
    }
    let none = vectors.search(Chunks, &vector(7), Some(&IdSet::default()), 10);
    assert_eq!(none.expect("searched"), []);
    assert_eq!(vectors.search(Chunks, &vector(7), None, 0).expect("searched"), []);
}

#[test]
fn a_replaced_vector_is_found_by_its_new_value_only() {
    let (_directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..10)).expect("added");
    vectors.upsert(Chunks, &[(TextId(3), vector(77))]).expect("replaced");
    let found = vectors.search(Chunks, &vector(77), None, 1).expect("searched");
    assert_eq!(ids(&found), [TextId(3)]);
    let found = vectors.search(Chunks, &vector(3), None, 1).expect("searched");
    assert!(found[0].1 < 0.99);
}

#[test]
fn what_was_flushed_is_there_after_a_kill_and_may_be_written_to() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..500)).expect("added");
    vectors.upsert(Files, &points(1000..1003)).expect("added");
    vectors
        .delete(&points(0..20).iter().map(|p| p.0).collect::<Vec<_>>())
        .expect("deleted");
    vectors.flush().expect("flushed");
    let copy = killed(directory.path());
    let survivor = reopened(copy.path());
    assert_eq!(survivor.count(Chunks).expect("counted"), 480);
    assert_eq!(survivor.count(Files).expect("counted"), 3);
    let found = survivor.search(Chunks, &vector(99), None, 5).expect("searched");
    assert_eq!(ids(&found), nearest(&vector(99), 20..500, 5));

    survivor
        .upsert(Chunks, &[(TextId(99), vector(5_000))])
        .expect("replaced");
    survivor.flush().expect("flushed");
    drop(survivor);
    let found = reopened(copy.path()).search(Chunks, &vector(5_000), None, 1);
    assert_eq!(ids(&found.expect("searched")), [TextId(99)]);
}

#[test]
fn a_kill_before_the_flush_leaves_an_index_that_opens() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..300)).expect("added");
    vectors.flush().expect("flushed");
    vectors.upsert(Chunks, &points(300..900)).expect("added");
    let copy = killed(directory.path());
    let survivor = reopened(copy.path());
    assert!(survivor.count(Chunks).expect("counted") >= 300);
    survivor.upsert(Chunks, &points(300..900)).expect("added again");
    assert_eq!(survivor.count(Chunks).expect("counted"), 900);
    let found = survivor.search(Chunks, &vector(450), None, 5).expect("searched");
    assert_eq!(ids(&found), nearest(&vector(450), 0..900, 5));
}

#[test]
fn deleting_everything_gives_the_disk_back_and_another_dimension_may_follow() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..2_000)).expect("added");
    vectors.flush().expect("flushed");
    let full = vectors.disk_bytes();
    let all: Vec<_> = (0..2_001).map(TextId).collect();
    vectors.delete(&all).expect("deleted");
    assert_eq!(vectors.count(Chunks).expect("counted"), 0);
    assert!(vectors.disk_bytes() < full / 4, "{} of {full}", vectors.disk_bytes());
    vectors
        .upsert(Chunks, &[(TextId(1), vec![1.0, 0.0])])
        .expect("two dimensions");
    vectors.flush().expect("flushed");
    drop(vectors);
    assert_eq!(reopened(directory.path()).count(Chunks).expect("counted"), 1);
}

#[test]
fn clearing_is_durable_and_forgets_the_dimension() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..50)).expect("added");
    vectors.upsert(Files, &points(0..5)).expect("added");
    vectors.clear().expect("cleared");
    vectors.clear().expect("nothing left to clear");
    assert_eq!(vectors.search(Chunks, &[1.0], None, 5).expect("searched"), []);
    let copy = killed(directory.path());
    assert_eq!(reopened(copy.path()).count(Chunks).expect("counted"), 0);
    vectors
        .upsert(Files, &[(TextId(1), vec![0.0, 1.0])])
        .expect("two dimensions");
    assert_eq!(vectors.count(Files).expect("counted"), 1);
}

#[test]
fn the_index_of_a_catalog_is_made_anew_when_it_is_missing_or_foreign_and_refused_when_damaged() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let catalog = SqliteCatalog::open(directory.path(), false).expect("opened");
    let place = directory.path().join("vectors");
    let fill = |vectors: EdgeVectors| {
        assert_eq!(vectors.generation(), catalog.generation());
        assert_eq!(vectors.count(Chunks).expect("counted"), 0);
        assert_eq!(catalog.fingerprint().expect("read"), None, "the catalog has been told");
        vectors.upsert(Chunks, &points(0..5)).expect("added");
        catalog.set_fingerprint(&Fingerprint("model".into())).expect("set");
    };
    fill(EdgeVectors::open_for(&place, &catalog).expect("missing"));
    let again = EdgeVectors::open_for(&place, &catalog).expect("there");
    assert_eq!(again.count(Chunks).expect("counted"), 5);
    assert!(catalog.fingerprint().expect("read").is_some());
    drop(again);

    drop(EdgeVectors::create(&place, 42).expect("another catalog's"));
    fill(EdgeVectors::open_for(&place, &catalog).expect("foreign"));
    let damages: [fn(&Path); 2] = [
        |place| fs::remove_dir_all(place.join("chunks")).expect("removed"),
        |place| fs::write(place.join("vectors.json"), "{").expect("written"),
    ];
    for damage in damages {
        damage(&place);
        let error = EdgeVectors::open_for(&place, &catalog).err().expect("damaged");
        assert_eq!(error.kind, PortErrorKind::Corrupt, "{error}");
        assert!(
            catalog.fingerprint().expect("read").is_some(),
            "nothing was decided yet"
        );
        fill(EdgeVectors::replace(&place, &catalog).expect("made anew"));
    }
}

#[test]
fn a_check_reads_every_vector() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..2_500)).expect("added");
    vectors.upsert(Files, &points(0..10)).expect("added");
    vectors.check().expect("sound");
    vectors.flush().expect("flushed");
    drop(vectors);
    // Bytes that no structure covers: only reading the vectors shows it.
    let mut overwritten = 0;
    let mut pending = vec![directory.path().join("chunks/segments")];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(place).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("chunk_"))
            {
                let mut bytes = fs::read(&path).expect("readable");
                bytes[64..128].fill(0x7f);
                fs::write(&path, bytes).expect("written");
                overwritten += 1;
            }
        }
    }
    assert!(overwritten > 0, "the vectors are where they were");
    let error = reopened(directory.path()).check().expect_err("damaged");
    assert_eq!(error.kind, PortErrorKind::Corrupt, "{error}");
}

#[test]
fn deleting_half_gives_half_of_the_disk_back() {
    let (_directory, vectors) = index();
    let unit = |id: u32| (0..384).map(|n| f32::from(n == id % 384)).collect::<Vec<f32>>();
    let points: Vec<_> = (0..4_000).map(|id| (TextId(id), unit(id))).collect();
    vectors.upsert(Chunks, &points).expect("added");
    vectors.flush().expect("flushed");
    let full = vectors.disk_bytes();
    // Every other: what is left lies among what goes.
    let half: Vec<_> = (0..4_000).step_by(2).map(TextId).collect();
    vectors.delete(&half).expect("deleted");
    vectors.flush().expect("flushed");
    assert_eq!(vectors.count(Chunks).expect("counted"), 2_000);
    let left = vectors.disk_bytes();
    assert!(left <= full / 2, "{left} of {full}");
    let found = vectors.search(Chunks, &unit(1), None, 1).expect("searched");
    assert!(found[0].1 > 0.99, "{found:?}");
}

#[test]
fn deleting_much_leaves_the_rest_whole() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..3_000)).expect("added");
    let most: Vec<_> = (0..2_500).map(TextId).collect();
    vectors.delete(&most).expect("deleted");
    vectors.flush().expect("flushed");
    let check = |vectors: &EdgeVectors| {
        assert_eq!(vectors.count(Chunks).expect("counted"), 500);
        let held = vectors.held(Chunks).expect("listed");
        assert!(held.iter().eq(2_500..3_000));
        assert!(vectors.held(Files).expect("listed").is_empty());
        let found = vectors.search(Chunks, &vector(2_600), None, 8).expect("searched");
        assert_eq!(ids(&found), nearest(&vector(2_600), 2_500..3_000, 8));
    };
    check(&vectors);
    drop(vectors);
    let vectors = reopened(directory.path());
    check(&vectors);
    vectors.upsert(Chunks, &points(0..10)).expect("added");
    assert_eq!(vectors.count(Chunks).expect("counted"), 510);
}

#[test]
fn a_long_operation_log_is_cut_and_nothing_is_lost() {
    let (directory, vectors) = index();
    let wide = |id: u32| -> Vec<f32> { vector(id).into_iter().cycle().take(1024).map(|x| x / 8.0).collect() };
    // About 5 KiB of log per point, so four times what is kept.
    for batch in 0..50_u32 {
        let points: Vec<_> = (batch * 256..(batch + 1) * 256)
            .map(|id| (TextId(id % 512), wide(id)))
            .collect();
        vectors.upsert(Chunks, &points).expect("added");
        vectors.flush().expect("flushed");
    }
    let log = crate::files::disk_bytes(&directory.path().join("chunks/wal"));
    assert!(log < 24 << 20, "{log}");
    assert_eq!(vectors.count(Chunks).expect("counted"), 512);
    drop(vectors);
    let vectors = reopened(directory.path());
    assert_eq!(vectors.count(Chunks).expect("counted"), 512);
    // The last value of a point that was written 25 times, before and after the log was cut.
    let last = 49 * 256 + 5;
    let found = vectors.search(Chunks, &wide(last), None, 1).expect("searched");
    assert_eq!(ids(&found), [TextId(last % 512)]);
}

#[test]
fn searches_run_beside_updates_and_flushes() {
    let (_directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..300)).expect("added");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for id in 0..200 {
                    let found = vectors.search(Chunks, &vector(id), None, 1).expect("searched");
                    assert_eq!(ids(&found), [TextId(id)]);
                }
            });
        }
        for start in [1_000, 2_000] {
            let vectors = &vectors;
            scope.spawn(move || {
                for id in start..start + 40 {
                    vectors.upsert(Chunks, &points([id])).expect("added");
                    vectors.flush().expect("flushed");
                }
            });
        }
    });
    assert_eq!(vectors.count(Chunks).expect("counted"), 380);
}

#[test]
fn vectors_that_do_not_fit_are_refused_whole() {
    let (_directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..5)).expect("added");
    let mut mixed = points(10..12);
    mixed.push((TextId(12), vec![1.0; 3]));
    let error = vectors.upsert(Files, &mixed).expect_err("another length");
    assert_eq!(error.kind, PortErrorKind::Mismatch);
    assert!(error.hint.is_some_and(|hint| hint.contains("codemem index")));
    assert_eq!(vectors.count(Files).expect("counted"), 0);
    let error = vectors.search(Chunks, &[1.0; 3], None, 1).expect_err("another length");
    assert_eq!(error.kind, PortErrorKind::Mismatch);
    let mut bad = points([13]);
    bad[0].1[2] = f32::NAN;
    vectors.upsert(Chunks, &bad).expect_err("not a number");
    assert_eq!(vectors.count(Chunks).expect("counted"), 5);
}

#[test]
fn an_index_that_is_open_elsewhere_is_not_taken_for_a_damaged_one() {
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..5)).expect("added");
    let error = EdgeVectors::open(directory.path()).err().expect("in use");
    assert!(matches!(error, crate::StoreError::VectorsInUse { .. }), "{error}");
    assert_eq!(vectors.count(Chunks).expect("still there"), 5);
}

#[test]
fn a_half_made_shard_does_not_exist() {
    let (directory, vectors) = index();
    drop(vectors);
    let leftover = directory.path().join("chunks/segments/half");
    fs::create_dir_all(&leftover).expect("made");
    let vectors = reopened(directory.path());
    vectors.upsert(Chunks, &points(0..5)).expect("added");
    assert_eq!(vectors.count(Chunks).expect("counted"), 5);
    assert!(!leftover.exists());
}

#[test]
fn damage_is_an_error_that_names_the_directory() {
    fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(directory).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    type Damage = fn(&Path);
    let garbage: Damage = |path| fs::write(path, b"\xff\xfe not what was here").expect("written");
    let empty: Damage = |path| fs::write(path, b"").expect("written");
    let missing: Damage = |path| fs::remove_file(path).expect("removed");
    let (directory, vectors) = index();
    vectors.upsert(Chunks, &points(0..300)).expect("added");
    vectors.flush().expect("flushed");
    drop(vectors);
    let mut all = Vec::new();
    files(&directory.path().join("chunks"), &mut all);
    let mut n_found = 0;
    for path in &all {
        for damage in [garbage, empty, missing] {
            let copy = killed(directory.path());
            let path = copy.path().join(path.strip_prefix(directory.path()).expect("inside"));
            damage(&path);
            // Not every file matters (the engine writes its configuration anew); none may crash the process.
            match EdgeVectors::open(copy.path()) {
                Ok(vectors) => {
                    let vectors = vectors.expect("there");
                    let _answer = vectors.search(Chunks, &vector(1), None, 3);
                }
                Err(error) => {
                    n_found += 1;
                    assert_eq!(error.kind(), PortErrorKind::Corrupt, "{}: {error}", path.display());
                    assert!(error.to_string().contains("/chunks"), "{error}");
                }
            }
        }
    }
    assert!(n_found >= all.len(), "{n_found} damages found in {} files", all.len());
}

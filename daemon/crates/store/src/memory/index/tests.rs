//! The index against single cases and what happens to files, and in `naive` against a search over the same memories.

mod naive;

use super::*;
use codemem_core::ids::{Hash128, RepositoryKey};
use codemem_core::memory::{
    ContextLevel, Memory, MemoryFilter, MemoryId, MemoryKind, Origin, Place, Reader, SessionId, State,
};
use codemem_core::ports::{MemoryPart, PortErrorKind, SparseTerm};
use std::collections::BTreeMap;
use std::fs;

const DIMENSION: usize = 4;

/// The words of a part with their weights, and what its vector is made of.
type Part<'p> = (&'p [(u32, f32)], Option<u32>);

fn project(number: u8) -> RepositoryKey {
    RepositoryKey::new(Hash128([number; 16]))
}

fn session(number: u8) -> SessionId {
    SessionId::new(&format!("s:{number}")).expect("valid")
}

fn terms(words: &[(u32, f32)]) -> Vec<SparseTerm> {
    words
        .iter()
        .map(|&(term, weight)| SparseTerm { term, weight })
        .collect()
}

fn unit(seed: u32) -> Vec<f32> {
    let raw: Vec<f32> = (0..DIMENSION as u32)
        .map(|i| (seed.wrapping_mul(2_654_435_761).rotate_left(i * 7) % 1_000) as f32 - 499.5)
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

fn memory(place: Place, kind: MemoryKind, tags: &[&str], created_at: i64) -> Memory {
    Memory {
        id: MemoryId::new(1),
        content: String::new(),
        place,
        project_path: String::new(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        kind,
        origin: Origin::User,
        trust: 1.0,
        state: State::Active,
        created_at,
        updated_at: created_at,
        confirmed_at: None,
        confirmations: 0,
        expires_at: None,
        supersedes: None,
        superseded_by: None,
        version: 1,
        anchors: Vec::new(),
        flags: Vec::new(),
    }
}

fn indexed(memory: Memory, parts: &[Part<'_>]) -> IndexedMemory {
    let mut whole: BTreeMap<u32, f32> = BTreeMap::new();
    for (words, _) in parts {
        for (word, weight) in *words {
            *whole.entry(*word).or_default() += weight;
        }
    }
    IndexedMemory {
        memory,
        whole: whole
            .into_iter()
            .map(|(term, weight)| SparseTerm { term, weight })
            .collect(),
        parts: parts
            .iter()
            .map(|(words, seed)| MemoryPart {
                terms: terms(words),
                vector: seed.map(unit),
            })
            .collect(),
    }
}

/// One of the user's own, of one part.
fn note(word: u32, seed: Option<u32>) -> IndexedMemory {
    indexed(memory(Place::User, MemoryKind::Note, &[], 0), &[(&[(word, 1.0)], seed)])
}

fn question(words: &[u32], seed: Option<u32>) -> MemoryQuery {
    MemoryQuery {
        reader: Reader::default(),
        filter: MemoryFilter::default(),
        terms: words.iter().map(|&term| SparseTerm { term, weight: 1.0 }).collect(),
        vector: seed.map(unit),
        limit: 10,
        now: 0,
    }
}

fn keys(hits: &[IndexHit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.key).collect()
}

fn new_index() -> (tempfile::TempDir, PathBuf, MemoryIndex) {
    let root = tempfile::tempdir().expect("temporary directory");
    let directory = root.path().join("index");
    let index = MemoryIndex::create(&directory, Some(DIMENSION)).expect("created");
    (root, directory, index)
}

fn reopened(directory: &Path) -> MemoryIndex {
    MemoryIndex::open(directory, Some(DIMENSION), false)
        .expect("sound")
        .expect("there")
}

#[test]
fn an_empty_index_answers_nothing_and_an_absent_one_is_none() {
    let (root, directory, index) = new_index();
    assert_eq!(index.search(&question(&[1], Some(1))).expect("searched"), []);
    index.check().expect("sound");
    index.flush().expect("durable");
    index.remove(&[1, 2]).expect("nothing to remove");
    index.put_many(&[]).expect("nothing to add");
    drop(index);
    assert_eq!(reopened(&directory).count(), 0);
    assert!(
        MemoryIndex::open(&root.path().join("other"), None, false)
            .expect("none")
            .is_none()
    );
}

#[test]
fn each_way_of_looking_finds_and_the_others_are_filled_in() {
    let (_root, _directory, index) = new_index();
    let many: Vec<_> = (0..40)
        .map(|key| note(if key < 20 { 1 } else { 2 }, Some(key)))
        .collect();
    let long = indexed(
        memory(Place::User, MemoryKind::Fact, &[], 0),
        &[
            (&[(3, 1.0)], Some(90)),
            (&[(2, 2.0), (4, 1.0)], None),
            (&[(2, 1.0)], Some(91)),
        ],
    );
    let mut batch: Vec<(u32, &IndexedMemory)> = (0..).zip(&many).collect();
    batch.push((99, &long));
    index.put_many(&batch).expect("added");
    assert_eq!(index.count(), 41);
    let mut query = question(&[2], Some(5));
    query.limit = 3;
    let hits = index.search(&query).expect("searched");
    assert!(keys(&hits).contains(&5) && keys(&hits).contains(&99), "{hits:?}");
    for hit in &hits {
        assert!(hit.cosine.is_some(), "every one has a vector: {hit:?}");
        assert_eq!(hit.whole.is_some(), hit.key >= 20, "{hit:?}");
        assert_eq!(hit.part.is_some(), hit.whole.is_some(), "{hit:?}");
    }
    let long = hits.iter().find(|hit| hit.key == 99).expect("found");
    let (whole, part) = (long.whole.expect("a score"), long.part.expect("a score"));
    assert!(
        (whole / part - 1.5).abs() < 1e-4,
        "three of the word in all, two in the best part: {long:?}"
    );
    let best = [90, 91]
        .map(|seed| dot(&unit(seed), &unit(5)))
        .into_iter()
        .fold(-1.0, f32::max);
    assert!((long.cosine.expect("a score") - best).abs() < 1e-3, "{long:?}");
}

#[test]
fn one_long_memory_does_not_take_the_places_of_others() {
    let (_root, _directory, index) = new_index();
    let parts: Vec<Part<'_>> = (0..200).map(|_| (&[(1, 9.0)][..], Some(7))).collect();
    let long = indexed(memory(Place::User, MemoryKind::Note, &[], 0), &parts);
    let others: Vec<_> = (0..4).map(|key| note(1, Some(100 + key))).collect();
    let mut batch: Vec<(u32, &IndexedMemory)> = (0..).zip(&others).collect();
    batch.push((9, &long));
    index.put_many(&batch).expect("added");
    let mut query = question(&[1], Some(7));
    query.limit = 5;
    assert_eq!(keys(&index.search(&query).expect("searched")), [0, 1, 2, 3, 9]);
}

#[test]
fn more_parts_than_numbers_join_the_last() {
    let (_root, _directory, index) = new_index();
    let words: Vec<[(u32, f32); 1]> = (0..300).map(|word| [(word, 1.0)]).collect();
    let parts: Vec<Part<'_>> = words.iter().map(|words| (&words[..], Some(words[0].0))).collect();
    let long = indexed(memory(Place::User, MemoryKind::Note, &[], 0), &parts);
    index
        .put_many(&[(u32::MAX, &long), (0, &note(0, None))])
        .expect("added");
    let hits = index.search(&question(&[299], None)).expect("searched");
    assert_eq!(keys(&hits), [u32::MAX]);
    assert!(hits[0].part.is_some());
    index.remove(&[u32::MAX]).expect("removed");
    assert_eq!(keys(&index.search(&question(&[0, 299], None)).expect("searched")), [0]);
    index.check().expect("sound");
}

#[test]
fn what_is_replaced_or_removed_is_not_found_now_or_later() {
    let (_root, directory, mut index) = new_index();
    let former = indexed(
        memory(Place::User, MemoryKind::Note, &["old"], 0),
        &[(&[(1, 1.0)], Some(1)), (&[(2, 1.0)], Some(2)), (&[(3, 1.0)], Some(3))],
    );
    index
        .put_many(&[(1, &former), (2, &note(1, Some(9))), (3, &note(1, Some(8)))])
        .expect("added");
    index.flush().expect("durable");
    // One part less and no vectors any more.
    let next = indexed(
        memory(Place::Project(project(1)), MemoryKind::Fact, &["new"], 0),
        &[(&[(4, 1.0)], None), (&[(5, 1.0)], None)],
    );
    index.put_many(&[(1, &next)]).expect("replaced");
    index.remove(&[2, 77]).expect("removed");
    for round in 0..2 {
        let hits = index.search(&question(&[1, 2, 3, 4, 5], Some(1))).expect("searched");
        assert_eq!(keys(&hits), [3], "round {round}: {hits:?}");
        let mut query = question(&[1, 2, 3, 4, 5], Some(1));
        query.reader.project = Some(project(1));
        let hits = index.search(&query).expect("searched");
        assert_eq!(keys(&hits), [1, 3], "round {round}: {hits:?}");
        assert_eq!(hits[0].cosine, None, "{hits:?}");
        query.filter.tags = vec!["old".to_owned()];
        assert_eq!(keys(&index.search(&query).expect("searched")), [0_u32; 0]);
        assert_eq!(index.count(), 2);
        index.check().expect("sound");
        index.flush().expect("durable");
        drop(index);
        index = reopened(&directory);
    }
}

#[test]
fn what_is_left_is_rewritten_when_much_has_gone_and_can_be_changed_as_before() {
    let (_root, directory, mut index) = new_index();
    let notes: Vec<_> = (0..1_200).map(|key| note(key % 7, Some(key))).collect();
    let batch: Vec<(u32, &IndexedMemory)> = (0..).zip(&notes).collect();
    index.put_many(&batch).expect("added");
    index.flush().expect("durable");
    let gone: Vec<u32> = (0..600).collect();
    index.remove(&gone).expect("removed");
    let without_vector = note(6, None);
    index
        .put_many(&[(1_199, &without_vector), (5_000, &note(6, Some(1)))])
        .expect("changed");
    index.flush().expect("durable");
    for _round in 0..2 {
        let mut query = question(&[6], Some(1));
        query.limit = 2_000;
        let hits = index.search(&query).expect("searched");
        assert_eq!(hits.len(), 601);
        let changed = hits.iter().find(|hit| hit.key == 1_199).expect("found by its word");
        assert_eq!(changed.cosine, None);
        index.check().expect("sound");
        drop(index);
        index = reopened(&directory);
    }
}

#[test]
fn no_tag_session_or_kind_passes_for_another() {
    let (_root, _directory, index) = new_index();
    let odd = [
        "kind:note",
        "user",
        "a:b/c.d-e_f",
        "tag:tag:x",
        "project:x",
        "*",
        "a\" OR \"1",
        "[]",
        "ä",
        "",
    ];
    let places = [
        Place::User,
        Place::Project(project(1)),
        Place::Session(project(1), session(1)),
        Place::Session(project(2), session(1)),
    ];
    let stored: Vec<_> = odd
        .iter()
        .enumerate()
        .map(|(at, tag)| {
            let place = places[at % places.len()].clone();
            indexed(memory(place, MemoryKind::Todo, &[tag], 0), &[(&[(1, 1.0)], Some(1))])
        })
        .collect();
    let batch: Vec<(u32, &IndexedMemory)> = (0..).zip(&stored).collect();
    index.put_many(&batch).expect("added");
    for (at, tag) in odd.iter().enumerate() {
        let mut query = question(&[1], Some(1));
        query.filter.tags = vec![(*tag).to_owned()];
        let place = &stored[at].memory.place;
        query.reader = Reader {
            project: place.project().cloned(),
            session: place.session().cloned(),
        };
        assert_eq!(keys(&index.search(&query).expect("searched")), [at as u32], "{tag}");
        query.filter.kinds = vec![MemoryKind::Note];
        assert_eq!(index.search(&query).expect("searched"), [], "{tag}");
    }
}

#[test]
fn words_of_others_do_not_show_in_a_score() {
    let (_root, _directory, index) = new_index();
    let mine: Vec<_> = (0..5).map(|key| note(key % 2, Some(key))).collect();
    let batch: Vec<(u32, &IndexedMemory)> = (0..).zip(&mine).collect();
    index.put_many(&batch).expect("added");
    let before = index.search(&question(&[0, 1], Some(1))).expect("searched");
    let theirs: Vec<_> = (0..50)
        .map(|_| {
            indexed(
                memory(Place::Project(project(7)), MemoryKind::Note, &[], 0),
                &[(&[(1, 1.0)], Some(1))],
            )
        })
        .collect();
    let batch: Vec<(u32, &IndexedMemory)> = (100..).zip(&theirs).collect();
    index.put_many(&batch).expect("added");
    assert_eq!(index.search(&question(&[0, 1], Some(1))).expect("searched"), before);
}

#[test]
fn vectors_of_another_length_are_a_mismatch_and_words_need_none() {
    let (root, directory, index) = new_index();
    let mut wrong = note(1, None);
    wrong.parts[0].vector = Some(vec![1.0]);
    let error = index.put_many(&[(1, &wrong)]).expect_err("refused");
    assert_eq!(error.kind(), PortErrorKind::Mismatch, "{error}");
    let mut query = question(&[1], None);
    query.vector = Some(vec![1.0]);
    assert_eq!(
        index.search(&query).expect_err("refused").kind(),
        PortErrorKind::Mismatch
    );
    let mut unfit = note(1, None);
    unfit.parts[0].vector = Some(vec![f32::NAN; DIMENSION]);
    assert!(index.put_many(&[(1, &unfit)]).is_err());
    assert_eq!(index.count(), 0, "nothing of what was refused is there");
    drop(index);
    let opened = MemoryIndex::open(&directory, Some(DIMENSION + 1), false);
    assert_eq!(opened.err().expect("refused").kind(), PortErrorKind::Mismatch);

    let directory = root.path().join("words");
    let index = MemoryIndex::create(&directory, None).expect("created");
    let error = index
        .put_many(&[(1, &note(1, Some(1)))])
        .expect_err("no room for vectors");
    assert_eq!(error.kind(), PortErrorKind::Mismatch, "{error}");
    index.put_many(&[(1, &note(1, None))]).expect("words alone");
    assert_eq!(keys(&index.search(&question(&[1], Some(1))).expect("searched")), [1]);
    index.flush().expect("durable");
    drop(index);
    let index = MemoryIndex::open(&directory, None, false)
        .expect("sound")
        .expect("there");
    assert_eq!(keys(&index.search(&question(&[1], None)).expect("searched")), [1]);
    drop(index);
    let index = MemoryIndex::create(&directory, Some(DIMENSION)).expect("made anew");
    assert_eq!(index.count(), 0);
}

#[test]
fn damage_is_told_from_absence() {
    let (_root, directory, index) = new_index();
    index.put_many(&[(1, &note(1, Some(1)))]).expect("added");
    index.flush().expect("durable");
    let in_use = MemoryIndex::open(&directory, Some(DIMENSION), false);
    assert_eq!(
        in_use.err().expect("refused").kind(),
        PortErrorKind::Failed,
        "in use is no damage"
    );
    drop(index);
    let segments = directory.join(SHARD).join("segments");
    for segment in fs::read_dir(&segments).expect("listed") {
        let state = segment.expect("read").path().join("segment.json");
        fs::write(state, "{").expect("written");
    }
    for read_only in [false, true] {
        let opened = MemoryIndex::open(&directory, Some(DIMENSION), read_only);
        assert_eq!(opened.err().expect("refused").kind(), PortErrorKind::Corrupt);
    }
    let index = MemoryIndex::create(&directory, Some(DIMENSION)).expect("made anew");
    index.put_many(&[(1, &note(1, Some(1)))]).expect("added");
    drop(index);
    fs::remove_dir_all(directory.join(SHARD)).expect("removed");
    let opened = MemoryIndex::open(&directory, Some(DIMENSION), false);
    assert_eq!(opened.err().expect("refused").kind(), PortErrorKind::Corrupt);
}

#[test]
fn reading_alone_changes_no_file_and_leaves_none() {
    let (_root, directory, index) = new_index();
    index
        .put_many(&[(1, &note(1, Some(1))), (2, &note(2, Some(2)))])
        .expect("added");
    index.flush().expect("durable");
    drop(index);
    let before = snapshot(&directory);
    let index = MemoryIndex::open(&directory, Some(DIMENSION), true)
        .expect("sound")
        .expect("there");
    let copy = index.copy.as_ref().expect("a copy").path().to_owned();
    assert_eq!(keys(&index.search(&question(&[2], None)).expect("searched")), [2]);
    assert_eq!(
        index.put_many(&[(3, &note(1, None))]).expect_err("refused").kind(),
        PortErrorKind::Denied
    );
    assert_eq!(index.remove(&[1]).expect_err("refused").kind(), PortErrorKind::Denied);
    index.check().expect("sound");
    assert!(copy.exists());
    drop(index);
    assert_eq!(snapshot(&directory), before);
    assert!(!copy.exists());
}

/// Every file below a directory: its path, when it was changed, what it holds.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, (std::time::SystemTime, blake3::Hash)> {
    let mut files = BTreeMap::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(&place).expect("listed") {
            let entry = entry.expect("read");
            if entry.file_type().expect("known").is_dir() {
                pending.push(entry.path());
            } else {
                let modified = entry.metadata().expect("known").modified().expect("known");
                let mut hasher = blake3::Hasher::new();
                let file = fs::File::open(entry.path()).expect("opened");
                hasher.update_reader(file).expect("read");
                files.insert(entry.path(), (modified, hasher.finalize()));
            }
        }
    }
    files
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

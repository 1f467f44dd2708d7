//! Every store, damaged in every way, on real files: found, set aside, made anew, and nothing else.

use super::*;
use codemem_core::ids::{ChunkId, ContentId, Hash128, PathId, TextId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    ChunkDocument, FileRecord, FileStamp, Fingerprint, LexicalQuery, ManifestChange, PathDocument, QueryTerm,
};
use codemem_core::unit::{Chunk, Extraction, LineSpan};
use std::fs::File;
use std::os::unix::fs::FileExt as _;

const N_FILES: u32 = 40;
const DIMENSION: usize = 16;
const VERSION: u32 = 1;

/// A repository's directory with all its stores filled.
struct Place {
    directory: tempfile::TempDir,
}

/// What each store holds, found out through the ports.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    files: usize,
    words: usize,
    vectors: u64,
}

const FULL: Held = Held {
    files: N_FILES as usize,
    words: N_FILES as usize,
    vectors: N_FILES as u64 * 2,
};

fn path(n: u32) -> RepoPath {
    RepoPath::new(&format!("src/file_{n}.rs")).expect("a path")
}

fn record(n: u32) -> FileRecord {
    let hash = |kind: u8| {
        let mut bytes = [kind; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Hash128(bytes)
    };
    let chunk = Chunk {
        bytes: 0..10,
        lines: LineSpan { start: 1, end: 1 },
        symbol: None,
        defines: 0..0,
    };
    FileRecord {
        path: path(n),
        stamp: FileStamp { size: 10, mtime_ns: 1 },
        hash: hash(1),
        extraction: Some((
            Extraction {
                language: "rust".to_owned(),
                chunks: vec![chunk],
                symbols: Vec::new(),
                references: codemem_core::reference::References::default(),
                leading_comment: None,
                has_errors: false,
            },
            vec![hash(2)],
        )),
        summary: hash(3),
    }
}

fn vector(seed: u32) -> Vec<f32> {
    let raw: Vec<f32> = (0..DIMENSION as u32)
        .map(|n| ((seed * 31 + n * 17) % 23) as f32 + 1.0)
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

/// What a pass and a vector job do.
fn fill(stores: &Stores, worktree: WorktreeId) {
    let change = ManifestChange {
        put: (0..N_FILES).map(record).collect(),
        ..ManifestChange::default()
    };
    let recorded = stores.catalog.record(worktree, &change, VERSION).expect("recorded");
    let body = "common words of every file";
    let new = recorded.iter().filter(|file| !file.new_chunks.is_empty());
    let documents: Vec<ChunkDocument<'_>> = new
        .map(|file| ChunkDocument {
            content: file.content,
            chunk: file.new_chunks[0],
            body,
            names: "",
            docs: "",
        })
        .collect();
    stores.lexical.put_chunks(&documents).expect("added");
    let texts: Vec<RepoPath> = (0..N_FILES).map(path).collect();
    let paths: Vec<PathDocument<'_>> = recorded
        .iter()
        .zip(&texts)
        .filter(|(file, _)| file.new_path)
        .map(|(file, text)| PathDocument { path: file.path, text })
        .collect();
    stores.lexical.put_paths(&paths).expect("added");
    stores.lexical.commit().expect("committed");
    let contents: Vec<ContentId> = recorded.iter().map(|file| file.content).collect();
    let paths: Vec<PathId> = recorded.iter().map(|file| file.path).collect();
    stores.catalog.mark_lexical(&contents, &paths).expect("marked");
    stores
        .catalog
        .set_fingerprint(&Fingerprint("model".into()))
        .expect("named");
    for space in [VectorSpace::Files, VectorSpace::Chunks] {
        let pending = stores.catalog.pending_vectors(space, 1_000).expect("listed");
        let texts: Vec<TextId> = pending
            .iter()
            .flat_map(|file| file.texts.iter().map(|(_, text)| *text))
            .collect();
        let points: Vec<_> = texts.iter().map(|text| (*text, vector(text.0))).collect();
        stores.vectors.upsert(space, &points).expect("added");
        stores.vectors.flush().expect("flushed");
        stores.catalog.mark_vectors(&texts).expect("marked");
    }
}

fn held(stores: &Stores) -> Held {
    let worktree = stores.catalog.worktree(Path::new("/tree")).expect("a worktree");
    let contents: IdSet = (0..1_000).collect();
    let terms = [QueryTerm {
        text: "common".to_owned(),
        weight: 1.0,
    }];
    let found = stores.lexical.search(&LexicalQuery {
        terms: &terms,
        contents: &contents,
        paths: &contents,
        limit: 1_000,
        chunks_per_content: 1,
    });
    let counts = stores.catalog.counts(worktree).expect("counted");
    let vectors = |space| stores.vectors.count(space).expect("counted");
    let n_vectors = vectors(VectorSpace::Files) + vectors(VectorSpace::Chunks);
    assert_eq!(
        n_vectors,
        counts.files_with_vector + counts.chunks_with_vector,
        "the catalog counts what there is"
    );
    Held {
        files: stores.catalog.manifest(worktree).expect("listed").len(),
        words: found.expect("searched").contents.len(),
        vectors: n_vectors,
    }
}

impl Place {
    fn new() -> Self {
        let place = Self {
            directory: tempfile::tempdir().expect("temporary directory"),
        };
        let stores = place.open().expect("opened");
        assert_eq!(stores.repairs, []);
        fill(
            &stores,
            stores.catalog.worktree(Path::new("/tree")).expect("a worktree"),
        );
        assert_eq!(held(&stores), FULL);
        place
    }

    fn open(&self) -> PortResult<Stores> {
        let opening = Opening {
            directory: &self.path("repository"),
            writer: WriterOptions { threads: 1 },
            unix_seconds: 77,
            repairs: Vec::new(),
        };
        opening.run()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn store(&self, store: StoreKind) -> PathBuf {
        self.path("repository").join(match store {
            StoreKind::Roots | StoreKind::Memories | StoreKind::Catalog => CATALOG,
            StoreKind::Lexical => LEXICAL,
            StoreKind::Vectors => VECTORS,
        })
    }

    /// What a kill leaves behind: no seal.
    fn unseal(&self) {
        for store in ALL {
            seal::remove(&self.store(store)).expect("removed");
        }
    }
}

const ALL: [StoreKind; 3] = [StoreKind::Catalog, StoreKind::Lexical, StoreKind::Vectors];

/// The largest file of a store: where its data is.
fn largest(store: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut pending = vec![store.to_owned()];
    while let Some(place) = pending.pop() {
        if place.is_dir() {
            pending.extend(
                fs::read_dir(&place)
                    .expect("listed")
                    .map(|entry| entry.expect("entry").path()),
            );
        } else {
            files.push((fs::metadata(&place).expect("there").len(), place));
        }
    }
    files.sort();
    files.pop().expect("a file").1
}

/// Inverts bytes where they are: the large files are mostly holes, and stay so.
fn overwrite(path: &Path, start: u64, n_bytes: usize) {
    let file = File::options().read(true).write(true).open(path).expect("opened");
    let mut bytes = vec![0; n_bytes];
    let n_read = file.read_at(&mut bytes, start).expect("read");
    for byte in &mut bytes {
        *byte = !*byte;
    }
    file.write_all_at(&bytes[..n_read], start).expect("written");
}

type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 7] = [
    ("cut to nothing", |store| {
        File::create(largest(store)).expect("cut");
    }),
    ("cut to half", |store| {
        let file = File::options().write(true).open(largest(store)).expect("opened");
        file.set_len(file.metadata().expect("there").len() / 2).expect("cut");
    }),
    ("bytes flipped in the middle", |store| {
        let path = largest(store);
        let middle = fs::metadata(&path).expect("there").len() / 2;
        overwrite(&path, middle, 8);
    }),
    ("a file deleted", |store| {
        fs::remove_file(largest(store)).expect("deleted");
    }),
    ("replaced by what it is not", |store| {
        if store.is_dir() {
            fs::remove_dir_all(store).expect("deleted");
            fs::write(store, "a file").expect("written");
        } else {
            fs::remove_file(store).expect("deleted");
            fs::create_dir(store).expect("made");
        }
    }),
    ("a header of garbage", |store| {
        overwrite(&largest(store), 0, 100);
    }),
    ("all of it deleted", |store| {
        if store.is_dir() {
            fs::remove_dir_all(store).expect("deleted");
        } else {
            fs::remove_file(store).expect("deleted");
        }
    }),
];

/// What is left to hold when one store was replaced by an empty one.
fn without(store: StoreKind) -> Held {
    match store {
        // Its ids are those of the others.
        StoreKind::Roots | StoreKind::Memories | StoreKind::Catalog => Held {
            files: 0,
            words: 0,
            vectors: 0,
        },
        StoreKind::Lexical => Held { words: 0, ..FULL },
        StoreKind::Vectors => Held { vectors: 0, ..FULL },
    }
}

#[test]
fn each_damage_to_each_store_is_found_and_costs_that_store_alone() {
    std::thread::scope(|scope| {
        for store in ALL {
            scope.spawn(move || each_damage_is_found(store));
        }
    });
}

fn each_damage_is_found(store: StoreKind) {
    for (name, damage) in DAMAGES {
        let place = Place::new();
        damage(&place.store(store));
        let stores = place
            .open()
            .unwrap_or_else(|error| panic!("{store}, {name}: {}", chain(&error)));
        let [repair] = stores.repairs.as_slice() else {
            panic!("{store}, {name}: {:?}", stores.repairs);
        };
        assert_eq!(repair.store, store, "{name}");
        let gone = name == "all of it deleted" || (name == "a file deleted" && store == StoreKind::Catalog);
        assert_eq!(
            repair.kept.as_ref().is_some_and(|kept| kept.exists()),
            !gone,
            "{store}, {name}"
        );
        assert_eq!(held(&stores), without(store), "{store}, {name}: {}", repair.what);
        // Filled again as a pass does it, it is what it was, and stays.
        if store == StoreKind::Lexical {
            let garbage = stores.catalog.rewind(VERSION).expect("rewound");
            stores.catalog.collect(&garbage).expect("collected");
        }
        fill(
            &stores,
            stores.catalog.worktree(Path::new("/tree")).expect("a worktree"),
        );
        assert_eq!(held(&stores).words, FULL.words, "{store}, {name}");
        assert_eq!(held(&stores).files, FULL.files, "{store}, {name}");
        drop(stores);
        assert_eq!(
            place.open().expect("opened").repairs,
            [],
            "{store}, {name}: sound again"
        );
    }
}

#[test]
fn after_a_kill_what_a_check_can_see_is_found_and_what_is_sound_stays() {
    let place = Place::new();
    place.unseal();
    let stores = place.open().expect("opened");
    assert_eq!((stores.repairs.as_slice(), held(&stores)), ([].as_slice(), FULL));
    drop(stores);
    for store in ALL {
        // Flipped bytes of a catalog's rows are the one thing that no check can see.
        let unseen = |name: &str| {
            store == StoreKind::Catalog && name.starts_with("bytes")
                // The engine's log is made anew when it is opened; the vectors are elsewhere.
                || store == StoreKind::Vectors
        };
        for (name, damage) in DAMAGES.into_iter().filter(|(name, _)| !unseen(name)) {
            let place = Place::new();
            place.unseal();
            damage(&place.store(store));
            let stores = place
                .open()
                .unwrap_or_else(|error| panic!("{store}, {name}: {}", chain(&error)));
            assert_eq!(stores.repairs.len(), 1, "{store}, {name}");
            assert_eq!(held(&stores), without(store), "{store}, {name}");
        }
    }
}

#[test]
fn after_a_kill_lost_vectors_are_missed() {
    type Loss = fn(&Path);
    let losses: [Loss; 3] = [
        |store| fs::remove_dir_all(store.join("chunks/segments")).expect("deleted"),
        |store| fs::remove_dir_all(store.join("files")).expect("deleted"),
        |store| fs::write(store.join("vectors.json"), "{").expect("written"),
    ];
    for (n, loss) in losses.into_iter().enumerate() {
        let place = Place::new();
        place.unseal();
        loss(&place.store(StoreKind::Vectors));
        let stores = place.open().unwrap_or_else(|error| panic!("{n}: {}", chain(&error)));
        assert_eq!(stores.repairs.len(), 1, "{n}");
        assert_eq!(held(&stores), without(StoreKind::Vectors), "{n}: {}", stores.repairs[0]);
    }
}

#[test]
fn stores_that_were_copied_are_trusted_and_a_newer_program_s_are_refused_and_left_alone() {
    let place = Place::new();
    for store in ALL {
        let file = File::options()
            .write(true)
            .open(largest(&place.store(store)))
            .expect("opened");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("touched");
    }
    let stores = place.open().expect("opened");
    assert_eq!((stores.repairs.as_slice(), held(&stores)), ([].as_slice(), FULL));
    drop(stores);

    let descriptor = place.store(StoreKind::Vectors).join("vectors.json");
    let text = fs::read_to_string(&descriptor).expect("readable");
    fs::write(&descriptor, text.replace("\"format\": 1", "\"format\": 2")).expect("written");
    let error = place.open().err().expect("refused");
    assert_eq!(error.kind, PortErrorKind::Mismatch, "{error}");
    fs::write(&descriptor, text).expect("written");
    let stores = place.open().expect("opened");
    assert_eq!((stores.repairs.as_slice(), held(&stores)), ([].as_slice(), FULL));
    drop(stores);

    let catalog = place.store(StoreKind::Catalog);
    let mut bytes = fs::read(&catalog).expect("readable");
    // The schema's version stands at byte 60 of a database.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&catalog, bytes).expect("written");
    let error = place.open().err().expect("refused");
    assert_eq!(error.kind, PortErrorKind::Mismatch, "{error}");
    assert!(error.hint.is_some_and(|hint| hint.starts_with("update codemem")));
    assert!(codemem_store::set_aside_before(&catalog).is_empty() && catalog.exists());
}

#[test]
fn what_the_files_may_not_be_used_for_is_no_damage() {
    let place = Place::new();
    // Open elsewhere, as by a second process: the vectors are locked.
    let stores = place.open().expect("opened");
    let error = place.open().err().expect("in use");
    assert_eq!(error.kind, PortErrorKind::Failed, "{error}");
    drop(stores);
    let stores = place.open().expect("opened");
    assert_eq!((stores.repairs.as_slice(), held(&stores)), ([].as_slice(), FULL));
    assert!(stores.catalog.chunks(&[ChunkId(1)]).is_ok());
}

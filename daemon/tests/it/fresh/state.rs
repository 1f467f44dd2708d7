//! What the stores of a sandbox hold, read beside its stopped daemon, and whether they agree with each other.

use codemem_core::ids::{ContentHash, IdSet};
use codemem_core::ports::{Catalog as _, Garbage, LexicalIndex as _, VectorIndex as _, VectorSpace};
use codemem_lexical::CodeIndex;
use codemem_store::{EdgeVectors, SqliteCatalog};
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest that anything over a small tree may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// A path as an argument.
pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Brings a root up to date; what the command answers.
pub(super) fn index(sandbox: &Sandbox, root: &Path) -> Value {
    sandbox
        .codemem(["index", text(root), "--wait-lexical", "--json"])
        .json()
}

/// The hits of a search, best first.
pub(super) fn hits(sandbox: &Sandbox, root: &Path, query: &str) -> Vec<Value> {
    let answer = sandbox.codemem(["search", "--repo", text(root), "--json", "--", query]);
    assert!(matches!(answer.code, 0 | 1), "{query}: {answer:?}");
    let answer: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    answer["hits"].as_array().expect("hits").clone()
}

/// The files that a word is found in, best first.
pub(super) fn found(sandbox: &Sandbox, root: &Path, word: &str) -> Vec<String> {
    let paths = hits(sandbox, root, word).into_iter();
    paths
        .map(|hit| hit["path"].as_str().expect("a path").to_owned())
        .collect()
}

/// Ends the daemon in order.
pub(super) fn stop(sandbox: &Sandbox) {
    sandbox.codemem(["daemon", "stop"]).success();
    wait_until("the daemon to be gone", PATIENCE, || sandbox.daemon_pid().is_none());
}

/// The directories of stores.
pub(super) fn stores(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("data/index")).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("entry").path());
    paths.filter(|path| path.join("catalog.db").is_file()).collect()
}

/// Bytes that the files below a directory take on the disk.
pub(super) fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(found) if found.is_dir() => bytes += disk_bytes(&entry.path()),
            Ok(found) => bytes += found.blocks() * 512,
            Err(_) => {}
        }
    }
    bytes
}

/// How many chunks each pass so far has cut.
pub(super) fn chunks_cut(sandbox: &Sandbox) -> Vec<u64> {
    let log = sandbox.log();
    let ends = log.lines().filter(|line| line.contains("pass ends"));
    ends.map(|line| {
        let number = line.split("chunks").nth(1).expect("how many chunks it cut");
        let number = number.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        number.parse().expect("a number")
    })
    .collect()
}

/// What the stopped daemon's one repository holds of each root, in a form that does not depend on ids: a line for every
/// chunk. Fails where a store is damaged, misses what another has, or has what no file is behind.
pub(super) fn sound(sandbox: &Sandbox) -> BTreeSet<String> {
    examine(sandbox, true)
}

/// The same before a prune.
pub(super) fn sound_but_for_garbage(sandbox: &Sandbox) -> BTreeSet<String> {
    examine(sandbox, false)
}

fn examine(sandbox: &Sandbox, pruned: bool) -> BTreeSet<String> {
    let directories = stores(sandbox);
    let [directory] = &directories[..] else {
        panic!("one repository, not {directories:?}");
    };
    let catalog = SqliteCatalog::open_read_only(directory).expect("a catalog");
    catalog.check().expect("a sound catalog");
    let garbage = catalog.garbage(&[]).expect("found");
    assert!(
        !pruned || garbage == Garbage::default(),
        "no orphan in the catalog: {garbage:?}"
    );
    let marks = catalog.marks().expect("listed");
    let ids = catalog.ids().expect("listed");

    let lexical = CodeIndex::open_read_only(&directory.join("lexical"), catalog.generation());
    let lexical = lexical.expect("readable").expect("a lexical index of this catalog");
    lexical.check().expect("a sound lexical index");
    let (contents, paths) = lexical.held().expect("listed");
    assert_same("contents", &contents, &marks.contents);
    assert_same("paths", &paths, &marks.paths);
    assert_same("paths", &paths, &ids.paths);

    let scratch = sandbox.path("scratch");
    let vectors = EdgeVectors::open_copy(&directory.join("vectors"), &scratch).expect("readable");
    let vectors = vectors.expect("a vector index");
    vectors.check().expect("a sound vector index");
    for (space, n_marked) in [
        (VectorSpace::Files, marks.file_texts),
        (VectorSpace::Chunks, marks.chunk_texts),
    ] {
        let held = vectors.held(space).expect("listed");
        assert_eq!(held.len() as u64, n_marked, "{space:?}");
        assert!(held.iter().all(|id| ids.texts.contains(id)), "no orphan in {space:?}");
    }
    drop(vectors);
    fs::remove_dir_all(scratch).expect("removed");

    let mut lines = BTreeSet::new();
    let mut hashes: BTreeSet<ContentHash> = BTreeSet::new();
    for (worktree, root) in catalog.worktrees().expect("listed") {
        let root = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for entry in catalog.manifest(worktree).expect("listed") {
            hashes.insert(entry.hash);
            assert!(
                lines.insert(format!("{root} {} {:?}", entry.path, entry.hash)),
                "each file once"
            );
            for chunk in catalog.chunks_of(entry.content).expect("found") {
                let symbol = chunk
                    .symbol
                    .map(|symbol| (symbol.qualified_name, symbol.signature, symbol.lines));
                lines.insert(format!("{root} {} {:?} {symbol:?}", entry.path, chunk.lines));
            }
        }
    }
    assert_eq!(
        ids.contents.len() - garbage.contents.len(),
        hashes.len(),
        "each content once"
    );
    lines
}

fn assert_same(what: &str, one: &IdSet, other: &IdSet) {
    let list = |set: &IdSet| set.iter().collect::<Vec<_>>();
    assert_eq!(list(one), list(other), "{what} of the lexical index and of the catalog");
}

/// Numbers that only look random, and can be had again: a failure says the seed.
pub(super) struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Another sequence every time, or that of the seed in `CODEMEM_TEST_SEED`.
    pub(super) fn new() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let given = std::env::var("CODEMEM_TEST_SEED").ok();
        let seed = given.map_or_else(
            || RandomState::new().hash_one("seed"),
            |seed| seed.parse().expect("`CODEMEM_TEST_SEED` is a number"),
        );
        Self { seed, state: seed }
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        use std::io::Write as _;
        if std::thread::panicking() {
            let said = writeln!(std::io::stderr(), "again with CODEMEM_TEST_SEED={}", self.seed);
            said.expect("standard error takes a line");
        }
    }
}

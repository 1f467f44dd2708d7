//! Graphs on real shards: what they find, and what may happen while one is built.

use super::super::EdgeVectors;
use super::super::descriptor::shard_directory;
use super::super::shard::Shard;
use super::super::tests::{ids, killed, reopened};
use super::build_over;
use crate::files;
use VectorSpace::{Chunks, Files};
use codemem_core::ids::{IdSet, TextId};
use codemem_core::ports::{VectorIndex, VectorSpace};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DIMENSION: usize = 32;
const N_POINTS: u32 = 900;

/// Points above which tests build a graph.
const ABOVE: usize = 300;

/// Vectors lie in crowds, as those of texts do.
fn vector(seed: u32) -> Vec<f32> {
    let random = |seed: u32| {
        let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        })
    };
    let crowd = random(1_000_000 + seed % 40);
    let raw: Vec<f32> = crowd
        .zip(random(seed))
        .map(|(a, b)| a + 0.8 * b)
        .take(DIMENSION)
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

fn points(ids: impl IntoIterator<Item = u32>) -> Vec<(TextId, Vec<f32>)> {
    ids.into_iter().map(|id| (TextId(id), vector(id))).collect()
}

/// An index beside which there is nothing else, and what should be in it.
struct World {
    directory: TempDir,
    vectors: EdgeVectors,
    held: BTreeMap<u32, Vec<f32>>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let vectors = EdgeVectors::create(&directory.path().join("vectors"), 42).expect("created");
        vectors.upsert(Chunks, &points(0..N_POINTS)).expect("added");
        vectors.upsert(Files, &points(0..10)).expect("added");
        vectors.flush().expect("flushed");
        Self {
            directory,
            vectors,
            held: (0..N_POINTS).map(|id| (id, vector(id))).collect(),
        }
    }

    fn place(&self) -> PathBuf {
        self.directory.path().join("vectors")
    }

    fn reopen(self) -> Self {
        let place = self.place();
        drop(self.vectors);
        Self {
            vectors: reopened(&place),
            ..self
        }
    }

    /// The files as a SIGKILL would leave them now, in the same place of another directory.
    fn killed(&self) -> TempDir {
        let (copy, directory) = (killed(&self.place()), tempfile::tempdir().expect("temporary directory"));
        fs::rename(copy.path(), directory.path().join("vectors")).expect("moved");
        directory
    }

    fn tune(&self) {
        let done = self.vectors.tune_above(ABOVE, &|| false).expect("tuned");
        assert!(done, "nobody asked to stop");
    }

    /// Begins a build and does not wait for it.
    fn begin(&self) {
        let done = self.vectors.tune_above(ABOVE, &|| true).expect("begun");
        assert!(!done, "a graph takes longer than a moment");
    }

    fn has_graph(&self) -> bool {
        let slot = self.vectors.read(Chunks);
        let shard = slot.shard().expect("open").expect("there");
        shard.has_graph().expect("looked at")
    }

    /// The nearest, found by looking at each.
    fn nearest(&self, query: &[f32], within: impl Fn(u32) -> bool, limit: usize) -> Vec<TextId> {
        let dot = |vector: &[f32]| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
        let inside = self.held.iter().filter(|(id, _)| within(**id));
        let mut scored: Vec<(u32, f32)> = inside.map(|(&id, vector)| (id, dot(vector))).collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        scored.into_iter().take(limit).map(|(id, _)| TextId(id)).collect()
    }

    /// The share of the ten nearest that searches find of those that every `step`th text is.
    fn recall(&self, step: u32) -> f64 {
        let within = |id: u32| id.is_multiple_of(step);
        let allowed: IdSet = self.held.keys().copied().filter(|id| within(*id)).collect();
        let allowed = (step > 1).then_some(&allowed);
        let (mut n_found, n_queries) = (0, 20);
        for query in (0..n_queries).map(|n| vector(100_000 + n)) {
            let expected = self.nearest(&query, within, 10);
            let found = self.vectors.search(Chunks, &query, allowed, 10).expect("searched");
            assert_eq!(found.len(), 10, "whatever the filter, the answer is full");
            assert!(found.iter().all(|(text, _)| within(text.0)), "the filter is kept to");
            n_found += expected.iter().filter(|text| ids(&found).contains(text)).count();
        }
        n_found as f64 / f64::from(n_queries * 10)
    }

    /// Whether the index holds what it should, and finds it.
    fn check(&self) {
        assert_eq!(self.vectors.count(Chunks).expect("counted"), self.held.len() as u64);
        assert_eq!(self.vectors.count(Files).expect("counted"), 10);
        let held = self.vectors.held(Chunks).expect("listed");
        assert!(held.iter().eq(self.held.keys().copied()));
        for (step, at_least) in [(1, 0.97), (2, 0.97), (9, 1.0)] {
            let recall = self.recall(step);
            assert!(recall >= at_least, "{recall} of every {step}.");
        }
        self.vectors.check().expect("sound");
    }
}

fn builds(beside: &Path) -> Vec<String> {
    let entries = fs::read_dir(beside)
        .expect("listed")
        .map(|entry| entry.expect("an entry"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".build-")).collect()
}

#[test]
fn a_graph_finds_what_looking_at_each_finds() {
    let world = World::new();
    assert!(!world.has_graph());
    assert!(
        world
            .vectors
            .tune(&|| panic!("nothing to wait for"))
            .expect("small enough")
    );
    world.tune();
    assert!(world.has_graph());
    world.check();
    assert!(builds(world.directory.path()).is_empty());
    let again = world.vectors.tune_above(ABOVE, &|| panic!("nothing to wait for"));
    assert!(again.expect("nothing is left to do"));
    let world = world.reopen();
    assert!(world.has_graph());
    world.check();
}

#[test]
fn what_changes_while_a_graph_is_built_is_in_it() {
    let mut world = World::new();
    world.begin();
    world.vectors.upsert(Chunks, &points(2_000..2_100)).expect("added");
    world.held.extend((2_000..2_100).map(|id| (id, vector(id))));
    world
        .vectors
        .upsert(Chunks, &[(TextId(7), vector(3_000))])
        .expect("replaced");
    world.held.insert(7, vector(3_000));
    let gone: Vec<TextId> = (100..150).chain(2_050..2_060).map(TextId).collect();
    world.vectors.delete(&gone).expect("deleted");
    world.held.retain(|id, _| !gone.contains(&TextId(*id)));
    world.vectors.flush().expect("flushed");
    assert!(!world.has_graph(), "nothing has changed for searches");
    world.check();
    world.tune();
    assert!(world.has_graph());
    world.check();
    let found = world.vectors.search(Chunks, &vector(3_000), None, 1).expect("searched");
    assert_eq!(ids(&found), [TextId(7)]);
    let mut world = world.reopen();
    world.check();
    // What comes later lies beside the graph, until there is enough of it.
    world.vectors.upsert(Chunks, &points(4_000..4_400)).expect("added");
    world.held.extend((4_000..4_400).map(|id| (id, vector(id))));
    world.check();
    world.tune();
    world.check();
}

#[test]
fn whoever_closes_leaves_nothing_behind() {
    let world = World::new();
    world.begin();
    let began = Instant::now();
    let world = world.reopen();
    assert!(began.elapsed() < Duration::from_secs(5), "nobody waits for a build");
    world.check();
    world.tune();
    world.check();
    let world = world.reopen();
    while !builds(world.directory.path()).is_empty() {
        // The thread that was left behind comes to its end, and cleans up.
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{:?}",
            builds(world.directory.path())
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    world.check();
}

#[test]
fn a_build_for_vectors_that_are_gone_comes_to_nothing() {
    let world = World::new();
    world.begin();
    world.vectors.clear().expect("cleared");
    world.tune();
    assert_eq!(world.vectors.count(Chunks).expect("counted"), 0);
    world.vectors.upsert(Chunks, &points(0..5)).expect("added");
    assert_eq!(world.vectors.count(Chunks).expect("counted"), 5);
}

#[test]
fn a_kill_at_any_moment_of_a_build_loses_nothing() {
    let world = World::new();
    world.begin();
    let while_built = world.killed();
    fs::create_dir_all(while_built.path().join("vectors.build-1/chunks/segments")).expect("made");
    world.tune();
    let afterwards = world.killed();
    // Between giving the shard's place up and taking it.
    let between = world.killed();
    let (build, chunks) = (
        between.path().join("vectors.build-1"),
        between.path().join("vectors/chunks"),
    );
    fs::create_dir_all(build.join("chunks/segments")).expect("made");
    fs::rename(&chunks, build.join("replaced")).expect("moved");
    // Between taking it and cleaning up.
    let taken = world.killed();
    fs::create_dir_all(taken.path().join("vectors.build-1/replaced/segments")).expect("made");
    for copy in [while_built, afterwards, between, taken] {
        let world = World {
            vectors: reopened(&copy.path().join("vectors")),
            directory: copy,
            held: (0..N_POINTS).map(|id| (id, vector(id))).collect(),
        };
        assert!(builds(world.directory.path()).is_empty());
        world.check();
    }
}

/// Counts what a thread logs as a warning or worse.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN && metadata.target().starts_with("codemem")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// How many warnings there are while something is done to a copy of the shard whose files are removed.
fn n_warnings(world: &World, then: impl FnOnce(Shard)) -> usize {
    let directory = tempfile::tempdir().expect("temporary directory");
    let copy = directory.path().join("copy");
    files::copy_directory(&shard_directory(&world.place(), Chunks), &copy).expect("copied");
    let shard = Shard::load(&copy, DIMENSION).expect("a shard");
    fs::remove_dir_all(&copy).expect("removed");
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || then(shard));
    warnings.0.load(Ordering::Relaxed)
}

#[test]
fn an_abandoned_build_says_nothing_of_lost_vectors() {
    let world = World::new();
    assert_eq!(n_warnings(&world, drop), 1, "vectors that are no copy");
    let build = |copy| assert!(build_over(copy, ABOVE).is_err());
    assert_eq!(n_warnings(&world, build), 0);
}

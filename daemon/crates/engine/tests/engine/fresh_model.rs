//! Random edits, hints, passes and restarts end in exactly what a fresh index of the same files holds and answers.

use crate::setup::{ROOT, Running, World, finished};
use codemem_core::ports::Hint;
use codemem_engine::SearchRequest;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Something that happens to a root or to its engine.
#[derive(Clone, Debug)]
enum Step {
    /// A file is written, with one of a few texts; some cannot be indexed.
    Write { path: usize, text: usize },
    /// A file or a directory is deleted.
    Delete { path: usize },
    /// A file becomes another one.
    Rename { from: usize, to: usize },
    /// What changed is hinted at by its paths, or by the directories that hold them.
    Hint { by_directory: bool },
    /// Something else that asks for the whole root.
    Head,
    /// A request to index.
    Index,
    /// Edits become durable, and what is unused goes.
    Prune,
    /// Nobody asks for a while.
    Rest,
    /// Everything is looked into before the next step.
    Wait,
    /// Another life, after an orderly end.
    Restart,
}

const PATHS: [&str; 8] = [
    "a.fk",
    "b.fk",
    "lib/a.fk",
    "lib/b.fk",
    "lib/deep/a.fk",
    "lib.fk",
    "lib/deep.fk",
    "z/a.fk",
];

const TEXTS: [&str; 7] = [
    "def alpha\nthe first letter of some\n",
    "def beta\nthe second letter of some\n",
    "def alpha\nthe first letter of some\ndef beta\nthe second letter of some\n",
    "no definition in here at all\n",
    "",
    "\0",
    "panic!",
];

const QUERIES: [&str; 4] = ["alpha", "second letter", "definition", "deep"];

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        6 => (path(), 0..TEXTS.len()).prop_map(|(path, text)| Step::Write { path, text }),
        2 => path().prop_map(|path| Step::Delete { path }),
        2 => (path(), path()).prop_map(|(from, to)| Step::Rename { from, to }),
        5 => any::<bool>().prop_map(|by_directory| Step::Hint { by_directory }),
        1 => Just(Step::Head),
        1 => Just(Step::Index),
        1 => Just(Step::Prune),
        1 => Just(Step::Rest),
        3 => Just(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

/// The files of a root and what of them was not hinted at yet.
#[derive(Default)]
struct Tree {
    files: std::collections::BTreeMap<usize, (usize, i64)>,
    changed: BTreeSet<usize>,
    /// Seconds, long ago.
    now: i64,
}

impl Tree {
    fn put(&mut self, world: &World, path: usize, text: usize) {
        self.now += 1;
        world.source.write(ROOT, PATHS[path], TEXTS[text], self.now);
        self.files.insert(path, (text, self.now));
        self.changed.insert(path);
    }

    fn take(&mut self, world: &World, path: usize) -> Option<usize> {
        let (text, _) = self.files.remove(&path)?;
        world.source.delete(ROOT, PATHS[path]);
        self.changed.insert(path);
        Some(text)
    }

    fn hint(&mut self, world: &World, by_directory: bool) {
        let name = |path: &usize| {
            let path = Path::new(PATHS[*path]);
            let directory = path
                .parent()
                .filter(|parent| by_directory && !parent.as_os_str().is_empty());
            directory.unwrap_or(path).to_path_buf()
        };
        let paths: Vec<PathBuf> = self.changed.iter().map(name).collect();
        self.changed.clear();
        world.watcher.hint(ROOT, &Hint::Paths(paths));
    }
}

/// What every query answers, as far as it does not depend on ids.
async fn answers(running: &Running) -> Vec<String> {
    let mut answers = Vec::new();
    for query in QUERIES {
        let request = SearchRequest {
            query: query.to_owned(),
            paths: vec![ROOT.into()],
            ..SearchRequest::default()
        };
        let answer = running.engine.search(request).await.expect("an answer");
        assert_eq!(answer.coverage.hits_dropped, 0, "{query}");
        answers.push(format!("{query}: {} files", answer.coverage.files_searched));
        for hit in answer.hits {
            assert!(!hit.stale, "{query}: {hit:?}");
            answers.push(format!(
                "{} {}-{} {} {:.4} {:?}",
                hit.path, hit.start_line, hit.end_line, hit.name, hit.score, hit.snippet
            ));
        }
    }
    answers
}

async fn skipped(running: &Running) -> String {
    let status = running.quiet().await;
    format!("{:?} of {}", status.skipped, status.state.files_seen)
}

async fn lives(steps: &[Step]) -> (Tree, World, Vec<String>, String) {
    let world = World::watched();
    for path in ["router.fk", "socket.fk"] {
        world.source.delete(ROOT, path);
    }
    let mut tree = Tree::default();
    let mut running = world.start();
    finished(running.engine.index(Path::new(ROOT), false).await.expect("accepted")).await;
    for step in steps {
        match *step {
            Step::Write { path, text } => tree.put(&world, path, text),
            Step::Delete { path } => drop(tree.take(&world, path)),
            Step::Rename { from, to } => {
                if let Some(text) = tree.take(&world, from) {
                    tree.put(&world, to, text);
                }
            }
            Step::Hint { by_directory } => tree.hint(&world, by_directory),
            Step::Head => drop(world.watcher.hint(ROOT, &Hint::Head)),
            Step::Index => {
                finished(running.engine.index(Path::new(ROOT), false).await.expect("accepted")).await;
            }
            Step::Prune => drop(running.engine.prune(false).await.expect("pruned")),
            Step::Rest => running.engine.rest(Duration::ZERO),
            Step::Wait => drop(answers_meanwhile(&running).await),
            Step::Restart => {
                running.stop().await;
                running = world.start();
                running.settle().await;
            }
        }
    }
    tree.hint(&world, false);
    // Whoever asks wakes what rests.
    answers_meanwhile(&running).await;
    running.quiet().await;
    let found = answers(&running).await;
    running.engine.prune(false).await.expect("pruned");
    let left_out = skipped(&running).await;
    running.stop().await;
    (tree, world, found, left_out)
}

/// Asks, as somebody would while files change.
async fn answers_meanwhile(running: &Running) -> usize {
    running.search("alpha").await.hits.len()
}

async fn check(steps: Vec<Step>) {
    let (tree, world, found, left_out) = lives(&steps).await;
    let fresh = World::new();
    for path in ["router.fk", "socket.fk"] {
        fresh.source.delete(ROOT, path);
    }
    for (path, (text, time)) in &tree.files {
        fresh.source.write(ROOT, PATHS[*path], TEXTS[*text], *time);
    }
    let running = fresh.start();
    finished(running.engine.index(Path::new(ROOT), false).await.expect("accepted")).await;
    let expected = answers(&running).await;
    let expected_left_out = skipped(&running).await;
    running.stop().await;
    assert_eq!(world.fingerprint(), fresh.fingerprint());
    assert_eq!(left_out, expected_left_out);
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_it_ends_as_a_fresh_index(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(check(steps));
    }
}

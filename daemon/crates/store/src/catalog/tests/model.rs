//! Random histories against a model of maps, with the catalog closed and opened in between.

use super::{content_hash, extraction, file, open, path, stamp, symbol, text_hash};
use crate::catalog::SqliteCatalog;
use codemem_core::ids::{ChunkId, ContentId, Hash128, PathId, TextId, WorktreeId};
use codemem_core::ports::{Catalog, FileRecord, Garbage, ManifestChange, VectorSpace, WorktreeCounts};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use tempfile::TempDir;

const N_WORKTREES: usize = 2;
const N_PATHS: u32 = 5;
const N_CONTENTS: u32 = 6;
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=2;

#[derive(Clone, Debug)]
enum Step {
    /// Paths with their new contents (`None`: removed), under an extractor version.
    Record(usize, BTreeMap<u32, Option<u32>>, u32),
    Restamp(usize, u32, u32),
    MarkLexical(u64),
    MarkVectors(u64),
    Rewind(u32),
    /// Garbage is found, other steps may happen, it is collected.
    Collect(Option<Box<Step>>),
    ResetLexical,
    ResetVectors,
    RemoveWorktree(usize),
    Reopen,
}

fn record_step() -> impl Strategy<Value = Step> {
    let files = proptest::collection::btree_map(0..N_PATHS, proptest::option::weighted(0.85, 0..N_CONTENTS), 1..4);
    (0..N_WORKTREES, files, VERSIONS).prop_map(|(tree, files, version)| Step::Record(tree, files, version))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => record_step(),
        1 => (0..N_WORKTREES, 0..N_PATHS, 50..60_u32).prop_map(|(tree, path, to)| Step::Restamp(tree, path, to)),
        4 => any::<u64>().prop_map(Step::MarkLexical),
        4 => any::<u64>().prop_map(Step::MarkVectors),
        2 => VERSIONS.prop_map(Step::Rewind),
        2 => Just(Step::Collect(None)),
        1 => record_step().prop_map(|step| Step::Collect(Some(Box::new(step)))),
        1 => Just(Step::ResetLexical),
        1 => Just(Step::ResetVectors),
        1 => (0..N_WORKTREES).prop_map(Step::RemoveWorktree),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..25)
}

type Text = (VectorSpace, u32);

#[derive(Clone, Copy, Debug)]
struct Held {
    version: u32,
    lexical: bool,
}

/// What the catalog should hold, in numbers instead of ids.
#[derive(Default)]
struct Model {
    /// By path: the content, the stamp's number, the summary.
    manifests: [BTreeMap<u32, (u32, u32, u32)>; N_WORKTREES],
    /// By path and content, whether or not a manifest has that line.
    summaries: BTreeMap<(u32, u32), u32>,
    contents: BTreeMap<u32, Held>,
    paths: BTreeMap<u32, bool>,
    /// Whether each text has a vector; by (is a chunk's, number).
    texts: BTreeMap<(bool, u32), bool>,
}

fn key((space, number): Text) -> (bool, u32) {
    (space == VectorSpace::Chunks, number)
}

/// Texts of a content's chunks: contents share some, and one repeats.
fn chunk_texts(content: u32, version: u32) -> Vec<u32> {
    let mut texts: Vec<u32> = (0..content % 4).map(|n| (content + n * 2 + version) % 7).collect();
    if content % 3 == 2 {
        texts.push(texts[0]);
    }
    texts
}

fn n_symbols(content: u32) -> u32 {
    content % 2
}

/// A path has the same summary with contents that define the same names.
fn summary(path: u32, content: u32, version: u32) -> u32 {
    1_000 + path * 10 + content % 2 * 5 + version
}

impl Model {
    fn live(&self) -> BTreeSet<u32> {
        self.manifests
            .iter()
            .flat_map(|m| m.values().map(|line| line.0))
            .collect()
    }

    fn has(&self, space: VectorSpace, number: u32) -> bool {
        self.texts.get(&key((space, number))).copied().unwrap_or(false)
    }

    fn garbage(&self) -> (BTreeSet<u32>, BTreeSet<u32>, BTreeSet<(bool, u32)>) {
        self.garbage_without(None)
    }

    /// What is garbage once a worktree is gone.
    fn garbage_without(&self, gone: Option<usize>) -> (BTreeSet<u32>, BTreeSet<u32>, BTreeSet<(bool, u32)>) {
        let trees = self
            .manifests
            .iter()
            .enumerate()
            .filter(|(tree, _)| Some(*tree) != gone);
        let lines: Vec<_> = trees.flat_map(|(_, manifest)| manifest).collect();
        let live: BTreeSet<u32> = lines.iter().map(|(_, line)| line.0).collect();
        let paths: BTreeSet<u32> = lines.iter().map(|(path, _)| **path).collect();
        let kept = self.summaries.iter();
        let kept = kept.filter(|((path, content), _)| paths.contains(path) && live.contains(content));
        let summaries = lines
            .iter()
            .map(|(_, line)| line.2)
            .chain(kept.map(|(_, summary)| *summary));
        let mut used: BTreeSet<_> = summaries.map(|text| key((VectorSpace::Files, text))).collect();
        for content in &live {
            let texts = chunk_texts(*content, self.contents[content].version);
            used.extend(texts.into_iter().map(|t| key((VectorSpace::Chunks, t))));
        }
        (
            self.contents.keys().copied().filter(|c| !live.contains(c)).collect(),
            self.paths.keys().copied().filter(|p| !paths.contains(p)).collect(),
            self.texts.keys().copied().filter(|t| !used.contains(t)).collect(),
        )
    }

    fn counts(&self, tree: usize) -> WorktreeCounts {
        let manifest = &self.manifests[tree];
        let contents: BTreeSet<u32> = manifest.values().map(|line| line.0).collect();
        let texts: Vec<u32> = contents
            .iter()
            .flat_map(|c| chunk_texts(*c, self.contents[c].version))
            .collect();
        WorktreeCounts {
            files: manifest.len() as u64,
            chunks: texts.len() as u64,
            symbols: contents.iter().map(|&c| u64::from(n_symbols(c))).sum(),
            chunks_with_vector: texts.iter().filter(|&&t| self.has(VectorSpace::Chunks, t)).count() as u64,
            files_with_vector: manifest
                .values()
                .filter(|line| self.has(VectorSpace::Files, line.2))
                .count() as u64,
        }
    }
}

/// The catalog, the model, and which id stands for which number.
struct World {
    directory: TempDir,
    catalog: Option<SqliteCatalog>,
    model: Model,
    trees: [WorktreeId; N_WORKTREES],
    contents: BTreeMap<u32, ContentId>,
    paths: BTreeMap<u32, PathId>,
    texts: BTreeMap<(bool, u32), TextId>,
    /// Every id that was ever seen, with what it stood for: it never stands for anything else.
    ever_contents: HashMap<ContentId, u32>,
    ever_paths: HashMap<PathId, u32>,
    ever_texts: HashMap<TextId, (bool, u32)>,
    ever_chunks: HashMap<ChunkId, (u32, u32, usize)>,
}

fn root(tree: usize) -> PathBuf {
    PathBuf::from(format!("/{tree}"))
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let catalog = open(directory.path());
        let trees = [0, 1].map(|tree| catalog.worktree(&root(tree)).expect("added"));
        Self {
            directory,
            catalog: Some(catalog),
            model: Model::default(),
            trees,
            contents: BTreeMap::new(),
            paths: BTreeMap::new(),
            texts: BTreeMap::new(),
            ever_contents: HashMap::new(),
            ever_paths: HashMap::new(),
            ever_texts: HashMap::new(),
            ever_chunks: HashMap::new(),
        }
    }

    fn catalog(&self) -> &SqliteCatalog {
        self.catalog.as_ref().expect("open between steps")
    }

    fn recorded(&self, n_path: u32, content: u32, version: u32) -> Option<Hash128> {
        let found = self.catalog().recorded(&path(n_path), content_hash(content), version);
        found.expect("looked up")
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Record(tree, files, version) => self.record(*tree, files, *version),
            Step::Restamp(tree, path, to) => {
                let Some(&id) = self.paths.get(path) else { return };
                let change = ManifestChange {
                    restamped: vec![(id, stamp(*to))],
                    ..ManifestChange::default()
                };
                self.catalog().record(self.trees[*tree], &change, 1).expect("restamped");
                if let Some(line) = self.model.manifests[*tree].get_mut(path) {
                    line.1 = *to;
                }
            }
            Step::MarkLexical(mask) => {
                let chosen = |n: u32| mask >> n & 1 == 1;
                let contents: Vec<u32> = self.contents.keys().copied().filter(|&c| chosen(c)).collect();
                let paths: Vec<u32> = self.paths.keys().copied().filter(|&p| chosen(20 + p)).collect();
                let content_ids: Vec<_> = contents.iter().map(|c| self.contents[c]).collect();
                let path_ids: Vec<_> = paths.iter().map(|p| self.paths[p]).collect();
                self.catalog().mark_lexical(&content_ids, &path_ids).expect("marked");
                for content in contents {
                    self.model.contents.get_mut(&content).expect("held").lexical = true;
                }
                for path in paths {
                    self.model.paths.insert(path, true);
                }
            }
            Step::MarkVectors(mask) => {
                let chosen: Vec<_> = self
                    .texts
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| mask >> (n % 64) & 1 == 1)
                    .collect();
                let ids: Vec<TextId> = chosen.iter().map(|(_, (_, id))| **id).collect();
                let keys: Vec<_> = chosen.iter().map(|(_, (key, _))| **key).collect();
                self.catalog().mark_vectors(&ids).expect("marked");
                self.model.texts.extend(keys.into_iter().map(|key| (key, true)));
            }
            Step::Rewind(version) => self.rewind(*version),
            Step::Collect(between) => self.collect(between.as_deref()),
            Step::ResetLexical => {
                self.catalog().reset_lexical().expect("reset");
                self.model.contents.values_mut().for_each(|held| held.lexical = false);
                self.model.paths.values_mut().for_each(|lexical| *lexical = false);
            }
            Step::ResetVectors => {
                self.catalog().reset_vectors().expect("reset");
                self.model.texts.values_mut().for_each(|vector| *vector = false);
            }
            Step::RemoveWorktree(tree) => {
                self.catalog().remove_worktree(self.trees[*tree]).expect("removed");
                let new = self.catalog().worktree(&root(*tree)).expect("added");
                assert!(self.trees.iter().all(|old| *old != new));
                self.trees[*tree] = new;
                self.model.manifests[*tree].clear();
            }
            Step::Reopen => {
                let generation = self.catalog().generation();
                self.catalog = None;
                self.catalog = Some(open(self.directory.path()));
                assert_eq!(self.catalog().generation(), generation);
            }
        }
    }

    fn record(&mut self, tree: usize, files: &BTreeMap<u32, Option<u32>>, version: u32) {
        let put: Vec<(u32, u32)> = files.iter().filter_map(|(&p, &c)| Some((p, c?))).collect();
        let change = ManifestChange {
            put: put
                .iter()
                .map(|&(path, content)| {
                    let symbols = (0..n_symbols(content)).map(|_| symbol("Name", (1, 2), None)).collect();
                    let units = extraction(&chunk_texts(content, version), symbols);
                    let known = self.recorded(path, content, version);
                    FileRecord {
                        summary: known.unwrap_or(text_hash(summary(path, content, version))),
                        ..file(path, content, known.is_none().then_some(units))
                    }
                })
                .collect(),
            restamped: vec![],
            removed: files
                .iter()
                .filter(|(_, content)| content.is_none())
                .filter_map(|(path, _)| self.paths.get(path).copied())
                .collect(),
        };
        let recorded = self
            .catalog()
            .record(self.trees[tree], &change, version)
            .expect("recorded");

        let mut announced = BTreeSet::new();
        for (&(path, content), recorded) in put.iter().zip(&recorded) {
            let lexical_path = *self.model.paths.entry(path).or_insert(false);
            assert_eq!(recorded.new_path, !lexical_path);
            let held = self.model.contents.entry(content).or_insert(Held {
                version,
                lexical: false,
            });
            if held.version != version {
                *held = Held {
                    version,
                    lexical: false,
                };
                self.model.summaries.retain(|(_, of), _| *of != content);
            }
            let texts = chunk_texts(content, version);
            let announce = !held.lexical && announced.insert(content);
            assert_eq!(recorded.new_chunks.len(), if announce { texts.len() } else { 0 });
            self.model
                .texts
                .entry(key((VectorSpace::Files, summary(path, content, version))))
                .or_insert(false);
            for text in texts {
                self.model
                    .texts
                    .entry(key((VectorSpace::Chunks, text)))
                    .or_insert(false);
            }
            let text = summary(path, content, version);
            self.model.summaries.insert((path, content), text);
            self.model.manifests[tree].insert(path, (content, content, text));
            self.contents.insert(content, recorded.content);
            self.paths.insert(path, recorded.path);
            assert_eq!(*self.ever_contents.entry(recorded.content).or_insert(content), content);
            assert_eq!(*self.ever_paths.entry(recorded.path).or_insert(path), path);
        }
        for (path, content) in files {
            if content.is_none() {
                self.model.manifests[tree].remove(path);
            }
        }
        self.learn_texts(tree);
    }

    /// Reads the ids of texts and chunks that a recording has made.
    fn learn_texts(&mut self, tree: usize) {
        for entry in self.catalog().manifest(self.trees[tree]).expect("listed") {
            let (n_path, n_content) = (self.ever_paths[&entry.path_id], self.ever_contents[&entry.content]);
            let n_summary = self.model.manifests[tree][&n_path].2;
            let mut seen = vec![(key((VectorSpace::Files, n_summary)), entry.summary)];
            let version = self.model.contents[&n_content].version;
            let chunks = self.catalog().chunks_of(entry.content).expect("found");
            let texts = chunk_texts(n_content, version);
            assert_eq!(chunks.len(), texts.len());
            for (position, (chunk, text)) in chunks.iter().zip(texts).enumerate() {
                seen.push((key((VectorSpace::Chunks, text)), chunk.text));
                let meaning = (n_content, version, position);
                assert_eq!(*self.ever_chunks.entry(chunk.id).or_insert(meaning), meaning);
            }
            for (key, id) in seen {
                assert_eq!(*self.texts.entry(key).or_insert(id), id);
                assert_eq!(*self.ever_texts.entry(id).or_insert(key), key);
            }
        }
    }

    fn rewind(&mut self, version: u32) {
        let lost = self.catalog().rewind(version).expect("rewound");
        let model = &mut self.model;
        let contents: BTreeSet<u32> = model
            .contents
            .iter()
            .filter(|(_, h)| !h.lexical || h.version != version)
            .map(|(c, _)| *c)
            .collect();
        let paths: BTreeSet<u32> = model
            .paths
            .iter()
            .filter(|(_, lexical)| !**lexical)
            .map(|(p, _)| *p)
            .collect();
        for manifest in &mut model.manifests {
            manifest.retain(|path, (content, ..)| !paths.contains(path) && !contents.contains(content));
        }
        assert_eq!(
            lost.contents
                .iter()
                .map(|id| self.ever_contents[id])
                .collect::<BTreeSet<_>>(),
            contents
        );
        assert_eq!(
            lost.paths.iter().map(|id| self.ever_paths[id]).collect::<BTreeSet<_>>(),
            paths
        );
        assert!(lost.texts.is_empty());
    }

    fn collect(&mut self, between: Option<&Step>) {
        let garbage = self.catalog().garbage(&[]).expect("found");
        let (contents, paths, texts) = self.model.garbage();
        if let Some(step) = between {
            self.step(step);
        }
        self.catalog().collect(&garbage).expect("collected");
        self.catalog()
            .collect(&garbage)
            .expect("collected twice is collected once");
        let (now_contents, now_paths, _) = self.model.garbage();
        for content in contents {
            if now_contents.contains(&content) {
                self.model.contents.remove(&content);
                self.model.summaries.retain(|(_, of), _| *of != content);
                self.contents.remove(&content);
            } else {
                self.model.contents.get_mut(&content).expect("held").lexical = false;
            }
        }
        for path in paths {
            if now_paths.contains(&path) {
                self.model.paths.remove(&path);
                self.model.summaries.retain(|(of, _), _| *of != path);
                self.paths.remove(&path);
            } else {
                self.model.paths.insert(path, false);
            }
        }
        let mut used: BTreeSet<(bool, u32)> = BTreeSet::new();
        for (content, held) in &self.model.contents {
            used.extend(
                chunk_texts(*content, held.version)
                    .into_iter()
                    .map(|t| key((VectorSpace::Chunks, t))),
            );
        }
        let lines = self.model.manifests.iter().flat_map(BTreeMap::values);
        let summaries = lines.map(|line| line.2).chain(self.model.summaries.values().copied());
        used.extend(summaries.map(|text| key((VectorSpace::Files, text))));
        for text in texts {
            if used.contains(&text) {
                self.model.texts.insert(text, false);
            } else {
                self.model.texts.remove(&text);
                self.texts.remove(&text);
            }
        }
    }

    fn check(&self) {
        let (catalog, model) = (self.catalog(), &self.model);
        for (tree, id) in self.trees.iter().enumerate() {
            let manifest = catalog.manifest(*id).expect("listed");
            let found: Vec<_> = manifest
                .iter()
                .map(|e| (e.path.clone(), e.hash, e.stamp, e.content))
                .collect();
            let wanted: Vec<_> = model.manifests[tree]
                .iter()
                .map(|(p, (c, s, _))| (path(*p), content_hash(*c), stamp(*s), self.contents[c]))
                .collect();
            assert_eq!(found, wanted);
            assert_eq!(catalog.counts(*id).expect("counted"), model.counts(tree));
        }
        for version in VERSIONS {
            for (n_path, content) in (0..N_PATHS).flat_map(|p| (0..N_CONTENTS).map(move |c| (p, c))) {
                let held = model.contents.get(&content);
                let is_known = held.is_some_and(|h| h.lexical && h.version == version);
                let text = model.summaries.get(&(n_path, content)).filter(|_| is_known);
                assert_eq!(
                    self.recorded(n_path, content, version),
                    text.map(|&text| text_hash(text))
                );
            }
        }
        self.check_pending();
        let live = model.live();
        for (&(is_chunk, number), id) in &self.texts {
            let carriers = catalog.chunks_with_texts(&[*id]).expect("found");
            let found: BTreeSet<_> = carriers
                .iter()
                .map(|(_, _, content)| self.ever_contents[content])
                .collect();
            let holds_it = |c: &&u32| is_chunk && chunk_texts(**c, model.contents[*c].version).contains(&number);
            assert_eq!(found, live.iter().filter(holds_it).copied().collect());
        }
        let garbage = catalog.garbage(&[]).expect("found");
        assert_eq!(self.in_numbers(&garbage), model.garbage());
        for (tree, id) in self.trees.iter().enumerate() {
            let garbage = catalog.garbage(&[*id]).expect("found");
            assert_eq!(self.in_numbers(&garbage), model.garbage_without(Some(tree)));
        }
        let known = catalog.ids().expect("listed");
        let texts: BTreeSet<_> = known.texts.iter().map(|id| self.ever_texts[&TextId(id)]).collect();
        assert_eq!(texts, model.texts.keys().copied().collect());
        assert_eq!(
            (known.contents.len(), known.paths.len()),
            (model.contents.len(), model.paths.len())
        );
        let n_names = catalog.definitions(&["name".into()], None, 100).expect("found").len();
        assert_eq!(n_names, live.iter().map(|&c| n_symbols(c) as usize).sum::<usize>());
    }

    fn check_pending(&self) {
        let model = &self.model;
        let files = self.catalog().pending_vectors(VectorSpace::Files, 100).expect("listed");
        let found: Vec<_> = files.iter().map(|f| self.ever_texts[&f.texts[0].1]).collect();
        let wanted: BTreeSet<_> = model
            .manifests
            .iter()
            .flat_map(BTreeMap::values)
            .filter(|line| !model.has(VectorSpace::Files, line.2))
            .map(|line| key((VectorSpace::Files, line.2)))
            .collect();
        assert_eq!(found.len(), wanted.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted);

        let files = self
            .catalog()
            .pending_vectors(VectorSpace::Chunks, 100)
            .expect("listed");
        let mut found = BTreeMap::new();
        for file in &files {
            let content = self.ever_contents[&file.content];
            let texts: BTreeSet<_> = file.texts.iter().map(|(_, id)| self.ever_texts[id].1).collect();
            assert_eq!(texts.len(), file.texts.len(), "each text once");
            let all = chunk_texts(content, model.contents[&content].version);
            for (position, id) in &file.texts {
                assert_eq!(text_hash(all[*position as usize]), text_hash(self.ever_texts[id].1));
            }
            let tree = self
                .trees
                .iter()
                .position(|tree| *tree == file.worktree)
                .expect("a worktree");
            assert!(
                model.manifests[tree]
                    .iter()
                    .any(|(p, (c, ..))| path(*p) == file.path && *c == content)
            );
            assert!(found.insert(content, texts).is_none(), "each content once");
        }
        let wanted: BTreeMap<_, BTreeSet<u32>> = model
            .live()
            .into_iter()
            .map(|c| {
                let texts = chunk_texts(c, model.contents[&c].version);
                (
                    c,
                    texts
                        .into_iter()
                        .filter(|&t| !model.has(VectorSpace::Chunks, t))
                        .collect(),
                )
            })
            .filter(|(_, texts): &(u32, BTreeSet<u32>)| !texts.is_empty())
            .collect();
        assert_eq!(found, wanted);
    }

    fn in_numbers(&self, garbage: &Garbage) -> (BTreeSet<u32>, BTreeSet<u32>, BTreeSet<(bool, u32)>) {
        (
            garbage.contents.iter().map(|id| self.ever_contents[id]).collect(),
            garbage.paths.iter().map(|id| self.ever_paths[id]).collect(),
            garbage.texts.iter().map(|id| self.ever_texts[id]).collect(),
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_catalog_agrees_with_the_model(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check();
        }
        world.catalog().check().expect("sound");
    }
}

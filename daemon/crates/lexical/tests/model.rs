//! The index against a naive one: after any sequence of writes, refreshes, commits, failures and reopenings both give
//! the same evidence for any query and scope.

mod naive;

use codemem_core::ids::{ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, LexicalEvidence, LexicalIndex, LexicalQuery, PathDocument, QueryTerm};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, Opened, WriterOptions};
use naive::{Chunk, Naive, assert_same, contents_of};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const GENERATION: u64 = 7;

#[derive(Clone, Debug)]
enum Step {
    /// Content → its chunks: body, names, docs as word numbers.
    PutChunks(BTreeMap<u32, Vec<[Vec<u8>; 3]>>),
    PutPaths(BTreeMap<u32, (Vec<u8>, u8)>),
    Delete(Vec<u32>, Vec<u32>),
    /// Writes more at once than is kept for a refresh, which then has to commit.
    Flood,
    Refresh,
    Commit,
    /// A commit whose directory is gone for the moment.
    FailedCommit,
    Release,
    /// Drops the index without a commit and opens it again.
    Reopen,
}

#[derive(Clone, Debug)]
struct Question {
    terms: BTreeMap<u8, u8>,
    contents: Vec<u32>,
    paths: Vec<u32>,
    limit: usize,
    chunks_per_content: usize,
}

/// A vocabulary where low numbers are common, with names of several parts and other scripts.
fn word(number: u8) -> String {
    match number {
        0..4 => ["server", "client", "open", "größe"][number as usize].to_owned(),
        4..8 => format!("parse{number}"),
        8..12 => format!(
            "read_frame_{}",
            ["alpha", "beta", "gamma", "delta"][number as usize - 8]
        ),
        12 => "検索エンジン".to_owned(),
        13.. => format!("word{}", char::from(b'a' + number % 26)),
    }
}

fn text(words: &[u8]) -> String {
    words.iter().map(|&number| word(number)).collect::<Vec<_>>().join(" ")
}

fn words(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![3 => 0_u8..5, 2 => 0_u8..30], 0..most)
}

fn step() -> impl Strategy<Value = Step> {
    let chunk = (words(60), words(4), words(12)).prop_map(|(body, names, docs)| [body, names, docs]);
    let content = proptest::collection::vec(chunk, 1..4);
    prop_oneof![
        4 => proptest::collection::btree_map(0_u32..25, content, 1..6).prop_map(Step::PutChunks),
        2 => proptest::collection::btree_map(0_u32..25, (words(3), 0_u8..30), 1..6).prop_map(Step::PutPaths),
        2 => (proptest::collection::vec(0_u32..30, 0..4), proptest::collection::vec(0_u32..30, 0..4))
            .prop_map(|(contents, paths)| Step::Delete(contents, paths)),
        1 => Just(Step::Flood),
        6 => Just(Step::Refresh),
        3 => Just(Step::Commit),
        1 => Just(Step::FailedCommit),
        1 => Just(Step::Release),
        1 => Just(Step::Reopen),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    (
        proptest::collection::btree_map(0_u8..32, 1_u8..=10, 0..6),
        proptest::collection::vec(0_u32..30, 0..30),
        proptest::collection::vec(0_u32..30, 0..30),
        0_usize..12,
        0_usize..4,
    )
        .prop_map(|(terms, contents, paths, limit, chunks_per_content)| Question {
            terms,
            contents,
            paths,
            limit,
            chunks_per_content,
        })
}

/// Chunk ids that are new with every put, as the catalog gives them.
fn chunks(content: u32, parts: &[[Vec<u8>; 3]], next_chunk: &mut u32) -> Vec<Chunk> {
    let chunks = parts.iter().map(|[body, names, docs]| {
        *next_chunk += 1;
        Chunk {
            content,
            id: *next_chunk,
            texts: [text(body), text(names), text(docs)],
        }
    });
    chunks.collect()
}

impl Question {
    fn terms(&self) -> Vec<QueryTerm> {
        let mut tokenizer = Tokenizer::default();
        let mut terms: Vec<QueryTerm> = Vec::new();
        for (&number, &weight) in &self.terms {
            for token in tokenizer.collect(&word(number)) {
                if terms.iter().all(|term| term.text != token) {
                    terms.push(QueryTerm {
                        text: token,
                        weight: f32::from(weight) / 10.0,
                    });
                }
            }
        }
        terms
    }
}

/// The index and what it has to show.
struct World {
    parent: TempDir,
    index: CodeIndex,
    /// What was written.
    written: Naive,
    /// As of the last refresh or commit.
    shown: Naive,
    /// As of the last commit.
    committed: Naive,
    /// Whether something was written since.
    dirty: bool,
    /// Whether a refresh has to commit.
    flooded: bool,
    next_chunk: u32,
}

impl World {
    fn new() -> Self {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let (index, opened) = Self::open(&parent);
        assert_eq!(opened, Opened::Created);
        Self {
            parent,
            index,
            written: Naive::default(),
            shown: Naive::default(),
            committed: Naive::default(),
            dirty: false,
            flooded: false,
            next_chunk: 0,
        }
    }

    fn open(parent: &TempDir) -> (CodeIndex, Opened) {
        let directory = parent.path().join("index");
        CodeIndex::open(&directory, GENERATION, WriterOptions::default(), false).expect("opens")
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::PutChunks(contents) => {
                let new: Vec<Chunk> = contents
                    .iter()
                    .flat_map(|(&content, parts)| chunks(content, parts, &mut self.next_chunk))
                    .collect();
                let documents: Vec<ChunkDocument<'_>> = new.iter().map(Chunk::document).collect();
                self.index.put_chunks(&documents).expect("puts");
                self.written.put_chunks(new);
                self.dirty = true;
            }
            Step::PutPaths(paths) => {
                let paths: Vec<(u32, RepoPath)> = paths
                    .iter()
                    .map(|(&id, (directories, stem))| {
                        let parts = directories
                            .iter()
                            .map(|&number| word(number))
                            .chain([word(*stem) + ".rs"]);
                        let path = parts.collect::<Vec<_>>().join("/");
                        (id, RepoPath::new(&path).expect("a relative path"))
                    })
                    .collect();
                let documents: Vec<PathDocument<'_>> = paths
                    .iter()
                    .map(|(id, text)| PathDocument {
                        path: PathId(*id),
                        text,
                    })
                    .collect();
                self.index.put_paths(&documents).expect("puts");
                self.written.put_paths(paths);
                self.dirty = true;
            }
            Step::Delete(contents, paths) => {
                let content_ids: Vec<ContentId> = contents.iter().map(|&id| ContentId(id)).collect();
                let path_ids: Vec<PathId> = paths.iter().map(|&id| PathId(id)).collect();
                self.index.delete(&content_ids, &path_ids).expect("deletes");
                self.written.delete(&contents, &paths);
                self.dirty |= !contents.is_empty() || !paths.is_empty();
            }
            Step::Flood => {
                let unknown: Vec<ContentId> = (1_000..4_000).map(ContentId).collect();
                self.index.delete(&unknown, &[]).expect("deletes");
                (self.dirty, self.flooded) = (true, true);
            }
            Step::Refresh => {
                self.index.refresh().expect("refreshes");
                self.shown = self.written.clone();
                if self.flooded {
                    self.settle();
                }
            }
            Step::Commit => {
                self.index.commit().expect("commits");
                self.settle();
            }
            Step::FailedCommit => {
                let (directory, aside) = (self.parent.path().join("index"), self.parent.path().join("aside"));
                fs::rename(&directory, &aside).expect("moved aside");
                let committed = self.index.commit();
                fs::rename(&aside, &directory).expect("moved back");
                assert!(committed.is_err() || !self.dirty, "there was no directory to write to");
                self.lose();
            }
            Step::Release => {
                self.index.release().expect("releases");
                self.lose();
            }
            Step::Reopen => self.reopen(),
        }
    }

    /// As after a crash.
    fn reopen(&mut self) {
        let elsewhere = self.parent.path().join("elsewhere");
        let other = CodeIndex::recreate(&elsewhere, GENERATION, WriterOptions::default()).expect("creates");
        drop(std::mem::replace(&mut self.index, other));
        let (index, opened) = Self::open(&self.parent);
        assert_eq!(opened, Opened::Existing);
        self.index = index;
        self.lose();
    }

    /// Everything that was written is committed.
    fn settle(&mut self) {
        self.shown = self.written.clone();
        self.committed = self.written.clone();
        (self.dirty, self.flooded) = (false, false);
    }

    /// Everything since the last commit is gone.
    fn lose(&mut self) {
        self.shown = self.committed.clone();
        self.written = self.committed.clone();
        (self.dirty, self.flooded) = (false, false);
    }

    /// Compares what is shown; gives what was found.
    fn ask(&self, questions: &[Question]) -> Vec<LexicalEvidence> {
        assert_eq!(ids(self.index.held().expect("held")), ids(self.shown.held()));
        let answers = questions.iter().map(|question| {
            let contents: IdSet = question.contents.iter().copied().collect();
            let paths: IdSet = question.paths.iter().copied().collect();
            let query = LexicalQuery {
                terms: &question.terms(),
                contents: &contents,
                paths: &paths,
                limit: question.limit,
                chunks_per_content: question.chunks_per_content,
            };
            let found = self.index.search(&query).expect("searches");
            assert_same(&found, &self.shown, &query);
            assert!(contents_of(&found).iter().all(|&id| contents.contains(id)));
            found
        });
        answers.collect()
    }
}

/// As lists: sets of the same ids differ when one has held a larger one.
fn ids((contents, paths): (IdSet, IdSet)) -> (Vec<u32>, Vec<u32>) {
    (contents.iter().collect(), paths.iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn evidence_is_that_of_a_naive_index(
        steps in proptest::collection::vec(step(), 1..20),
        questions in proptest::collection::vec(question(), 3),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.ask(&questions);
        }
        world.take(Step::Refresh);
        let refreshed = world.ask(&questions);
        // To the last digit, wherever the documents lie.
        world.take(Step::Commit);
        prop_assert_eq!(world.ask(&questions), refreshed);
    }
}

//! The index against a naive one: after any sequence of writes, commits and reopenings both give
//! the same evidence for any query and scope.

mod naive;

use codemem_core::ids::{ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, LexicalIndex, LexicalQuery, PathDocument, QueryTerm};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, Opened, WriterOptions};
use naive::{Chunk, Naive, assert_same, contents_of};
use proptest::prelude::*;
use std::collections::BTreeMap;

const GENERATION: u64 = 7;

#[derive(Clone, Debug)]
enum Step {
    /// Content → its chunks: body, names, docs as word numbers.
    PutChunks(BTreeMap<u32, Vec<[Vec<u8>; 3]>>),
    PutPaths(BTreeMap<u32, (Vec<u8>, u8)>),
    Delete(Vec<u32>, Vec<u32>),
    Commit,
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
        3 => Just(Step::Commit),
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn evidence_is_that_of_a_naive_index(
        steps in proptest::collection::vec(step(), 1..14),
        questions in proptest::collection::vec(question(), 3),
    ) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = || CodeIndex::open(directory.path(), GENERATION, WriterOptions::default(), false).expect("opens");
        let (mut index, opened) = open();
        prop_assert_eq!(opened, Opened::Created);
        let mut committed = Naive::default();
        let mut written = Naive::default();
        let mut next_chunk = 0;
        for step in steps.into_iter().chain([Step::Commit]) {
            match step {
                Step::PutChunks(contents) => {
                    let new: Vec<Chunk> = contents
                        .iter()
                        .flat_map(|(&content, parts)| chunks(content, parts, &mut next_chunk))
                        .collect();
                    let documents: Vec<ChunkDocument<'_>> = new.iter().map(Chunk::document).collect();
                    index.put_chunks(&documents).expect("puts");
                    written.put_chunks(new);
                }
                Step::PutPaths(paths) => {
                    let paths: Vec<(u32, RepoPath)> = paths
                        .iter()
                        .map(|(&id, (directories, stem))| {
                            let parts = directories.iter().map(|&number| word(number)).chain([word(*stem) + ".rs"]);
                            let path = parts.collect::<Vec<_>>().join("/");
                            (id, RepoPath::new(&path).expect("a relative path"))
                        })
                        .collect();
                    let documents: Vec<PathDocument<'_>> =
                        paths.iter().map(|(id, text)| PathDocument { path: PathId(*id), text }).collect();
                    index.put_paths(&documents).expect("puts");
                    written.put_paths(paths);
                }
                Step::Delete(contents, paths) => {
                    let content_ids: Vec<ContentId> = contents.iter().map(|&id| ContentId(id)).collect();
                    let path_ids: Vec<PathId> = paths.iter().map(|&id| PathId(id)).collect();
                    index.delete(&content_ids, &path_ids).expect("deletes");
                    written.delete(&contents, &paths);
                }
                Step::Commit => {
                    index.commit().expect("commits");
                    committed = written.clone();
                }
                Step::Release => {
                    index.release().expect("releases");
                    written = committed.clone();
                }
                Step::Reopen => {
                    drop(index);
                    let (reopened, opened) = open();
                    prop_assert_eq!(opened, Opened::Existing);
                    index = reopened;
                    written = committed.clone();
                }
            }
        }
        let mut tokenizer = Tokenizer::default();
        for question in questions {
            let mut terms: Vec<QueryTerm> = Vec::new();
            for (&number, &weight) in &question.terms {
                for token in tokenizer.collect(&word(number)) {
                    if terms.iter().all(|term| term.text != token) {
                        terms.push(QueryTerm { text: token, weight: f32::from(weight) / 10.0 });
                    }
                }
            }
            let contents: IdSet = question.contents.iter().copied().collect();
            let paths: IdSet = question.paths.iter().copied().collect();
            let query = LexicalQuery {
                terms: &terms,
                contents: &contents,
                paths: &paths,
                limit: question.limit,
                chunks_per_content: question.chunks_per_content,
            };
            let found = index.search(&query).expect("searches");
            assert_same(&found, &committed, &query);
            prop_assert!(contents_of(&found).iter().all(|&id| contents.contains(id)));
        }
    }
}

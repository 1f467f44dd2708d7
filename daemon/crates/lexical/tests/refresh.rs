//! What a refresh promises, case by case.

use codemem_core::ids::{ChunkId, ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    ChunkDocument, LexicalEvidence, LexicalIndex, LexicalQuery, PathDocument, PortErrorKind, QueryTerm,
};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, WriterOptions};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const NONE: [u32; 0] = [];

fn open(directory: &Path) -> CodeIndex {
    let (index, _) = CodeIndex::open(directory, 1, WriterOptions::default(), false).expect("opens");
    index
}

fn chunk(content: u32, chunk: u32, body: &str) -> ChunkDocument<'_> {
    ChunkDocument {
        content: ContentId(content),
        chunk: ChunkId(chunk),
        body,
        names: body,
        docs: "",
    }
}

fn search(index: &CodeIndex, text: &str) -> LexicalEvidence {
    let tokens = Tokenizer::default().collect(text);
    let terms: Vec<QueryTerm> = tokens.into_iter().map(|text| QueryTerm { text, weight: 1.0 }).collect();
    let scope: IdSet = (0..2_000).collect();
    let query = LexicalQuery {
        terms: &terms,
        contents: &scope,
        paths: &scope,
        limit: 2_000,
        chunks_per_content: 3,
    };
    index.search(&query).expect("searches")
}

fn found(index: &CodeIndex, text: &str) -> Vec<u32> {
    let evidence = search(index, text);
    let mut ids: Vec<u32> = evidence.contents.iter().map(|content| content.content.0).collect();
    ids.sort_unstable();
    ids
}

/// Every file with its length, so that any write to disk shows.
fn files(directory: &Path) -> BTreeMap<String, u64> {
    let entries = fs::read_dir(directory).expect("readable");
    entries
        .map(|entry| {
            let entry = entry.expect("readable");
            let length = entry.metadata().expect("measured").len();
            (entry.file_name().to_string_lossy().into_owned(), length)
        })
        .collect()
}

#[test]
fn an_edit_is_seen_after_the_refresh_and_nothing_reaches_the_disk() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    let path = RepoPath::new("src/listener.rs").expect("relative");
    let document = PathDocument {
        path: PathId(1),
        text: &path,
    };
    index
        .put_chunks(&[chunk(1, 10, "fn accept"), chunk(2, 20, "fn refuse")])
        .expect("puts");
    index.put_paths(&[document]).expect("puts");
    index.commit().expect("commits");
    let before = files(directory.path());
    index.put_chunks(&[chunk(1, 11, "fn welcome")]).expect("puts");
    index.delete(&[ContentId(2)], &[PathId(1)]).expect("deletes");
    assert_eq!(found(&index, "accept refuse welcome"), [1, 2]);
    assert_eq!(found(&index, "welcome"), NONE);
    index.refresh().expect("refreshes");
    assert_eq!(found(&index, "welcome"), [1]);
    assert_eq!(found(&index, "accept refuse"), NONE);
    assert!(search(&index, "listener").paths.is_empty());
    let (contents, paths) = index.held().expect("held");
    assert_eq!((contents.iter().collect::<Vec<_>>(), paths.len()), (vec![1], 0));
    index.put_paths(&[document]).expect("puts");
    index.refresh().expect("refreshes");
    assert_eq!(search(&index, "listener").paths.len(), 1);
    assert_eq!(files(directory.path()), before);
    let refreshed = search(&index, "welcome listener");
    index.commit().expect("commits");
    assert_ne!(files(directory.path()), before);
    assert_eq!(search(&index, "welcome listener"), refreshed);
}

#[test]
fn a_refresh_of_nothing_shows_what_was_there() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    index.refresh().expect("refreshes");
    index.put_chunks(&[chunk(1, 1, "word")]).expect("puts");
    for _ in 0..3 {
        index.refresh().expect("refreshes");
        assert_eq!(found(&index, "word"), [1]);
        assert_eq!(index.segments(), 1);
    }
}

#[test]
fn a_commit_takes_the_place_of_what_was_refreshed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    for edit in 0..100 {
        let number = 100 + edit;
        let body = format!("edited number{number}");
        index.put_chunks(&[chunk(edit % 50, edit, &body)]).expect("puts");
        index.refresh().expect("refreshes");
        assert_eq!(found(&index, &number.to_string()), [edit % 50]);
    }
    assert_eq!(found(&index, "edited").len(), 50);
    index.commit().expect("commits");
    assert_eq!(index.segments(), 1, "one batch, one segment");
    assert_eq!(found(&index, "edited").len(), 50);
    drop(index);
    assert_eq!(found(&open(directory.path()), "edited").len(), 50);
}

#[test]
fn what_was_only_refreshed_is_gone_after_a_crash() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    index
        .put_chunks(&[chunk(1, 1, "kept"), chunk(2, 2, "kept")])
        .expect("puts");
    index.commit().expect("commits");
    index.put_chunks(&[chunk(1, 3, "lost")]).expect("puts");
    index.delete(&[ContentId(2)], &[]).expect("deletes");
    index.refresh().expect("refreshes");
    assert_eq!(found(&index, "kept lost"), [1]);
    drop(index);
    let index = open(directory.path());
    assert_eq!(found(&index, "kept"), [1, 2]);
    assert_eq!(found(&index, "lost"), NONE);
}

#[test]
fn a_release_hides_what_was_only_refreshed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    index.put_chunks(&[chunk(1, 1, "kept")]).expect("puts");
    index.commit().expect("commits");
    index.put_chunks(&[chunk(1, 2, "lost")]).expect("puts");
    index.refresh().expect("refreshes");
    index.release().expect("releases");
    assert_eq!(found(&index, "kept"), [1]);
    index.refresh().expect("refreshes");
    index.commit().expect("commits");
    assert_eq!(found(&index, "lost"), NONE);
}

#[test]
fn what_was_refreshed_is_lost_with_the_commit_that_fails() {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let (directory, aside) = (parent.path().join("index"), parent.path().join("aside"));
    let index = open(&directory);
    index.put_chunks(&[chunk(1, 1, "kept")]).expect("puts");
    index.commit().expect("commits");
    index
        .put_chunks(&[chunk(1, 2, "lost"), chunk(2, 3, "lost")])
        .expect("puts");
    index.refresh().expect("refreshes");
    assert_eq!(found(&index, "lost"), [1, 2]);
    fs::rename(&directory, &aside).expect("moved aside");
    let error = index.commit().expect_err("there is no directory to write to");
    assert_eq!(error.kind, PortErrorKind::Failed, "{error:?}");
    assert_eq!(found(&index, "kept"), [1]);
    assert_eq!(found(&index, "lost"), NONE);
    fs::rename(&aside, &directory).expect("moved back");
    index.put_chunks(&[chunk(2, 4, "again")]).expect("puts");
    index.refresh().expect("refreshes");
    assert_eq!(found(&index, "kept again"), [1, 2]);
    index.commit().expect("commits");
    assert_eq!(found(&index, "kept again"), [1, 2]);
}

#[test]
fn what_was_refreshed_stays_while_more_is_written_than_can_be_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    index.put_chunks(&[chunk(1, 1, "first")]).expect("puts");
    index.refresh().expect("refreshes");
    let before = files(directory.path());
    let body = "plenty of words ".repeat(4_000);
    for content in 2..30 {
        index.put_chunks(&[chunk(content, content, &body)]).expect("puts");
    }
    assert_eq!(found(&index, "first plenty"), [1]);
    index.refresh().expect("refreshes");
    assert_ne!(files(directory.path()), before, "a pass is refreshed by a commit");
    assert_eq!(found(&index, "first"), [1]);
    assert_eq!(found(&index, "plenty").len(), 28);
    drop(index);
    let index = open(directory.path());
    assert_eq!(found(&index, "first plenty").len(), 29);
}

#[test]
fn edits_without_end_are_committed_by_a_refresh_now_and_then() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    let before = files(directory.path());
    let unknown: Vec<ContentId> = (3_000..4_900).map(ContentId).collect();
    let mut refreshes = 0;
    while files(directory.path()) == before {
        let first = 10_000 + refreshes * 2_000;
        let unknown: Vec<ContentId> = unknown.iter().map(|id| ContentId(id.0 + first)).collect();
        index.delete(&unknown, &[]).expect("deletes");
        index
            .put_chunks(&[chunk(refreshes, refreshes, "edited")])
            .expect("puts");
        index.refresh().expect("refreshes");
        refreshes += 1;
        assert_eq!(found(&index, "edited").len(), refreshes as usize);
    }
    assert!((3..10).contains(&refreshes), "{refreshes} refreshes");
    drop(index);
    assert_eq!(found(&open(directory.path()), "edited").len(), refreshes as usize);
}

#[test]
fn an_index_for_reading_refreshes_nothing_and_refuses_writes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    index.put_chunks(&[chunk(1, 1, "word")]).expect("puts");
    index.commit().expect("commits");
    drop(index);
    let before = files(directory.path());
    let index = CodeIndex::open_read_only(directory.path(), 1)
        .expect("opens")
        .expect("of this generation");
    let refusals = [
        index.put_chunks(&[]),
        index.put_chunks(&[chunk(1, 2, "other")]),
        index.put_paths(&[]),
        index.delete(&[ContentId(1)], &[]),
    ];
    for refusal in refusals {
        assert_eq!(refusal.expect_err("is refused").kind, PortErrorKind::Denied);
    }
    index.refresh().expect("has nothing to do");
    index.commit().expect("has nothing to do");
    assert_eq!(found(&index, "word other"), [1]);
    assert_eq!(files(directory.path()), before);
}

#[test]
fn searches_see_whole_refreshes_while_another_thread_edits() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let index = open(directory.path());
    let both = |round: u32| {
        let body = format!("steady round{round}");
        index
            .put_chunks(&[chunk(1, round * 2, &body), chunk(2, round * 2 + 1, &body)])
            .expect("puts");
    };
    both(0);
    index.commit().expect("commits");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 1..120 {
                both(round);
                if round % 40 == 0 {
                    index.commit().expect("commits");
                } else {
                    index.refresh().expect("refreshes");
                }
            }
        });
        while !writer.is_finished() {
            let evidence = search(&index, "steady");
            let chunks: Vec<u32> = evidence
                .contents
                .iter()
                .map(|found| found.chunks[0].chunk.0 / 2)
                .collect();
            assert_eq!(chunks.len(), 2);
            assert_eq!(chunks[0], chunks[1], "half a refresh was seen");
        }
    });
    assert_eq!(found(&index, "119"), [1, 2]);
}

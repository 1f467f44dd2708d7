//! What the port promises, case by case, and what happens to an index between processes.

use codemem_core::ids::{ChunkId, ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    ChunkDocument, LexicalEvidence, LexicalIndex, LexicalQuery, PathDocument, PortError, PortErrorKind, QueryTerm,
};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, Error, Opened, WriterOptions};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

const NONE: [u32; 0] = [];

fn open(directory: &Path, generation: u64) -> (CodeIndex, Opened) {
    CodeIndex::open(directory, generation, WriterOptions::default(), false).expect("opens")
}

fn chunk(content: u32, chunk: u32, body: &str) -> ChunkDocument<'_> {
    ChunkDocument {
        content: ContentId(content),
        chunk: ChunkId(chunk),
        body,
        names: "",
        docs: "",
    }
}

fn terms(text: &str) -> Vec<QueryTerm> {
    let mut terms: Vec<QueryTerm> = Vec::new();
    for text in Tokenizer::default().collect(text) {
        if terms.iter().all(|term| term.text != text) {
            terms.push(QueryTerm { text, weight: 1.0 });
        }
    }
    terms
}

/// Searches ids 0 to 999 for the words of `text`.
fn search(index: &CodeIndex, text: &str) -> LexicalEvidence {
    search_in(index, text, &(0..1_000).collect(), 100)
}

fn search_in(index: &CodeIndex, text: &str, scope: &IdSet, limit: usize) -> LexicalEvidence {
    let query = LexicalQuery {
        terms: &terms(text),
        contents: scope,
        paths: scope,
        limit,
        chunks_per_content: 3,
    };
    index.search(&query).expect("searches")
}

fn found(index: &CodeIndex, text: &str) -> Vec<u32> {
    let evidence = search(index, text);
    evidence.contents.iter().map(|content| content.content.0).collect()
}

#[test]
fn writes_are_seen_after_the_commit_and_not_before() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index.put_chunks(&[chunk(1, 10, "fn accept(listener)")]).expect("puts");
    assert_eq!(found(&index, "listener"), NONE);
    index.commit().expect("commits");
    assert_eq!(found(&index, "listener"), [1]);
    index
        .delete(&[ContentId(1), ContentId(99)], &[PathId(5)])
        .expect("deletes");
    assert_eq!(found(&index, "listener"), [1]);
    index.commit().expect("commits");
    assert_eq!(found(&index, "listener"), NONE);
}

#[test]
fn a_commit_of_nothing_does_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index.commit().expect("commits");
    index.put_chunks(&[]).expect("puts");
    index.delete(&[], &[]).expect("deletes");
    index.commit().expect("commits");
    assert_eq!(index.segments(), 0);
    assert_eq!(search(&index, "anything"), LexicalEvidence::default());
}

#[test]
fn a_content_put_again_is_replaced_whole_within_and_across_commits() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    let old = [chunk(1, 10, "alpha beta"), chunk(1, 11, "alpha gamma")];
    let other = [chunk(2, 20, "alpha delta")];
    index.put_chunks(&[old[0], other[0], old[1]]).expect("puts");
    index.put_chunks(&old).expect("puts");
    index.commit().expect("commits");
    let once = search(&index, "alpha gamma");
    assert_eq!(once.contents.len(), 2);
    assert_eq!(once.contents[0].chunks.len(), 2);
    for _ in 0..3 {
        index.put_chunks(&old).expect("puts");
        index.commit().expect("commits");
        assert_eq!(search(&index, "alpha gamma"), once);
    }
    index.put_chunks(&[chunk(1, 12, "alpha epsilon")]).expect("puts");
    index.commit().expect("commits");
    assert_eq!(found(&index, "gamma"), NONE);
    assert_eq!(found(&index, "epsilon"), [1]);
}

#[test]
fn the_cut_comes_after_the_filter() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    let bodies: Vec<String> = (0..200).map(|n| format!("needle {}", "hay ".repeat(n))).collect();
    let chunks: Vec<ChunkDocument<'_>> = (0..).zip(&bodies).map(|(id, body)| chunk(id, id, body)).collect();
    index.put_chunks(&chunks).expect("puts");
    index.commit().expect("commits");
    let worst: IdSet = [190, 195, 199].into_iter().collect();
    let evidence = search_in(&index, "needle", &worst, 2);
    let ids: Vec<u32> = evidence.contents.iter().map(|content| content.content.0).collect();
    assert_eq!(ids, [190, 195]);
}

#[test]
fn equal_scores_come_in_order_of_id() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    for half in [50..100, 0..50] {
        let chunks: Vec<ChunkDocument<'_>> = half.rev().map(|id| chunk(id, 100 - id, "same words")).collect();
        index.put_chunks(&chunks).expect("puts");
        index.commit().expect("commits");
    }
    let evidence = search_in(&index, "same", &(0..100).collect(), 70);
    let ids: Vec<u32> = evidence.contents.iter().map(|content| content.content.0).collect();
    assert!(ids.iter().copied().eq(0..70), "{ids:?}");
}

#[test]
fn only_the_scope_moves_scores() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index
        .put_chunks(&[chunk(1, 1, "alpha beta"), chunk(2, 2, "beta")])
        .expect("puts");
    index.commit().expect("commits");
    let scope: IdSet = [1, 2].into_iter().collect();
    let alone = search_in(&index, "alpha beta", &scope, 10);
    let bodies: Vec<String> = (0..300).map(|n| format!("alpha {}", "other ".repeat(n % 40))).collect();
    let others: Vec<ChunkDocument<'_>> = (100..).zip(&bodies).map(|(id, body)| chunk(id, id, body)).collect();
    index.put_chunks(&others).expect("puts");
    index.commit().expect("commits");
    assert_eq!(search_in(&index, "alpha beta", &scope, 10), alone);
}

#[test]
fn names_and_docs_are_evidence_of_their_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    let documents = [
        ChunkDocument {
            names: "acceptConnection",
            docs: "Waits for a client.",
            ..chunk(1, 1, "loop {}")
        },
        chunk(2, 2, "accept_connection(client)"),
        chunk(3, 3, "unrelated"),
    ];
    index.put_chunks(&documents).expect("puts");
    index.commit().expect("commits");
    let evidence = search(&index, "connection client");
    assert_eq!(evidence.contents.len(), 2);
    let named = evidence
        .contents
        .iter()
        .find(|c| c.content.0 == 1)
        .expect("found by its name");
    assert!(named.names > 0.0 && named.docs > 0.0);
    assert_eq!((named.file, named.body_sum), (0.0, 0.0));
    assert!((named.coverage - 1.0).abs() < 1e-6);
    assert!(named.chunks[0].coverage <= 0.0);
    assert!(named.chunks[0].names > 0.0);
    let used = evidence
        .contents
        .iter()
        .find(|c| c.content.0 == 2)
        .expect("found by its lines");
    assert!(used.file > 0.0 && used.names == 0.0 && used.docs == 0.0);
}

#[test]
fn a_term_that_nobody_has_lowers_coverage_only() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index
        .put_chunks(&[chunk(1, 1, "alpha beta"), chunk(2, 2, "beta")])
        .expect("puts");
    index.commit().expect("commits");
    let with = search(&index, "alpha nowhere");
    let without = search(&index, "alpha");
    assert!((with.contents[0].file - without.contents[0].file).abs() < 1e-6);
    assert!((without.contents[0].coverage - 1.0).abs() < 1e-6);
    assert!(with.contents[0].coverage > 0.0 && with.contents[0].coverage < 0.6);
}

#[test]
fn paths_are_found_by_stem_and_by_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    let paths: Vec<RepoPath> = [
        "src/net/httpServer.rs",
        "src/http/client.rs",
        "README.md",
        "größe/検索エンジン.py",
    ]
    .into_iter()
    .map(|path| RepoPath::new(path).expect("relative"))
    .collect();
    let documents: Vec<PathDocument<'_>> = (0..)
        .zip(&paths)
        .map(|(id, text)| PathDocument { path: PathId(id), text })
        .collect();
    index.put_paths(&documents).expect("puts");
    index.commit().expect("commits");
    let evidence = search(&index, "http");
    assert!(evidence.contents.is_empty());
    let by_id = |id: u32| *evidence.paths.iter().find(|p| p.path.0 == id).expect("found");
    assert_eq!(evidence.paths.len(), 2);
    assert!(by_id(0).stem > 0.0 && by_id(0).dirs == 0.0);
    assert!(by_id(1).stem == 0.0 && by_id(1).dirs > 0.0);
    for text in ["größe", "検索"] {
        let ids: Vec<u32> = search(&index, text).paths.iter().map(|path| path.path.0).collect();
        assert_eq!(ids, [3], "{text}");
    }
    index
        .put_paths(&[PathDocument {
            path: PathId(0),
            text: &paths[2],
        }])
        .expect("puts");
    index.delete(&[], &[PathId(1)]).expect("deletes");
    index.commit().expect("commits");
    assert!(search(&index, "http").paths.is_empty());
    assert_eq!(search(&index, "readme").paths.len(), 2);
}

#[test]
fn a_prompt_of_hundreds_of_words_uses_its_heaviest_ones() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index
        .put_chunks(&[chunk(1, 1, "rareword"), chunk(2, 2, "fillerx")])
        .expect("puts");
    index.commit().expect("commits");
    let scope: IdSet = (0..10).collect();
    let mut terms: Vec<QueryTerm> = (0..300)
        .map(|number| QueryTerm {
            text: format!("absent{number}"),
            weight: 0.5,
        })
        .collect();
    terms.push(QueryTerm {
        text: "fillerx".into(),
        weight: 0.1,
    });
    terms.push(QueryTerm {
        text: "rareword".into(),
        weight: 1.0,
    });
    let query = LexicalQuery {
        terms: &terms,
        contents: &scope,
        paths: &scope,
        limit: 10,
        chunks_per_content: 1,
    };
    let evidence = index.search(&query).expect("searches");
    let ids: Vec<u32> = evidence.contents.iter().map(|content| content.content.0).collect();
    assert_eq!(ids, [1]);
}

/// Set in the process that crashes: the index's directory.
const CRASH_IN: &str = "CODEMEM_LEXICAL_TEST_CRASH_IN";

/// The test runs itself as another process, which ends without a chance to clean up.
#[test]
fn a_crash_loses_what_was_not_committed_and_no_more() {
    if let Some(directory) = std::env::var_os(CRASH_IN) {
        let (index, _) = open(Path::new(&directory), 3);
        index.put_chunks(&[chunk(1, 1, "kept")]).expect("puts");
        index.commit().expect("commits");
        index
            .put_chunks(&[chunk(1, 2, "lost"), chunk(2, 3, "lost")])
            .expect("puts");
        std::process::abort();
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let status = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "a_crash_loses_what_was_not_committed_and_no_more"])
        .env(CRASH_IN, directory.path())
        .status()
        .expect("runs");
    assert!(status.signal().is_some(), "did not get as far as the crash: {status}");
    assert!(directory.path().join(".tantivy-writer.lock").exists());
    let (index, opened) = open(directory.path(), 3);
    assert_eq!(opened, Opened::Existing);
    assert_eq!(index.generation(), 3);
    assert_eq!(found(&index, "kept lost"), [1]);
    index
        .put_chunks(&[chunk(1, 2, "lost"), chunk(2, 3, "lost")])
        .expect("puts");
    index.commit().expect("commits");
    assert_eq!(found(&index, "kept"), NONE);
    assert_eq!(found(&index, "lost"), [1, 2]);
}

#[test]
fn another_generation_starts_empty() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, opened) = open(directory.path(), 1);
    assert_eq!(opened, Opened::Created);
    index.put_chunks(&[chunk(1, 1, "word")]).expect("puts");
    index.commit().expect("commits");
    drop(index);
    let (index, opened) = open(directory.path(), 2);
    assert_eq!((opened, index.generation()), (Opened::Created, 2));
    assert_eq!(found(&index, "word"), NONE);
    drop(index);
    assert_eq!(open(directory.path(), 2).1, Opened::Existing);
}

#[test]
fn a_creation_cut_short_is_begun_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    drop(open(directory.path(), 1));
    fs::remove_file(directory.path().join("codemem-lexical")).expect("the marker is there");
    fs::create_dir(directory.path().join("stray")).expect("created");
    assert_eq!(open(directory.path(), 1).1, Opened::Created);
    assert!(!directory.path().join("stray").exists());
}

/// Does something to the files in an index's directory.
type Damage = fn(&Path);

#[test]
fn damage_is_told_apart_and_can_be_started_over() {
    let damage: [(&str, Damage); 4] = [
        ("meta.json garbled", |directory| {
            fs::write(directory.join("meta.json"), "{").expect("written");
        }),
        ("meta.json gone", |directory| {
            fs::remove_file(directory.join("meta.json")).expect("removed");
        }),
        ("postings gone", |directory| {
            fs::remove_file(with_extension(directory, "idx")).expect("removed");
        }),
        ("columns cut off", |directory| {
            let file = fs::File::options()
                .write(true)
                .open(with_extension(directory, "fast"))
                .expect("opened");
            file.set_len(3).expect("cut");
        }),
    ];
    for (what, damage) in damage {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (index, _) = open(directory.path(), 1);
        index.put_chunks(&[chunk(1, 1, "word")]).expect("puts");
        index.commit().expect("commits");
        drop(index);
        damage(directory.path());
        let error = CodeIndex::open(directory.path(), 1, WriterOptions::default(), false).expect_err(what);
        assert!(matches!(error, Error::Corrupt { .. }), "{what}: {error:?}");
        assert_eq!(PortError::from(error).kind, PortErrorKind::Corrupt, "{what}");
        let index = CodeIndex::recreate(directory.path(), 1, WriterOptions::default()).expect("recreates");
        index.put_chunks(&[chunk(1, 1, "word")]).expect("puts");
        index.commit().expect("commits");
        assert_eq!(found(&index, "word"), [1], "{what}");
    }
}

fn with_extension(directory: &Path, extension: &str) -> std::path::PathBuf {
    let mut files = fs::read_dir(directory)
        .expect("readable")
        .map(|entry| entry.expect("readable").path());
    files
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .expect("there")
}

#[test]
fn a_failed_commit_loses_its_writes_and_searches_go_on() {
    // An edit meets the missing directory when the writer is started, a pass when it is half way.
    for n_deleted in [1, 3_000] {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let directory = parent.path().join("index");
        let aside = parent.path().join("aside");
        let (index, _) = open(&directory, 1);
        index.put_chunks(&[chunk(1, 1, "kept")]).expect("puts");
        index.commit().expect("commits");
        let unknown: Vec<ContentId> = (99..).take(n_deleted).map(ContentId).collect();
        index.delete(&unknown, &[]).expect("deletes");
        fs::rename(&directory, &aside).expect("moved aside");
        let written = index.put_chunks(&[chunk(2, 2, "lost")]).and_then(|()| index.commit());
        let error = written.expect_err("there is no directory to write to");
        assert_eq!(error.kind, PortErrorKind::Failed, "{error:?}");
        assert_eq!(found(&index, "kept lost"), [1]);
        fs::rename(&aside, &directory).expect("moved back");
        assert_eq!(found(&index, "kept lost"), [1]);
        index
            .put_chunks(&[chunk(1, 3, "again"), chunk(2, 2, "lost")])
            .expect("puts");
        index.commit().expect("commits");
        assert_eq!(found(&index, "kept"), NONE);
        assert_eq!(found(&index, "lost again"), [1, 2]);
    }
}

#[test]
fn many_small_commits_leave_few_segments() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    for edit in 0..60 {
        let body = format!("edited {edit}");
        index.put_chunks(&[chunk(edit % 7, edit, &body)]).expect("puts");
        index.commit().expect("commits");
    }
    index.release().expect("releases");
    assert!(index.segments() <= 8, "{} segments", index.segments());
    assert_eq!(found(&index, "edited").len(), 7);
    assert_eq!(search(&index, "59").contents[0].chunks[0].chunk, ChunkId(59));
    assert!(index.disk_bytes() > 0);
}

#[test]
fn compacting_gives_back_what_was_deleted_and_changes_no_answer() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (index, _) = open(directory.path(), 1);
    // Two segments, of which too little is deleted for one to be rewritten by itself.
    for half in [0..2_000_u32, 2_000..4_000] {
        let texts: Vec<String> = half.clone().map(|n| format!("alpha word{n} other{}", n * 7)).collect();
        let chunks: Vec<_> = half.zip(&texts).map(|(n, text)| chunk(n, n, text)).collect();
        index.put_chunks(&chunks).expect("written");
        index.commit().expect("committed");
    }
    let full = index.disk_bytes();
    index.compact().expect("compacted");
    assert_eq!(index.disk_bytes(), full, "there is nothing to do");
    let deleted: Vec<ContentId> = (0..4_000).filter(|n| n % 4 == 0).map(ContentId).collect();
    index.delete(&deleted, &[]).expect("deleted");
    index.compact().expect("nothing is compacted before it is committed");
    index.commit().expect("committed");
    let (before, evidence) = (index.disk_bytes(), found(&index, "word77 word2001"));
    index.compact().expect("compacted");
    let after = index.disk_bytes();
    assert!(after * 100 < before * 85, "{full}, {before} → {after}");
    assert_eq!(found(&index, "word77 word2001"), evidence);
    assert_eq!(evidence[0], 77);
    assert_eq!(index.held().expect("listed").0.len(), 3_000);
    index.check().expect("sound");
    drop(index);
    let (index, opened) = open(directory.path(), 1);
    assert_eq!((opened, found(&index, "word77 word2001")), (Opened::Existing, evidence));
}

#[test]
fn searches_go_on_while_another_thread_writes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = open(directory.path(), 1);
    index.put_chunks(&[chunk(0, 0, "steady")]).expect("puts");
    index.commit().expect("commits");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 1..30 {
                let body = format!("steady round {round}");
                let batch: Vec<ChunkDocument<'_>> = (1..20).map(|id| chunk(id, round * 100 + id, &body)).collect();
                index.put_chunks(&batch).expect("puts");
                index.commit().expect("commits");
            }
        });
        while !writer.is_finished() {
            let n_found = found(&index, "steady").len();
            assert!(
                n_found == 1 || n_found == 20,
                "{n_found} contents: half a commit was seen"
            );
        }
    });
    assert_eq!(found(&index, "29").len(), 19);
}

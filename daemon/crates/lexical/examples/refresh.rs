//! Measures what an edit costs until a search sees it, and what searches and commits cost meanwhile.
//!
//! `cargo run --release -p codemem-lexical --example refresh -- [CHUNKS] [TEXT_DIRECTORY]`
//!
//! The index holds 60,000 chunks unless told otherwise; an edit replaces all chunks of one content. Searches over
//! refreshed edits are compared with the same searches right before and after.

#![expect(clippy::print_stdout, reason = "a measurement is printed")]

mod corpus;

use codemem_core::ports::{ChunkDocument, LexicalIndex, QueryTerm};
use codemem_lexical::{CodeIndex, WriterOptions};
use corpus::{Corpus, ask, milliseconds, percentile, questions};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SEARCHES: usize = 300;
const ROUNDS: usize = 5;

/// Chunks of an ordinary edited file.
const CHUNKS: u32 = 5;

struct Bench<'a> {
    index: CodeIndex,
    corpus: &'a Corpus,
    n_contents: u32,
    n_edits: u32,
    searches: Vec<(usize, Vec<Vec<QueryTerm>>)>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let n_chunks: usize = arguments.next().map_or(60_000, |text| text.parse().expect("a number"));
    let corpus = Corpus::read(arguments.next().map(PathBuf::from), n_chunks);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = CodeIndex::open(directory.path(), 1, WriterOptions::default(), false).expect("opens");
    let start = Instant::now();
    let n_contents = corpus.fill(&index, n_chunks);
    index.commit().expect("commits");
    println!(
        "{n_chunks} chunks of {n_contents} contents in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    index.release().expect("releases");
    let words = corpus.words();
    let searches = [2, 8, 64].map(|n_terms| (n_terms, questions(&words, n_terms, 50..3_000, SEARCHES)));
    let mut bench = Bench {
        index,
        corpus: &corpus,
        n_contents,
        n_edits: 0,
        searches: searches.into(),
    };
    for n_chunks in [1, CHUNKS, 50] {
        bench.edits(n_chunks, 100);
        bench.commit("100 such edits");
    }
    for n_edits in [1, 100, 1_000] {
        bench.search("committed");
        bench.edits(CHUNKS, n_edits);
        bench.search("refreshed");
        bench.commit(&format!("{n_edits} edits"));
    }
    bench.search("committed");
}

impl Bench<'_> {
    /// Edits so many files of `n_chunks` chunks, each with a refresh.
    fn edits(&mut self, n_chunks: u32, count: u32) {
        let times = (0..count).map(|_| {
            self.n_edits += 1;
            let content = self.n_edits * 37 % self.n_contents;
            let chunks: Vec<ChunkDocument<'_>> = (0..n_chunks)
                .map(|n| {
                    let number = self.n_edits * 50 + n;
                    self.corpus.document(number as usize, content, 1_000_000 + number)
                })
                .collect();
            let start = Instant::now();
            self.index.put_chunks(&chunks).expect("puts");
            self.index.refresh().expect("refreshes");
            start.elapsed()
        });
        let mut times: Vec<Duration> = times.collect();
        times.sort();
        println!(
            "put + refresh of {n_chunks} chunks, {count} times: p50 {:.2} ms, p95 {:.2} ms, most {:.2} ms; {} segments",
            percentile(&times, 50),
            percentile(&times, 95),
            times.last().map_or(0.0, |&time| milliseconds(time)),
            self.index.segments()
        );
    }

    fn search(&self, what: &str) {
        for (n_terms, questions) in &self.searches {
            // Several rounds, for what else the machine does should not be taken for a difference.
            let times = ask(&self.index, questions, self.n_contents, ROUNDS);
            println!(
                "  search {what}, {n_terms} terms, {} segments: p50 {:.3} ms, p95 {:.3} ms",
                self.index.segments(),
                percentile(&times, 50),
                percentile(&times, 95)
            );
        }
    }

    /// Commits, and waits for the merges, which would be measured with the next searches.
    fn commit(&self, what: &str) {
        let start = Instant::now();
        self.index.commit().expect("commits");
        println!("commit of {what}: {:.1} ms", milliseconds(start.elapsed()));
        self.index.release().expect("releases");
    }
}

//! Measures indexing, commit and search on real text.
//!
//! `cargo run --release -p codemem-lexical --example bench -- [CHUNKS] [TEXT_DIRECTORY]`
//!
//! The text is that of the source files under the directory (default: the local cargo registry).

#![expect(clippy::print_stdout, reason = "a measurement is printed")]

mod corpus;

use codemem_core::ports::{ChunkDocument, LexicalIndex};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, WriterOptions};
use corpus::{Corpus, milliseconds, percentile};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const SEARCHES: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let n_chunks: usize = arguments.next().map_or(20_000, |text| text.parse().expect("a number"));
    let corpus = Corpus::read(arguments.next().map(PathBuf::from), n_chunks);
    let pieces = &corpus.pieces;
    let bytes: usize = pieces.iter().map(|piece| piece.range.len()).sum();
    println!(
        "corpus: {} files, {} distinct chunks of {} bytes on average, resident {} MB",
        corpus.files.len(),
        pieces.len(),
        bytes / pieces.len(),
        resident()
    );

    let start = Instant::now();
    let mut tokenizer = Tokenizer::default();
    let mut n_tokens = 0_usize;
    let sample = &pieces[..pieces.len().min(40_000)];
    for piece in sample {
        tokenizer.tokens(corpus.text(piece), |_| n_tokens += 1);
    }
    let sample_bytes: usize = sample.iter().map(|piece| piece.range.len()).sum();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "tokenizer alone, 1 thread: {:.0} chunks/s, {:.1} MB/s, {:.0} tokens/chunk, {:.0} ns/token",
        sample.len() as f64 / seconds,
        sample_bytes as f64 / seconds / 1e6,
        n_tokens as f64 / sample.len() as f64,
        seconds * 1e9 / n_tokens as f64
    );

    let directory = tempfile::tempdir().expect("a temporary directory");
    let (index, _) = CodeIndex::open(directory.path(), 1, WriterOptions::default(), false).expect("opens");
    let before = resident();
    let (start, busy) = (Instant::now(), cpu());
    let n_contents = corpus.fill(&index, n_chunks);
    let added = start.elapsed();
    let peak = resident();
    index.commit().expect("commits");
    let committed = start.elapsed();
    println!(
        "indexing: {n_chunks} chunks of {n_contents} contents in {:.2} s, {:.2} s with commit: {:.0} chunks/s; {:.2} \
         CPU seconds",
        added.as_secs_f64(),
        committed.as_secs_f64(),
        n_chunks as f64 / committed.as_secs_f64(),
        cpu() - busy
    );
    let start = Instant::now();
    index.release().expect("releases");
    println!(
        "released after {:.2} s: {} segments, {} MB on disk, resident {before} MB before, {peak} MB at the end of \
         adding, {} MB after",
        start.elapsed().as_secs_f64(),
        index.segments(),
        index.disk_bytes() >> 20,
        resident()
    );
    edits(&index, &corpus, n_contents);
    searches(&index, &corpus, n_contents);
    let start = Instant::now();
    drop(index);
    drop(CodeIndex::open(directory.path(), 1, WriterOptions::default(), false).expect("opens"));
    println!("close and open: {:.1} ms", milliseconds(start.elapsed()));
}

/// Replaces five chunks of one content and commits, as saving a file does.
fn edits(index: &CodeIndex, corpus: &Corpus, n_contents: u32) {
    let busy = cpu();
    let mut times: Vec<Duration> = (0..40_u32)
        .map(|edit| {
            let content = edit * 37 % n_contents;
            let chunks: Vec<ChunkDocument<'_>> = (0..5)
                .map(|n| corpus.document((edit * 5 + n) as usize, content, 2_000_000_000 + n))
                .collect();
            let start = Instant::now();
            index.put_chunks(&chunks).expect("puts");
            index.commit().expect("commits");
            start.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "edit of one content, with commit: p50 {:.1} ms, p95 {:.1} ms, CPU {:.1} ms; {} segments \
         afterwards",
        percentile(&times, 50),
        percentile(&times, 95),
        (cpu() - busy) * 1e3 / times.len() as f64,
        index.segments()
    );
}

fn searches(index: &CodeIndex, corpus: &Corpus, n_contents: u32) {
    let words = corpus.words();
    // The ranks from which words are drawn: any word of the text, words of a question, the commonest.
    for (what, n_terms, ranks) in [
        ("2 terms of a question", 2, 50..3_000),
        ("8 terms of a question", 8, 50..3_000),
        ("8 of the 100 commonest terms", 8, 0..100),
        ("64 terms of a question", 64, 20..3_000),
    ] {
        let questions = corpus::questions(&words, n_terms, ranks, SEARCHES);
        let times = corpus::ask(index, &questions, n_contents, 1);
        println!(
            "search, {what}: p50 {:.2} ms, p95 {:.2} ms",
            percentile(&times, 50),
            percentile(&times, 95)
        );
    }
}

/// Memory of this process itself in MB, files that are mapped left out; 0 where the system does not say.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() >> 10
}

/// Processor time of this process so far, in seconds: what counts when the machine is shared.
fn cpu() -> f64 {
    let statistics = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = statistics.rsplit(')').next().unwrap_or_default().split_whitespace();
    // The 14th and 15th fields of the whole line, in hundredths.
    let hundredths: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    hundredths as f64 / 100.0
}

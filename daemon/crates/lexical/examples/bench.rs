//! Measures indexing, commit and search on real text.
//!
//! `cargo run --release -p codemem-lexical --example bench -- [CHUNKS] [TEXT_DIRECTORY]`
//!
//! Reads source files under the directory (default: the local cargo registry), cuts them into chunks
//! of about 800 bytes and repeats them, with fresh ids, until there are enough.

#![expect(clippy::print_stdout, reason = "a measurement is printed")]

use codemem_core::ids::{ChunkId, ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, LexicalIndex, LexicalQuery, PathDocument, QueryTerm};
use codemem_core::token::Tokenizer;
use codemem_lexical::{CodeIndex, WriterOptions};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 800;
/// Distinct text read, in bytes.
const CORPUS: usize = 200 << 20;
const SEARCHES: usize = 200;

struct File {
    path: RepoPath,
    text: String,
}

/// One chunk: where it lies in the corpus and what stands for its names and docs.
struct Piece {
    file: usize,
    range: std::ops::Range<usize>,
    names: String,
    docs: String,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let n_chunks: usize = arguments.next().map_or(20_000, |text| text.parse().expect("a number"));
    let root = arguments.next().map_or_else(registry, PathBuf::from);
    let mut files = Vec::new();
    let wanted = CORPUS.min(n_chunks * CHUNK_BYTES);
    read(&root, &root, &mut files, &mut 0, wanted);
    let pieces: Vec<Piece> = files
        .iter()
        .enumerate()
        .flat_map(|(file, source)| cut(file, &source.text))
        .collect();
    let bytes: usize = pieces.iter().map(|piece| piece.range.len()).sum();
    println!(
        "corpus: {} files, {} distinct chunks of {} bytes on average, resident {} MB",
        files.len(),
        pieces.len(),
        bytes / pieces.len(),
        resident()
    );

    let start = Instant::now();
    let mut tokenizer = Tokenizer::default();
    let mut n_tokens = 0_usize;
    let sample = &pieces[..pieces.len().min(40_000)];
    for piece in sample {
        tokenizer.tokens(&files[piece.file].text[piece.range.clone()], |_| n_tokens += 1);
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
    let n_contents = fill(&index, &files, &pieces, n_chunks);
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
    edits(&index, &files, &pieces, n_contents);
    searches(&index, &files, &pieces, n_contents);
    let start = Instant::now();
    drop(index);
    drop(CodeIndex::open(directory.path(), 1, WriterOptions::default(), false).expect("opens"));
    println!("close and open: {:.1} ms", milliseconds(start.elapsed()));
}

/// Puts `n_chunks` chunks, in calls of about a hundred files, and their paths.
fn fill(index: &CodeIndex, files: &[File], pieces: &[Piece], n_chunks: usize) -> u32 {
    let mut batch: Vec<ChunkDocument<'_>> = Vec::new();
    let mut paths: Vec<PathDocument<'_>> = Vec::new();
    let mut content = 0;
    let mut last = usize::MAX;
    for (number, piece) in pieces.iter().cycle().take(n_chunks).enumerate() {
        if piece.file != last {
            last = piece.file;
            content += 1;
            if content % 100 == 0 {
                index.put_chunks(&batch).expect("puts");
                index.put_paths(&paths).expect("puts");
                batch.clear();
                paths.clear();
            }
            paths.push(PathDocument {
                path: PathId(content),
                text: &files[piece.file].path,
            });
        }
        batch.push(document(files, piece, content, number as u32));
    }
    index.put_chunks(&batch).expect("puts");
    index.put_paths(&paths).expect("puts");
    content + 1
}

fn document<'a>(files: &'a [File], piece: &'a Piece, content: u32, chunk: u32) -> ChunkDocument<'a> {
    ChunkDocument {
        content: ContentId(content),
        chunk: ChunkId(chunk),
        body: &files[piece.file].text[piece.range.clone()],
        names: &piece.names,
        docs: &piece.docs,
    }
}

/// Replaces five chunks of one content and commits, as saving a file does.
fn edits(index: &CodeIndex, files: &[File], pieces: &[Piece], n_contents: u32) {
    let busy = cpu();
    let mut times: Vec<Duration> = (0..40_u32)
        .map(|edit| {
            let content = edit * 37 % n_contents;
            let chunks: Vec<ChunkDocument<'_>> = (0..5)
                .map(|n| {
                    document(
                        files,
                        &pieces[(edit as usize * 5 + n) % pieces.len()],
                        content,
                        2_000_000_000 + n as u32,
                    )
                })
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
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() * 95 / 100]),
        (cpu() - busy) * 1e3 / times.len() as f64,
        index.segments()
    );
}

fn searches(index: &CodeIndex, files: &[File], pieces: &[Piece], n_contents: u32) {
    let mut frequencies: HashMap<String, usize> = HashMap::new();
    let mut tokenizer = Tokenizer::default();
    for piece in pieces.iter().step_by(pieces.len().div_ceil(20_000)) {
        let mut seen = tokenizer.collect(&files[piece.file].text[piece.range.clone()]);
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            *frequencies.entry(token).or_default() += 1;
        }
    }
    let mut words: Vec<(String, usize)> = frequencies.into_iter().filter(|(_, n)| *n > 2).collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let all: IdSet = (0..=n_contents).collect();
    // The ranks from which words are drawn: any word of the text, words of a question, the commonest.
    for (what, n_terms, ranks) in [
        ("2 terms of a question", 2, 50..3_000),
        ("8 terms of a question", 8, 50..3_000),
        ("8 of the 100 commonest terms", 8, 0..100),
        ("64 terms of a question", 64, 20..3_000),
    ] {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut times = Vec::new();
        for _ in 0..SEARCHES {
            let mut terms: Vec<QueryTerm> = Vec::new();
            while terms.len() < n_terms {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let rank = ranks.start + (random >> 33) as usize % (ranks.len().min(words.len() - ranks.start));
                if terms.iter().all(|term| term.text != words[rank].0) {
                    terms.push(QueryTerm {
                        text: words[rank].0.clone(),
                        weight: 1.0,
                    });
                }
            }
            let query = LexicalQuery {
                terms: &terms,
                contents: &all,
                paths: &all,
                limit: 200,
                chunks_per_content: 3,
            };
            let start = Instant::now();
            let evidence = index.search(&query).expect("searches");
            times.push(start.elapsed());
            assert!(evidence.contents.len() <= 200);
        }
        times.sort();
        println!(
            "search, {what}: p50 {:.2} ms, p95 {:.2} ms",
            milliseconds(times[SEARCHES / 2]),
            milliseconds(times[SEARCHES * 95 / 100])
        );
    }
}

/// Cuts at line ends; the names are the words after `fn`, `struct` and the like, the docs the comments.
fn cut(file: usize, text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let aim = text.floor_char_boundary((start + CHUNK_BYTES - 40).min(text.len()));
        let end = text[aim..].find('\n').map_or(text.len(), |offset| aim + offset + 1);
        let body = &text[start..end];
        let mut names = String::new();
        let mut docs = String::new();
        for line in body.lines() {
            let mut words = line.split_whitespace().skip_while(|word| *word == "pub");
            if let Some("fn" | "struct" | "enum" | "trait" | "mod") = words.next() {
                names.push_str(
                    words
                        .next()
                        .unwrap_or_default()
                        .split(['(', '<'])
                        .next()
                        .unwrap_or_default(),
                );
                names.push(' ');
                docs.push_str(line.trim());
                docs.push('\n');
            }
            if let Some(doc) = line.trim_start().strip_prefix("///") {
                docs.push_str(doc);
                docs.push('\n');
            }
        }
        pieces.push(Piece {
            file,
            range: start..end,
            names,
            docs,
        });
        start = end;
    }
    pieces
}

fn read(root: &Path, directory: &Path, files: &mut Vec<File>, bytes: &mut usize, wanted: usize) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if *bytes >= wanted {
            return;
        }
        if path.is_dir() {
            read(root, &path, files, bytes, wanted);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && let Ok(text) = fs::read_to_string(&path)
            && (1..200_000).contains(&text.len())
            && let Some(path) = path
                .strip_prefix(root)
                .ok()
                .and_then(Path::to_str)
                .and_then(RepoPath::new)
        {
            *bytes += text.len();
            files.push(File { path, text });
        }
    }
}

fn registry() -> PathBuf {
    let home = std::env::var_os("HOME").expect("a home directory");
    Path::new(&home).join(".cargo/registry/src")
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

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

//! Real text to index and words to ask for, shared by the measurements.
//!
//! Source files, cut into chunks of about 800 bytes and repeated, with fresh ids, until there are enough.

use codemem_core::ids::{ChunkId, ContentId, IdSet, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, LexicalIndex, LexicalQuery, PathDocument, QueryTerm};
use codemem_core::token::Tokenizer;
use codemem_lexical::CodeIndex;
use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 800;
/// Distinct text read, in bytes.
const CORPUS: usize = 200 << 20;

pub(crate) struct Corpus {
    pub(crate) files: Vec<File>,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) struct File {
    path: RepoPath,
    text: String,
}

/// One chunk: where it lies in the corpus and what stands for its names and docs.
pub(crate) struct Piece {
    file: usize,
    pub(crate) range: Range<usize>,
    names: String,
    docs: String,
}

impl Corpus {
    /// Enough for `n_chunks` from the sources under `root` (default: the local cargo registry).
    pub(crate) fn read(root: Option<PathBuf>, n_chunks: usize) -> Self {
        let root = root.unwrap_or_else(registry);
        let mut files = Vec::new();
        let wanted = CORPUS.min(n_chunks * CHUNK_BYTES);
        read(&root, &root, &mut files, &mut 0, wanted);
        let sources = files.iter().enumerate();
        let pieces = sources.flat_map(|(file, source)| cut(file, &source.text)).collect();
        Self { files, pieces }
    }

    pub(crate) fn text(&self, piece: &Piece) -> &str {
        &self.files[piece.file].text[piece.range.clone()]
    }

    /// A piece as a chunk; `number` goes round.
    pub(crate) fn document(&self, number: usize, content: u32, chunk: u32) -> ChunkDocument<'_> {
        let piece = &self.pieces[number % self.pieces.len()];
        ChunkDocument {
            content: ContentId(content),
            chunk: ChunkId(chunk),
            body: self.text(piece),
            names: &piece.names,
            docs: &piece.docs,
        }
    }

    /// Puts `n_chunks` chunks, in calls of about a hundred files, and their paths; gives one more than the largest id.
    pub(crate) fn fill(&self, index: &CodeIndex, n_chunks: usize) -> u32 {
        let mut batch: Vec<ChunkDocument<'_>> = Vec::new();
        let mut paths: Vec<PathDocument<'_>> = Vec::new();
        let mut content = 0;
        let mut last = usize::MAX;
        for (number, piece) in self.pieces.iter().cycle().take(n_chunks).enumerate() {
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
                    text: &self.files[piece.file].path,
                });
            }
            batch.push(self.document(number, content, number as u32));
        }
        index.put_chunks(&batch).expect("puts");
        index.put_paths(&paths).expect("puts");
        content + 1
    }

    /// The words of the text, the commonest first.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut frequencies: HashMap<String, usize> = HashMap::new();
        let mut tokenizer = Tokenizer::default();
        for piece in self.pieces.iter().step_by(self.pieces.len().div_ceil(20_000)) {
            let mut seen = tokenizer.collect(self.text(piece));
            seen.sort_unstable();
            seen.dedup();
            for token in seen {
                *frequencies.entry(token).or_default() += 1;
            }
        }
        let mut words: Vec<(String, usize)> = frequencies.into_iter().filter(|(_, n)| *n > 2).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words.into_iter().map(|(word, _)| word).collect()
    }
}

/// Queries of `n_terms` different words each, drawn from these `ranks` of the words; always the same.
pub(crate) fn questions(words: &[String], n_terms: usize, ranks: Range<usize>, count: usize) -> Vec<Vec<QueryTerm>> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut question = || {
        let mut terms: Vec<QueryTerm> = Vec::new();
        while terms.len() < n_terms {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let rank = ranks.start + (random >> 33) as usize % (ranks.len().min(words.len() - ranks.start));
            if terms.iter().all(|term| term.text != words[rank]) {
                terms.push(QueryTerm {
                    text: words[rank].clone(),
                    weight: 1.0,
                });
            }
        }
        terms
    };
    (0..count).map(|_| question()).collect()
}

/// Asks each question over the ids up to `largest`, in so many rounds; the best time of each, in ascending order.
pub(crate) fn ask(index: &CodeIndex, questions: &[Vec<QueryTerm>], largest: u32, rounds: usize) -> Vec<Duration> {
    let all: IdSet = (0..=largest).collect();
    let mut times = vec![Duration::MAX; questions.len()];
    for _ in 0..rounds {
        for (terms, best) in questions.iter().zip(&mut times) {
            let query = LexicalQuery {
                terms,
                contents: &all,
                paths: &all,
                limit: 200,
                chunks_per_content: 3,
            };
            let start = Instant::now();
            let evidence = index.search(&query).expect("searches");
            *best = start.elapsed().min(*best);
            assert!(evidence.contents.len() <= 200);
        }
    }
    times.sort();
    times
}

/// The time that `percent` of the `sorted` ones stay within, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    milliseconds(sorted[sorted.len() * percent / 100])
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
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

//! The catalog as its users see it: made-up files, tables for each method, and a model.

mod graph;
mod languages;
mod model;
mod recording;
mod summaries;
mod upkeep;

use super::SqliteCatalog;
use codemem_core::ids::Hash128;
use codemem_core::path::RepoPath;
use codemem_core::ports::{Catalog, FileRecord, FileStamp, ManifestChange, RecordedFile};
use codemem_core::unit::{Chunk, Extraction, LineSpan, Symbol, SymbolKind, Visibility};
use std::path::Path;

/// The extractor's, where it does not matter.
const VERSION: u32 = 1;

fn open(directory: &Path) -> SqliteCatalog {
    SqliteCatalog::open(directory, false).expect("opened")
}

fn hash(kind: u8, number: u32) -> Hash128 {
    let mut bytes = [kind; 16];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Hash128(bytes)
}

fn content_hash(number: u32) -> Hash128 {
    hash(1, number)
}

/// Text hashes do not depend on the space, so that a summary and a chunk may share one.
fn text_hash(number: u32) -> Hash128 {
    hash(2, number)
}

fn path(number: u32) -> RepoPath {
    RepoPath::new(&format!("src/{number:04}.rs")).expect("valid")
}

fn stamp(number: u32) -> FileStamp {
    FileStamp {
        size: u64::from(number),
        mtime_ns: -i64::from(number),
    }
}

fn symbol(name: &str, lines: (u32, u32), parent: Option<u32>) -> Symbol {
    Symbol {
        name: name.to_owned(),
        qualified_name: parent.map_or(name.to_owned(), |_| format!("Outer::{name}")),
        kind: if parent.is_some() {
            SymbolKind::Method
        } else {
            SymbolKind::Struct
        },
        visibility: Visibility::ALL.into_iter().nth(lines.0 as usize % 5),
        signature: format!("fn {name}()"),
        docstring: parent.map(|_| format!("What {name} does.")),
        lines: LineSpan {
            start: lines.0,
            end: lines.1,
        },
        parent,
    }
}

/// A file of ten-line chunks, one per text; `symbols` are attributed to the chunks in turn.
fn extraction(texts: &[u32], symbols: Vec<Symbol>) -> (Extraction, Vec<Hash128>) {
    let chunks = (0..texts.len() as u32)
        .map(|n| Chunk {
            lines: LineSpan {
                start: n * 10 + 1,
                end: n * 10 + 10,
            },
            bytes: 0..0,
            symbol: (n < symbols.len() as u32).then_some(n),
            defines: 0..0,
        })
        .collect();
    let extraction = Extraction {
        language: "rust".to_owned(),
        chunks,
        symbols,
        references: codemem_core::reference::References::default(),
        leading_comment: None,
        has_errors: false,
    };
    (extraction, texts.iter().map(|&text| text_hash(text)).collect())
}

/// A file at path `n_path` that holds content `n_content`.
fn file(n_path: u32, n_content: u32, extraction: Option<(Extraction, Vec<Hash128>)>) -> FileRecord {
    FileRecord {
        path: path(n_path),
        stamp: stamp(n_content),
        hash: content_hash(n_content),
        extraction,
        summary: text_hash(1_000 + n_path),
    }
}

fn put(files: Vec<FileRecord>) -> ManifestChange {
    ManifestChange {
        put: files,
        ..ManifestChange::default()
    }
}

/// Marks recorded files as being in the lexical index.
fn mark_all(catalog: &dyn Catalog, recorded: &[RecordedFile]) {
    let contents: Vec<_> = recorded.iter().map(|file| file.content).collect();
    let paths: Vec<_> = recorded.iter().map(|file| file.path).collect();
    catalog.mark_lexical(&contents, &paths).expect("marked");
}

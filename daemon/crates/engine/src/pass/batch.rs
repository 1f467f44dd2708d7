//! One transaction's worth of files: into the catalog, then into the lexical index.

use super::read::{Finding, ReadFile};
use crate::EngineError;
use codemem_core::ids::{ContentHash, ContentId, PathId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    ChunkDocument, FileRecord, FileStamp, LexicalIndex, ManifestChange, PathDocument, RecordedFile, Stores,
};
use codemem_core::unit::{Chunk, Extraction};
use std::collections::HashSet;

/// What readers found and no transaction has taken yet.
#[derive(Default)]
pub(super) struct Batch {
    files: Vec<ReadFile>,
    bytes: usize,
    restamped: Vec<(PathId, FileStamp)>,
    removed: Vec<PathId>,
}

/// A batch that the catalog holds and the lexical index does not.
pub(super) struct Recorded {
    files: Vec<ReadFile>,
    extractions: Vec<Option<Extraction>>,
    rows: Vec<RecordedFile>,
    pub(super) restamped: Vec<(PathId, FileStamp)>,
    pub(super) removed: Vec<PathId>,
}

/// What was put in the lexical index, to be marked once that is durable.
#[derive(Default)]
pub(super) struct Put {
    pub(super) contents: Vec<ContentId>,
    pub(super) paths: Vec<PathId>,
}

/// A file as the catalog has it now.
pub(super) struct RecordedAs {
    pub(super) path: RepoPath,
    pub(super) stamp: FileStamp,
    pub(super) hash: ContentHash,
    /// `None` when it was not extracted, because the catalog held it already.
    pub(super) language: Option<String>,
    pub(super) row: RecordedFile,
}

impl Batch {
    /// Takes one finding.
    pub(super) fn take(&mut self, finding: Finding) {
        match finding {
            Finding::Touched { path, stamp } => self.restamped.push((path, stamp)),
            Finding::Read(file) => {
                self.bytes += file.source.len();
                self.files.push(*file);
            }
            Finding::Skipped { known, .. } => self.removed.extend(known),
            Finding::Failed { .. } => {}
        }
    }

    /// Takes what is gone.
    pub(super) fn remove(&mut self, paths: &[PathId]) {
        self.removed.extend_from_slice(paths);
    }

    /// Files that were read.
    pub(super) fn n_files(&self) -> usize {
        self.files.len()
    }

    /// Bytes of source that are held.
    pub(super) fn n_bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.restamped.is_empty() && self.removed.is_empty()
    }

    /// Makes it part of a worktree's manifest, in one transaction.
    pub(super) fn record(self, stores: &Stores, worktree: WorktreeId, version: u32) -> Result<Recorded, EngineError> {
        let mut files = self.files;
        // The extraction travels to the catalog and back rather than being copied: it holds every
        // signature and docstring of the batch.
        let change = ManifestChange {
            put: files.iter_mut().map(record).collect(),
            restamped: self.restamped,
            removed: self.removed,
        };
        let rows = stores
            .catalog
            .record(worktree, &change, version)
            .map_err(EngineError::port("record files"))?;
        let extractions = change.put.into_iter().map(|record| Some(record.extraction?.0));
        Ok(Recorded {
            files,
            extractions: extractions.collect(),
            rows,
            restamped: change.restamped,
            removed: change.removed,
        })
    }
}

impl Recorded {
    pub(super) fn n_files(&self) -> usize {
        self.files.len()
    }

    /// Chunks of the files that were extracted.
    pub(super) fn n_chunks(&self) -> usize {
        let extractions = self.extractions.iter().flatten();
        extractions.map(|extraction| extraction.chunks.len()).sum()
    }

    /// Puts in the lexical index what it has not got yet.
    pub(super) fn index(&self, lexical: &dyn LexicalIndex) -> Result<Put, EngineError> {
        let (mut put, mut texts, mut paths) = (Put::default(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for ((file, extraction), row) in self.files.iter().zip(&self.extractions).zip(&self.rows) {
            if row.new_path {
                paths.push(PathDocument {
                    path: row.path,
                    text: &file.path,
                });
                put.paths.push(row.path);
            }
            // What was recorded before is there; should it not be, it stays unmarked, and the next pass reads it again.
            let Some(extraction) = extraction else { continue };
            // Two files of one batch may hold the same content.
            if row.new_chunks.is_empty() && !extraction.chunks.is_empty() || !seen.insert(row.content) {
                continue;
            }
            put.contents.push(row.content);
            for (chunk, id) in extraction.chunks.iter().zip(&row.new_chunks) {
                let (names, docs) = words_of(extraction, chunk);
                texts.push((row.content, *id, &file.source[chunk.bytes.clone()], names, docs));
            }
        }
        let documents: Vec<ChunkDocument<'_>> = texts
            .iter()
            .map(|(content, chunk, body, names, docs)| ChunkDocument {
                content: *content,
                chunk: *chunk,
                body,
                names,
                docs,
            })
            .collect();
        let filling = || EngineError::port("fill the lexical index");
        if !documents.is_empty() {
            lexical.put_chunks(&documents).map_err(filling())?;
        }
        if !paths.is_empty() {
            lexical.put_paths(&paths).map_err(filling())?;
        }
        Ok(put)
    }

    /// The files as the catalog has them.
    pub(super) fn into_files(self) -> Vec<RecordedAs> {
        let files = self.files.into_iter().zip(self.extractions).zip(self.rows);
        let recorded = files.map(|((file, extraction), row)| RecordedAs {
            path: file.path,
            stamp: file.stamp,
            hash: file.hash,
            language: extraction.map(|extraction| extraction.language),
            row,
        });
        recorded.collect()
    }
}

fn record(file: &mut ReadFile) -> FileRecord {
    FileRecord {
        path: file.path.clone(),
        stamp: file.stamp,
        hash: file.hash,
        extraction: file.extraction.take(),
        summary: file.summary,
    }
}

/// The names that a chunk defines, and what is said about them.
fn words_of(extraction: &Extraction, chunk: &Chunk) -> (String, String) {
    let (mut names, mut docs) = (String::new(), String::new());
    for symbol in &extraction.symbols[chunk.defines.start as usize..chunk.defines.end as usize] {
        names.push_str(&symbol.name);
        names.push(' ');
        docs.push_str(&symbol.signature);
        docs.push('\n');
        if let Some(docstring) = &symbol.docstring {
            docs.push_str(docstring);
            docs.push('\n');
        }
    }
    (names, docs)
}

//! The writer of a pass: batches into the catalog, then the lexical index, then the outbox marks.

use super::Pass;
use super::read::{Finding, ReadFile};
use crate::EngineError;
use crate::progress;
use crate::repository::job::publish_view;
use codemem_core::ids::{ContentId, PathId};
use codemem_core::ports::{ChunkDocument, FileRecord, ManifestChange, PathDocument, RecordedFile};
use codemem_core::unit::{Chunk, Extraction};
use std::time::{Duration, Instant};

/// Files recorded in one transaction. Large enough to make its cost vanish, small enough that
/// progress moves.
const BATCH_FILES: usize = 256;

/// Bytes of source held for one transaction.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The first files become searchable this soon; later commits come at doubling intervals, since each
/// costs more the larger the index is.
const FIRST_COMMIT: Duration = Duration::from_millis(400);

/// Longest time between commits: how much work a crash can repeat.
const LAST_COMMIT: Duration = Duration::from_secs(8);

/// Collects findings and makes them durable and visible.
pub(super) struct Writer<'a> {
    pass: &'a Pass<'a>,
    files: Vec<ReadFile>,
    bytes: usize,
    change: ManifestChange,
    /// In the lexical index since the last commit.
    uncommitted: (Vec<ContentId>, Vec<PathId>),
    last_commit: Instant,
    interval: Duration,
}

impl<'a> Writer<'a> {
    pub(super) fn new(pass: &'a Pass<'a>) -> Self {
        Self {
            pass,
            files: Vec::new(),
            bytes: 0,
            change: ManifestChange::default(),
            uncommitted: (Vec::new(), Vec::new()),
            last_commit: Instant::now(),
            interval: FIRST_COMMIT,
        }
    }

    /// Takes one finding; writes when enough have come together.
    pub(super) fn take(&mut self, finding: Finding) -> Result<(), EngineError> {
        match finding {
            Finding::Touched { path, stamp } => {
                self.change.restamped.push((path, stamp));
                self.done(1, 0);
            }
            Finding::Read(file) => {
                self.bytes += file.source.len();
                self.files.push(*file);
            }
            Finding::Skipped { known, .. } => {
                self.change.removed.extend(known);
                self.done(1, 0);
            }
        }
        if self.files.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES {
            self.write()?;
        } else if self.last_commit.elapsed() >= self.interval {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Writes what is left, drops what is gone, makes it all visible.
    pub(super) fn finish(mut self, removed: &[PathId]) -> Result<(), EngineError> {
        self.change.removed.extend_from_slice(removed);
        self.checkpoint()
    }

    /// Makes everything so far durable and visible.
    pub(super) fn checkpoint(&mut self) -> Result<(), EngineError> {
        self.write()?;
        let (contents, paths) = std::mem::take(&mut self.uncommitted);
        let stores = self.pass.stores;
        if !contents.is_empty() || !paths.is_empty() {
            stores
                .lexical
                .commit()
                .map_err(EngineError::port("commit the lexical index"))?;
            stores
                .catalog
                .mark_lexical(&contents, &paths)
                .map_err(EngineError::port("mark the lexical index"))?;
        }
        publish_view(stores, self.pass.worktree, self.pass.handle)?;
        self.last_commit = Instant::now();
        self.interval = (self.interval * 2).min(LAST_COMMIT);
        Ok(())
    }

    /// One transaction, and its documents.
    fn write(&mut self) -> Result<(), EngineError> {
        let mut change = std::mem::take(&mut self.change);
        let mut files = std::mem::take(&mut self.files);
        self.bytes = 0;
        if files.is_empty() && change.restamped.is_empty() && change.removed.is_empty() {
            return Ok(());
        }
        // The extraction travels to the catalog and back rather than being copied: it holds every
        // signature and docstring of the batch.
        change.put = files.iter_mut().map(record).collect();
        let stores = self.pass.stores;
        let version = self.pass.context.units_version();
        let recorded = stores
            .catalog
            .record(self.pass.worktree, &change, version)
            .map_err(EngineError::port("record files"))?;
        let extractions: Vec<Extraction> = change
            .put
            .into_iter()
            .filter_map(|record| record.extraction.map(|(extraction, _)| extraction))
            .collect();
        self.index(&files, &extractions, &recorded)?;
        let n_chunks = extractions
            .iter()
            .map(|extraction| extraction.chunks.len())
            .sum::<usize>();
        self.done(files.len() as u64, n_chunks as u64);
        Ok(())
    }

    fn index(
        &mut self,
        files: &[ReadFile],
        extractions: &[Extraction],
        recorded: &[RecordedFile],
    ) -> Result<(), EngineError> {
        let (mut texts, mut paths, mut seen) = (Vec::new(), Vec::new(), std::collections::HashSet::new());
        for ((file, extraction), recorded) in files.iter().zip(extractions).zip(recorded) {
            if recorded.new_path {
                paths.push(PathDocument {
                    path: recorded.path,
                    text: &file.path,
                });
                self.uncommitted.1.push(recorded.path);
            }
            // Two files of one batch may hold the same content.
            if recorded.new_chunks.is_empty() && !extraction.chunks.is_empty() || !seen.insert(recorded.content) {
                continue;
            }
            self.uncommitted.0.push(recorded.content);
            for (chunk, id) in extraction.chunks.iter().zip(&recorded.new_chunks) {
                let (names, docs) = words_of(extraction, chunk);
                texts.push((recorded.content, *id, &file.source[chunk.bytes.clone()], names, docs));
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
        let lexical = &self.pass.stores.lexical;
        lexical
            .put_chunks(&documents)
            .map_err(EngineError::port("fill the lexical index"))?;
        lexical
            .put_paths(&paths)
            .map_err(EngineError::port("fill the lexical index"))
    }

    fn done(&self, n_files: u64, n_chunks: u64) {
        progress::advance(&self.pass.handle.state, |progress| {
            progress.files_done += n_files;
            progress.chunks_done += n_chunks;
        });
    }
}

fn record(file: &mut ReadFile) -> FileRecord {
    let empty = Extraction {
        language: String::new(),
        chunks: Vec::new(),
        symbols: Vec::new(),
        leading_comment: None,
        has_errors: false,
    };
    FileRecord {
        path: file.path.clone(),
        stamp: file.stamp,
        hash: file.hash,
        extraction: Some((
            std::mem::replace(&mut file.extraction, empty),
            std::mem::take(&mut file.texts),
        )),
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

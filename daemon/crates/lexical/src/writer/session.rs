//! A living tantivy writer: its threads and, while a segment is built, its arena.

use super::WriterOptions;
use super::batch::{Item, batches};
use crate::backlog::Backlog;
use crate::document::LexicalDocument;
use crate::kept::Kept;
use crate::schema::{Fields, Id};
use crate::snapshot::Snapshot;
use codemem_core::ids::{ContentId, IdSet, PathId};
use codemem_core::ports::ChunkDocument;
use std::sync::Arc;
use tantivy::index::SegmentId;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, UserOperation};
use tantivy::{Index, IndexWriter, TantivyError, Term};

/// Memory in which one indexing thread builds a segment, in bytes. About 70,000 chunks fit, so that
/// most repositories become one segment per thread, and two threads stay under 100 MB.
const ARENA: usize = 48 << 20;

/// One: merges run beside indexing and searching on a small machine and are in no hurry.
const MERGE_THREADS: usize = 1;

/// From the first write that is handed over to the commit that leaves nothing to merge.
pub(super) struct Session {
    writer: IndexWriter<LexicalDocument>,
    fields: Fields,
    backlog: Arc<Backlog>,
    /// Contents that are or may be in the index: only these need a deletion before an addition.
    contents: IdSet,
    /// The same for paths.
    paths: IdSet,
    /// Whether something was written since the last commit.
    dirty: bool,
}

impl Session {
    /// Starts the threads; `seen` is the last commit.
    pub(super) fn open(
        index: &Index,
        fields: &Fields,
        options: WriterOptions,
        backlog: &Arc<Backlog>,
        seen: &Snapshot,
    ) -> tantivy::Result<Self> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(options.threads)
            .memory_budget_per_thread(ARENA)
            .num_merge_threads(MERGE_THREADS)
            .build();
        let writer = index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(merge_policy()));
        let (contents, paths) = seen.ids();
        Ok(Self {
            writer,
            fields: fields.clone(),
            backlog: Arc::clone(backlog),
            contents,
            paths,
            dirty: false,
        })
    }

    /// Whether something was written since the last commit.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Replaces contents and paths.
    pub(super) fn put(&mut self, items: &[Item<'_>]) -> tantivy::Result<()> {
        self.dirty = true;
        for batch in batches(items) {
            let ticket = self.backlog.enter(batch.bytes);
            let mut operations = Vec::new();
            for item in batch.items {
                match item {
                    Item::Content(chunks) => {
                        let content = chunks[0].content.0;
                        if !self.contents.insert(content) {
                            operations.push(UserOperation::Delete(self.term(Id::Content, content)));
                        }
                        let documents = chunks
                            .iter()
                            .map(|chunk| LexicalDocument::chunk(&self.fields, chunk, &ticket));
                        operations.extend(documents.map(UserOperation::Add));
                    }
                    Item::Path(path) => {
                        if !self.paths.insert(path.path.0) {
                            operations.push(UserOperation::Delete(self.term(Id::Path, path.path.0)));
                        }
                        operations.push(UserOperation::Add(LexicalDocument::path(&self.fields, path, &ticket)));
                    }
                }
            }
            drop(ticket);
            self.writer.run(operations)?;
        }
        Ok(())
    }

    /// Removes contents and paths.
    pub(super) fn delete(&mut self, contents: &[ContentId], paths: &[PathId]) -> tantivy::Result<()> {
        self.dirty = true;
        let contents = contents.iter().filter(|id| self.contents.contains(id.0));
        let paths = paths.iter().filter(|id| self.paths.contains(id.0));
        let operations: Vec<UserOperation<LexicalDocument>> = contents
            .map(|id| self.term(Id::Content, id.0))
            .chain(paths.map(|id| self.term(Id::Path, id.0)))
            .map(UserOperation::Delete)
            .collect();
        self.writer.run(operations)?;
        Ok(())
    }

    /// Writes what was kept.
    pub(super) fn take_over(&mut self, kept: &Kept) -> tantivy::Result<()> {
        let (contents, paths) = kept.deleted();
        self.delete(&contents, &paths)?;
        let (chunks, paths) = (kept.chunks(), kept.paths());
        let chunks: Vec<&ChunkDocument<'_>> = chunks.iter().collect();
        let contents = chunks.chunk_by(|a, b| a.content == b.content).map(Item::Content);
        // Together, so that an edit becomes one segment.
        let items: Vec<Item<'_>> = contents.chain(paths.iter().map(Item::Path)).collect();
        self.put(&items)
    }

    /// Makes durable what was written.
    pub(super) fn commit(&mut self) -> tantivy::Result<()> {
        self.writer.commit()?;
        self.dirty = false;
        Ok(())
    }

    /// Rewrites segments together; what was deleted stays behind.
    pub(super) fn rewrite(&mut self, segments: &[SegmentId]) -> tantivy::Result<()> {
        self.writer.merge(segments).wait().map(drop)
    }

    /// Removes the files of segments that nobody searches any more.
    pub(super) fn sweep(&self) -> tantivy::Result<()> {
        self.writer.garbage_collect_files().wait().map(drop)
    }

    /// Waits for merges and gives up the threads.
    pub(super) fn close(self) -> tantivy::Result<()> {
        self.writer.wait_merging_threads()
    }

    /// Why writing failed: a dead indexing thread's own error, which `run` does not see.
    pub(super) fn cause(mut self, error: TantivyError) -> TantivyError {
        match self.writer.prepare_commit() {
            Err(cause) => cause,
            Ok(_never_committed) => error,
        }
    }

    fn term(&self, id: Id, value: u32) -> Term {
        Term::from_field_u64(self.fields.id(id), value.into())
    }
}

/// Six small segments become one, so an edit a minute leaves a handful, and a segment is rewritten
/// once per fourfold growth. Segments that are 30 % deleted are rewritten at once: dead documents
/// cost every search time.
pub(super) fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(6);
    policy.set_min_layer_size(2_000);
    policy.set_level_log_size(2.0);
    policy.set_del_docs_ratio_before_merge(0.3);
    policy
}

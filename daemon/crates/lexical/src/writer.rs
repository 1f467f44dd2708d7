//! The writing side: batches documents for tantivy's indexing threads, commits, lets go.
//!
//! Tantivy's writer owns threads and, while a segment is built, its arena; it exists from the first
//! write of a pass to the commit that leaves nothing to merge. Called by one thread at a time, which
//! a mutex enforces; searches never come here.

use crate::backlog::Backlog;
use crate::document::LexicalDocument;
use crate::schema::{Fields, Id};
use crate::snapshot::Snapshot;
use codemem_core::ids::{ContentId, IdSet, PathId};
use codemem_core::ports::{ChunkDocument, PathDocument};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, UserOperation};
use tantivy::{Index, IndexWriter, TantivyError, Term};

/// Memory in which one indexing thread builds a segment, in bytes. About 70,000 chunks fit, so that
/// most repositories become one segment per thread, and two threads stay under 100 MB.
const ARENA: usize = 48 << 20;

/// One: merges run beside indexing and searching on a small machine and are in no hurry.
const MERGE_THREADS: usize = 1;

/// Most text in one batch, in bytes. A batch is indexed by one thread into one segment: an edit
/// becomes one small segment, and a long pass still keeps all threads equally busy.
const BATCH: usize = 256 << 10;

/// Most documents in one batch, for documents with little text.
const BATCH_DOCUMENTS: usize = 2_000;

/// How a pass is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriterOptions {
    /// Indexing threads, 1 to 8.
    pub threads: usize,
}

impl Default for WriterOptions {
    /// Two threads.
    fn default() -> Self {
        Self { threads: 2 }
    }
}

/// The writing side of one index.
pub(crate) struct Writer {
    index: Index,
    fields: Fields,
    options: WriterOptions,
    backlog: Arc<Backlog>,
    session: Mutex<Option<Session>>,
}

/// A living tantivy writer.
struct Session {
    writer: IndexWriter<LexicalDocument>,
    /// Contents that are or may be in the index: only these need a deletion before an addition.
    contents: IdSet,
    /// The same for paths.
    paths: IdSet,
    /// Whether something was written since the last commit.
    dirty: bool,
}

type Operation = UserOperation<LexicalDocument>;

impl Writer {
    pub(crate) fn new(index: Index, fields: Fields, options: WriterOptions) -> Self {
        Self {
            index,
            fields,
            options,
            backlog: Arc::default(),
            session: Mutex::new(None),
        }
    }

    /// Replaces contents; `seen` is the last commit.
    pub(crate) fn put_chunks(&self, chunks: &[ChunkDocument<'_>], seen: &Snapshot) -> tantivy::Result<()> {
        let mut ordered: Vec<&ChunkDocument<'_>> = chunks.iter().collect();
        ordered.sort_by_key(|chunk| chunk.content);
        self.write(seen, |session| {
            let contents: Vec<&[&ChunkDocument<'_>]> = ordered.chunk_by(|a, b| a.content == b.content).collect();
            for batch in batches(&contents, |content| {
                (content.len(), content.iter().map(|chunk| chunk_bytes(chunk)).sum())
            }) {
                let ticket = self.backlog.enter(batch.bytes);
                let mut operations: Vec<Operation> = Vec::new();
                for &content in batch.items {
                    let id = content[0].content;
                    if !session.contents.insert(id.0) {
                        operations.push(UserOperation::Delete(self.term(Id::Content, id.0)));
                    }
                    let documents = content
                        .iter()
                        .map(|chunk| LexicalDocument::chunk(&self.fields, chunk, &ticket));
                    operations.extend(documents.map(UserOperation::Add));
                }
                drop(ticket);
                session.writer.run(operations)?;
            }
            Ok(())
        })
    }

    /// Replaces paths.
    pub(crate) fn put_paths(&self, paths: &[PathDocument<'_>], seen: &Snapshot) -> tantivy::Result<()> {
        self.write(seen, |session| {
            for batch in batches(paths, |path| (1, path.text.as_str().len())) {
                let ticket = self.backlog.enter(batch.bytes);
                let mut operations: Vec<Operation> = Vec::new();
                for path in batch.items {
                    if !session.paths.insert(path.path.0) {
                        operations.push(UserOperation::Delete(self.term(Id::Path, path.path.0)));
                    }
                    operations.push(UserOperation::Add(LexicalDocument::path(&self.fields, path, &ticket)));
                }
                drop(ticket);
                session.writer.run(operations)?;
            }
            Ok(())
        })
    }

    /// Removes contents and paths.
    pub(crate) fn delete(&self, contents: &[ContentId], paths: &[PathId], seen: &Snapshot) -> tantivy::Result<()> {
        self.write(seen, |session| {
            let contents = contents.iter().filter(|id| session.contents.contains(id.0));
            let paths = paths.iter().filter(|id| session.paths.contains(id.0));
            let operations: Vec<Operation> = contents
                .map(|id| self.term(Id::Content, id.0))
                .chain(paths.map(|id| self.term(Id::Path, id.0)))
                .map(UserOperation::Delete)
                .collect();
            session.writer.run(operations)?;
            Ok(())
        })
    }

    /// Commits what was written, durably; true when there was something.
    pub(crate) fn commit(&self) -> tantivy::Result<bool> {
        let mut guard = self.lock();
        match guard.as_mut() {
            Some(session) if session.dirty => {
                if let Err(error) = session.writer.commit() {
                    *guard = None;
                    return Err(error);
                }
                session.dirty = false;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Gives up threads and memory unless a merge is under way, which is then left to run.
    pub(crate) fn rest(&self) -> tantivy::Result<()> {
        // A merge under way shows in the segment list until it ends: the policy would ask for it again.
        let segments = self.index.searchable_segment_metas()?;
        if merge_policy().compute_merge_candidates(&segments).is_empty() {
            self.close()?;
        }
        Ok(())
    }

    /// Waits for merges and gives up threads and memory. What was not committed is thrown away.
    pub(crate) fn close(&self) -> tantivy::Result<()> {
        match self.lock().take() {
            Some(session) if !session.dirty => session.writer.wait_merging_threads(),
            Some(_) | None => Ok(()),
        }
    }

    /// Runs `write` in a session. After a failure the session is gone, so that the next write
    /// starts from the last commit with living threads.
    fn write(&self, seen: &Snapshot, write: impl FnOnce(&mut Session) -> tantivy::Result<()>) -> tantivy::Result<()> {
        let mut guard = self.lock();
        let session = match &mut *guard {
            Some(session) => session,
            vacant => vacant.insert(self.session(seen)?),
        };
        session.dirty = true;
        let Err(error) = write(session) else {
            return Ok(());
        };
        Err(match guard.take() {
            Some(session) => cause(session.writer, error),
            None => error,
        })
    }

    fn session(&self, seen: &Snapshot) -> tantivy::Result<Session> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(self.options.threads)
            .memory_budget_per_thread(ARENA)
            .num_merge_threads(MERGE_THREADS)
            .build();
        let writer = self.index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(merge_policy()));
        let (contents, paths) = seen.ids();
        Ok(Session {
            writer,
            contents,
            paths,
            dirty: false,
        })
    }

    fn term(&self, id: Id, value: u32) -> Term {
        Term::from_field_u64(self.fields.id(id), value.into())
    }

    /// A panic of an earlier writer leaves at worst a session whose next use fails.
    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "a merge of the lexical index failed; it will be tried again");
        }
    }
}

/// Six small segments become one, so an edit a minute leaves a handful, and a segment is rewritten
/// once per fourfold growth. Segments that are 30 % deleted are rewritten at once: dead documents
/// cost every search time.
fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(6);
    policy.set_min_layer_size(2_000);
    policy.set_level_log_size(2.0);
    policy.set_del_docs_ratio_before_merge(0.3);
    policy
}

/// Why writing failed: a dead indexing thread's own error, which `run` does not see.
fn cause(mut writer: IndexWriter<LexicalDocument>, error: TantivyError) -> TantivyError {
    match writer.prepare_commit() {
        Err(cause) => cause,
        Ok(_never_committed) => error,
    }
}

/// Items that go to an indexing thread together.
struct Batch<'a, T> {
    items: &'a [T],
    bytes: usize,
}

/// Cuts `items` so that a batch stays within its limits; an item that is over them goes alone.
/// `measure` gives an item's documents and bytes.
fn batches<T>(items: &[T], measure: impl Fn(&T) -> (usize, usize)) -> impl Iterator<Item = Batch<'_, T>> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let (mut n_items, mut n_documents, mut bytes) = (0, 0, 0);
        for item in rest {
            let (item_documents, item_bytes) = measure(item);
            if n_items > 0 && (n_documents + item_documents > BATCH_DOCUMENTS || bytes + item_bytes > BATCH) {
                break;
            }
            n_items += 1;
            n_documents += item_documents;
            bytes += item_bytes;
        }
        let (items, others) = rest.split_at(n_items);
        rest = others;
        (n_items > 0).then_some(Batch { items, bytes })
    })
}

fn chunk_bytes(chunk: &ChunkDocument<'_>) -> usize {
    chunk.body.len() + chunk.names.len() + chunk.docs.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_keep_order_and_limits(items in proptest::collection::vec((1_usize..3_000, 0_usize..BATCH * 2), 0..40)) {
            let mut joined = Vec::new();
            for batch in batches(&items, |&item| item) {
                let documents: usize = batch.items.iter().map(|item| item.0).sum();
                let bytes: usize = batch.items.iter().map(|item| item.1).sum();
                prop_assert_eq!(bytes, batch.bytes);
                prop_assert!(batch.items.len() == 1 || (documents <= BATCH_DOCUMENTS && bytes <= BATCH));
                joined.extend_from_slice(batch.items);
            }
            prop_assert_eq!(joined, items);
        }
    }
}

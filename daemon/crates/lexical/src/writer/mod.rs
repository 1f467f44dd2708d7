//! The writing side: keeps edits, hands what is more to tantivy's indexing threads, commits, lets go.
//!
//! What is written after a commit is kept first ([`crate::kept`]): an edit is shown by a refresh from there, and tantivy's
//! writer is not started before the commit. A pass soon has more than is kept. It is handed over then, and what
//! follows goes to tantivy as it comes, with nothing to refresh but by a commit. Called by one thread at a time, which a
//! mutex enforces; searches never come here.

mod batch;
mod session;

use crate::backlog::Backlog;
use crate::kept::{Kept, Size};
use crate::overlay::Overlay;
use crate::schema::Fields;
use crate::snapshot::Snapshot;
use batch::Item;
use codemem_core::ids::{ContentId, PathId};
use codemem_core::ports::{ChunkDocument, PathDocument};
use session::Session;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::Index;
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::MergePolicy;

/// A segment is rewritten on demand when more than one in so many of its documents is deleted.
const HOLLOW: u32 = 20;

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

/// The writing side of one index. After a failure everything since the last commit is gone.
pub(crate) struct Writer {
    index: Index,
    fields: Fields,
    options: WriterOptions,
    /// Whether edits are kept; otherwise every write meets tantivy, or its refusal, at once.
    keeps: bool,
    backlog: Arc<Backlog>,
    state: Mutex<State>,
}

/// What was written since the last commit is either all kept or all in the session, which is dirty then.
#[derive(Default)]
struct State {
    session: Option<Session>,
    kept: Kept,
}

/// What it takes to show what was written.
pub(crate) enum Refresh {
    /// Nothing: it is shown.
    Nothing,
    /// This, laid over the last commit.
    Lay(Overlay),
    /// A commit.
    Commit,
}

impl Writer {
    /// A writer of an index that may be written.
    pub(crate) fn new(index: Index, fields: Fields, options: WriterOptions) -> Self {
        Self {
            index,
            fields,
            options,
            keeps: true,
            backlog: Arc::default(),
            state: Mutex::default(),
        }
    }

    /// A writer of an index that refuses to be written.
    pub(crate) fn refused(index: Index, fields: Fields) -> Self {
        let mut writer = Self::new(index, fields, WriterOptions::default());
        writer.keeps = false;
        writer
    }

    /// Replaces contents; `seen` is the last commit.
    pub(crate) fn put_chunks(&self, chunks: &[ChunkDocument<'_>], seen: &Snapshot) -> tantivy::Result<()> {
        let mut ordered: Vec<&ChunkDocument<'_>> = chunks.iter().collect();
        ordered.sort_by_key(|chunk| chunk.content);
        let contents = ordered.chunk_by(|a, b| a.content == b.content);
        let mut state = self.lock();
        if self.keeps(&state, Size::of_chunks(chunks)) {
            for chunks in contents {
                state.kept.put_content(chunks[0].content, chunks);
            }
            return Ok(());
        }
        let items: Vec<Item<'_>> = contents.map(Item::Content).collect();
        self.write(&mut state, seen, |session| session.put(&items))
    }

    /// Replaces paths.
    pub(crate) fn put_paths(&self, paths: &[PathDocument<'_>], seen: &Snapshot) -> tantivy::Result<()> {
        let mut state = self.lock();
        if self.keeps(&state, Size::of_paths(paths)) {
            for path in paths {
                state.kept.put_path(path);
            }
            return Ok(());
        }
        let items: Vec<Item<'_>> = paths.iter().map(Item::Path).collect();
        self.write(&mut state, seen, |session| session.put(&items))
    }

    /// Removes contents and paths.
    pub(crate) fn delete(&self, contents: &[ContentId], paths: &[PathId], seen: &Snapshot) -> tantivy::Result<()> {
        let mut state = self.lock();
        if self.keeps(&state, Size::of_deleted(contents.len() + paths.len())) {
            state.kept.delete(contents, paths);
            return Ok(());
        }
        self.write(&mut state, seen, |session| session.delete(contents, paths))
    }

    /// Counts the words of what was written since the last refresh, unless it is too much for that.
    pub(crate) fn refresh(&self) -> Refresh {
        let mut state = self.lock();
        if state.is_handed_over() || state.kept.is_full() {
            return Refresh::Commit;
        }
        match state.kept.refresh() {
            Some(overlay) => Refresh::Lay(overlay.clone()),
            None => Refresh::Nothing,
        }
    }

    /// Commits what was written, durably; true when there was something.
    pub(crate) fn commit(&self, seen: &Snapshot) -> tantivy::Result<bool> {
        let mut state = self.lock();
        if !state.kept.is_empty() {
            self.write(&mut state, seen, |_| Ok(()))?;
        }
        match state.session.as_mut() {
            Some(session) if session.is_dirty() => {
                if let Err(error) = session.commit() {
                    state.session = None;
                    return Err(error);
                }
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Rewrites the segments of which much is deleted; false when there are none, or something is not committed. What it
    /// leaves is swept away by [`Writer::sweep`], once nobody is shown it any more.
    pub(crate) fn compact(&self, seen: &Snapshot) -> tantivy::Result<bool> {
        let mut state = self.lock();
        if state.is_handed_over() || !state.kept.is_empty() {
            return Ok(false);
        }
        // A merge under way has some of them, and may leave nothing to do.
        state.session.take().map_or(Ok(()), Session::close)?;
        let segments = self.index.searchable_segment_metas()?;
        let is_hollow = |segment: &&SegmentMeta| segment.num_deleted_docs().saturating_mul(HOLLOW) > segment.max_doc();
        let hollow: Vec<SegmentId> = segments.iter().filter(is_hollow).map(SegmentMeta::id).collect();
        if hollow.is_empty() {
            return Ok(false);
        }
        self.write(&mut state, seen, |session| session.rewrite(&hollow))?;
        Ok(true)
    }

    /// Removes the files that nobody needs any more.
    pub(crate) fn sweep(&self) -> tantivy::Result<()> {
        self.lock().session.as_ref().map_or(Ok(()), Session::sweep)
    }

    /// Gives up threads and memory unless a merge is under way, which is then left to run.
    pub(crate) fn rest(&self) -> tantivy::Result<()> {
        // A merge under way shows in the segment list until it ends: the policy would ask for it again.
        let segments = self.index.searchable_segment_metas()?;
        if session::merge_policy().compute_merge_candidates(&segments).is_empty() {
            let session = self.lock().session.take_if(|session| !session.is_dirty());
            session.map_or(Ok(()), Session::close)?;
        }
        Ok(())
    }

    /// Waits for merges and gives up threads and memory. What was not committed is thrown away.
    pub(crate) fn close(&self) -> tantivy::Result<()> {
        let state = std::mem::take(&mut *self.lock());
        match state.session {
            Some(session) if !session.is_dirty() => session.close(),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether so much more is kept.
    fn keeps(&self, state: &State, size: Size) -> bool {
        self.keeps && !state.is_handed_over() && state.kept.has_room_for(size)
    }

    /// Hands over what is kept and runs `write`, in a session. After a failure the session is gone, so that the next
    /// write starts from the last commit with living threads.
    fn write(
        &self,
        state: &mut State,
        seen: &Snapshot,
        write: impl FnOnce(&mut Session) -> tantivy::Result<()>,
    ) -> tantivy::Result<()> {
        let kept = std::mem::take(&mut state.kept);
        let session = match &mut state.session {
            Some(session) => session,
            vacant => vacant.insert(Session::open(
                &self.index,
                &self.fields,
                self.options,
                &self.backlog,
                seen,
            )?),
        };
        let taken_over = if kept.is_empty() {
            Ok(())
        } else {
            session.take_over(&kept)
        };
        let Err(error) = taken_over.and_then(|()| write(session)) else {
            return Ok(());
        };
        Err(match state.session.take() {
            Some(session) => session.cause(error),
            None => error,
        })
    }

    /// A panic of an earlier writer leaves at worst a session whose next use fails.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_handed_over(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_dirty)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "a merge of the lexical index failed; it will be tried again");
        }
    }
}

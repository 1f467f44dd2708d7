//! The writer of a pass: batches into the catalog, then the lexical index, then the outbox marks.

use super::Pass;
use super::batch::{Batch, Put};
use super::read::Finding;
use crate::EngineError;
use crate::progress;
use crate::repository::job::publish_view;
use codemem_core::ids::PathId;
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
    batch: Batch,
    /// In the lexical index since the last commit.
    uncommitted: Put,
    /// Whether the catalog holds what the published view does not show.
    unpublished: bool,
    last_commit: Instant,
    interval: Duration,
}

impl<'a> Writer<'a> {
    pub(super) fn new(pass: &'a Pass<'a>) -> Self {
        Self {
            pass,
            batch: Batch::default(),
            uncommitted: Put::default(),
            unpublished: pass.rewound || pass.handle.view.load().is_none(),
            last_commit: Instant::now(),
            interval: FIRST_COMMIT,
        }
    }

    /// Takes one finding; writes when enough have come together.
    pub(super) fn take(&mut self, finding: Finding) -> Result<(), EngineError> {
        if !matches!(finding, Finding::Read(_)) {
            self.done(1, 0);
        }
        self.batch.take(finding);
        if self.batch.n_files() >= BATCH_FILES || self.batch.n_bytes() >= BATCH_BYTES {
            self.write()?;
        } else if self.last_commit.elapsed() >= self.interval {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Writes what is left, drops what is gone, makes it all visible.
    pub(super) fn finish(mut self, removed: &[PathId]) -> Result<(), EngineError> {
        self.batch.remove(removed);
        self.checkpoint()
    }

    /// Makes everything so far durable and visible.
    pub(super) fn checkpoint(&mut self) -> Result<(), EngineError> {
        self.write()?;
        let put = std::mem::take(&mut self.uncommitted);
        let stores = self.pass.stores;
        if !put.contents.is_empty() || !put.paths.is_empty() {
            stores
                .lexical
                .commit()
                .map_err(EngineError::port("commit the lexical index"))?;
            stores
                .catalog
                .mark_lexical(&put.contents, &put.paths)
                .map_err(EngineError::port("mark the lexical index"))?;
        }
        if self.unpublished {
            publish_view(stores, self.pass.worktree, self.pass.handle)?;
            self.unpublished = false;
        }
        self.last_commit = Instant::now();
        self.interval = (self.interval * 2).min(LAST_COMMIT);
        Ok(())
    }

    /// One transaction, and its documents.
    fn write(&mut self) -> Result<(), EngineError> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        self.unpublished = true;
        let stores = self.pass.stores;
        let recorded = batch.record(stores, self.pass.worktree, self.pass.context.units_version())?;
        let put = recorded.index(&*stores.lexical)?;
        self.uncommitted.contents.extend(put.contents);
        self.uncommitted.paths.extend(put.paths);
        self.done(recorded.n_files() as u64, recorded.n_chunks() as u64);
        Ok(())
    }

    fn done(&self, n_files: u64, n_chunks: u64) {
        progress::advance(&self.pass.handle.state, |progress| {
            progress.files_done += n_files;
            progress.chunks_done += n_chunks;
        });
    }
}

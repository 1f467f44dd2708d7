//! A pass: bring one root's manifest, catalog and lexical index in line with its files.
//!
//! Runs on the job's thread, which is the only writer; reading and parsing happen on a few worker
//! threads of its own that end with it. Everything recorded is checkpointed as it goes: a crash
//! repeats the files since the last commit and loses nothing.

mod read;
mod write;

use crate::EngineError;
use crate::config::EngineConfig;
use crate::progress::{self, Phase};
use crate::repository::RootHandle;
use crate::repository::job::{Context, Outcome};
use crate::threads::Stop;
use codemem_core::ids::WorktreeId;
use codemem_core::plan::{self, Plan};
use codemem_core::ports::{PortError, PortErrorKind, ScanEntry, Stores};
use codemem_core::skip::SkipReason;
use read::{Finding, Reader};
pub(crate) use read::{hash, into_text};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Instant;
use write::Writer;

/// Findings that may wait between the readers and the writer. With files of at most 1 MiB this
/// bounds what a pass holds in memory.
const FINDINGS_IN_FLIGHT: usize = 32;

/// Stack of a reader. Deeply nested sources are walked without recursion; this is margin for the
/// grammars' own scanners.
const READER_STACK: usize = 8 * 1024 * 1024;

/// Files left out: their paths as far as they can be shown, and why.
type Skipped = Vec<(String, SkipReason)>;

/// Everything one pass works with.
pub(crate) struct Pass<'a> {
    pub(crate) context: &'a Context,
    /// The limits of this pass, from its beginning to its end.
    pub(crate) config: Arc<EngineConfig>,
    pub(crate) stores: &'a Stores,
    pub(crate) root: &'a Path,
    pub(crate) worktree: WorktreeId,
    pub(crate) handle: &'a RootHandle,
    /// Read every file, whatever its stamp says.
    pub(crate) force: bool,
    pub(crate) stop: &'a Stop,
}

impl Pass<'_> {
    /// Runs to the end, or to the next safe point after a stop.
    pub(crate) fn run(&self) -> Result<Outcome, EngineError> {
        let state = &self.handle.state;
        progress::enter(state, Phase::Scan);
        let Some((plan, mut skipped)) = self.plan()? else {
            return Ok(Outcome::Interrupted);
        };
        state.send_modify(|state| {
            state.files_seen = (plan.unchanged + plan.read.len()) as u64;
            state.progress = progress::Progress::begin(Phase::Lexical);
            state.progress.files_total = plan.read.len() as u64;
        });
        tracing::info!(
            repository = %self.context.key,
            to_read = plan.read.len(),
            unchanged = plan.unchanged,
            removed = plan.removed.len(),
            "pass begins"
        );
        let began = Instant::now();
        let writer = Writer::new(self);
        let outcome = self.read_and_write(&plan, writer, &mut skipped)?;
        if outcome == Outcome::Done {
            self.stores
                .catalog
                .set_skipped(self.worktree, &skipped)
                .map_err(EngineError::port("record the skipped files"))?;
        }
        tracing::info!(
            repository = %self.context.key,
            whole = outcome == Outcome::Done,
            files = state.borrow().progress.files_done,
            chunks = state.borrow().progress.chunks_done,
            skipped = skipped.len(),
            seconds = began.elapsed().as_secs_f64(),
            "pass ends"
        );
        Ok(outcome)
    }

    /// Lists the root and compares it with the manifest; `None` when asked to stop.
    fn plan(&self) -> Result<Option<(Plan, Skipped)>, EngineError> {
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        let state = &self.handle.state;
        self.context
            .ports
            .source
            .scan(self.root, self.config.max_file_bytes, &mut |entry| {
                match entry {
                    ScanEntry::File(path, stamp) => files.push((path, stamp)),
                    ScanEntry::Skipped(path, reason) => skipped.push((path, reason)),
                }
                if files.len() % 1_000 == 0 {
                    progress::advance(state, |progress| progress.files_done = files.len() as u64);
                }
                if self.stop.is_requested() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .map_err(EngineError::port("list the files"))?;
        if self.stop.is_requested() {
            return Ok(None);
        }
        if files.is_empty() && skipped.is_empty() {
            // An empty list is also what a root that vanished during the walk looks like.
            self.open_root()?;
        }
        let manifest = self
            .stores
            .catalog
            .manifest(self.worktree)
            .map_err(EngineError::port("read the manifest"))?;
        Ok(Some((plan::plan(&manifest, files, self.force), skipped)))
    }

    /// Makes sure that the root is there.
    fn open_root(&self) -> Result<(), EngineError> {
        let identity = self.context.ports.source.identify(self.root);
        identity.map(drop).map_err(EngineError::port("open the root"))
    }

    fn read_and_write(
        &self,
        plan: &Plan,
        mut writer: Writer<'_>,
        skipped: &mut Skipped,
    ) -> Result<Outcome, EngineError> {
        let (findings_tx, findings_rx) = crossbeam_channel::bounded::<Finding>(FINDINGS_IN_FLIGHT);
        let next = AtomicUsize::new(0);
        let reader = Reader {
            pass: self,
            files: &plan.read,
            next: &next,
        };
        thread::scope(|scope| {
            // Owned in here, so that leaving early drops it and ends readers that wait to send.
            let findings_rx = findings_rx;
            for index in 0..self.config.index_threads.max(1) {
                let (findings_tx, reader, span) = (findings_tx.clone(), &reader, tracing::Span::current());
                thread::Builder::new()
                    .name(format!("index-{index}"))
                    .stack_size(READER_STACK)
                    .spawn_scoped(scope, move || span.in_scope(|| reader.run(&findings_tx)))
                    .map_err(|error| PortError::new(PortErrorKind::Failed, error))
                    .map_err(EngineError::port("start an indexing thread"))?;
            }
            drop(findings_tx);
            for finding in &findings_rx {
                if let Finding::Skipped { path, reason, .. } = &finding {
                    skipped.push((path.to_string(), *reason));
                }
                writer.take(finding)?;
            }
            if self.stop.is_requested() {
                writer.checkpoint()?;
                return Ok(Outcome::Interrupted);
            }
            if skipped.iter().any(|(_, reason)| *reason == SkipReason::Unreadable) {
                // Perhaps not some files have become unreadable, but the root has gone.
                writer.checkpoint()?;
                self.open_root()?;
            }
            writer.finish(&plan.removed)?;
            Ok(Outcome::Done)
        })
    }
}

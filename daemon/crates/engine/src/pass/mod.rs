//! A pass: bring one root's manifest, catalog and lexical index in line with its files.
//!
//! Runs on the job's thread, which is the only writer; reading and parsing happen on a few worker
//! threads of its own that end with it. Everything recorded is checkpointed as it goes: a crash
//! repeats the files since the last commit and loses nothing.

mod batch;
mod read;
pub(crate) mod settle;
mod touch;
mod write;

use crate::EngineError;
use crate::config::EngineConfig;
use crate::left_out::LeftOut;
use crate::progress::{self, Phase};
use crate::project;
use crate::repository::job::{Context, Outcome};
use crate::repository::{RootHandle, is_damage};
use crate::threads::Stop;
use codemem_core::ids::WorktreeId;
use codemem_core::plan::{self, Plan};
use codemem_core::ports::{ScanEntry, Stores};
use codemem_core::skip::SkipReason;
use read::{Finding, Reader};
pub(crate) use read::{hash, into_text};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
pub(crate) use touch::{Touch, Touched};
use write::Writer;

/// Who uses what is counted by the pass itself when it changes more than one file in so many.
const MANY: usize = 4;

/// The files that a pass leaves out.
type Skipped = Vec<LeftOut>;

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
    /// Whether the manifest has lost lines since its view was published.
    pub(crate) rewound: bool,
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
        let is_idle = plan.read.is_empty() && plan.removed.is_empty();
        if !is_idle {
            tracing::info!(
                repository = %self.context.key,
                to_read = plan.read.len(),
                unchanged = plan.unchanged,
                removed = plan.removed.len(),
                "pass begins"
            );
        }
        let began = Instant::now();
        let writer = Writer::new(self);
        let outcome = self.read_and_write(&plan, writer, &mut skipped)?;
        let n_skipped = skipped.len();
        if outcome == Outcome::Done {
            self.handle.fresh.left_out().replace(skipped);
            settle::save_left_out(self.stores, self.worktree, self.handle)?;
            self.count_users(plan.read.len() + plan.removed.len())?;
        }
        if is_idle {
            // Such a pass may come every few seconds.
            tracing::debug!(repository = %self.context.key, unchanged = plan.unchanged, "nothing has changed");
        } else {
            tracing::info!(
                repository = %self.context.key,
                whole = outcome == Outcome::Done,
                files = state.borrow().progress.files_done,
                chunks = state.borrow().progress.chunks_done,
                skipped = n_skipped,
                seconds = began.elapsed().as_secs_f64(),
                "pass ends"
            );
        }
        Ok(outcome)
    }

    /// Counts who uses what when most files are new: the first search ranks by it. After fewer changes that is left to the
    /// job behind all others; so it is where another root of the repository has been counted.
    fn count_users(&self, n_changed: usize) -> Result<(), EngineError> {
        let (standing, view) = (&self.handle.standing, self.handle.view.load_full());
        let Some(view) = view.filter(|_| n_changed > 0 || standing.is_unknown()) else {
            return Ok(());
        };
        standing.fall_behind();
        let roots = self.context.published.roots.load();
        let other = roots.values().find(|other| !other.standing.is_unknown());
        match other.filter(|_| standing.is_unknown()) {
            Some(other) => standing.take_over(&other.standing),
            None if n_changed * MANY > view.len() => {
                let known = &self.context.published.known;
                let counted = standing.count(&view, &*self.stores.catalog, self.worktree, known, self.stop);
                match counted {
                    Err(error) if is_damage(&error) => return Err(error),
                    // Searches go without.
                    Err(error) => tracing::warn!(error = error.chain(), "who uses what is not counted"),
                    Ok(_) => {}
                }
            }
            None => {}
        }
        Ok(())
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
                    ScanEntry::Skipped(path, reason) => skipped.push(LeftOut::unread(path, reason)),
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

    /// Makes sure that the root is there, and still what it was: the place of a disk that is away is an empty directory.
    fn open_root(&self) -> Result<(), EngineError> {
        let identity = self.context.ports.source.identify(self.root);
        let identity = identity.map_err(EngineError::port("open the root"))?;
        if project::key(&identity) == **self.handle.project.load() {
            return Ok(());
        }
        Err(EngineError::Invalid {
            message: format!(
                "`{}` has no files and is not part of the repository that was indexed",
                self.root.display()
            ),
            hint: "mount its disk, or forget it with `codemem remove`".to_owned(),
        })
    }

    fn read_and_write(
        &self,
        plan: &Plan,
        mut writer: Writer<'_>,
        skipped: &mut Skipped,
    ) -> Result<Outcome, EngineError> {
        let reader = Reader {
            context: self.context,
            root: self.root,
            max_file_bytes: self.config.max_file_bytes,
            force: self.force,
            known: self.has_recorded().then_some(&*self.stores.catalog),
            steps_back: true,
            stop: self.stop,
        };
        if !plan.read.is_empty() {
            reader.read_all(&plan.read, self.config.index_threads, |finding| {
                skipped.extend(left_out(&finding));
                writer.take(finding)
            })?;
        }
        if self.stop.is_requested() {
            writer.checkpoint()?;
            return Ok(Outcome::Interrupted);
        }
        if skipped.iter().any(|file| file.reason == SkipReason::Unreadable) {
            // Perhaps not some files have become unreadable, but the root has gone.
            writer.checkpoint()?;
            self.open_root()?;
        }
        writer.finish(&plan.removed)?;
        Ok(Outcome::Done)
    }

    /// Whether any root of the repository has files: then this pass may find some that were recorded before.
    fn has_recorded(&self) -> bool {
        let roots = self.context.published.roots.load();
        roots
            .values()
            .any(|handle| handle.view.load().as_ref().is_some_and(|view| view.len() > 0))
    }
}

/// The file of a finding, when it is not to be indexed.
fn left_out(finding: &Finding) -> Option<LeftOut> {
    match finding {
        Finding::Skipped { path, reason, .. } => Some(LeftOut::read(path.to_string(), *reason)),
        Finding::Failed { path } => Some(LeftOut::read(path.to_string(), SkipReason::Unreadable)),
        Finding::Touched { .. } | Finding::Read(_) => None,
    }
}

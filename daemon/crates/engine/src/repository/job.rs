//! What a repository's actor runs, on the job's own thread.

use super::reopen::{is_damage, reopen, report};
use super::{Published, RootHandle, rest};
use crate::EngineError;
use crate::config::{Limits, Ports};
use crate::pace::Pace;
use crate::pass::Pass;
use crate::pass::settle::{self, Unsettled};
use crate::progress::{Phase, Progress};
use crate::prune::{self, PruneReport};
use crate::threads::{self, Stop};
use crate::vectors::VectorJob;
use crate::view::View;
use codemem_core::ids::{RepositoryKey, WorktreeId};
use codemem_core::ports::{HintSink, Stores};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot};

/// What every job of a repository shares.
pub(crate) struct Context {
    pub(crate) key: RepositoryKey,
    pub(crate) ports: Ports,
    pub(crate) config: Arc<Limits>,
    pub(crate) published: Arc<Published>,
    /// One pass at a time in the whole daemon: two would only share the same cores.
    pub(crate) pass_permits: Arc<Semaphore>,
    /// What edits made visible and nobody has made durable yet.
    pub(crate) unsettled: Unsettled,
    /// Told when a watcher hints at something.
    pub(crate) hinted: Arc<Notify>,
}

impl Context {
    /// Whether nothing that is stored may be changed.
    pub(crate) fn is_read_only(&self) -> bool {
        self.config.load().read_only
    }

    /// What decides how a content is cut and what is embedded of it.
    pub(crate) fn units_version(&self) -> u32 {
        /// Above any number of compositions.
        const COMPOSITIONS: u32 = 1_000;
        self.ports.extractor.version() * COMPOSITIONS + codemem_core::compose::COMPOSE_VERSION
    }
}

/// A unit of work that owns the repository's stores while it runs.
pub(crate) enum Job {
    /// Open the stores, finish what a crash left, load the views.
    Open,
    /// Close stores that may be damaged, and open them again.
    Reopen,
    /// Close stores that were not used for so long.
    Rest(Duration),
    /// Bring a root up to date.
    Pass { root: PathBuf, force: bool },
    /// Embed what has no vector.
    Vectors,
    /// Make searches of very many vectors faster.
    Tune,
    /// Forget a root.
    Remove {
        root: PathBuf,
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    /// Delete what nothing refers to, or count it.
    Prune {
        dry_run: bool,
        reply: oneshot::Sender<Result<PruneReport, EngineError>>,
    },
}

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// There is nothing left of it.
    Done,
    /// It was asked to stop and has more to do.
    Interrupted,
    /// It could not do what it should; whoever waits knows.
    Failed,
    /// It met a damaged store and gave up; its waiters still wait.
    Damaged,
}

impl Job {
    pub(crate) fn thread_name(&self) -> &'static str {
        match self {
            Self::Open => "repo-open",
            Self::Reopen => "repo-reopen",
            Self::Rest(_) => "repo-rest",
            Self::Pass { .. } => "repo-pass",
            Self::Vectors => "repo-vectors",
            Self::Tune => "repo-tune",
            Self::Remove { .. } => "repo-remove",
            Self::Prune { .. } => "repo-prune",
        }
    }
}

/// Runs a job to its end. Failures are recorded where their waiters look, except that of a damaged
/// store while that `may_heal` by opening the stores again.
pub(crate) fn run(context: &Context, job: Job, stop: &Stop, may_heal: bool) -> Outcome {
    match job {
        Job::Open => {
            opened(context, stores(context).map(drop));
            Outcome::Done
        }
        Job::Rest(after) => {
            // What cannot be made durable keeps the stores open.
            if let Err(error) = settled(context) {
                tracing::warn!(error = error.chain(), "the stores stay open");
            } else {
                rest::rest(context, after);
            }
            Outcome::Done
        }
        Job::Reopen => {
            opened(context, reopen(context));
            Outcome::Done
        }
        Job::Pass { root, force } => pass(context, &root, force, stop, may_heal),
        Job::Vectors => vectors(context, stop, may_heal),
        Job::Tune => tune(context, stop, may_heal),
        Job::Remove { root, reply } => answer(reply, remove(context, &root), may_heal),
        Job::Prune { dry_run, reply } => {
            let pruned = stores(context).and_then(|stores| {
                settle::settle(context, &stores)?;
                prune::run(context, &stores, dry_run)
            });
            answer(reply, pruned, may_heal)
        }
    }
}

/// Records how opening went. Those who wait are not released by a failure: the pass they wait for
/// opens the stores again.
fn opened(context: &Context, result: Result<(), EngineError>) {
    if let Err(error) = result {
        tracing::error!(error = error.chain(), repository = %context.key, "cannot open the stores");
        for handle in context.published.roots.load().values() {
            handle
                .state
                .send_modify(|state| state.problem = Some(described(&error)));
        }
    }
    context.published.wake();
}

/// Answers whoever asked, and says whether damage was met.
fn answer<T>(
    reply: oneshot::Sender<Result<T, EngineError>>,
    result: Result<T, EngineError>,
    may_heal: bool,
) -> Outcome {
    let damaged = may_heal && result.as_ref().err().is_some_and(is_damage);
    let _unheard = reply.send(result);
    if damaged { Outcome::Damaged } else { Outcome::Done }
}

/// Records why a root is not up to date, and releases those whose requests up to `covers` were
/// to be served.
pub(crate) fn record_failure(handle: &RootHandle, covers: u64, error: &EngineError) {
    handle.state.send_modify(|state| {
        state.progress = Progress::begin(if state.requested > covers {
            Phase::Queued
        } else {
            Phase::Idle
        });
        state.lexical_done = state.lexical_done.max(covers);
        state.vectors_done = state.vectors_done.max(covers);
        state.problem = Some(described(error));
    });
}

/// Records why vectors are missing, and releases those who wait for them.
pub(crate) fn record_lost_vectors(published: &Published, error: &EngineError) {
    for handle in published.roots.load().values() {
        handle.state.send_modify(|state| {
            state.vectors_done = state.lexical_done;
            state.vectors_problem = Some(described(error));
            if state.progress.phase != Phase::Queued {
                state.progress = Progress::begin(Phase::Idle);
            }
        });
    }
}

/// An error for a status line: what happened, and the next step.
pub(crate) fn described(error: &EngineError) -> String {
    match error.hint() {
        Some(hint) => format!("{}; {hint}", error.chain()),
        None => error.chain(),
    }
}

/// The stores, opened when an earlier attempt failed.
fn stores(context: &Context) -> Result<Arc<Stores>, EngineError> {
    if let Some(stores) = context.published.stores.load_full() {
        return Ok(stores);
    }
    open(context)
}

pub(super) fn open(context: &Context) -> Result<Arc<Stores>, EngineError> {
    let stores = context
        .ports
        .registry
        .open(&context.key)
        .map_err(EngineError::port("open the index"))?;
    report(context, &stores);
    context.unsettled.forget();
    if !context.is_read_only() {
        finish_what_a_crash_left(context, &stores)?;
    }
    for (root, handle) in context.published.roots.load().iter() {
        let worktree = if context.is_read_only() {
            stores.catalog.find_worktree(root)
        } else {
            stores.catalog.worktree(root).map(Some)
        };
        // One that was never indexed has nothing to be searched.
        if let Some(worktree) = worktree.map_err(EngineError::port("register the root"))? {
            handle.standing.load(&*stores.catalog, worktree)?;
            publish_view(&stores, worktree, handle)?;
        }
    }
    let stores = Arc::new(stores);
    context.published.stores.store(Some(Arc::clone(&stores)));
    if context.published.resting.load(Ordering::SeqCst) {
        context.published.wake();
    }
    Ok(stores)
}

/// What the catalog knows and the lexical index may not, or what another extractor made, is dropped
/// from both; the next pass finds those files new. True when there was something. Nothing may be unsettled.
fn finish_what_a_crash_left(context: &Context, stores: &Stores) -> Result<bool, EngineError> {
    let left = stores
        .catalog
        .rewind(context.units_version())
        .map_err(EngineError::port("take back an unfinished pass"))?;
    if left.contents.is_empty() && left.paths.is_empty() {
        return Ok(false);
    }
    stores
        .lexical
        .delete(&left.contents, &left.paths)
        .map_err(EngineError::port("clean the lexical index"))?;
    stores
        .lexical
        .commit()
        .map_err(EngineError::port("commit the lexical index"))?;
    stores
        .catalog
        .collect(&left)
        .map_err(EngineError::port("forget an unfinished pass"))?;
    Ok(true)
}

/// Makes the manifest as it stands visible to searches.
pub(crate) fn publish_view(stores: &Stores, worktree: WorktreeId, handle: &RootHandle) -> Result<(), EngineError> {
    let manifest = stores
        .catalog
        .manifest(worktree)
        .map_err(EngineError::port("read the manifest"))?;
    handle.view.store(Some(Arc::new(View::new(manifest))));
    publish_counts(stores, worktree, handle)
}

/// Makes the counts as they stand part of every answer.
pub(crate) fn publish_counts(stores: &Stores, worktree: WorktreeId, handle: &RootHandle) -> Result<(), EngineError> {
    let counts = stores
        .catalog
        .counts(worktree)
        .map_err(EngineError::port("count the index"))?;
    handle.counts.store(Arc::new(counts));
    Ok(())
}

fn pass(context: &Context, root: &Path, force: bool, stop: &Stop, may_heal: bool) -> Outcome {
    let Some(handle) = context.published.roots.load().get(root).cloned() else {
        return Outcome::Done; // removed while it waited
    };
    // First: the watcher's threads inherit the rank of the one that starts them.
    watch(context, root, &handle);
    threads::step_back();
    let covers = handle.state.borrow().requested;
    let began = (context.ports.clock)();
    let mut hints = None;
    let result = stores(context).and_then(|stores| {
        if let Err(error) = settle::settle(context, &stores) {
            if is_damage(&error) {
                return Err(error);
            }
            // Then those files are read again.
            tracing::warn!(error = error.chain(), "edits are not durable yet");
        }
        // Everything that changes from here on is hinted at again.
        hints = Some(handle.fresh.begin_pass());
        let worktree = stores
            .catalog
            .worktree(root)
            .map_err(EngineError::port("register the root"))?;
        // The one pass of the whole daemon: nobody else is reading files for an index now.
        let changed = context.ports.extractor.refresh();
        stores
            .catalog
            .note_languages(&changed)
            .map_err(EngineError::port("note the changed languages"))?;
        // A pass that failed half-way leaves the same as a crash.
        let rewound = finish_what_a_crash_left(context, &stores)?;
        if force {
            forget_foreign_vectors(context, &stores)?;
        }
        Pass {
            context,
            config: context.config.load_full(),
            stores: &stores,
            root,
            worktree,
            handle: &handle,
            force,
            rewound,
            stop,
        }
        .run()
    });
    if let (Some(hints), Ok(Outcome::Done)) = (hints, &result) {
        hints.done();
    }
    match result {
        Ok(Outcome::Done) => {
            let now = (context.ports.clock)();
            let head = context.ports.source.head(root);
            let problem = language_problems(context, &handle);
            handle.state.send_modify(|state| {
                state.lexical_done = covers;
                state.indexed_at = Some(now);
                state.checked_at = Some(began);
                state.head = head;
                state.problem = problem;
                state.progress = Progress::begin(if state.requested > covers {
                    Phase::Queued
                } else {
                    Phase::Vectors
                });
            });
            Outcome::Done
        }
        Ok(outcome @ (Outcome::Interrupted | Outcome::Failed | Outcome::Damaged)) => outcome,
        Err(error) => {
            tracing::warn!(error = error.chain(), "a pass failed");
            if may_heal && is_damage(&error) {
                return Outcome::Damaged;
            }
            record_failure(&handle, covers, &error);
            Outcome::Failed
        }
    }
}

/// What the user added to the root's languages and cannot be used; what was read without it is in the index.
fn language_problems(context: &Context, handle: &RootHandle) -> Option<String> {
    let mut problems = context.ports.extractor.problems();
    if !problems.is_empty()
        && let Some(view) = handle.view.load_full()
    {
        let present = view.languages();
        problems.retain(|(language, _)| present.iter().any(|name| **name == **language));
    }
    let texts: Vec<String> = problems.into_iter().map(|(_, problem)| problem).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A forced pass is how the user agrees to embed again what another model embedded.
fn forget_foreign_vectors(context: &Context, stores: &Stores) -> Result<(), EngineError> {
    let stored = stores
        .catalog
        .fingerprint()
        .map_err(EngineError::port("read the index's embedder"))?;
    let current = context.ports.embedder.fingerprint().ok();
    if stored.is_some() && current.is_some() && stored != current {
        // The catalog first: vectors it does not count are only overwritten.
        stores
            .catalog
            .reset_vectors()
            .map_err(EngineError::port("forget the vectors"))?;
        stores
            .vectors
            .clear()
            .map_err(EngineError::port("delete the vectors"))?;
    }
    Ok(())
}

/// Watches a root from now on, unless it is or should not be. Comes before the root is listed: what changes meanwhile is
/// hinted at.
fn watch(context: &Context, root: &Path, handle: &RootHandle) {
    if !context.config.load().watch || handle.fresh.is_watched() {
        return;
    }
    let Some(watcher) = &context.ports.watcher else { return };
    let (fresh, hinted) = (Arc::downgrade(&handle.fresh), Arc::clone(&context.hinted));
    let sink: HintSink = Arc::new(move |hint| {
        if let Some(fresh) = fresh.upgrade() {
            fresh.add(hint);
            hinted.notify_one();
        }
    });
    match watcher.watch(root, sink) {
        Ok(watch) => drop(handle.fresh.set_watch(Some(watch))),
        Err(error) => {
            tracing::warn!(
                error = codemem_core::error::chain(&error),
                "a root is not watched: what changes in it is found when it is indexed again"
            );
        }
    }
}

/// Makes durable what edits made visible, if the stores are open.
pub(super) fn settled(context: &Context) -> Result<(), EngineError> {
    match context.published.stores.load_full() {
        Some(stores) => settle::settle(context, &stores),
        None => Ok(()),
    }
}

fn vectors(context: &Context, stop: &Stop, may_heal: bool) -> Outcome {
    threads::step_back();
    let roots = context.published.roots.load_full();
    let covers: Vec<(RootHandle, u64)> = roots
        .values()
        .map(|handle| (handle.clone(), handle.state.borrow().lexical_done))
        .collect();
    let result = stores(context).and_then(|stores| {
        let job = VectorJob {
            context,
            stores: &stores,
            roots: &roots,
            stop,
        };
        job.run()
    });
    match result {
        Ok(Outcome::Interrupted) => Outcome::Interrupted,
        Err(error) if may_heal && is_damage(&error) => {
            tracing::warn!(error = error.chain(), "vectors are incomplete");
            Outcome::Damaged
        }
        ended => {
            let problem = ended.err().map(|error| described(&error));
            if let Some(problem) = &problem {
                tracing::warn!(problem, "vectors are incomplete");
            }
            for (handle, covered) in covers {
                handle.state.send_modify(|state| {
                    state.vectors_done = state.vectors_done.max(covered);
                    state.vectors_problem.clone_from(&problem);
                    if state.progress.phase != Phase::Queued {
                        state.progress = Progress::begin(Phase::Idle);
                    }
                });
            }
            Outcome::Done
        }
    }
}

/// Counts who uses what in the roots of which files have changed since. False when it was stopped.
fn count_users(context: &Context, stores: &Stores, stop: &Stop) -> Result<bool, EngineError> {
    for (root, handle) in context.published.roots.load().iter() {
        let Some(view) = handle.view.load_full() else { continue };
        let worktree = stores.catalog.find_worktree(root);
        let Some(worktree) = worktree.map_err(EngineError::port("find the root"))? else {
            continue;
        };
        let (standing, known) = (&handle.standing, &context.published.known);
        if !standing.catch_up(&view, &*stores.catalog, worktree, known, stop)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Waits for what makes searches faster or better, as long as nothing else is to be done: interrupted, it goes on by itself.
fn tune(context: &Context, stop: &Stop, may_heal: bool) -> Outcome {
    threads::step_back();
    let roots = context.published.roots.load_full();
    let Some(stores) = context.published.stores.load_full() else {
        return Outcome::Done;
    };
    Pace::new(&context.config, context.ports.system.as_ref(), stop).wait(0, roots.values());
    if stop.is_requested() {
        return Outcome::Interrupted;
    }
    let tuned = stores.vectors.tune(&|| stop.is_requested());
    let tuned = tuned.map_err(EngineError::port("tune the vectors"));
    let counted = tuned.and_then(|is_tuned| Ok(is_tuned && count_users(context, &stores, stop)?));
    match counted {
        Ok(true) => Outcome::Done,
        Ok(false) => Outcome::Interrupted,
        Err(error) => {
            // Answers are the same without.
            tracing::warn!(error = error.chain(), "searches stay as fast and as good as they are");
            if may_heal && is_damage(&error) {
                return Outcome::Damaged;
            }
            Outcome::Failed
        }
    }
}

fn remove(context: &Context, root: &Path) -> Result<(), EngineError> {
    let stores = stores(context)?;
    let worktree = stores
        .catalog
        .find_worktree(root)
        .map_err(EngineError::port("find the root"))?;
    if let Some(worktree) = worktree {
        stores
            .catalog
            .remove_worktree(worktree)
            .map_err(EngineError::port("forget the root"))?;
    }
    if let Some(handle) = context.published.roots.load().get(root) {
        drop(handle.fresh.set_watch(None));
    }
    context.published.roots.rcu(|roots| {
        let mut roots = (**roots).clone();
        roots.remove(root);
        roots
    });
    Ok(())
}

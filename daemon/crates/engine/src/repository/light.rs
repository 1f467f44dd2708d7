//! The jobs that last moments: taking an edit in, and making edits durable.
//!
//! One at a time on a thread of its own, beside vectors or alone, never beside another job: it writes the catalog and the
//! lexical index, in which a vector job changes nothing but its marks.

use super::RootHandle;
use super::job::{Context, described};
use super::reopen::is_damage;
use crate::EngineError;
use crate::freshness::{Fresh, Taken};
use crate::pass::{Touch, Touched, settle};
use crate::threads::Stop;
use codemem_core::ports::Stores;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Contents and paths that are unsettled at most: how much a crash can repeat.
const UNSETTLED: usize = 500;

/// A job that lasts moments.
pub(super) enum LightJob {
    /// Look at what is hinted at in a root.
    Touch(PathBuf),
    /// Make edits durable.
    Settle,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LightOutcome {
    Done {
        /// There are texts that may have no vector.
        new_texts: bool,
    },
    /// Not everything could be done. What is left is left to passes, which should not come at once.
    Failed,
    /// It met a damaged store.
    Damaged,
}

const NOTHING: LightOutcome = LightOutcome::Done { new_texts: false };

impl LightJob {
    pub(super) fn thread_name(&self) -> &'static str {
        match self {
            Self::Touch(_) => "repo-touch",
            Self::Settle => "repo-settle",
        }
    }
}

/// Runs a job to its end; failures are recorded in the states of the roots that they concern.
pub(super) fn run(context: &Context, job: &LightJob, stop: &Stop, may_heal: bool) -> LightOutcome {
    let Some(stores) = context.published.stores.load_full() else {
        return NOTHING;
    };
    match job {
        LightJob::Touch(root) => touch(context, &stores, root, stop, may_heal),
        LightJob::Settle => {
            let handles: Vec<RootHandle> = context.published.roots.load().values().cloned().collect();
            outcome(settle::settle(context, &stores).map(|()| NOTHING), &handles, may_heal)
        }
    }
}

fn touch(context: &Context, stores: &Stores, root: &Path, stop: &Stop, may_heal: bool) -> LightOutcome {
    let Some(handle) = context.published.roots.load().get(root).cloned() else {
        return NOTHING; // removed while it waited
    };
    let began = Instant::now();
    let looking = Looking::begin(&handle.fresh);
    if looking.taken.head {
        let head = context.ports.source.head(root);
        handle.state.send_if_modified(|state| {
            let moved = state.head != head;
            state.head = head;
            moved
        });
    }
    let edit = Touch {
        context,
        config: context.config.load_full(),
        stores,
        root,
        handle: &handle,
        stop,
    };
    let touched = if looking.taken.paths.is_empty() {
        Ok(Touched::default())
    } else {
        edit.run(&looking.taken.paths)
    };
    let n_paths = looking.taken.paths.len();
    looking.end(&touched);
    tracing::debug!(
        repository = %context.key,
        n_paths,
        milliseconds = began.elapsed().as_secs_f64() * 1_000.0,
        whole_root = touched.as_ref().is_ok_and(|touched| touched.whole_root),
        "an edit was looked into"
    );
    let settled = touched.and_then(|touched| {
        if context.unsettled.len() >= UNSETTLED {
            settle::settle(context, stores)?;
        }
        Ok(if touched.failed {
            LightOutcome::Failed
        } else {
            LightOutcome::Done {
                new_texts: touched.new_texts,
            }
        })
    });
    outcome(settled, &[handle], may_heal)
}

fn outcome(result: Result<LightOutcome, EngineError>, handles: &[RootHandle], may_heal: bool) -> LightOutcome {
    let error = match result {
        Ok(outcome) => return outcome,
        Err(error) => error,
    };
    tracing::warn!(error = error.chain(), "an edit is not taken in whole");
    if may_heal && is_damage(&error) {
        return LightOutcome::Damaged;
    }
    for handle in handles {
        handle
            .state
            .send_modify(|state| state.problem = Some(described(&error)));
    }
    LightOutcome::Failed
}

/// Hints that are being looked into. Whoever gives up on the way leaves them to a pass.
struct Looking<'a> {
    fresh: &'a Fresh,
    taken: Taken,
    whole_root: bool,
}

impl<'a> Looking<'a> {
    fn begin(fresh: &'a Fresh) -> Self {
        Self {
            fresh,
            taken: fresh.take(),
            whole_root: true,
        }
    }

    fn end(mut self, result: &Result<Touched, EngineError>) {
        self.whole_root = result.as_ref().map_or(true, |touched| touched.whole_root);
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.fresh.looked(&self.taken, self.whole_root);
    }
}

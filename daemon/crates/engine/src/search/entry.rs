//! The engine's front for searches: paths to roots, roots to snapshots, one blocking thread per search.
//!
//! What fails in one root of several leaves the others their answer; the answer says what was not searched, and why.

use super::answer::{Hit, SearchAnswer, SearchedRoot};
use super::label::labels;
use super::{Embedded, Memo, Search, SearchRequest, run};
use crate::EngineError;
use crate::engine::{Engine, blocking, not_ready, suspect};
use crate::freshness::Freshness;
use crate::graph::Users;
use crate::progress::RootState;
use crate::repository::{RepositoryHandle, RootHandle, is_damage};
use crate::threads::Stop;
use crate::view::View;
use codemem_core::ports::{Stores, WorktreeCounts};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tracing::Instrument as _;

/// A root that is asked about.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) repository: RepositoryHandle,
    pub(crate) root: PathBuf,
    pub(crate) handle: RootHandle,
    /// Empty where it is the only one.
    pub(crate) label: String,
    /// Set by a search that met damage which an answer can do without.
    met_damage: Arc<AtomicBool>,
    /// Its repository's stores were opened again for this request.
    is_healed: bool,
}

/// The snapshots of a root that a search reads.
pub(crate) struct Ready {
    pub(crate) chosen: Chosen,
    pub(crate) stores: Arc<Stores>,
    pub(crate) view: Arc<View>,
    pub(crate) state: RootState,
    pub(crate) freshness: Freshness,
    pub(crate) counts: WorktreeCounts,
    pub(crate) users: Arc<Users>,
}

/// A request that failed, and in which of the chosen roots.
pub(crate) struct Failed {
    pub(crate) root: Option<usize>,
    pub(crate) error: EngineError,
}

impl Failed {
    pub(crate) fn at(root: usize) -> impl FnOnce(EngineError) -> Self {
        move |error| Self {
            root: Some(root),
            error,
        }
    }
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self { root: None, error }
    }
}

impl Chosen {
    /// `None` while the stores are closed or the manifest is not loaded.
    pub(crate) fn take(&self) -> Option<Ready> {
        // Told before the view is taken: what is read in between makes the answer truer than it says.
        let state = self.handle.state.borrow().clone();
        let freshness = self.handle.fresh.told(&state);
        Some(Ready {
            stores: self.repository.published.stores.load_full()?,
            view: self.handle.view.load_full()?,
            state,
            freshness,
            counts: **self.handle.counts.load(),
            users: self.handle.standing.users(),
            chosen: self.clone(),
        })
    }

    fn is_resting(&self) -> bool {
        self.repository.published.resting.load(Ordering::SeqCst)
    }
}

/// Remembers what the handles of an answer name.
fn note(memo: &Memo, answer: &SearchAnswer) {
    let label = |hit: &Hit| {
        answer
            .roots
            .iter()
            .find(|root| root.root == hit.root)
            .map(|root| root.label.as_str())
    };
    let relative = |hit: &'_ Hit| {
        let behind = label(hit).filter(|label| !label.is_empty());
        behind.map_or(0, |label| label.len() + 1)
    };
    memo.note(answer.hits.iter().map(|hit| (hit, &hit.path[relative(hit)..])));
}

impl Engine {
    /// Answers a search over the registered roots that hold the request's paths. One that meets a
    /// damaged store has it replaced, and answers from what there is then.
    pub async fn search(&self, request: SearchRequest) -> Result<SearchAnswer, EngineError> {
        let mut chosen = self.choose(&request.paths, request.all).await?;
        let mut unsearched = Vec::new();
        loop {
            let failed = match self.search_once(&request, &chosen).await {
                Ok(mut answer) => {
                    for one in chosen.iter().filter(|one| one.met_damage.load(Ordering::Relaxed)) {
                        suspect(&one.repository);
                    }
                    answer.roots.append(&mut unsearched);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            let Some(at) = failed.root else {
                return Err(failed.error);
            };
            if is_damage(&failed.error) && !chosen[at].is_healed {
                chosen[at].is_healed = true;
                if self.heal(&chosen[at].repository).await {
                    continue;
                }
            }
            if chosen.len() == 1 || matches!(failed.error, EngineError::GivenUp) {
                return Err(failed.error);
            }
            let left_out = chosen.remove(at);
            tracing::warn!(error = failed.error.chain(), "a search goes without one of its roots");
            unsearched.push(SearchedRoot {
                root: left_out.root,
                label: left_out.label,
                coverage: super::Coverage::default(),
                freshness: Freshness::default(),
                problem: Some(failed.error.chain()),
            });
        }
    }

    /// The registered roots that are asked about, each once, in the order asked for.
    pub(crate) async fn choose(&self, paths: &[PathBuf], all: bool) -> Result<Vec<Chosen>, EngineError> {
        let mut found: Vec<(RepositoryHandle, PathBuf, RootHandle)> = Vec::new();
        if all {
            found = self.inner.all_roots();
            found.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
        }
        for path in paths.iter().filter(|_| !all) {
            let holder = self.resolve(path).await?;
            if !found.iter().any(|(_, root, _)| *root == holder.1) {
                found.push(holder);
            }
        }
        if found.is_empty() {
            return Err(EngineError::Invalid {
                message: "there is nothing to search".to_owned(),
                hint: "run `codemem index` in a project, and name it".to_owned(),
            });
        }
        let roots: Vec<PathBuf> = found.iter().map(|(_, root, _)| root.clone()).collect();
        let labels = match roots.as_slice() {
            [_] => vec![String::new()],
            roots => labels(roots),
        };
        let chosen = found.into_iter().zip(labels);
        let chosen = chosen.map(|((repository, root, handle), label)| Chosen {
            repository,
            root,
            handle,
            label,
            met_damage: Arc::default(),
            is_healed: false,
        });
        Ok(chosen.collect())
    }

    /// Waits until the stores of these roots are open and what was just saved in them is read, as far as the bounds of
    /// both waits allow.
    async fn settle(&self, chosen: &[Chosen]) {
        if let [one] = chosen {
            self.awake(&one.repository).await;
            one.handle.fresh.barrier().await;
            return;
        }
        let mut waiting = JoinSet::new();
        for one in chosen {
            let (engine, one) = (self.clone(), one.clone());
            let ready = async move {
                engine.awake(&one.repository).await;
                one.handle.fresh.barrier().await;
            };
            waiting.spawn(ready.in_current_span());
        }
        while waiting.join_next().await.is_some() {}
    }

    /// The snapshots of these roots and a permit to search them.
    pub(crate) async fn ready(&self, chosen: &[Chosen]) -> Result<(OwnedSemaphorePermit, Vec<Ready>), Failed> {
        let mut n_tries = 0;
        loop {
            self.settle(chosen).await;
            let permits = Arc::clone(self.inner.search_permits());
            let permit = permits.acquire_owned().await.map_err(|_| EngineError::Stopping)?;
            let taken = chosen.iter().enumerate().map(|(at, one)| one.take().ok_or(at));
            match taken.collect() {
                Ok(ready) => return Ok((permit, ready)),
                Err(at) => {
                    // Closed for want of use just before this search came: once more.
                    n_tries += 1;
                    if n_tries > 1 || !chosen[at].is_resting() {
                        let error = not_ready(&chosen[at].root, &chosen[at].handle.state.borrow());
                        return Err(Failed::at(at)(error));
                    }
                }
            }
        }
    }

    async fn search_once(&self, request: &SearchRequest, chosen: &[Chosen]) -> Result<SearchAnswer, Failed> {
        let (permit, ready) = self.ready(chosen).await?;
        // Several roots are gathered side by side where nobody else wants to search.
        let mut permits = vec![permit];
        while permits.len() < ready.len()
            && let Ok(permit) = Arc::clone(self.inner.search_permits()).try_acquire_owned()
        {
            permits.push(permit);
        }
        let stop = Stop::default();
        // A caller who leaves drops this future, and the work ends at its next step.
        let _given_up = stop.clone().on_drop();
        let expanded = ready.iter().filter(|_| request.expand);
        let expanded = expanded.map(|ready| {
            let catalog = Arc::clone(&ready.stores.catalog);
            (ready.chosen.repository.clone(), Arc::clone(&ready.view), catalog)
        });
        let expanded: Vec<_> = expanded.collect();
        let (inner, request) = (Arc::clone(&self.inner), request.clone());
        let search = blocking("search", move || {
            // Held to the end of the work, not of the call: a client that leaves frees no thread.
            let n_threads = permits.len();
            let limits = inner.limits();
            let embedded = Embedded::default();
            let searches = ready.iter().map(|ready| Search {
                ports: &inner.ports,
                stores: &ready.stores,
                root: &ready.chosen.root,
                label: &ready.chosen.label,
                view: &ready.view,
                state: &ready.state,
                freshness: &ready.freshness,
                fresh: &ready.chosen.handle.fresh,
                counts: ready.counts,
                users: &ready.users,
                max_file_bytes: limits.max_file_bytes,
                limits: &limits,
                stop: &stop,
                met_damage: &ready.chosen.met_damage,
                embedded: &embedded,
                known: &ready.chosen.repository.published.known,
            });
            let searches: Vec<Search<'_>> = searches.collect();
            let answer = run::run(&searches, &request, n_threads)?;
            note(inner.memo(), &answer);
            Ok(answer)
        });
        let answered = search.await?;
        for (repository, view, catalog) in expanded {
            self.read_facts(repository, view, catalog);
        }
        answered
    }
}

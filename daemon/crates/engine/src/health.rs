//! The full check of the stores, on demand.
//!
//! Runs on a blocking thread of the runtime, over stores that are open and in use: every check reads
//! beside searches and jobs, and what they change meanwhile is looked at again before it is called
//! damage. Reports and changes nothing; damage is repaired by the jobs that meet it.

use crate::EngineError;
use crate::engine::{Engine, Inner, blocking};
use crate::repository::RepositoryHandle;
use codemem_core::error::chain;
use codemem_core::ids::IdSet;
use codemem_core::ports::{
    Marks, PortError, PortErrorKind, PortResult, Severity, StoreFinding, StoreKind, Stores, VectorSpace,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Times that the indexes are compared with the catalog before a difference counts: jobs that run
/// meanwhile change one after the other.
const LOOKS: usize = 3;

/// Ids named in a finding.
const NAMED: usize = 3;

/// What a check of the stores found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HealthReport {
    /// About the list of roots.
    pub roots: Vec<StoreFinding>,
    /// Each repository that was checked, by its first root.
    pub repositories: Vec<RepositoryHealth>,
}

/// What a check found in the stores of one repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepositoryHealth {
    /// The registered roots that share the stores, sorted.
    pub roots: Vec<PathBuf>,
    /// Nothing with [`Severity::Problem`] in here: its stores are sound.
    pub findings: Vec<StoreFinding>,
}

impl Engine {
    /// Reads the stores whole and compares them with each other: the list of roots, and those of
    /// every repository, or of the one whose registered root holds `root`. Takes seconds per
    /// million lines of code. Damage is a finding, not an error; an error is a root that is not
    /// registered, or a daemon that stops.
    pub async fn check(&self, root: Option<&Path>) -> Result<HealthReport, EngineError> {
        let chosen = match root {
            Some(root) => vec![self.resolve(root).await?.0],
            None => self.inner.repositories.load().values().cloned().collect(),
        };
        for repository in &chosen {
            self.awake(repository).await;
        }
        for repository in &chosen {
            // Stores that were closed for want of use are checked open, as the others are.
            self.awake(repository).await;
        }
        let inner = Arc::clone(&self.inner);
        blocking("check", move || {
            let mut repositories: Vec<RepositoryHealth> = chosen
                .iter()
                .take_while(|_| !inner.cancel.is_cancelled())
                .map(|repository| inner.health(repository))
                .collect();
            repositories.sort_by(|a, b| a.roots.cmp(&b.roots));
            HealthReport {
                roots: inner.ports.registry.check(None),
                repositories,
            }
        })
        .await
    }
}

impl Inner {
    fn health(&self, repository: &RepositoryHandle) -> RepositoryHealth {
        let registry = &self.ports.registry;
        let locate = |store| registry.location(&repository.key, store);
        let roots = repository.published.roots.load_full();
        let mut findings = match repository.published.stores.load_full() {
            Some(stores) => {
                // Whoever wants to close the stores waits for a check, but not for all of them.
                let is_current = || {
                    let now = repository.published.stores.load();
                    now.as_ref().is_some_and(|now| Arc::ptr_eq(now, &stores))
                };
                examine(&stores, &locate, &is_current)
            }
            None => roots
                .values()
                .filter_map(|handle| handle.state.borrow().problem.clone())
                .take(1)
                .map(|problem| StoreFinding {
                    store: StoreKind::Catalog,
                    path: locate(StoreKind::Catalog),
                    severity: Severity::Problem,
                    what: problem,
                    remedy: "run `codemem index` once the cause is removed".to_owned(),
                })
                .collect(),
        };
        findings.extend(registry.check(Some(&repository.key)));
        RepositoryHealth {
            roots: roots.keys().cloned().collect(),
            findings,
        }
    }
}

/// Every check of open stores, as long as they are the ones in use.
fn examine(stores: &Stores, locate: &dyn Fn(StoreKind) -> PathBuf, is_current: &dyn Fn() -> bool) -> Vec<StoreFinding> {
    let mut findings = Vec::new();
    for store in [StoreKind::Catalog, StoreKind::Lexical, StoreKind::Vectors] {
        if !is_current() {
            return findings;
        }
        let checked = match store {
            StoreKind::Roots | StoreKind::Memories => Ok(()),
            StoreKind::Catalog => stores.catalog.check(),
            StoreKind::Lexical => stores.lexical.check(),
            StoreKind::Vectors => stores.vectors.check(),
        };
        findings.extend(checked.err().map(|error| failed(store, locate(store), &error)));
    }
    if !findings.is_empty() {
        return findings;
    }
    let mut differences = Vec::new();
    for _ in 0..LOOKS {
        differences = match compare(stores) {
            Ok(differences) => differences,
            Err(error) => {
                findings.push(failed(StoreKind::Catalog, locate(StoreKind::Catalog), &error));
                return findings;
            }
        };
        if differences.is_empty() {
            break;
        }
    }
    findings.extend(differences.into_iter().map(|(store, what)| StoreFinding {
        store,
        path: locate(store),
        severity: Severity::Problem,
        what,
        remedy: REBUILD.to_owned(),
    }));
    findings
}

/// What the catalog believes the indexes to hold and they do not. Marks are read before and after
/// the indexes, and only what both times were marked counts: marks come after what they mark, and
/// go before it.
fn compare(stores: &Stores) -> PortResult<Vec<(StoreKind, String)>> {
    let before = stores.catalog.marks()?;
    let (contents, paths) = stores.lexical.held()?;
    let n_files = stores.vectors.count(VectorSpace::Files)?;
    let n_chunks = stores.vectors.count(VectorSpace::Chunks)?;
    let after = stores.catalog.marks()?;
    Ok(differences(&before, &after, &contents, &paths, n_files, n_chunks))
}

fn differences(
    before: &Marks,
    after: &Marks,
    contents: &IdSet,
    paths: &IdSet,
    n_files: u64,
    n_chunks: u64,
) -> Vec<(StoreKind, String)> {
    let mut found = Vec::new();
    for (what, before, after, held) in [
        ("contents", &before.contents, &after.contents, contents),
        ("paths", &before.paths, &after.paths, paths),
    ] {
        let missing = || before.iter().filter(|id| after.contains(*id) && !held.contains(*id));
        let n_missing = missing().count();
        if n_missing > 0 {
            let first: Vec<String> = missing().take(NAMED).map(|id| id.to_string()).collect();
            let first = first.join(", ");
            found.push((
                StoreKind::Lexical,
                format!("{n_missing} {what} of the catalog are missing, first {first}"),
            ));
        }
    }
    for (what, marked, held) in [
        ("file", before.file_texts.min(after.file_texts), n_files),
        ("chunk", before.chunk_texts.min(after.chunk_texts), n_chunks),
    ] {
        if held < marked {
            found.push((
                StoreKind::Vectors,
                format!("it holds {held} {what} vectors, the catalog counts {marked}"),
            ));
        }
    }
    found
}

/// What cures a store that is wrong but opens.
const REBUILD: &str =
    "run `codemem daemon restart`; the store is checked when it opens, and built again when it is damaged";

fn failed(store: StoreKind, path: PathBuf, error: &PortError) -> StoreFinding {
    let remedy = match (error.kind, &error.hint) {
        (PortErrorKind::Corrupt, _) | (_, None) => REBUILD.to_owned(),
        (_, Some(hint)) => hint.clone(),
    };
    StoreFinding {
        store,
        path,
        severity: Severity::Problem,
        what: chain(error),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(ids: &[u32], n_texts: u64) -> Marks {
        Marks {
            contents: ids.iter().copied().collect(),
            paths: ids.iter().copied().collect(),
            file_texts: n_texts,
            chunk_texts: n_texts,
        }
    }

    #[test]
    fn only_what_stays_marked_and_is_not_held_is_a_difference() {
        let set = |ids: &[u32]| ids.iter().copied().collect::<IdSet>();
        let held = set(&[1, 2, 9]);
        let all = |before: &Marks, after: &Marks, n| differences(before, after, &held, &held, n, n);
        assert_eq!(all(&marks(&[1, 2], 3), &marks(&[1, 2], 3), 3), []);
        assert_eq!(
            all(&marks(&[1], 3), &marks(&[1, 5], 4), 3),
            [],
            "marked after it was looked for"
        );
        assert_eq!(
            all(&marks(&[1, 5], 4), &marks(&[1], 3), 3),
            [],
            "pruned while it was looked for"
        );
        let found = all(&marks(&[1, 5, 6], 4), &marks(&[1, 5, 6], 4), 3);
        let text: Vec<String> = found.iter().map(|(store, what)| format!("{store}: {what}")).collect();
        assert_eq!(
            text,
            [
                "lexical index: 2 contents of the catalog are missing, first 5, 6",
                "lexical index: 2 paths of the catalog are missing, first 5, 6",
                "vector index: it holds 3 file vectors, the catalog counts 4",
                "vector index: it holds 3 chunk vectors, the catalog counts 4",
            ]
        );
    }
}

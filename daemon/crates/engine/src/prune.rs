//! Deleting what nothing refers to: roots that are gone, manifests of no root, contents and texts that no manifest
//! names, and what the indexes hold that the catalog does not know.
//!
//! A change of the set of roots as the others are (`registrar`), and then a job of every repository: it waits for the
//! pass that runs, and searches go on beside it. A dry run goes the same way and counts what it meets; it must not change
//! anything.

use crate::EngineError;
use crate::config::Ports;
use crate::engine::{Inner, blocking};
use crate::registrar::ask;
use crate::repository::job::Context;
use crate::repository::{Command, Published, RepositoryHandle};
use codemem_core::ids::{ContentId, IdSet, PathId, RepositoryKey, TextId, WorktreeId};
use codemem_core::ports::{Garbage, PortErrorKind, Registry, StoreKind, Stores, VectorSpace};
use std::path::{Path, PathBuf};

/// What a prune found, or deleted: both count the same, but for the bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PruneReport {
    /// Registered roots whose directory is gone for good; they are forgotten.
    pub roots: Vec<PathBuf>,
    /// Registered roots that are not there but may be on a disk that is not attached: they are kept, until somebody
    /// removes them by name. See [`codemem_core::ports::SourceTree::is_gone`].
    pub missing: Vec<PathBuf>,
    /// Working trees that are indexed and that no registered root names.
    pub worktrees: u64,
    /// Indexes on disk that no registered root names.
    pub orphans: u64,
    /// Contents that no worktree holds.
    pub contents: u64,
    /// Contents and paths that the lexical index lets go of.
    pub documents: u64,
    /// Vectors that no content uses, in both spaces.
    pub vectors: u64,
    /// Bytes given back to the file system. A dry run knows them of whole indexes only.
    pub freed_bytes: u64,
}

impl PruneReport {
    /// Adds another repository's report.
    fn add(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.missing.extend(other.missing);
        self.worktrees += other.worktrees;
        self.orphans += other.orphans;
        self.contents += other.contents;
        self.documents += other.documents;
        self.vectors += other.vectors;
        self.freed_bytes += other.freed_bytes;
    }
}

impl Inner {
    /// Forgets roots that are gone and deletes what nothing refers to; one repository that fails does
    /// not keep the others from it.
    pub(crate) async fn prune(&self, dry_run: bool) -> Result<PruneReport, EngineError> {
        let mut report = self.absent_roots().await?;
        let mut failed = None;
        let handles: Vec<RepositoryHandle> = self.repositories.load().values().cloned().collect();
        for handle in &handles {
            let known = handle.published.roots.load_full();
            let (gone, staying): (Vec<_>, Vec<_>) = known.keys().partition(|root| report.roots.contains(root));
            // Nobody counts any more once the stores are deleted as a whole.
            let is_whole = staying.is_empty() && !gone.is_empty();
            if !dry_run && !is_whole {
                for root in gone {
                    self.forget_gone(root)
                        .await
                        .map_or_else(|error| failed = Some(error), drop);
                }
            }
            let counts_only = dry_run || is_whole;
            let asked = ask(handle, |reply| Command::Prune {
                dry_run: counts_only,
                reply,
            });
            match asked.await {
                Ok(Ok(pruned)) => report.add(pruned),
                // What cannot be read any more can still be deleted.
                Ok(Err(error)) if is_whole => {
                    tracing::warn!(error = error.chain(), repository = %handle.key, "cannot count what is deleted");
                }
                Ok(Err(error)) | Err(error) => {
                    tracing::warn!(error = error.chain(), repository = %handle.key, "cannot prune");
                    failed = Some(error);
                }
            }
            if is_whole {
                report.freed_bytes += if dry_run {
                    self.ports.registry.disk_bytes(&handle.key)
                } else {
                    self.forget_whole(handle, &mut failed).await
                };
            }
        }
        report.add(self.destroy_orphans(dry_run).await?);
        failed.map_or(Ok(report), Err)
    }

    /// Forgets every root of a repository, and with the last one its stores; the bytes freed.
    async fn forget_whole(&self, repository: &RepositoryHandle, failed: &mut Option<EngineError>) -> u64 {
        let mut freed = 0;
        for root in repository.published.roots.load_full().keys() {
            match self.forget_gone(root).await {
                Ok(bytes) => freed += bytes.unwrap_or_default(),
                Err(error) => *failed = Some(error),
            }
        }
        freed
    }

    async fn forget_gone(&self, root: &Path) -> Result<Option<u64>, EngineError> {
        let _registering = self.registering.lock().await;
        let found = self.all_roots().into_iter().find(|(_, known, _)| known == root);
        match found {
            Some((repository, root, _)) => self.forget(&repository, &root).await,
            // Somebody else was quicker.
            None => Ok(None),
        }
    }

    /// The roots that are gone, and those that are only not there.
    async fn absent_roots(&self) -> Result<PruneReport, EngineError> {
        let ports = self.ports.clone();
        let roots = self.all_roots();
        let look = move || {
            let mut report = PruneReport::default();
            for (repository, root, _) in roots {
                if is_gone(&ports, &repository.key, &repository.published, &root) {
                    report.roots.push(root);
                } else if ports
                    .source
                    .identify(&root)
                    .is_err_and(|error| error.kind == PortErrorKind::NotFound)
                {
                    report.missing.push(root);
                }
            }
            report
        };
        blocking("identify", look).await
    }

    /// Deletes stores that no root names.
    async fn destroy_orphans(&self, dry_run: bool) -> Result<PruneReport, EngineError> {
        let _registering = self.registering.lock().await;
        let table = self.repositories.load_full();
        let destroy = move |registry: &dyn Registry| {
            let roots = registry.roots()?;
            let named =
                |key: &RepositoryKey| table.contains_key(key) || roots.iter().any(|root| root.repository == *key);
            let mut report = PruneReport::default();
            for key in registry.repositories()?.into_iter().filter(|key| !named(key)) {
                report.orphans += 1;
                report.freed_bytes += registry.disk_bytes(&key);
                if !dry_run {
                    registry.destroy(&key)?;
                }
            }
            Ok(report)
        };
        self.registry("delete unused indexes", destroy).await
    }
}

/// Whether a root was surely deleted. It was there when it was registered; where nobody noted that, the only root of an
/// index was there when that was made.
fn is_gone(ports: &Ports, key: &RepositoryKey, published: &Published, root: &Path) -> bool {
    let made = || {
        let index = ports.registry.location(key, StoreKind::Catalog);
        std::fs::metadata(index).and_then(|found| found.created()).ok()
    };
    let roots = published.roots.load();
    let is_only = roots.len() == 1;
    let known_since = roots.get(root).and_then(|handle| handle.since);
    let known_since = known_since.or_else(|| if is_only { made() } else { None });
    ports.source.is_gone(root, known_since)
}

/// Collects one repository's garbage: its marks first, then from the indexes, then from the catalog.
/// A crash in between leaves garbage that the next prune names again, and that is indexed again if it
/// comes back into use. A dry run counts the manifests of roots that are gone as deleted.
pub(crate) fn run(context: &Context, stores: &Stores, dry_run: bool) -> Result<PruneReport, EngineError> {
    let (unnamed, gone) = worktrees_without_root(context, stores, dry_run)?;
    let without: Vec<WorktreeId> = unnamed.iter().chain(&gone).copied().collect();
    if !dry_run {
        for worktree in &unnamed {
            stores
                .catalog
                .remove_worktree(*worktree)
                .map_err(EngineError::port("forget a worktree without a root"))?;
        }
    }
    let garbage = stores
        .catalog
        .garbage(&without)
        .map_err(EngineError::port("look for what is unused"))?;
    let leftover = Leftover::find(stores, &garbage)?;
    let mut report = PruneReport {
        worktrees: unnamed.len() as u64,
        contents: garbage.contents.len() as u64,
        documents: (leftover.contents.len() + leftover.paths.len()) as u64,
        vectors: leftover.texts.len() as u64,
        ..PruneReport::default()
    };
    let in_catalog = !(garbage.contents.is_empty() && garbage.paths.is_empty() && garbage.texts.is_empty());
    if dry_run || !(in_catalog || report.documents > 0 || report.vectors > 0) {
        return Ok(report);
    }
    let disk = || stores.catalog.disk_bytes() + stores.lexical.disk_bytes() + stores.vectors.disk_bytes();
    let before = disk();
    stores
        .catalog
        .unmark(&garbage)
        .map_err(EngineError::port("unmark what is unused"))?;
    leftover.delete(stores)?;
    stores
        .catalog
        .collect(&garbage)
        .map_err(EngineError::port("prune the catalog"))?;
    report.freed_bytes = before.saturating_sub(disk());
    tracing::info!(
        repository = %context.key,
        contents = report.contents,
        documents = report.documents,
        vectors = report.vectors,
        freed_bytes = report.freed_bytes,
        "pruned"
    );
    Ok(report)
}

/// Worktrees of the catalog that no registered root names: what a crash leaves between forgetting a root and its
/// manifest. For a dry run also those of roots that the prune itself would forget.
fn worktrees_without_root(
    context: &Context,
    stores: &Stores,
    dry_run: bool,
) -> Result<(Vec<WorktreeId>, Vec<WorktreeId>), EngineError> {
    let roots = context.published.roots.load_full();
    let worktrees = stores
        .catalog
        .worktrees()
        .map_err(EngineError::port("list the worktrees"))?;
    let (mut unnamed, mut gone) = (Vec::new(), Vec::new());
    for (worktree, root) in worktrees {
        if !roots.contains_key(&root) {
            unnamed.push(worktree);
        } else if dry_run && is_gone(&context.ports, &context.key, &context.published, &root) {
            gone.push(worktree);
        }
    }
    Ok((unnamed, gone))
}

/// What the indexes hold and should not: garbage of the catalog, and what it never heard of.
struct Leftover {
    contents: Vec<ContentId>,
    paths: Vec<PathId>,
    /// Of both spaces; a text that is in neither has no vector to be deleted.
    texts: Vec<TextId>,
}

impl Leftover {
    fn find(stores: &Stores, garbage: &Garbage) -> Result<Self, EngineError> {
        // The indexes first: what comes into them meanwhile the catalog knew before.
        let (contents, paths) = stores
            .lexical
            .held()
            .map_err(EngineError::port("list the lexical index"))?;
        let held = |space| {
            let held = stores.vectors.held(space);
            held.map_err(EngineError::port("list the vectors"))
        };
        let texts = [held(VectorSpace::Files)?, held(VectorSpace::Chunks)?];
        let known = stores.catalog.ids().map_err(EngineError::port("list the catalog"))?;
        let unused = |held: &IdSet, known: &IdSet, garbage: &IdSet| -> Vec<u32> {
            let is_unused = |id: &u32| garbage.contains(*id) || !known.contains(*id);
            held.iter().filter(is_unused).collect()
        };
        let dead_contents = garbage.contents.iter().map(|id| id.0).collect();
        let dead_paths = garbage.paths.iter().map(|id| id.0).collect();
        let dead_texts = garbage.texts.iter().map(|id| id.0).collect();
        let texts = texts.iter().flat_map(|held| unused(held, &known.texts, &dead_texts));
        Ok(Self {
            contents: unused(&contents, &known.contents, &dead_contents)
                .into_iter()
                .map(ContentId)
                .collect(),
            paths: unused(&paths, &known.paths, &dead_paths)
                .into_iter()
                .map(PathId)
                .collect(),
            texts: texts.map(TextId).collect(),
        })
    }

    fn delete(&self, stores: &Stores) -> Result<(), EngineError> {
        stores
            .lexical
            .delete(&self.contents, &self.paths)
            .map_err(EngineError::port("prune the lexical index"))?;
        stores
            .lexical
            .commit()
            .map_err(EngineError::port("commit the lexical index"))?;
        stores
            .lexical
            .compact()
            .map_err(EngineError::port("compact the lexical index"))?;
        stores
            .vectors
            .delete(&self.texts)
            .map_err(EngineError::port("prune the vectors"))?;
        stores.vectors.flush().map_err(EngineError::port("flush the vectors"))
    }
}

//! Registering and forgetting roots: the changes to the set of repositories.
//!
//! Each change runs to its end in a task of its own, whether or not its caller waits. The mutex makes
//! changes one at a time. It is held while an actor acknowledges, and while one that loses a root comes
//! to a safe point, since its running pass or vector batch is asked to stop.

use crate::EngineError;
use crate::engine::{Inner, blocking};
use crate::repository::{Asked, Command, IndexReply, RepositoryHandle};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Identity, PortError, Registry, Root};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest wait for searches to let go of stores that are to be deleted.
const LETTING_GO: Duration = Duration::from_secs(10);

/// Between two looks whether they have.
const LOOK: Duration = Duration::from_millis(5);

impl Inner {
    /// Registers a root and asks for it to be indexed.
    pub(crate) async fn register(
        self: &Arc<Self>,
        identity: &Identity,
        force: bool,
    ) -> Result<IndexReply, EngineError> {
        // Before the lock, because it looks at the disks of other roots: what changes meanwhile costs sharing and no more.
        let (inner, of) = (Arc::clone(self), identity.clone());
        let key = blocking("find the index", move || inner.placement(&of).key).await?;
        let _registering = self.registering.lock().await;
        if self.cancel.is_cancelled() {
            return Err(EngineError::Stopping);
        }
        let root = Root {
            path: identity.root.clone(),
            repository: key.clone(),
            project: crate::project::key(identity),
            since: Some((self.ports.clock)()),
        };
        let row = root.clone();
        self.registry("register the root", move |registry| registry.add(&row))
            .await?;
        let known = self.repositories.load().get(&key).cloned();
        let repository = known.unwrap_or_else(|| {
            let repository = self.spawn(key.clone(), Vec::new());
            self.change_table(|table| drop(table.insert(key.clone(), repository.clone())));
            repository
        });
        self.leave_former_repository(&key, &root.path).await?;
        ask(&repository, |reply| Command::Index { root, force, reply }).await
    }

    /// A directory that has become, or is no longer, part of a git repository belongs to another project
    /// now: the index that it was in must not answer for it any more.
    async fn leave_former_repository(&self, key: &RepositoryKey, root: &Path) -> Result<(), EngineError> {
        for (repository, known, _) in self.all_roots() {
            if known == root && repository.key != *key {
                self.drop_from(&repository, root).await?;
            }
        }
        Ok(())
    }

    /// Forgets a root, and what only it needed.
    pub(crate) async fn remove(&self, path: &Path) -> Result<u64, EngineError> {
        let given = path.to_path_buf();
        let root = blocking("resolve", move || given.canonicalize().unwrap_or(given)).await?;
        let repository = {
            let _registering = self.registering.lock().await;
            let found = self
                .all_roots()
                .into_iter()
                .find(|(_, known, _)| *known == root || known == path);
            let Some((repository, root, _)) = found else {
                return Err(EngineError::NotRegistered(root));
            };
            match self.forget(&repository, &root).await? {
                Some(freed) => return Ok(freed),
                None => repository,
            }
        };
        Ok(ask(&repository, |reply| Command::Prune { dry_run: false, reply })
            .await??
            .freed_bytes)
    }

    /// Forgets a root. The bytes freed when its repository went with it. The caller holds `registering`.
    pub(crate) async fn forget(&self, repository: &RepositoryHandle, root: &Path) -> Result<Option<u64>, EngineError> {
        let row = root.to_path_buf();
        self.registry("forget the root", move |registry| registry.remove(&row).map(drop))
            .await?;
        self.drop_from(repository, root).await
    }

    /// Takes a root from its repository, whose stores go with its last one.
    async fn drop_from(&self, repository: &RepositoryHandle, root: &Path) -> Result<Option<u64>, EngineError> {
        let last = repository.published.roots.load().keys().all(|known| known == root);
        if !last {
            let root = root.to_path_buf();
            ask(repository, |reply| Command::Remove { root, reply }).await??;
            return Ok(None);
        }
        self.change_table(|table| drop(table.remove(&repository.key)));
        let stores = repository
            .published
            .stores
            .load_full()
            .map(|stores| Arc::downgrade(&stores));
        ask(repository, |reply| Command::Close { reply }).await?;
        let released = async {
            while stores.as_ref().is_some_and(|stores| stores.strong_count() > 0) {
                tokio::time::sleep(LOOK).await;
            }
        };
        // Whoever still reads after that reads from deleted files, which the system keeps for them.
        drop(tokio::time::timeout(LETTING_GO, released).await);
        let key = repository.key.clone();
        let destroy = move |registry: &dyn Registry| {
            let freed = registry.disk_bytes(&key);
            registry.destroy(&key).map(|()| freed)
        };
        self.registry("delete the index", destroy).await.map(Some)
    }

    fn change_table(&self, change: impl Fn(&mut std::collections::HashMap<RepositoryKey, RepositoryHandle>)) {
        self.repositories.rcu(|table| {
            let mut table = (**table).clone();
            change(&mut table);
            table
        });
    }

    /// Runs an action of the registry where it may block.
    pub(crate) async fn registry<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&dyn Registry) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let registry = Arc::clone(&self.ports.registry);
        blocking(action, move || work(&*registry))
            .await?
            .map_err(EngineError::port(action))
    }
}

/// Sends a command with a reply channel and waits for the answer.
pub(crate) async fn ask<T>(
    repository: &RepositoryHandle,
    command: impl FnOnce(oneshot::Sender<T>) -> Command,
) -> Result<T, EngineError> {
    let (reply_tx, reply_rx) = oneshot::channel();
    repository
        .mailbox
        .send(Asked::here(command(reply_tx)))
        .await
        .map_err(|_| EngineError::Stopping)?;
    reply_rx.await.map_err(|_| EngineError::Stopping)
}

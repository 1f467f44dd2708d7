//! Memories: what is asked of them, from validated fields to what is stored, found and shown.
//!
//! One file per request. What blocks (the store, the model, working trees) runs on the runtime's blocking threads, at most
//! `READERS` and `CHANGERS` at a time. Everything that is written passes the one `writer`, which commits what waits together;
//! a write that has begun runs to its end, whether or not its caller waits. Two tracked tasks remove what has
//! expired (`expire`) and fill in missing vectors (`vectors`). Who may read what is decided by a
//! `Reader` alone, in the store and once more here.

mod add;
mod anchors;
mod confirm;
mod copy;
mod delete;
mod draft;
mod edit;
mod error;
mod expire;
mod export;
mod find;
mod get;
mod ids;
mod import;
mod inner;
mod list;
mod related;
mod retrieve;
mod stale;
mod stats;
mod types;
mod vectors;
mod writer;

pub use error::{MemoryError, MemoryErrorKind};
pub use stale::AnchorStatus;
pub use types::{
    AddMemory, Added, Caller, EditMemory, Edited, ExportMemories, FindMemories, Found, Got, Handle, Imported,
    ImportedMemory, ListMemories, Listed, MemoryHit, Rejected, RetrieveMemories, Shown,
};

pub(crate) use stale::{Located, Trees};

use crate::Engine;
use codemem_core::memory::ContextLevel;
use codemem_core::ports::{MemoryCopy, MemoryStats, MemoryStore, StoreFinding};
use inner::Inner;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Questions that are answered at the same time; more wait their turn. The store and the model answer few at once.
const READERS: usize = 8;

/// Changes that are prepared at the same time: an import of 200 memories each is held in memory, and embedded in turns.
const CHANGERS: usize = 8;

/// The memories of a user. Cheap to clone.
#[derive(Clone)]
pub struct Memories {
    inner: Arc<Inner>,
}

impl Memories {
    /// Starts the writer and the tasks behind it: `store` is the one that the engine's ports name, if they name one.
    /// Must be called within a runtime. Everything ends with `cancel`, and `tracker` waits for it.
    pub fn start(store: Arc<dyn MemoryStore>, engine: Engine, cancel: CancellationToken, tracker: TaskTracker) -> Self {
        Self {
            inner: Inner::start(store, engine, cancel, tracker),
        }
    }

    /// Stores a memory; answers when it is durable and can be found. Goes on when the caller leaves.
    pub async fn add(&self, caller: Caller, request: AddMemory) -> Result<Added, MemoryError> {
        add::add(&self.inner, caller, request).await
    }

    /// What answers a query, of all that the caller may read.
    pub async fn find(&self, caller: Caller, request: FindMemories) -> Result<Found, MemoryError> {
        find::find(&self.inner, caller, request).await
    }

    /// Of [`ContextLevel::UserPreference`] and nothing else.
    pub async fn preferences(&self, caller: Caller, request: RetrieveMemories) -> Result<Found, MemoryError> {
        retrieve::retrieve(&self.inner, caller, ContextLevel::UserPreference, request).await
    }

    /// Of [`ContextLevel::ProjectContext`], of the caller's project and nothing else.
    pub async fn project_facts(&self, caller: Caller, request: RetrieveMemories) -> Result<Found, MemoryError> {
        retrieve::retrieve(&self.inner, caller, ContextLevel::ProjectContext, request).await
    }

    /// Of [`ContextLevel::SessionState`], of the caller's session and nothing else.
    pub async fn session(&self, caller: Caller, request: RetrieveMemories) -> Result<Found, MemoryError> {
        retrieve::retrieve(&self.inner, caller, ContextLevel::SessionState, request).await
    }

    /// One memory whole, by its id or a beginning of it; with `history`, its former versions, newest first.
    pub async fn get(&self, caller: Caller, id: &str, history: bool) -> Result<Got, MemoryError> {
        get::get(&self.inner, caller, id, history).await
    }

    /// A page of what the caller may read, newest first.
    pub async fn list(&self, caller: Caller, request: ListMemories) -> Result<Listed, MemoryError> {
        list::list(&self.inner, caller, request).await
    }

    /// Changes what is given; the former version is kept. Goes on when the caller leaves.
    pub async fn edit(&self, caller: Caller, request: EditMemory) -> Result<Edited, MemoryError> {
        edit::edit(&self.inner, caller, request).await
    }

    /// Removes a memory from every store and returns it as it was; with `backup`, after a backup to that absolute path.
    /// Goes on when the caller leaves.
    pub async fn delete(&self, caller: Caller, id: &str, backup: Option<PathBuf>) -> Result<Shown, MemoryError> {
        delete::delete(&self.inner, caller, id, backup).await
    }

    /// A person says that a memory holds: a proposed one counts from now on, and what its anchors name is taken as it is now.
    /// Goes on when the caller leaves.
    pub async fn confirm(&self, caller: Caller, id: &str) -> Result<Shown, MemoryError> {
        confirm::confirm(&self.inner, caller, id).await
    }

    /// Stores a batch of some hundred in one transaction; a bad line is reported and the rest is stored. What was answered is
    /// durable. Batches may overlap. Goes on when the caller leaves.
    pub async fn import(
        &self,
        caller: Caller,
        redact: bool,
        memories: Vec<ImportedMemory>,
    ) -> Result<Imported, MemoryError> {
        import::import(&self.inner, caller, redact, memories).await
    }

    /// A page of the active memories that the caller may read, or of everybody's.
    pub async fn export(&self, caller: Caller, request: ExportMemories) -> Result<Listed, MemoryError> {
        export::export(&self.inner, caller, request).await
    }

    /// Copies the database to an absolute path that is not there yet; `None`: beside the database, by date.
    pub async fn backup(&self, path: Option<PathBuf>) -> Result<MemoryCopy, MemoryError> {
        copy::backup(&self.inner, path).await
    }

    /// Puts a backup in the place of what is stored, which is backed up first. Goes on when the caller leaves.
    pub async fn restore(&self, path: PathBuf) -> Result<MemoryCopy, MemoryError> {
        copy::restore(&self.inner, path).await
    }

    /// Counts of what the caller may read; without a project, of everything.
    pub async fn stats(&self, caller: Caller) -> Result<MemoryStats, MemoryError> {
        stats::stats(&self.inner, caller).await
    }

    /// Checks database and index.
    pub async fn check(&self) -> Result<Vec<StoreFinding>, MemoryError> {
        stats::check(&self.inner).await
    }

    /// Whether it takes changes.
    pub fn is_read_only(&self) -> bool {
        self.inner.store.is_read_only()
    }
}

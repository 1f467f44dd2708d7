//! Which roots are registered, and where each repository's stores are.

use super::{Catalog, Closing, LexicalIndex, PortResult, Repair, StoreFinding, StoreKind, VectorIndex};
use crate::ids::RepositoryKey;
use crate::memory::ProjectKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A registered root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// The canonical absolute path.
    pub path: PathBuf,
    /// The repository whose store holds its manifest: shared by worktrees and clones.
    pub repository: RepositoryKey,
    /// The project that it belonged to when it was registered: shared by worktrees alone.
    pub project: ProjectKey,
    /// When it was registered, to the millisecond: it was there then. `None` where nobody noted it.
    pub since: Option<SystemTime>,
}

/// The stores of one repository, opened together.
#[derive(Clone)]
pub struct Stores {
    /// The source of truth.
    pub catalog: Arc<dyn Catalog>,
    /// Words.
    pub lexical: Arc<dyn LexicalIndex>,
    /// Meaning.
    pub vectors: Arc<dyn VectorIndex>,
    /// What opening them had to repair.
    pub repairs: Vec<Repair>,
    /// Notes the end of their use. Last, so that it comes after theirs.
    pub closing: Closing,
}

/// The list of roots, and the way to their stores. Implemented by `daemon/src/wiring` over `codemem-store` and `codemem-lexical`.
pub trait Registry: Send + Sync {
    /// All roots, sorted by path.
    fn roots(&self) -> PortResult<Vec<Root>>;

    /// Registers a root, or what it belongs to now; one that is registered keeps its time.
    fn add(&self, root: &Root) -> PortResult<()>;

    /// Forgets a root; true when it was there. Its repository's stores stay.
    fn remove(&self, path: &Path) -> PortResult<bool>;

    /// Opens a repository's stores, creating what is missing. A lexical or vector index that is
    /// missing or of another generation than the catalog's is created empty, and the catalog is
    /// told that nothing is in it ([`Catalog::reset_lexical`], [`Catalog::reset_vectors`]).
    ///
    /// Stores that were not closed in order are checked first. A damaged one is set aside beside its
    /// place and made anew, the others stay: [`Stores::repairs`] says so. What is no damage (no room,
    /// no right, no descriptor left, a newer program's format) is an error and changes nothing.
    fn open(&self, repository: &RepositoryKey) -> PortResult<Stores>;

    /// Deletes a repository's stores from disk. They must be closed.
    fn destroy(&self, repository: &RepositoryKey) -> PortResult<()>;

    /// What opening the list of roots had to repair.
    fn repairs(&self) -> Vec<Repair>;

    /// Checks what belongs to no open store: without a repository the list of roots, with one what
    /// is left of stores that were set aside.
    fn check(&self, repository: Option<&RepositoryKey>) -> Vec<StoreFinding>;

    /// Where a repository's store is: a file or a directory.
    fn location(&self, repository: &RepositoryKey, store: StoreKind) -> PathBuf;

    /// The repositories that have a store on disk, whether or not a root names them.
    fn repositories(&self) -> PortResult<Vec<RepositoryKey>>;

    /// Bytes that a repository's stores take on disk.
    fn disk_bytes(&self, repository: &RepositoryKey) -> u64;
}

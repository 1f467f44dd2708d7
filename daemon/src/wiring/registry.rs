//! The registry port: the list of roots, and one directory of stores per repository.
//!
//! ```text
//! <index>/registry.db             and its copy, roots.json
//! <index>/<repository key>/catalog.db
//! <index>/<repository key>/lexical/
//! <index>/<repository key>/vectors/
//! ```
//!
//! Beside each store lies its seal while it is closed (`NAME.seal`), and what was last set aside of it
//! (`NAME.damaged-SECONDS`).

use super::opening::{CATALOG, LEXICAL, Opening, VECTORS, read_only};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{
    self, PortError, PortErrorKind, PortResult, Registry, Repair, Root, Severity, StoreFinding, StoreKind,
};
use codemem_lexical::WriterOptions;
use codemem_proto::rendezvous::FileLock;
use codemem_store::{RegistryDb, StoreResult, set_aside_before};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The list of roots.
const ROOTS: &str = "registry.db";

/// Nothing may be changed.
#[derive(thiserror::Error, Debug)]
#[error("the daemon is read-only")]
struct ReadOnly;

/// All stores below one directory.
pub(super) struct Stores {
    directory: PathBuf,
    registry: RegistryDb,
    /// Threads that read while a repository is indexed, which those that write keep up with.
    index_threads: AtomicUsize,
    clock: Clock,
    /// Where copies are that go when stores are closed; `None` unless nothing may be changed.
    scratch: Option<PathBuf>,
    /// Held for as long as anything below the directory may be open. There is none where nobody has ever written.
    _lock: Option<FileLock>,
}

impl Stores {
    pub(super) fn open(directory: &Path, lock: FileLock, index_threads: usize, clock: Clock) -> StoreResult<Self> {
        let registry = RegistryDb::open(directory, unix_seconds(&clock))?;
        for repair in registry.repairs() {
            tracing::error!(%repair, directory = %directory.display(), "a damaged store was replaced");
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            registry,
            index_threads: AtomicUsize::new(index_threads),
            clock,
            scratch: None,
            _lock: Some(lock),
        })
    }

    /// The same without ever changing anything below the directory. What has to be copied to be read is
    /// copied into `scratch`, a directory for this alone.
    pub(super) fn open_read_only(
        directory: &Path,
        lock: Option<FileLock>,
        scratch: PathBuf,
        clock: Clock,
    ) -> StoreResult<Self> {
        // Left over by one that did not come to its end.
        if let Err(error) = fs::remove_dir_all(&scratch)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, scratch = %scratch.display(), "cannot delete old copies");
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            registry: RegistryDb::open_read_only(directory)?,
            index_threads: AtomicUsize::new(1),
            clock,
            scratch: Some(scratch),
            _lock: lock,
        })
    }

    /// Counts for stores that are opened from now on.
    pub(super) fn set_index_threads(&self, index_threads: usize) {
        self.index_threads.store(index_threads, Ordering::Relaxed);
    }

    fn writer(&self) -> WriterOptions {
        WriterOptions {
            // One keeps up with three readers, and makes half as many segments, dictionaries and arenas.
            threads: self.index_threads.load(Ordering::Relaxed).div_ceil(3).min(2),
        }
    }

    fn of(&self, repository: &RepositoryKey) -> PathBuf {
        self.directory.join(repository.as_str())
    }
}

impl Registry for Stores {
    fn roots(&self) -> PortResult<Vec<Root>> {
        Ok(self.registry.roots()?)
    }

    fn add(&self, root: &Root) -> PortResult<()> {
        Ok(self.registry.add(root)?)
    }

    fn remove(&self, path: &Path) -> PortResult<bool> {
        Ok(self.registry.remove(path)?)
    }

    fn open(&self, repository: &RepositoryKey) -> PortResult<ports::Stores> {
        if let Some(scratch) = &self.scratch {
            return read_only::open(&self.of(repository), &scratch.join(repository.as_str()));
        }
        let opening = Opening {
            directory: &self.of(repository),
            writer: self.writer(),
            unix_seconds: unix_seconds(&self.clock),
            repairs: Vec::new(),
        };
        opening.run()
    }

    fn destroy(&self, repository: &RepositoryKey) -> PortResult<()> {
        if self.scratch.is_some() {
            return Err(PortError::new(PortErrorKind::Denied, ReadOnly));
        }
        let directory = self.of(repository);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let error = PortError::new(PortErrorKind::Denied, error);
                Err(error.with_hint(format!("delete `{}` by hand", directory.display())))
            }
            _ => Ok(()),
        }
    }

    fn repairs(&self) -> Vec<Repair> {
        self.registry.repairs().to_vec()
    }

    fn check(&self, repository: Option<&RepositoryKey>) -> Vec<StoreFinding> {
        let mut findings = Vec::new();
        let stores: &[StoreKind] = match repository {
            None => {
                findings.extend(self.registry.check().err().map(|error| StoreFinding {
                    store: StoreKind::Roots,
                    path: self.directory.join(ROOTS),
                    severity: Severity::Problem,
                    remedy: "run `codemem daemon restart`; the list is then made anew from its copy".to_owned(),
                    what: error.to_string(),
                }));
                &[StoreKind::Roots]
            }
            Some(_) => &[StoreKind::Catalog, StoreKind::Lexical, StoreKind::Vectors],
        };
        for &store in stores {
            let path = match repository {
                Some(repository) => self.location(repository, store),
                None => self.directory.join(ROOTS),
            };
            findings.extend(set_aside_before(&path).into_iter().map(|kept| StoreFinding {
                store,
                severity: Severity::Note,
                what: "it was found damaged and was replaced; the damaged one is kept".to_owned(),
                remedy: format!("delete `{}` when nobody needs it", kept.display()),
                path: kept,
            }));
        }
        findings
    }

    fn location(&self, repository: &RepositoryKey, store: StoreKind) -> PathBuf {
        let directory = self.of(repository);
        match store {
            StoreKind::Roots => self.directory.join(ROOTS),
            StoreKind::Catalog => directory.join(CATALOG),
            StoreKind::Lexical => directory.join(LEXICAL),
            StoreKind::Vectors => directory.join(VECTORS),
            StoreKind::Memories => self.directory.with_file_name(super::memory::DIRECTORY),
        }
    }

    fn repositories(&self) -> PortResult<Vec<RepositoryKey>> {
        let entries = match fs::read_dir(&self.directory) {
            // Where nobody has ever written.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.scratch.is_some() => return Ok(Vec::new()),
            entries => entries.map_err(|error| PortError::new(PortErrorKind::Failed, error))?,
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned()));
        Ok(names.filter_map(|name| RepositoryKey::parse(&name)).collect())
    }

    fn disk_bytes(&self, repository: &RepositoryKey) -> u64 {
        bytes_below(&self.of(repository))
    }
}

fn unix_seconds(clock: &Clock) -> u64 {
    clock().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What the files below a directory take on disk; links are not followed.
fn bytes_below(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    /// `st_blocks` counts these, whatever the file system's own blocks are.
    const BLOCK: u64 = 512;
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.blocks() * BLOCK,
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_write_follow_those_that_read_from_the_next_opening_on() {
        let directory = tempfile::tempdir().expect("directory");
        let lock = FileLock::try_acquire(&directory.path().join("index.lock")).expect("possible");
        let clock: Clock = Arc::new(|| UNIX_EPOCH);
        let stores = Stores::open(directory.path(), lock.expect("free"), 2, clock).expect("opened");
        let n_writers: Vec<usize> = [2, 3, 4, 64, 1]
            .into_iter()
            .map(|index_threads| {
                stores.set_index_threads(index_threads);
                stores.writer().threads
            })
            .collect();
        assert_eq!(n_writers, [1, 1, 2, 2, 1]);
    }
}

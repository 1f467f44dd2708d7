//! The registry port: the list of roots, and one directory of stores per repository.
//!
//! ```text
//! <index>/registry.db
//! <index>/<repository key>/catalog.db
//! <index>/<repository key>/lexical/
//! <index>/<repository key>/vectors/
//! ```

use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{self, Catalog, PortError, PortErrorKind, PortResult, Registry, Root};
use codemem_lexical::{CodeIndex, Opened, WriterOptions};
use codemem_proto::rendezvous::FileLock;
use codemem_store::{EdgeVectors, RegistryDb, SqliteCatalog, StoreResult};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All stores below one directory.
pub(super) struct Stores {
    directory: PathBuf,
    registry: RegistryDb,
    writer: WriterOptions,
    /// Held for as long as anything below the directory may be open.
    _lock: FileLock,
}

impl Stores {
    pub(super) fn open(directory: &Path, lock: FileLock, index_threads: usize) -> StoreResult<Self> {
        let registry = RegistryDb::open(directory)?;
        let writer = WriterOptions {
            threads: index_threads.min(2),
        };
        Ok(Self {
            directory: directory.to_path_buf(),
            registry,
            writer,
            _lock: lock,
        })
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
        let directory = self.of(repository);
        let catalog = SqliteCatalog::open(&directory)?;
        let lexical = self.lexical(&directory.join("lexical"), &catalog)?;
        let vectors = EdgeVectors::open_for(&directory.join("vectors"), &catalog)?;
        Ok(ports::Stores {
            catalog: Arc::new(catalog),
            lexical: Arc::new(lexical),
            vectors: Arc::new(vectors),
        })
    }

    fn destroy(&self, repository: &RepositoryKey) -> PortResult<()> {
        let directory = self.of(repository);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let error = PortError::new(PortErrorKind::Denied, error);
                Err(error.with_hint(format!("delete `{}` by hand", directory.display())))
            }
            _ => Ok(()),
        }
    }

    fn repositories(&self) -> PortResult<Vec<RepositoryKey>> {
        let entries = fs::read_dir(&self.directory).map_err(|error| PortError::new(PortErrorKind::Failed, error))?;
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned()));
        Ok(names.filter_map(|name| RepositoryKey::parse(&name)).collect())
    }

    fn disk_bytes(&self, repository: &RepositoryKey) -> u64 {
        bytes_below(&self.of(repository))
    }
}

impl Stores {
    /// Opens the lexical index; one that is new, foreign or damaged starts empty, and the catalog is
    /// told before, so that whoever is interrupted in between starts over.
    fn lexical(&self, directory: &Path, catalog: &dyn Catalog) -> PortResult<CodeIndex> {
        match CodeIndex::open(directory, catalog.generation(), self.writer) {
            Ok((index, Opened::Existing)) => Ok(index),
            Ok((index, Opened::Created)) => {
                catalog.reset_lexical()?;
                Ok(index)
            }
            Err(error) => {
                let error = PortError::from(error);
                if error.kind != PortErrorKind::Corrupt {
                    return Err(error);
                }
                tracing::error!(%error, "the lexical index is damaged and is filled again");
                catalog.reset_lexical()?;
                Ok(CodeIndex::recreate(directory, catalog.generation(), self.writer)?)
            }
        }
    }
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

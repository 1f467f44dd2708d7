//! Opening the three stores of a repository so that nothing on the disk changes, whatever is asked of them.
//!
//! What is damaged, unfinished or of another format is neither mended nor set aside: words or vectors are
//! missing then, and the daemon that may write puts them back. Catalog and words are read where they are; the
//! vector engine writes into what it opens, and is given a copy that goes with the stores.

use super::{CATALOG, LEXICAL, VECTORS};
use codemem_core::error::chain;
use codemem_core::ports::{Catalog as _, Closing, PortError, PortErrorKind, PortResult, Stores, VectorIndex as _};
use codemem_lexical::CodeIndex;
use codemem_store::{EdgeVectors, SqliteCatalog};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Why an index cannot be searched as it stands.
#[derive(thiserror::Error, Debug)]
#[error("the index is not finished, or was made by another version, and nothing may be changed")]
struct Unfinished;

/// Opens the stores in `directory`; `scratch` is a directory that need not exist and is removed with them.
pub(crate) fn open(directory: &Path, scratch: &Path) -> PortResult<Stores> {
    let unfinished = || {
        let error = PortError::new(PortErrorKind::Denied, Unfinished);
        error.with_hint("start the daemon once without `--read-only`, which brings it up to date")
    };
    if !directory.join(CATALOG).exists() {
        return Err(unfinished());
    }
    let catalog = SqliteCatalog::open_read_only(directory)?;
    let lexical = CodeIndex::open_read_only(&directory.join(LEXICAL), catalog.generation())?;
    let lexical = lexical.ok_or_else(unfinished)?;
    remove(scratch);
    let vectors = match EdgeVectors::open_copy(&directory.join(VECTORS), scratch) {
        Ok(Some(vectors)) if vectors.generation() == catalog.generation() => vectors,
        found => {
            let why = found.err().map(|error| chain(&error));
            tracing::warn!(why, directory = %directory.display(), "no vectors, for nothing may be changed");
            remove(scratch);
            EdgeVectors::create(scratch, catalog.generation())?
        }
    };
    let scratch = scratch.to_owned();
    Ok(Stores {
        catalog: Arc::new(catalog),
        lexical: Arc::new(lexical),
        vectors: Arc::new(vectors),
        repairs: Vec::new(),
        closing: Closing::new(move || remove(&scratch)),
    })
}

fn remove(scratch: &Path) {
    if scratch.exists()
        && let Err(error) = fs::remove_dir_all(scratch)
    {
        tracing::debug!(%error, scratch = %scratch.display(), "a copy of vectors was left behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::TextId;
    use codemem_core::ports::VectorSpace;
    use codemem_lexical::WriterOptions;
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::time::SystemTime;

    fn files(directory: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut pending = vec![directory.to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).expect("listed") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    let modified = path.metadata().expect("there").modified().expect("known");
                    found.insert(path.clone(), (modified, fs::read(&path).expect("read")));
                }
            }
        }
        found
    }

    fn filled(directory: &Path) {
        let opening = super::super::Opening {
            directory,
            writer: WriterOptions::default(),
            unix_seconds: 0,
            repairs: Vec::new(),
        };
        let stores = opening.run().expect("opened");
        stores.catalog.worktree(Path::new("/tree")).expect("added");
        let points = [(TextId(7), vec![1.0, 0.0])];
        stores.vectors.upsert(VectorSpace::Chunks, &points).expect("added");
        stores.vectors.flush().expect("flushed");
    }

    #[test]
    fn what_is_opened_to_be_read_stays_as_it_is() {
        let root = tempfile::tempdir().expect("directory");
        let (directory, scratch) = (root.path().join("stores"), root.path().join("scratch"));
        filled(&directory);
        let before = files(&directory);
        let stores = open(&directory, &scratch).expect("opened");
        assert!(
            stores
                .catalog
                .find_worktree(Path::new("/tree"))
                .expect("read")
                .is_some()
        );
        let found = stores.vectors.search(VectorSpace::Chunks, &[1.0, 0.0], None, 3);
        assert_eq!(found.expect("searched").len(), 1);
        assert!(stores.catalog.worktree(Path::new("/other")).is_err());
        assert!(
            stores
                .lexical
                .put_chunks(&[])
                .and_then(|()| stores.lexical.commit())
                .is_err()
        );
        drop(stores);
        assert!(!scratch.exists(), "the copy goes with the stores");
        assert!(files(&directory) == before);
    }

    #[test]
    fn what_is_missing_is_not_made() {
        let root = tempfile::tempdir().expect("directory");
        let (directory, scratch) = (root.path().join("stores"), root.path().join("scratch"));
        let error = open(&directory, &scratch).err().expect("nothing there");
        assert_eq!(error.kind, PortErrorKind::Denied);
        assert!(!directory.exists());
        filled(&directory);
        fs::remove_dir_all(directory.join(VECTORS)).expect("deleted");
        let stores = open(&directory, &scratch).expect("words are enough");
        assert_eq!(stores.vectors.count(VectorSpace::Chunks).expect("none"), 0);
        drop(stores);
        assert!(!directory.join(VECTORS).exists());
    }
}

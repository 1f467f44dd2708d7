//! The list of registered roots: what would be lost for good if it were lost, so commits survive a power cut.

use crate::error::{StoreError, StoreResult};
use crate::sqlite::{Database, Schema, Synchronous};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::Root;
use rusqlite::types::Type;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "registry.db";

const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"cmrg"),
    migrations: &["
        CREATE TABLE roots (
            path       TEXT NOT NULL PRIMARY KEY,
            repository TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    "],
    synchronous: Synchronous::Full,
    remedy: "move the file away and register your roots again: `codemem index PATH`",
};

/// The database that knows which roots are registered.
pub struct RegistryDb {
    database: Database,
}

impl RegistryDb {
    /// Opens `registry.db` in `directory`, creating both when missing.
    pub fn open(directory: &Path) -> StoreResult<Self> {
        Ok(Self {
            database: Database::open(&directory.join(FILE_NAME), &SCHEMA)?,
        })
    }

    /// All roots, sorted by path.
    pub fn roots(&self) -> StoreResult<Vec<Root>> {
        self.database.read("list roots", |tx| {
            let mut statement = tx.prepare_cached("SELECT path, repository FROM roots")?;
            let rows = statement.query_map([], |row| {
                let repository: String = row.get(1)?;
                let repository = RepositoryKey::parse(&repository)
                    .ok_or_else(|| rusqlite::Error::InvalidColumnType(1, "repository".to_owned(), Type::Text))?;
                Ok(Root {
                    path: PathBuf::from(row.get::<_, String>(0)?),
                    repository,
                })
            })?;
            let mut roots = rows.collect::<Result<Vec<_>, _>>()?;
            // By path parts, which is not the order of the text: `/a/b` stands before `/a b`.
            roots.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(roots)
        })
    }

    /// Registers a root. Registering it again changes nothing, unless it has become part of another
    /// repository (`git init`, a moved worktree): then it is that repository's from now on.
    pub fn add(&self, root: &Root) -> StoreResult<()> {
        let path = root_text(&root.path)?;
        self.database.write("add a root", |tx| {
            tx.execute(
                "INSERT INTO roots (path, repository) VALUES (?1, ?2)
                 ON CONFLICT (path) DO UPDATE SET repository = excluded.repository
                 WHERE repository <> excluded.repository",
                params![path, root.repository.as_str()],
            )?;
            Ok(())
        })
    }

    /// Forgets a root; true when it was there.
    pub fn remove(&self, path: &Path) -> StoreResult<bool> {
        let path = root_text(path)?;
        self.database.write("remove a root", |tx: &Connection| {
            Ok(tx.execute("DELETE FROM roots WHERE path = ?1", [path])? > 0)
        })
    }

    /// Looks at every page of the file; damage is an error.
    pub fn check(&self) -> StoreResult<()> {
        self.database.check()
    }
}

/// A root as it is stored: answers name it, so it must be text.
pub(crate) fn root_text(path: &Path) -> StoreResult<&str> {
    path.to_str().ok_or_else(|| StoreError::RootNotUtf8 {
        path: path.display().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::Hash128;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    fn root(path: &str, repository: u8) -> Root {
        Root {
            path: path.into(),
            repository: RepositoryKey::new(Hash128([repository; 16])),
        }
    }

    #[test]
    fn roots_are_kept_sorted_once_each_over_reopening() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let registry = RegistryDb::open(directory.path()).expect("opened");
        for root in [root("/b", 1), root("/a b/ü", 1), root("/c", 2), root("/b", 1)] {
            registry.add(&root).expect("added");
        }
        assert!(registry.remove(Path::new("/c")).expect("removed"));
        assert!(!registry.remove(Path::new("/c")).expect("gone already"));
        drop(registry);
        let registry = RegistryDb::open(directory.path()).expect("opened again");
        assert_eq!(registry.roots().expect("listed"), [root("/a b/ü", 1), root("/b", 1)]);
        registry.add(&root("/b", 3)).expect("moved");
        assert_eq!(registry.roots().expect("listed"), [root("/a b/ü", 1), root("/b", 3)]);
        registry.check().expect("sound");
    }

    #[test]
    fn a_root_that_is_not_text_is_refused_by_name() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let registry = RegistryDb::open(directory.path()).expect("opened");
        let path = PathBuf::from(OsStr::from_bytes(b"/caf\xe9"));
        let error = registry.add(&Root { path, ..root("/", 1) }).expect_err("refused");
        assert_eq!(error.to_string(), "root `/caf\u{fffd}` is not valid UTF-8");
    }
}

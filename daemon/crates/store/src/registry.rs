//! The list of registered roots: what would be lost for good if it were lost, so commits survive a power cut.

use crate::error::{StoreError, StoreResult};
use crate::files;
use crate::seal::{self, Verdict};
use crate::sqlite::{Database, Schema, Synchronous};
use codemem_core::error::chain;
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{PortErrorKind, Repair, Root, StoreKind};
use rusqlite::types::Type;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const FILE_NAME: &str = "registry.db";

const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"cmrg"),
    migrations: &[
        "
        CREATE TABLE roots (
            path       TEXT NOT NULL PRIMARY KEY,
            repository TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    ",
        PROJECTS,
    ],
    synchronous: Synchronous::Full,
    erases: false,
    remedy: "move the file away and register your roots again: `codemem index PATH`",
};

/// Version 2, frozen as the first. Before it a repository was a project: clones had an index each.
const PROJECTS: &str = "
    CREATE TABLE roots_2 (
        path       TEXT NOT NULL PRIMARY KEY,
        repository TEXT NOT NULL,
        project    TEXT NOT NULL,
        -- Milliseconds since 1970; NULL where nobody noted it.
        since      INTEGER
    ) STRICT, WITHOUT ROWID;
    INSERT INTO roots_2 (path, repository, project) SELECT path, repository, repository FROM roots;
    DROP TABLE roots;
    ALTER TABLE roots_2 RENAME TO roots;
";

/// The same list once more, as text: what a damaged database is made anew from.
const COPY_NAME: &str = "roots.json";

/// Raised when the copy changes its meaning.
const COPY_FORMAT: u64 = 1;

/// The database that knows which roots are registered.
pub struct RegistryDb {
    database: Database,
    repairs: Vec<Repair>,
    copy: PathBuf,
    // Dropped last: a seal is put on what is closed.
    _seal: Option<SealWhenClosed>,
}

impl RegistryDb {
    /// Opens `registry.db` in `directory`, creating both when missing. A database that is damaged, or
    /// gone, is set aside under the given time and made anew from its copy.
    pub fn open(directory: &Path, unix_seconds: u64) -> StoreResult<Self> {
        let path = directory.join(FILE_NAME);
        let copy = directory.join(COPY_NAME);
        let (database, repairs) = match sound(&path, &copy)? {
            Ok(database) => (database, Vec::new()),
            Err(what) => {
                let kept = files::set_aside(&path, unix_seconds)?;
                seal::remove(&path)?;
                let repair = Repair {
                    store: StoreKind::Roots,
                    what,
                    kept,
                };
                (Database::open(&path, &SCHEMA, false)?, vec![repair])
            }
        };
        let registry = Self {
            database,
            repairs,
            copy,
            _seal: Some(SealWhenClosed(path)),
        };
        if !registry.repairs.is_empty() {
            for root in read_copy(&registry.copy) {
                registry.insert(&root)?;
            }
        }
        registry.write_copy();
        Ok(registry)
    }

    /// Opens `registry.db` in `directory` for reading only: nothing is made, changed or repaired. One that is not
    /// there lists no roots.
    pub fn open_read_only(directory: &Path) -> StoreResult<Self> {
        Ok(Self {
            database: Database::open_read_only(&directory.join(FILE_NAME), &SCHEMA, true)?,
            repairs: Vec::new(),
            copy: directory.join(COPY_NAME),
            _seal: None,
        })
    }

    /// What opening had to repair.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// All roots, sorted by path.
    pub fn roots(&self) -> StoreResult<Vec<Root>> {
        self.database.read("list roots", |tx| {
            let mut statement = tx.prepare_cached("SELECT path, repository, project, since FROM roots")?;
            let rows = statement.query_map([], |row| {
                Ok(Root {
                    path: PathBuf::from(row.get::<_, String>(0)?),
                    repository: key(row, 1, "repository")?,
                    project: key(row, 2, "project")?,
                    since: row.get::<_, Option<i64>>(3)?.and_then(time),
                })
            })?;
            let mut roots = rows.collect::<Result<Vec<_>, _>>()?;
            // By path parts, which is not the order of the text: `/a/b` stands before `/a b`.
            roots.sort_by(|a, b| a.path.cmp(&b.path));
            Ok(roots)
        })
    }

    /// Registers a root. Registering it again changes nothing, unless it has become part of another
    /// project (`git init`, a moved worktree): then it is that project's from now on.
    pub fn add(&self, root: &Root) -> StoreResult<()> {
        self.insert(root)?;
        self.write_copy();
        Ok(())
    }

    fn insert(&self, root: &Root) -> StoreResult<()> {
        let path = root_text(&root.path)?;
        self.database.write("add a root", |tx| {
            tx.execute(
                "INSERT INTO roots (path, repository, project, since) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (path) DO UPDATE SET repository = excluded.repository, project = excluded.project
                 WHERE repository <> excluded.repository OR project <> excluded.project",
                params![
                    path,
                    root.repository.as_str(),
                    root.project.as_str(),
                    root.since.and_then(milliseconds),
                ],
            )?;
            Ok(())
        })
    }

    /// Forgets a root; true when it was there.
    pub fn remove(&self, path: &Path) -> StoreResult<bool> {
        let path = root_text(path)?;
        let removed = self.database.write("remove a root", |tx: &Connection| {
            Ok(tx.execute("DELETE FROM roots WHERE path = ?1", [path])? > 0)
        })?;
        self.write_copy();
        Ok(removed)
    }

    /// Keeps the copy in step. A copy that cannot be written is no reason to fail: it is written again
    /// with the next change, and when the list is opened.
    fn write_copy(&self) {
        let write = || -> StoreResult<()> {
            let row = |root: &Root| {
                json!({
                    "path": root.path.to_str(),
                    "repository": root.repository.as_str(),
                    "project": root.project.as_str(),
                    "since": root.since.and_then(milliseconds),
                })
            };
            let rows: Vec<Value> = self.roots()?.iter().map(row).collect();
            let text = format!("{:#}\n", json!({ "format": COPY_FORMAT, "roots": rows }));
            if fs::read(&self.copy).is_ok_and(|found| found == text.as_bytes()) {
                return Ok(());
            }
            files::replace_file(&self.copy, text.as_bytes())
        };
        if let Err(error) = write() {
            tracing::warn!(error = chain(&error), "the copy of the list of roots is not up to date");
        }
    }

    /// Looks at every page of the file; damage is an error.
    pub fn check(&self) -> StoreResult<()> {
        self.database.check()
    }
}

/// The database, or what is wrong with it.
fn sound(path: &Path, copy: &Path) -> StoreResult<Result<Database, String>> {
    let has_copy = copy.exists();
    let verdict = seal::open(path)?;
    let found = fs::symlink_metadata(path).ok();
    let damage = match (&verdict, &found) {
        (Verdict::Changed(what), _) => Some(what.clone()),
        (_, Some(metadata)) if !metadata.is_file() => Some("it is not a file".to_owned()),
        (_, Some(metadata)) if metadata.len() == 0 && has_copy => Some("it is empty".to_owned()),
        (_, None) if has_copy => Some("it is gone".to_owned()),
        (Verdict::Unsealed | Verdict::Intact(_), _) => None,
    };
    let opened = match (&damage, &found) {
        (Some(what), Some(metadata)) if !metadata.is_file() || metadata.len() == 0 => return Ok(Err(what.clone())),
        (Some(what), None) => return Ok(Err(what.clone())),
        // It is small: looking at it costs nothing.
        (Some(_) | None, _) => Database::open(path, &SCHEMA, true),
    };
    match (opened, damage) {
        (Ok(database), None) => Ok(Ok(database)),
        (Err(error), _) if error.kind() != PortErrorKind::Corrupt => Err(error),
        (Ok(_), Some(what)) => Ok(Err(what)),
        (Err(error), _) => Ok(Err(chain(&error))),
    }
}

fn time(milliseconds: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(milliseconds).ok()?))
}

fn milliseconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn key(row: &rusqlite::Row<'_>, column: usize, name: &str) -> rusqlite::Result<RepositoryKey> {
    let text: String = row.get(column)?;
    RepositoryKey::parse(&text).ok_or_else(|| rusqlite::Error::InvalidColumnType(column, name.to_owned(), Type::Text))
}

fn read_copy(path: &Path) -> Vec<Root> {
    let read = || -> Option<Vec<Root>> {
        let value: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        if value["format"].as_u64() != Some(COPY_FORMAT) {
            return None;
        }
        let rows = value["roots"].as_array()?.iter().filter_map(|row| {
            let repository = RepositoryKey::parse(row["repository"].as_str()?)?;
            // One that was written before there was a difference.
            let project = row["project"]
                .as_str()
                .map_or(Some(repository.clone()), RepositoryKey::parse);
            Some(Root {
                path: row["path"].as_str()?.into(),
                repository,
                project: project?,
                since: row["since"].as_i64().and_then(time),
            })
        });
        Some(rows.collect())
    };
    read().unwrap_or_else(|| {
        tracing::error!(copy = %path.display(), "there is no copy of the list of roots that can be read");
        Vec::new()
    })
}

/// Seals a database once it is closed.
struct SealWhenClosed(PathBuf);

impl Drop for SealWhenClosed {
    fn drop(&mut self) {
        if let Err(error) = seal::close(&self.0, None) {
            tracing::debug!(%error, "not sealed, so it is checked when it is opened again");
        }
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
            project: RepositoryKey::new(Hash128([repository + 100; 16])),
            since: time(1_700_000_000),
        }
    }

    /// A root as it was registered before projects and indexes had names of their own.
    fn old_root(path: &str, repository: u8) -> Root {
        let root = root(path, repository);
        Root {
            project: root.repository.clone(),
            since: None,
            ..root
        }
    }

    #[test]
    fn roots_are_kept_sorted_once_each_over_reopening() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let registry = RegistryDb::open(directory.path(), 1).expect("opened");
        for root in [root("/b", 1), root("/a b/ü", 1), root("/c", 2), root("/b", 1)] {
            registry.add(&root).expect("added");
        }
        assert!(registry.remove(Path::new("/c")).expect("removed"));
        assert!(!registry.remove(Path::new("/c")).expect("gone already"));
        drop(registry);
        let registry = RegistryDb::open(directory.path(), 1).expect("opened again");
        assert_eq!(registry.roots().expect("listed"), [root("/a b/ü", 1), root("/b", 1)]);
        registry.add(&root("/b", 3)).expect("moved");
        assert_eq!(registry.roots().expect("listed"), [root("/a b/ü", 1), root("/b", 3)]);
        registry.check().expect("sound");
    }

    #[test]
    fn whatever_happens_to_the_database_the_roots_come_back() {
        type Damage = fn(&Path);
        let table: [(&str, Damage); 7] = [
            ("emptied", |path| fs::write(path, "").expect("written")),
            ("cut", |path| {
                let bytes = fs::read(path).expect("readable");
                fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
            }),
            ("flipped", |path| {
                let mut bytes = fs::read(path).expect("readable");
                let place = bytes.windows(2).rposition(|pair| pair == b"/b").expect("a root");
                bytes[place + 1] = b'x';
                fs::write(path, bytes).expect("written");
            }),
            ("deleted", |path| fs::remove_file(path).expect("deleted")),
            ("a directory", |path| {
                fs::remove_file(path).expect("deleted");
                fs::create_dir(path).expect("made");
            }),
            ("garbage", |path| {
                fs::write(path, "not a database".repeat(999)).expect("written");
            }),
            ("killed and emptied", |path| {
                fs::write(path, "").expect("written");
                seal::remove(path).expect("not closed");
            }),
        ];
        for (name, damage) in table {
            let directory = tempfile::tempdir().expect("temporary directory");
            let roots = [root("/a b/ü", 1), root("/b", 2)];
            let registry = RegistryDb::open(directory.path(), 1).expect("opened");
            for root in &roots {
                registry.add(root).expect("added");
            }
            drop(registry);
            damage(&directory.path().join(FILE_NAME));
            let registry = RegistryDb::open(directory.path(), 7).expect(name);
            assert_eq!(registry.roots().expect("listed"), roots, "{name}");
            let [repair] = registry.repairs() else {
                panic!("{name}: {:?}", registry.repairs());
            };
            let kept = directory.path().join("registry.db.damaged-7");
            assert_eq!(repair.kept.is_some(), name != "deleted", "{name}");
            assert_eq!(kept.exists(), name != "deleted", "{name}");
            drop(registry);
            let registry = RegistryDb::open(directory.path(), 8).expect(name);
            assert_eq!(registry.repairs(), [], "{name}: sound again");
            assert_eq!(registry.roots().expect("listed"), roots, "{name}");
        }
    }

    #[test]
    fn a_list_of_version_1_keeps_its_indexes_whether_read_from_the_database_or_from_its_copy() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let roots = [old_root("/a", 1), old_root("/b", 2)];
        let path = directory.path().join(FILE_NAME);
        let old = Connection::open(&path).expect("opened");
        old.execute_batch(SCHEMA.migrations[0]).expect("made");
        for root in &roots {
            old.execute(
                "INSERT INTO roots VALUES (?1, ?2)",
                params![root_text(&root.path).expect("text"), root.repository.as_str()],
            )
            .expect("registered");
        }
        old.pragma_update(None, "application_id", SCHEMA.application_id)
            .expect("its own");
        old.pragma_update(None, "user_version", 1).expect("version 1");
        drop(old);
        let registry = RegistryDb::open(directory.path(), 1).expect("opened");
        assert_eq!(registry.roots().expect("listed"), roots);
        // The same root in another project, and then in another index.
        registry.add(&root("/a", 1)).expect("noted");
        let moved = Root {
            since: None,
            ..root("/a", 1)
        };
        assert_eq!(registry.roots().expect("listed"), [moved.clone(), roots[1].clone()]);
        drop(registry);

        let copy = directory.path().join(COPY_NAME);
        let text = |root: &Root| {
            format!(
                r#"{{ "path": {:?}, "repository": "{}" }}"#,
                root.path,
                root.repository.as_str()
            )
        };
        let rows: Vec<String> = roots.iter().map(text).collect();
        fs::write(&copy, format!(r#"{{ "format": 1, "roots": [{}] }}"#, rows.join(", "))).expect("written");
        fs::remove_file(&path).expect("lost");
        let registry = RegistryDb::open(directory.path(), 2).expect("opened");
        assert_eq!(registry.roots().expect("listed"), roots);
    }

    #[test]
    fn a_list_of_a_newer_program_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().expect("temporary directory");
        drop(RegistryDb::open(directory.path(), 1).expect("opened"));
        let path = directory.path().join(FILE_NAME);
        Connection::open(&path)
            .and_then(|connection| connection.pragma_update(None, "user_version", 99))
            .expect("from the future");
        let error = RegistryDb::open(directory.path(), 2).err().expect("refused");
        assert_eq!(error.kind(), PortErrorKind::Mismatch, "{error}");
        assert!(path.exists() && files::set_aside_before(&path).is_empty());
    }

    #[test]
    fn a_root_that_is_not_text_is_refused_by_name() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let registry = RegistryDb::open(directory.path(), 1).expect("opened");
        let path = PathBuf::from(OsStr::from_bytes(b"/caf\xe9"));
        let error = registry.add(&Root { path, ..root("/", 1) }).expect_err("refused");
        assert_eq!(error.to_string(), "root `/caf\u{fffd}` is not valid UTF-8");
    }
}

//! Whole copies of a database: out to a file, and back into the one that is open.
//!
//! Runs on the caller's thread. A copy is one consistent snapshot and a plain file, without a log beside it.

use super::database::{check, connect, with_suffix};
use super::migrate::{self, Schema};
use super::way::Way;
use super::{Database, Fault};
use crate::error::{DatabaseName, StoreError, StoreResult};
use crate::files;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Page cache while a copy is written, in KiB: every page passes once.
const COPY_CACHE_KIB: i64 = 2 * 1024;

impl Database {
    /// Copies what is stored to a file that is not there yet, readable by the owner alone, durable on return.
    /// It has its name only when it is whole and `look` has seen it. Never waits for the writer.
    pub(crate) fn copy_to<T>(&self, path: &Path, look: impl FnOnce(&Connection) -> Result<T, Fault>) -> StoreResult<T> {
        let taken = || StoreError::FileExists { path: path.to_owned() };
        let failed = |source| StoreError::WriteFile {
            path: path.to_owned(),
            source,
        };
        if fs::symlink_metadata(path).is_ok() {
            return Err(taken());
        }
        let unfinished = with_suffix(path, ".unfinished");
        files::remove_file(&unfinished)?;
        files::create_private_file(&unfinished)?;
        let finish = || -> StoreResult<T> {
            let seen = self.copy_into(&unfinished, look)?;
            File::open(&unfinished)
                .and_then(|file| file.sync_all())
                .map_err(failed)?;
            match files::name_anew(&unfinished, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
                result => result.map(|()| seen).map_err(failed),
            }
        };
        let result = finish();
        if result.is_err() {
            // What went wrong is worth more than that the rest could not be taken away, either.
            let _removed = files::remove_file(&unfinished);
        }
        result
    }

    fn copy_into<T>(&self, target: &Path, look: impl FnOnce(&Connection) -> Result<T, Fault>) -> StoreResult<T> {
        let explain = |fault: Fault| match fault {
            Fault::Refused(error) => error,
            Fault::Sqlite(source) => super::database::failure("copy the database", &self.name_of(target), source),
        };
        // Open to the end, so that what is copied is one state.
        self.lend("copy the database", |reader| {
            let mut copy = connect(target, OpenFlags::SQLITE_OPEN_READ_WRITE, COPY_CACHE_KIB)
                .map_err(|source| explain(source.into()))?;
            pour(reader, &mut copy).map_err(|source| explain(source.into()))?;
            // Else whoever opens it gets a log beside it.
            copy.pragma_update(None, "journal_mode", "DELETE")
                .map_err(|source| explain(source.into()))?;
            look(&copy).map_err(|fault| Fault::Refused(explain(fault)))
        })
    }

    fn name_of(&self, path: &Path) -> DatabaseName {
        DatabaseName {
            path: path.to_owned(),
            remedy: self.name().remedy,
        }
    }

    /// Replaces what is stored by what `source` holds, in one transaction, and brings it to this program's version.
    /// Readers go on: they see one state or the other.
    pub(crate) fn replace_from(&self, source: &Connection) -> StoreResult<()> {
        self.change("replace what is stored", |writer, schema| {
            pour(source, writer)?;
            migrate::migrate(writer, schema)
        })
    }
}

/// Opens a file that [`Database::copy_to`] has made, or a database that nobody writes, after looking at every page.
/// Nothing is changed.
pub(crate) fn open_copy(path: &Path, schema: &'static Schema, remedy: &'static str) -> StoreResult<Connection> {
    let name = DatabaseName {
        path: path.to_owned(),
        remedy,
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(StoreError::ForeignDatabase { database: name }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::NoBackup { path: path.to_owned() });
        }
        Err(source) => {
            return Err(StoreError::ReadFile {
                path: path.to_owned(),
                source,
            });
        }
    }
    let opened = |source| StoreError::OpenDatabase {
        database: name.clone(),
        source,
    };
    let connection = Way::to_still(path, schema, &name)?.open().map_err(opened)?;
    let n_objects = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(opened)?;
    let is_empty_file = fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
    if is_empty_file || n_objects == 0 || migrate::inspect(&connection, schema, &name)? {
        return Err(StoreError::ForeignDatabase { database: name });
    }
    check(&connection, "integrity_check", &name)?;
    Ok(connection)
}

/// Copies one database over another, whole.
fn pour(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let failed = |code| Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    let backup = Backup::new(from, to)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        StepResult::Busy => failed(ffi::SQLITE_BUSY),
        // All of it was asked for in one step, and no other variant exists today.
        _ => failed(ffi::SQLITE_LOCKED),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Synchronous;
    use super::*;

    const ONE: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x INTEGER NOT NULL)"],
        synchronous: Synchronous::Full,
        erases: true,
        remedy: "start again",
    };
    const TWO: Schema = Schema {
        migrations: &[ONE.migrations[0], "ALTER TABLE a ADD COLUMN y DEFAULT 2"],
        ..ONE
    };

    fn sum(database: &Database) -> i64 {
        let sum = |tx: &Connection| Ok(tx.query_row("SELECT sum(x * y) FROM a", [], |row| row.get(0))?);
        database.read("sum", sum).expect("read")
    }

    #[test]
    fn a_copy_of_an_older_program_is_brought_up_to_date_where_it_comes_back() {
        let root = tempfile::tempdir().expect("temporary directory");
        let old = Database::open(&root.path().join("old.db"), &ONE, false).expect("opened");
        let fill = |tx: &Connection| Ok(tx.execute_batch("INSERT INTO a VALUES (20), (1)")?);
        old.write("fill", fill).expect("filled");
        let copy = root.path().join("copy.db");
        old.copy_to(&copy, |_| Ok(())).expect("copied");

        let path = root.path().join("new.db");
        let new = Database::open(&path, &TWO, false).expect("opened");
        new.write("fill", |tx| Ok(tx.execute_batch("INSERT INTO a VALUES (7, 7)")?))
            .expect("filled");
        assert_eq!(sum(&new), 49);
        new.replace_from(&open_copy(&copy, &TWO, "another").expect("sound"))
            .expect("replaced");
        assert_eq!(sum(&new), 42);
        drop(new);
        assert_eq!(sum(&Database::open(&path, &TWO, true).expect("opened again")), 42);
    }

    #[test]
    fn a_copy_that_its_maker_refuses_is_not_left_behind() {
        let root = tempfile::tempdir().expect("temporary directory");
        let database = Database::open(&root.path().join("a.db"), &ONE, false).expect("opened");
        let copy = root.path().join("copy.db");
        let refused: StoreResult<()> = database.copy_to(&copy, |_| Err(StoreError::UnknownWorktree { id: 9 }.into()));
        assert!(matches!(refused, Err(StoreError::UnknownWorktree { id: 9 })));
        let left: Vec<_> = fs::read_dir(root.path())
            .expect("listed")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(
            left.iter().all(|name| name.to_string_lossy().starts_with("a.db")),
            "{left:?}"
        );
    }
}

//! How a connection that only reads reaches a database, without leaving a trace where it must not.
//!
//! SQLite makes files beside a database in WAL mode even for a reader. Whoever may not change anything therefore
//! reads a file that nobody writes as one that cannot change, and a log that was left over through its index.

use super::database::{connect, log_path, with_suffix};
use super::migrate::{self, Schema};
use crate::error::{DatabaseName, StoreError, StoreResult};
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Page cache of a reader, in KiB: point look-ups need little, and there are several readers.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// How to reach a database for reading.
#[derive(Clone)]
pub(super) enum Way {
    /// Beside a writer of this process.
    Live(PathBuf),
    /// A file that nobody writes: nothing is made or changed beside it.
    Still(PathBuf),
    /// The same, when a log was left over that has not been folded in.
    Logged(PathBuf),
    /// There is no file: as if it were there and empty.
    Absent(&'static Schema),
}

impl Way {
    /// The way to a file that nobody writes and that must not be changed.
    pub(super) fn to_still(path: &Path, schema: &'static Schema, name: &DatabaseName) -> StoreResult<Self> {
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        if bytes(&log_path(path)) == 0 {
            let exists = fs::symlink_metadata(path).is_ok();
            return Ok(if exists && bytes(path) > 0 {
                Self::Still(path.to_owned())
            } else {
                Self::Absent(schema)
            });
        }
        if bytes(&with_suffix(path, "-shm")) == 0 {
            return Err(StoreError::LogLeft { database: name.clone() });
        }
        Ok(Self::Logged(path.to_owned()))
    }

    /// Opens a connection.
    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        match self {
            Self::Live(path) => connect(path, flags, READER_CACHE_KIB),
            Self::Still(path) => connect(
                &uri(path, "immutable=1"),
                flags | OpenFlags::SQLITE_OPEN_URI,
                READER_CACHE_KIB,
            ),
            Self::Logged(path) => connect(
                &uri(path, "readonly_shm=1"),
                flags | OpenFlags::SQLITE_OPEN_URI,
                READER_CACHE_KIB,
            ),
            Self::Absent(schema) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
                let mut connection = connect(Path::new(":memory:"), flags, READER_CACHE_KIB)?;
                migrate::migrate(&mut connection, schema)?;
                connection.pragma_update(None, "query_only", true)?;
                Ok(connection)
            }
        }
    }
}

/// A path as the URI that SQLite takes options in.
fn uri(path: &Path, option: &str) -> PathBuf {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            uri.push(char::from(byte));
        } else {
            let _infallible = write!(uri, "%{byte:02x}");
        }
    }
    format!("{uri}?{option}").into()
}

#[cfg(test)]
mod tests {
    use super::super::{Database, Synchronous};
    use super::*;
    use codemem_core::ports::PortErrorKind;
    use std::collections::BTreeMap;

    const SCHEMA: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x INTEGER NOT NULL)"],
        synchronous: Synchronous::Full,
        erases: true,
        remedy: "start again",
    };
    const NEXT: Schema = Schema {
        migrations: &[SCHEMA.migrations[0], "ALTER TABLE a ADD COLUMN y DEFAULT 2"],
        ..SCHEMA
    };

    fn filled(path: &Path) -> Database {
        let database = Database::open(path, &SCHEMA, false).expect("opened");
        database
            .write("fill", |tx| Ok(tx.execute_batch("INSERT INTO a VALUES (41), (1)")?))
            .expect("filled");
        database
    }

    fn sum(database: &Database) -> StoreResult<Option<i64>> {
        database.read("sum", |tx| {
            Ok(tx.query_row("SELECT sum(x) FROM a", [], |row| row.get(0))?)
        })
    }

    fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        fs::read_dir(directory)
            .expect("listed")
            .map(|entry| entry.expect("read").path())
            .map(|path| (path.clone(), fs::read(path).expect("readable")))
            .collect()
    }

    #[test]
    fn reading_leaves_no_trace_whether_closed_in_order_or_not() {
        let root = tempfile::tempdir().expect("temporary directory");
        // A name that a URI has to escape.
        let closed = root.path().join("a b?%c#d");
        fs::create_dir(&closed).expect("made");
        drop(filled(&closed.join("a.db")));

        let killed = root.path().join("killed");
        fs::create_dir(&killed).expect("made");
        let live = root.path().join("live");
        let database = filled(&live.join("a.db"));
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            fs::copy(live.join(name), killed.join(name)).expect("copied as a kill leaves it");
        }
        drop(database);

        for directory in [closed, killed] {
            let before = files(&directory);
            let database = Database::open_read_only(&directory.join("a.db"), &SCHEMA, true).expect("opened");
            assert_eq!(sum(&database).expect("read"), Some(42));
            let error = database.write("add", |_| Ok(())).expect_err("refused");
            assert_eq!(error.kind(), PortErrorKind::Denied);
            drop(database);
            assert!(files(&directory) == before, "{} changed", directory.display());
        }
    }

    #[test]
    fn what_is_not_there_reads_as_empty_and_stays_away() {
        let root = tempfile::tempdir().expect("temporary directory");
        let path = root.path().join("none/a.db");
        let database = Database::open_read_only(&path, &SCHEMA, true).expect("opened");
        assert_eq!(sum(&database).expect("read"), None);
        assert!(!root.path().join("none").exists());
    }

    #[test]
    fn what_would_have_to_be_changed_to_be_read_is_refused() {
        let root = tempfile::tempdir().expect("temporary directory");
        let path = root.path().join("a.db");
        let database = filled(&path);
        let torn = root.path().join("torn.db");
        fs::copy(&path, &torn).expect("copied");
        fs::copy(log_path(&path), log_path(&torn)).expect("copied");
        drop(database);
        let error = Database::open_read_only(&torn, &SCHEMA, false)
            .err()
            .expect("no index of the log");
        assert!(matches!(error, StoreError::LogLeft { .. }), "{error}");
        assert_eq!(error.kind(), PortErrorKind::Denied);

        let error = Database::open_read_only(&path, &NEXT, false).err().expect("older");
        assert!(matches!(error, StoreError::OlderSchema { found: 1, .. }), "{error}");
    }
}

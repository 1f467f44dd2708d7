//! One database file: a writer behind a lock, readers beside it.

use super::migrate::{self, Schema};
use super::readers::Readers;
use super::way::Way;
use crate::error::{DatabaseName, StoreError, StoreResult};
use crate::files;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection waits for another's lock. Only a checkpoint meets one, for milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page cache of the writer, in KiB: the upper levels of every index. Four times as much made recording
/// two million rows no faster.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Pages in the write-ahead log before it is folded into the file: 32 MiB. Indexes by hash are written
/// to all over, so the more batches share a fold, the fewer pages are written twice.
const CHECKPOINT_PAGES: i64 = 8_192;

/// Bytes the write-ahead log keeps after it has been folded in.
const LOG_KEPT_BYTES: i64 = 4 * 1024 * 1024;

/// Compiled statements kept per connection: more than this crate has.
const STATEMENTS_KEPT: usize = 96;

/// A database file. Any thread reads; writers queue.
pub(crate) struct Database {
    // Closed first: only the last connection folds the log into the file, and a reader cannot.
    readers: Readers,
    /// `None` when it is open for reading only.
    writer: Option<Mutex<Connection>>,
    name: DatabaseName,
    schema: &'static Schema,
    n_writes: AtomicU64,
}

/// Why the body of a transaction gave up.
pub(crate) enum Fault {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// The request cannot be met.
    Refused(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Database {
    /// Opens the file, creating it and its directory when missing, and brings it to the schema's
    /// latest version. A file whose last owner did not close it, or that is `suspect`, is checked first.
    pub(crate) fn open(path: &Path, schema: &'static Schema, suspect: bool) -> StoreResult<Self> {
        let name = DatabaseName {
            path: path.to_owned(),
            remedy: schema.remedy,
        };
        if let Some(directory) = path.parent() {
            files::create_private_directory(directory)?;
        }
        files::create_private_file(path)?;
        let left_open = std::fs::metadata(log_path(path)).is_ok_and(|log| log.len() > 0);

        let opened = |source| {
            if is_full(&source, path) {
                return StoreError::DiskFull {
                    action: "open the database",
                    path: path.to_owned(),
                    source: source.into(),
                };
            }
            StoreError::OpenDatabase {
                database: name.clone(),
                source,
            }
        };
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, WRITER_CACHE_KIB).map_err(opened)?;
        let empty = migrate::inspect(&writer, schema, &name)?;
        configure_writer(&writer, schema, empty).map_err(opened)?;
        if left_open || suspect {
            check(&writer, "quick_check", &name)?;
        }
        migrate::migrate(&mut writer, schema).map_err(opened)?;
        Ok(Self {
            readers: Readers::new(Way::Live(path.to_owned())),
            writer: Some(Mutex::new(writer)),
            name,
            schema,
            n_writes: AtomicU64::new(0),
        })
    }

    /// Opens the file for reading only: nothing is made or changed, on the disk or in it. One that is not there
    /// reads as an empty one. Nobody may write it meanwhile.
    pub(crate) fn open_read_only(path: &Path, schema: &'static Schema, suspect: bool) -> StoreResult<Self> {
        let name = DatabaseName {
            path: path.to_owned(),
            remedy: schema.remedy,
        };
        let way = Way::to_still(path, schema, &name)?;
        let reader = way.open().map_err(|source| StoreError::OpenDatabase {
            database: name.clone(),
            source,
        })?;
        let empty = migrate::inspect(&reader, schema, &name)?;
        let found = reader
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|source| failure("read the version", &name, source))?;
        if empty || found < schema.latest() {
            return Err(StoreError::OlderSchema {
                database: name,
                found,
                known: schema.latest(),
            });
        }
        if suspect {
            check(&reader, "integrity_check", &name)?;
        }
        Ok(Self {
            readers: Readers::new(way),
            writer: None,
            name,
            schema,
            n_writes: AtomicU64::new(0),
        })
    }

    /// Runs `body` on one consistent snapshot. Never waits for the writer.
    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> StoreResult<T> {
        let run = || -> Result<T, Fault> {
            let mut reader = self.readers.take()?;
            let transaction = reader.transaction()?;
            body(&transaction)
        };
        run().map_err(|fault| self.explain(action, fault))
    }

    /// Runs `body` in one transaction: all of it is kept, or nothing.
    pub(crate) fn write<T>(
        &self,
        action: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> StoreResult<T> {
        let run = || -> Result<T, Fault> {
            let mut writer = self.lock_writer()?;
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = body(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        let result = run();
        self.n_writes.fetch_add(1, Ordering::Release);
        result.map_err(|fault| self.explain(action, fault))
    }

    /// Grows with every write; what was read before and after an unchanged number is the same.
    pub(crate) fn n_writes(&self) -> u64 {
        self.n_writes.load(Ordering::Acquire)
    }

    /// What errors about this file call it.
    pub(crate) fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// Looks at every page, and at indexes against their tables; the first finding is an error. Works
    /// on a connection of its own, so that no reader waits for its turn while it takes its time.
    pub(crate) fn check(&self) -> StoreResult<()> {
        let reader = self.readers.way().open().map_err(|source| StoreError::OpenDatabase {
            database: self.name.clone(),
            source,
        })?;
        check(&reader, "integrity_check", &self.name)
    }

    /// Gives free pages and the write-ahead log back to the file system.
    pub(crate) fn compact(&self) -> StoreResult<()> {
        self.change("compact", |writer, _| {
            // Each row that the pragma yields is one page moved: it works only while it is asked for more.
            for pragma in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                let mut statement = writer.prepare(pragma)?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
            }
            writer.execute_batch("PRAGMA shrink_memory")
        })
    }

    /// Leaves nothing of what was deleted in the file and its log, whose schema says that it erases. Overwriting
    /// cells is not enough: where SQLite has moved one to another page, a copy is left in the gap it came from,
    /// until the page is written anew. False when a reader kept the log from being emptied.
    pub(crate) fn erase(&self) -> StoreResult<bool> {
        self.change("erase what was deleted", |writer, _| {
            writer.execute_batch("VACUUM")?;
            let is_busy: bool = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            writer.execute_batch("PRAGMA shrink_memory")?;
            Ok(!is_busy)
        })
    }

    /// Runs what is no transaction of ours on the connection that writes.
    pub(super) fn change<T>(
        &self,
        action: &'static str,
        body: impl FnOnce(&mut Connection, &Schema) -> rusqlite::Result<T>,
    ) -> StoreResult<T> {
        let result = body(&mut *self.lock_writer()?, self.schema);
        self.n_writes.fetch_add(1, Ordering::Release);
        result.map_err(|source| self.explain(action, Fault::Sqlite(source)))
    }

    /// Lends a connection that only reads, outside any transaction.
    pub(super) fn lend<T>(
        &self,
        action: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> StoreResult<T> {
        let run = || -> Result<T, Fault> { body(&*self.readers.take()?) };
        run().map_err(|fault| self.explain(action, fault))
    }

    /// Bytes on disk, log included.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let path = &self.name.path;
        files::disk_bytes(path) + files::disk_bytes(&log_path(path)) + files::disk_bytes(&with_suffix(path, "-shm"))
    }

    fn lock_writer(&self) -> StoreResult<MutexGuard<'_, Connection>> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::ReadOnly {
                path: self.name.path.clone(),
            });
        };
        // A panic inside a transaction has rolled it back on the way out.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses to begin what may write up to `bytes` when the disk has no room for it.
    pub(crate) fn require_room(&self, bytes: u64) -> StoreResult<()> {
        files::require_room(&self.name.path, bytes)
    }

    fn explain(&self, action: &'static str, fault: Fault) -> StoreError {
        match fault {
            Fault::Refused(error) => error,
            Fault::Sqlite(source) => {
                // A value that is not what was stored there: only the check can say whether the file is at fault.
                if source.sqlite_error().is_none()
                    && let Err(damage) = self.check()
                {
                    return damage;
                }
                failure(action, &self.name, source)
            }
        }
    }
}

/// What SQLite failed at, as an error.
pub(super) fn failure(action: &'static str, name: &DatabaseName, source: rusqlite::Error) -> StoreError {
    if is_full(&source, &name.path) {
        return StoreError::DiskFull {
            action,
            path: name.path.clone(),
            source: source.into(),
        };
    }
    StoreError::Query {
        action,
        database: name.clone(),
        source,
    }
}

/// Whether SQLite failed for want of room. It says so of its files, but not of the index of its log,
/// of quotas or of file size limits: those are recognised by looking.
fn is_full(error: &rusqlite::Error, path: &Path) -> bool {
    /// Less than SQLite asks for at once: a page, or a piece of the log's index.
    const FULL_DISK_BYTES: u64 = 64 * 1024;
    let code = error.sqlite_error_code();
    code == Some(ErrorCode::DiskFull)
        || matches!(code, Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen))
            && files::available_bytes(path).is_some_and(|available| available < FULL_DISK_BYTES)
}

/// Opens a connection with what all of ours have.
pub(super) fn connect(path: &Path, flags: OpenFlags, cache_kib: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Without it a statement whose plan could depend on a bound value, as every partial index makes it, is prepared again
    // for each value: two thirds of the time of looking up a hundred memories.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(connection)
}

fn configure_writer(writer: &Connection, schema: &Schema, empty: bool) -> rusqlite::Result<()> {
    if empty {
        // Only before the first page is written; later it would take a whole VACUUM.
        writer.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "synchronous", schema.synchronous.pragma())?;
    writer.pragma_update(None, "foreign_keys", true)?;
    writer.pragma_update(None, "temp_store", "MEMORY")?;
    if schema.erases {
        writer.pragma_update(None, "secure_delete", true)?;
    }
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    writer.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)
}

/// Looks at the pages of a file in one of SQLite's ways; the first finding is an error.
pub(super) fn check(connection: &Connection, pragma: &str, name: &DatabaseName) -> StoreResult<()> {
    let finding: String = connection
        .pragma_query_value(None, pragma, |row| row.get(0))
        .map_err(|source| StoreError::Query {
            action: "check pages",
            database: name.clone(),
            source,
        })?;
    if finding == "ok" {
        return Ok(());
    }
    Err(StoreError::DamagedDatabase {
        database: name.clone(),
        finding: finding.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// The write-ahead log of a database.
pub(super) fn log_path(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}

/// A file beside another one.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::super::Synchronous;
    use super::*;
    use codemem_core::ports::PortErrorKind;
    use std::fs;

    const SCHEMA: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x INTEGER NOT NULL, padding BLOB)"],
        synchronous: Synchronous::Normal,
        erases: false,
        remedy: "start again",
    };

    /// Enough rows for many pages, so that damage in the middle hits data.
    fn filled(path: &Path) -> Database {
        let database = Database::open(path, &SCHEMA, false).expect("opened");
        database
            .write("fill", |tx| {
                for x in 0..500 {
                    tx.execute("INSERT INTO a VALUES (?1, zeroblob(1000))", [x])?;
                }
                Ok(())
            })
            .expect("filled");
        database
    }

    fn sum(database: &Database) -> StoreResult<i64> {
        database.read("sum", |tx| {
            Ok(tx.query_row("SELECT sum(x) FROM a", [], |row| row.get(0))?)
        })
    }

    #[test]
    fn a_reader_sees_the_last_commit_while_a_write_is_open() {
        let root = tempfile::tempdir().expect("temporary directory");
        let database = filled(&root.path().join("a.db"));
        let before = sum(&database).expect("read");
        database
            .write("add", |tx| {
                tx.execute("INSERT INTO a VALUES (1000, NULL)", [])?;
                assert_eq!(sum(&database).expect("not blocked"), before);
                Ok(())
            })
            .expect("written");
        assert_eq!(sum(&database).expect("read"), before + 1000);
    }

    #[test]
    fn a_refused_write_leaves_nothing_behind() {
        let root = tempfile::tempdir().expect("temporary directory");
        let database = filled(&root.path().join("a.db"));
        let before = sum(&database).expect("read");
        let refused: StoreResult<()> = database.write("add", |tx| {
            tx.execute("INSERT INTO a VALUES (1000, NULL)", [])?;
            Err(StoreError::UnknownWorktree { id: 9 }.into())
        });
        assert!(matches!(refused, Err(StoreError::UnknownWorktree { id: 9 })));
        assert_eq!(sum(&database).expect("read"), before);
    }

    #[test]
    fn closing_folds_the_log_in_and_compacting_gives_space_back() {
        let root = tempfile::tempdir().expect("temporary directory");
        let path = root.path().join("a.db");
        let database = filled(&path);
        sum(&database).expect("a reader is open");
        let full = database.disk_bytes();
        database
            .write("empty", |tx| Ok(tx.execute("DELETE FROM a", [])?))
            .expect("emptied");
        database.compact().expect("compacted");
        assert!(database.disk_bytes() < full / 4, "{} of {full}", database.disk_bytes());
        drop(database);
        assert!(!log_path(&path).exists());
    }

    #[test]
    fn damage_is_an_error_of_its_own_kind_and_never_a_panic() {
        type Damage = fn(&Path);
        let overwrite: Damage = |path| {
            let mut bytes = fs::read(path).expect("readable");
            let middle = bytes.len() / 2;
            bytes[middle..middle + 20_000].fill(0xA5);
            fs::write(path, bytes).expect("written");
        };
        let truncate: Damage = |path| {
            let length = fs::metadata(path).expect("there").len();
            let file = fs::File::options().write(true).open(path).expect("opened");
            file.set_len(length / 2).expect("cut");
        };
        let garbage: Damage = |path| fs::write(path, [b"not a database ".as_slice(); 999].concat()).expect("written");
        for (name, damage) in [("overwrite", overwrite), ("truncate", truncate), ("garbage", garbage)] {
            let root = tempfile::tempdir().expect("temporary directory");
            let path = root.path().join("a.db");
            drop(filled(&path));
            damage(&path);
            let found = Database::open(&path, &SCHEMA, false).and_then(|database| database.check());
            let error = found.expect_err(name);
            assert_eq!(error.kind(), PortErrorKind::Corrupt, "{name}: {error}");
            assert_eq!(error.hint().as_deref(), Some("start again"), "{name}");
        }
    }

    #[test]
    fn a_file_that_was_not_closed_is_checked_when_it_is_opened() {
        let root = tempfile::tempdir().expect("temporary directory");
        let (path, copy) = (root.path().join("a.db"), root.path().join("b.db"));
        drop(filled(&path));
        let database = Database::open(&path, &SCHEMA, false).expect("opened");
        database
            .write("add", |tx| Ok(tx.execute("INSERT INTO a VALUES (1, NULL)", [])?))
            .expect("in the log");
        let mut bytes = fs::read(&path).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle..middle + 20_000].fill(0xA5);
        fs::write(&copy, bytes).expect("written");
        fs::copy(log_path(&path), log_path(&copy)).expect("copied");
        let error = Database::open(&copy, &SCHEMA, false).err().expect("damage found");
        assert_eq!(error.kind(), PortErrorKind::Corrupt);
    }

    #[test]
    fn what_was_committed_is_there_after_a_kill() {
        let root = tempfile::tempdir().expect("temporary directory");
        let (path, copy) = (root.path().join("a.db"), root.path().join("b.db"));
        let database = filled(&path);
        fs::copy(&path, &copy).expect("copied");
        fs::copy(log_path(&path), log_path(&copy)).expect("copied");
        let survivor = Database::open(&copy, &SCHEMA, false).expect("opened");
        assert_eq!(sum(&survivor).expect("read"), sum(&database).expect("read"));
    }
}

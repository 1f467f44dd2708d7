//! Bringing a database file to the schema that this program knows.
//!
//! Migrations are frozen: version n is what the first n scripts make of an empty file, for ever.

use crate::error::{DatabaseName, StoreError, StoreResult};
use rusqlite::{Connection, TransactionBehavior};

/// What a database file is and how careful it is.
pub(crate) struct Schema {
    /// Written to the file's header: a file of another kind under the same name is refused, not migrated.
    pub(crate) application_id: i32,
    /// Script n takes the file from version n to n + 1.
    pub(crate) migrations: &'static [&'static str],
    /// What a commit survives.
    pub(crate) synchronous: Synchronous,
    /// Whether what is deleted is overwritten, so that [`super::Database::erase`] leaves nothing of it.
    pub(crate) erases: bool,
    /// What the user can do when the file is beyond repair.
    pub(crate) remedy: &'static str,
}

/// What a commit survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Synchronous {
    /// The end of the process. A power cut may take the last commits, whole and in order.
    Normal,
    /// A power cut.
    Full,
}

impl Synchronous {
    /// The value of `PRAGMA synchronous`.
    pub(super) fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Full => "FULL",
        }
    }
}

impl Schema {
    /// The version that this program writes.
    pub(super) fn latest(&self) -> i32 {
        self.migrations.len() as i32
    }
}

/// Refuses a file that is not this schema's or is newer than this program, without changing it.
/// True when the file holds nothing yet.
pub(super) fn inspect(connection: &Connection, schema: &Schema, database: &DatabaseName) -> StoreResult<bool> {
    let facts = || -> rusqlite::Result<(i32, i32, i64)> {
        Ok((
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (version, application, n_objects) = facts().map_err(|source| StoreError::OpenDatabase {
        database: database.clone(),
        source,
    })?;
    if version == 0 && application == 0 && n_objects == 0 {
        return Ok(true);
    }
    if application != schema.application_id || version == 0 {
        return Err(StoreError::ForeignDatabase {
            database: database.clone(),
        });
    }
    if version > schema.latest() {
        return Err(StoreError::NewerSchema {
            database: database.clone(),
            found: version,
            known: schema.latest(),
        });
    }
    Ok(false)
}

/// Runs the scripts that the file has not seen, each in a transaction with its version number.
pub(super) fn migrate(connection: &mut Connection, schema: &Schema) -> rusqlite::Result<()> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, script) in schema.migrations.iter().enumerate().skip(version.max(0) as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "application_id", schema.application_id)?;
        transaction.pragma_update(None, "user_version", index as i32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ports::PortErrorKind;

    const ONE: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x); INSERT INTO a VALUES (1);"],
        synchronous: Synchronous::Full,
        erases: false,
        remedy: "start again",
    };
    const TWO: Schema = Schema {
        migrations: &[ONE.migrations[0], "ALTER TABLE a ADD COLUMN y DEFAULT 2;"],
        ..ONE
    };

    fn name() -> DatabaseName {
        DatabaseName {
            path: "a.db".into(),
            remedy: ONE.remedy,
        }
    }

    #[test]
    fn an_empty_file_and_an_older_one_end_alike_and_nothing_runs_twice() {
        let mut fresh = Connection::open_in_memory().expect("opened");
        assert!(inspect(&fresh, &TWO, &name()).expect("empty is fine"));
        migrate(&mut fresh, &TWO).expect("migrated");

        let mut old = Connection::open_in_memory().expect("opened");
        migrate(&mut old, &ONE).expect("version 1");
        migrate(&mut old, &TWO).expect("version 2");
        migrate(&mut old, &TWO).expect("nothing left to do");
        assert!(!inspect(&old, &TWO, &name()).expect("known"));

        for connection in [&fresh, &old] {
            let row: (i64, i64, i64) = connection
                .query_row("SELECT count(*), sum(x), sum(y) FROM a", [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .expect("readable");
            assert_eq!(row, (1, 1, 2));
        }
    }

    #[test]
    fn a_script_that_fails_leaves_the_version_before_it() {
        const BROKEN: Schema = Schema {
            migrations: &[ONE.migrations[0], "CREATE TABLE b (x); SELECT nonsense();"],
            ..ONE
        };
        let mut connection = Connection::open_in_memory().expect("opened");
        migrate(&mut connection, &BROKEN).expect_err("second script fails");
        let facts: (i32, i64) = connection
            .query_row(
                "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("readable");
        assert_eq!(facts, (1, 1));
    }

    #[test]
    fn newer_and_foreign_files_are_refused_with_the_way_out() {
        let mut newer = Connection::open_in_memory().expect("opened");
        migrate(&mut newer, &TWO).expect("migrated");
        let error = inspect(&newer, &ONE, &name()).expect_err("newer");
        assert_eq!(error.kind(), PortErrorKind::Mismatch);
        assert_eq!(error.hint().as_deref(), Some("update codemem; otherwise start again"));

        let foreign = Connection::open_in_memory().expect("opened");
        foreign.execute_batch("CREATE TABLE theirs (x)").expect("created");
        let error = inspect(&foreign, &ONE, &name()).expect_err("foreign");
        assert!(matches!(error, StoreError::ForeignDatabase { .. }));
    }
}

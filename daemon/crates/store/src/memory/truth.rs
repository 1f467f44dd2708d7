//! The database of memories as it was found: sound, damaged, or only read. Opens it and says which.
//!
//! A damaged one is kept as it is: what can be read is read, and nothing is written until a backup has been restored.

use super::schema::{BACKUPS_NAME, FILE_NAME, INDEX_NAME, SCHEMA};
use super::{backups, check};
use crate::error::{StoreError, StoreResult};
use crate::seal::{self, Verdict};
use crate::sqlite::Database;
use codemem_core::error::chain;
use codemem_core::ports::PortErrorKind;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A database and what is known about it.
#[derive(Clone)]
pub(super) struct Truth {
    /// `None` when nothing of it can be read.
    database: Option<Arc<Database>>,
    /// What is wrong with it.
    pub(super) finding: Option<String>,
}

impl Truth {
    /// Opens the database in a directory, creating both when missing.
    pub(super) fn open(directory: &Path) -> StoreResult<Self> {
        let path = directory.join(FILE_NAME);
        if let Some(finding) = loss(directory) {
            return Ok(Self::lost(finding));
        }
        let is_sealed = matches!(seal::open(&path)?, Verdict::Intact(_));
        let opened = Database::open(&path, &SCHEMA, !is_sealed).and_then(|database| {
            if !is_sealed {
                examine(&database)?;
            }
            Ok(database)
        });
        match opened {
            Ok(database) => {
                // One that disagreed, about a file that has turned out to be sound: somebody has put it there.
                seal::remove(&path)?;
                Ok(Self::sound(database))
            }
            Err(error) if error.kind() == PortErrorKind::Corrupt => Ok(Self::damaged(&path, &error)),
            Err(error) => Err(error),
        }
    }

    /// Opens the database in a directory without making or changing anything.
    pub(super) fn open_read_only(directory: &Path) -> StoreResult<Self> {
        let path = directory.join(FILE_NAME);
        if let Some(finding) = loss(directory) {
            return Ok(Self::lost(finding));
        }
        let is_sealed = matches!(seal::look(&path)?, Verdict::Intact(_));
        let opened = Database::open_read_only(&path, &SCHEMA, !is_sealed).and_then(|database| {
            if !is_sealed {
                examine(&database)?;
            }
            Ok(database)
        });
        match opened {
            Ok(database) => Ok(Self::sound(database)),
            Err(error) if error.kind() == PortErrorKind::Corrupt => Ok(Self::damaged(&path, &error)),
            Err(error) => Err(error),
        }
    }

    fn sound(database: Database) -> Self {
        Self {
            database: Some(Arc::new(database)),
            finding: None,
        }
    }

    fn lost(finding: String) -> Self {
        Self {
            database: None,
            finding: Some(finding),
        }
    }

    fn damaged(path: &Path, error: &StoreError) -> Self {
        let finding = chain(error);
        tracing::error!(error = finding, "the memories are damaged and only read");
        Self {
            database: Database::open_read_only(path, &SCHEMA, false).ok().map(Arc::new),
            finding: Some(finding),
        }
    }

    /// The same without its database, which is about to be replaced.
    pub(super) fn without_database(self) -> Self {
        Self { database: None, ..self }
    }

    /// The database, to read as much of it as can be read.
    pub(super) fn readable(&self, directory: &Path) -> StoreResult<&Arc<Database>> {
        self.database.as_ref().ok_or_else(|| self.error(directory))
    }

    /// The database, to write to it.
    pub(super) fn writable(&self, directory: &Path) -> StoreResult<&Arc<Database>> {
        match (&self.database, &self.finding) {
            (Some(database), None) => Ok(database),
            (_, Some(_)) | (None, None) => Err(self.error(directory)),
        }
    }

    /// Why nothing is written, and the way out.
    pub(super) fn error(&self, directory: &Path) -> StoreError {
        StoreError::DamagedMemories {
            path: directory.join(FILE_NAME),
            finding: self.finding.clone().unwrap_or_default(),
            newest_backup: backups::newest(directory).map(|(path, _)| path),
        }
    }
}

/// Looks at every page and every row.
pub(super) fn examine(database: &Database) -> StoreResult<()> {
    database.check()?;
    database.read("check memories", |tx| Ok(check::contents(tx, database.name())?))
}

/// Whether a database that was there is not any more: an empty one in its place would look as if all had been forgotten.
fn loss(directory: &Path) -> Option<String> {
    let path = directory.join(FILE_NAME);
    let was_there = [INDEX_NAME, BACKUPS_NAME]
        .iter()
        .any(|name| directory.join(name).exists());
    let found = fs::symlink_metadata(&path);
    match found {
        Ok(metadata) if !metadata.is_file() => Some("it is not a file".to_owned()),
        Ok(metadata) if metadata.len() == 0 && was_there => Some("it is empty".to_owned()),
        Err(_) if was_there => Some("it is gone".to_owned()),
        Ok(_) | Err(_) => None,
    }
}

/// Seals the database once it is closed, unless it has come under suspicion.
pub(super) struct SealWhenClosed {
    /// The database.
    pub(super) path: PathBuf,
    /// Whether it is closed in order.
    pub(super) is_trusted: std::sync::atomic::AtomicBool,
}

impl Drop for SealWhenClosed {
    fn drop(&mut self) {
        if !*self.is_trusted.get_mut() {
            return;
        }
        if let Err(error) = seal::close(&self.path, None) {
            tracing::debug!(%error, "not sealed, so it is checked when it is opened again");
        }
    }
}

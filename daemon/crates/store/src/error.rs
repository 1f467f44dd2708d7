//! What can go wrong in a store, and what the engine and the user should make of it.

use codemem_core::ports::{PortError, PortErrorKind};
use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Which database an error is about, with what its owner can do when it is beyond repair.
#[derive(Clone, Debug)]
pub struct DatabaseName {
    /// The file.
    pub path: PathBuf,
    /// The next step for the user when the file is damaged or of another program version.
    pub remedy: &'static str,
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

/// A failed action of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A directory could not be made.
    #[error("cannot create directory `{path}`")]
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory could not be removed.
    #[error("cannot remove directory `{path}`")]
    RemoveDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database could not be opened.
    #[error("cannot open database `{database}`")]
    OpenDatabase {
        /// The database.
        database: DatabaseName,
        /// Why.
        source: rusqlite::Error,
    },
    /// A database was written by a newer program.
    #[error("database `{database}` has schema version {found}, this program knows {known}")]
    NewerSchema {
        /// The database.
        database: DatabaseName,
        /// Its version.
        found: i32,
        /// The newest version this program knows.
        known: i32,
    },
    /// A database of an older program that may only be read, and so cannot be brought up to date.
    #[error("database `{database}` has schema version {found}, and {known} can only be made of it by writing")]
    OlderSchema {
        /// The database.
        database: DatabaseName,
        /// Its version.
        found: i32,
        /// The version that this program reads.
        known: i32,
    },
    /// A database that may only be read, whose log has not been folded in.
    #[error("database `{database}` was not closed, and its log can only be read by writing")]
    LogLeft {
        /// The database.
        database: DatabaseName,
    },
    /// A change of what is open for reading only.
    #[error("`{path}` is open for reading only")]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A backup that is not there.
    #[error("there is no file `{path}`")]
    NoBackup {
        /// The file.
        path: PathBuf,
    },
    /// A file that cannot be restored because it is what would be replaced.
    #[error("`{path}` is no backup: it is the database of memories itself")]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// A file that would have to be overwritten.
    #[error("`{path}` is there already")]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// The memories are damaged: they are kept as they are, and nothing is written.
    #[error("memory database `{path}` is damaged and takes no changes: {finding}")]
    DamagedMemories {
        /// The database.
        path: PathBuf,
        /// What was found.
        finding: String,
        /// The newest backup that is there.
        newest_backup: Option<PathBuf>,
    },
    /// A memory was asked for by where a page ended, and that is no such place.
    #[error("`{cursor}` is not where a page of memories ended")]
    UnknownCursor {
        /// What was given.
        cursor: String,
    },
    /// A database holds something that this program does not write.
    #[error("database `{database}` was not written by this program")]
    ForeignDatabase {
        /// The database.
        database: DatabaseName,
    },
    /// A check found a database damaged.
    #[error("database `{database}` is damaged: {finding}")]
    DamagedDatabase {
        /// The database.
        database: DatabaseName,
        /// The check's first finding.
        finding: String,
    },
    /// A query or a transaction failed.
    #[error("cannot {action} in `{database}`")]
    Query {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The database.
        database: DatabaseName,
        /// Why.
        source: rusqlite::Error,
    },
    /// All 2^32 ids of a kind have been given out.
    #[error("no {kind} ids are left in the catalog")]
    IdsExhausted {
        /// The kind of id.
        kind: &'static str,
    },
    /// A worktree that the catalog does not know.
    #[error("no worktree {id} in the catalog")]
    UnknownWorktree {
        /// Its id.
        id: u32,
    },
    /// A file recorded without extraction whose content the catalog does not hold.
    #[error("content of `{path}` is not in the catalog and came without its units")]
    UnknownContent {
        /// The file.
        path: String,
    },
    /// A file's units contradict each other.
    #[error("units of `{path}` do not fit together")]
    UnfitExtraction {
        /// The file.
        path: String,
    },
    /// A root whose path is not UTF-8.
    #[error("root `{path}` is not valid UTF-8")]
    RootNotUtf8 {
        /// The path, as far as it can be shown.
        path: String,
    },
    /// Vectors of another length than those stored.
    #[error("vectors in `{directory}` have {stored} dimensions, got {given}")]
    Dimension {
        /// The vector directory.
        directory: PathBuf,
        /// Length of the stored vectors.
        stored: usize,
        /// Length of the vector given.
        given: usize,
    },
    /// A vector with a component that is not a number.
    #[error("vector of text {text} is not finite")]
    NotFinite {
        /// The text's id.
        text: u32,
    },
    /// A vector directory that a check found damaged.
    #[error("vector index `{directory}` is damaged: {finding}")]
    DamagedVectors {
        /// The directory.
        directory: PathBuf,
        /// What the engine said.
        finding: String,
    },
    /// A vector directory of a newer program.
    #[error("vector index `{directory}` has format {found}, this program knows {known}")]
    NewerVectors {
        /// The directory.
        directory: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format this program knows.
        known: u64,
    },
    /// A vector directory that somebody else has open.
    #[error("vector index `{directory}` is in use")]
    VectorsInUse {
        /// The directory.
        directory: PathBuf,
    },
    /// Too little room left to write safely.
    #[error("only {available} bytes are left on the disk of `{path}`, {wanted} are wanted before anything is written")]
    NoRoom {
        /// The file or directory that was to be written.
        path: PathBuf,
        /// Bytes available.
        available: u64,
        /// Bytes that have to be free.
        wanted: u64,
    },
    /// A disk that turned out to be full.
    #[error("cannot {action} in `{path}`: the disk is full")]
    DiskFull {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the engine beneath said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The vector engine panicked over its files.
    #[error("cannot {action} in `{directory}`: the vector engine failed: {reason}")]
    VectorsPanicked {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The shard's directory.
        directory: PathBuf,
        /// The panic's message.
        reason: String,
    },
    /// An action of the vector engine failed.
    #[error("cannot {action} in `{directory}`: {reason}")]
    Vectors {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The shard's directory.
        directory: PathBuf,
        /// The engine's own words.
        reason: String,
    },
}

/// The result of a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// `SQLITE_IOERR_SHORT_READ`: the file ends before a page that it should have.
const SQLITE_IOERR_SHORT_READ: i32 = 522;

impl StoreError {
    /// How the engine should react.
    pub fn kind(&self) -> PortErrorKind {
        match self {
            Self::CreateDirectory { source, .. }
            | Self::RemoveDirectory { source, .. }
            | Self::WriteFile { source, .. }
            | Self::ReadFile { source, .. } => io_kind(source),
            Self::OpenDatabase { source, .. } | Self::Query { source, .. } => sqlite_kind(source),
            Self::NewerSchema { .. }
            | Self::ForeignDatabase { .. }
            | Self::Dimension { .. }
            | Self::NewerVectors { .. } => PortErrorKind::Mismatch,
            Self::DamagedDatabase { .. }
            | Self::DamagedMemories { .. }
            | Self::DamagedVectors { .. }
            | Self::VectorsPanicked { .. } => PortErrorKind::Corrupt,
            Self::OlderSchema { .. } | Self::LogLeft { .. } | Self::ReadOnly { .. } => PortErrorKind::Denied,
            Self::UnknownWorktree { .. }
            | Self::UnknownContent { .. }
            | Self::UnknownCursor { .. }
            | Self::NoBackup { .. } => PortErrorKind::NotFound,
            Self::NoRoom { .. } | Self::DiskFull { .. } => PortErrorKind::DiskFull,
            Self::IdsExhausted { .. }
            | Self::UnfitExtraction { .. }
            | Self::FileExists { .. }
            | Self::NotABackup { .. }
            | Self::RootNotUtf8 { .. }
            | Self::NotFinite { .. }
            | Self::VectorsInUse { .. }
            | Self::Vectors { .. } => PortErrorKind::Failed,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let subject = match self {
            Self::CreateDirectory { path, .. }
            | Self::RemoveDirectory { path, .. }
            | Self::WriteFile { path, .. }
            | Self::ReadFile { path, .. }
            | Self::NoRoom { path, .. }
            | Self::DiskFull { path, .. } => path,
            Self::OpenDatabase { database, .. } | Self::Query { database, .. } => {
                if self.kind() == PortErrorKind::Corrupt {
                    return Some(database.remedy.to_owned());
                }
                &database.path
            }
            Self::NewerSchema { database, .. } => {
                return Some(format!("update codemem; otherwise {}", database.remedy));
            }
            Self::ForeignDatabase { database } | Self::DamagedDatabase { database, .. } => {
                return Some(database.remedy.to_owned());
            }
            Self::OlderSchema { .. } | Self::LogLeft { .. } => {
                return Some("start the daemon once without `--read-only`".to_owned());
            }
            Self::ReadOnly { .. } => {
                return Some("changes need a daemon and a client without `--read-only`".to_owned());
            }
            Self::NoBackup { .. } | Self::NotABackup { .. } => {
                return Some("give the file of a backup: `codemem memory stats` names the newest".to_owned());
            }
            Self::FileExists { .. } => return Some("name a file that is not there yet".to_owned()),
            Self::DamagedMemories {
                path, newest_backup, ..
            } => return Some(restore_hint(path, newest_backup.as_deref())),
            Self::UnknownCursor { .. } => return Some("begin again at the first page".to_owned()),
            Self::NewerVectors { .. } => return Some(format!("update codemem; otherwise {REBUILD}")),
            Self::Dimension { .. }
            | Self::DamagedVectors { .. }
            | Self::VectorsPanicked { .. }
            | Self::IdsExhausted { .. } => {
                return Some(REBUILD.to_owned());
            }
            Self::VectorsInUse { .. } => {
                return Some("stop the other process: `codemem daemon stop`".to_owned());
            }
            Self::RootNotUtf8 { .. } => return Some("rename the directory".to_owned()),
            Self::UnknownWorktree { .. }
            | Self::UnknownContent { .. }
            | Self::UnfitExtraction { .. }
            | Self::NotFinite { .. }
            | Self::Vectors { .. } => return None,
        };
        if let Self::OpenDatabase { source, .. } | Self::Query { source, .. } = self
            && source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
        {
            let path = subject.display();
            return Some(format!(
                "check the disk that holds `{path}`: its health, quota and file size limit"
            ));
        }
        match self.kind() {
            PortErrorKind::DiskFull => Some(format!("free space on the disk that holds `{}`", subject.display())),
            PortErrorKind::Denied => Some(format!("check the permissions of `{}`", subject.display())),
            PortErrorKind::Unavailable
            | PortErrorKind::Corrupt
            | PortErrorKind::Mismatch
            | PortErrorKind::NotFound
            | PortErrorKind::Failed => None,
        }
    }
}

/// How memories are brought back.
pub(crate) fn restore_hint(database: &Path, newest_backup: Option<&Path>) -> String {
    match newest_backup {
        Some(backup) => format!("restore the newest backup: `codemem memory restore {}`", shown(backup)),
        None => format!(
            "there is no backup: save what can still be read with `codemem memory export`, move `{}` away and import it; \
             or put a copy back with `codemem memory restore PATH`",
            database.display()
        ),
    }
}

/// A path as a shell takes it.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// How a repository's stores are made anew.
pub(crate) const REBUILD: &str = "rebuild the index: `codemem remove PATH`, then `codemem index PATH`";

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        let port = Self::new(error.kind(), error);
        match hint {
            Some(hint) => port.with_hint(hint),
            None => port,
        }
    }
}

fn io_kind(error: &io::Error) -> PortErrorKind {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => PortErrorKind::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            PortErrorKind::DiskFull
        }
        _other => PortErrorKind::Failed,
    }
}

fn sqlite_kind(error: &rusqlite::Error) -> PortErrorKind {
    let Some(error) = error.sqlite_error() else {
        return PortErrorKind::Failed;
    };
    match error.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => PortErrorKind::Corrupt,
        ErrorCode::SystemIoFailure if error.extended_code == SQLITE_IOERR_SHORT_READ => PortErrorKind::Corrupt,
        ErrorCode::DiskFull => PortErrorKind::DiskFull,
        ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen => PortErrorKind::Denied,
        _other => PortErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;
    use std::error::Error as _;

    fn query(code: i32) -> StoreError {
        StoreError::Query {
            action: "count files",
            database: DatabaseName {
                path: "/data/catalog.db".into(),
                remedy: REBUILD,
            },
            source: rusqlite::Error::SqliteFailure(ffi::Error::new(code), None),
        }
    }

    #[test]
    fn sqlite_codes_become_kinds_with_their_next_step() {
        let table = [
            (ffi::SQLITE_CORRUPT, PortErrorKind::Corrupt, Some("rebuild")),
            (ffi::SQLITE_NOTADB, PortErrorKind::Corrupt, Some("rebuild")),
            (SQLITE_IOERR_SHORT_READ, PortErrorKind::Corrupt, Some("rebuild")),
            (ffi::SQLITE_FULL, PortErrorKind::DiskFull, Some("free space")),
            (ffi::SQLITE_READONLY, PortErrorKind::Denied, Some("permissions")),
            (ffi::SQLITE_CANTOPEN, PortErrorKind::Denied, Some("permissions")),
            (ffi::SQLITE_BUSY, PortErrorKind::Failed, None),
            (ffi::SQLITE_LOCKED, PortErrorKind::Failed, None),
            (ffi::SQLITE_NOMEM, PortErrorKind::Failed, None),
            (ffi::SQLITE_INTERRUPT, PortErrorKind::Failed, None),
            (ffi::SQLITE_PROTOCOL, PortErrorKind::Failed, None),
            (ffi::SQLITE_SCHEMA, PortErrorKind::Failed, None),
            (ffi::SQLITE_IOERR, PortErrorKind::Failed, Some("check the disk")),
            (ffi::SQLITE_IOERR_READ, PortErrorKind::Failed, Some("check the disk")),
            (ffi::SQLITE_IOERR_WRITE, PortErrorKind::Failed, Some("check the disk")),
            (ffi::SQLITE_IOERR_FSYNC, PortErrorKind::Failed, Some("check the disk")),
            (ffi::SQLITE_IOERR_LOCK, PortErrorKind::Failed, Some("check the disk")),
            (ffi::SQLITE_IOERR_SHMMAP, PortErrorKind::Failed, Some("check the disk")),
        ];
        for (code, kind, hint) in table {
            let error = PortError::from(query(code));
            assert_eq!(error.kind, kind, "code {code}");
            match hint {
                Some(word) => assert!(
                    error.hint.as_deref().is_some_and(|hint| hint.contains(word)),
                    "code {code}"
                ),
                None => assert_eq!(error.hint, None, "code {code}"),
            }
        }
    }

    #[test]
    fn the_machine_s_troubles_are_not_damage() {
        // From errno(3): what the system says, and what the engine makes of it.
        let table = [
            ("ENOSPC", rustix::io::Errno::NOSPC, PortErrorKind::DiskFull),
            ("EDQUOT", rustix::io::Errno::DQUOT, PortErrorKind::DiskFull),
            ("EFBIG", rustix::io::Errno::FBIG, PortErrorKind::DiskFull),
            ("EACCES", rustix::io::Errno::ACCESS, PortErrorKind::Denied),
            ("EPERM", rustix::io::Errno::PERM, PortErrorKind::Denied),
            ("EROFS", rustix::io::Errno::ROFS, PortErrorKind::Denied),
            ("EMFILE", rustix::io::Errno::MFILE, PortErrorKind::Failed),
            ("ENFILE", rustix::io::Errno::NFILE, PortErrorKind::Failed),
            ("EIO", rustix::io::Errno::IO, PortErrorKind::Failed),
            ("ENOMEM", rustix::io::Errno::NOMEM, PortErrorKind::Failed),
        ];
        for (name, errno, kind) in table {
            let source = io::Error::from_raw_os_error(errno.raw_os_error());
            let error = StoreError::WriteFile {
                path: "/data/vectors.json".into(),
                source,
            };
            assert_eq!(error.kind(), kind, "{name}");
        }
    }

    #[test]
    fn the_message_names_the_subject_and_leaves_the_cause_to_the_source() {
        let error = PortError::from(query(ffi::SQLITE_FULL));
        assert_eq!(error.to_string(), "cannot count files in `/data/catalog.db`");
        assert!(error.source().is_some_and(|source| source.to_string().contains("full")));
    }
}

//! Logs: a daily file that is kept for a week, and standard error when a person watches.
//!
//! Nothing of queries, code or memories is logged above debug level.

use crate::config::Settings;
use codemem_proto::dirs::LOG_FILE_PREFIX;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// Daily files kept: a weekend and the week before it.
const FILES_KEPT: usize = 7;

/// Keeps the log writer alive; dropping it writes what is buffered.
pub(crate) struct Logs {
    directory: PathBuf,
    _guard: WorkerGuard,
}

/// Why there can be no logs.
#[derive(thiserror::Error, Debug)]
pub(crate) enum LogError {
    #[error("cannot create the log directory `{}`", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("cannot open a log file in `{}`", path.display())]
    Open {
        path: PathBuf,
        source: tracing_appender::rolling::InitError,
    },
    #[error("`{filter}` is not a log filter")]
    Filter {
        filter: String,
        source: tracing_subscriber::filter::ParseError,
    },
}

impl LogError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Directory { .. } | Self::Open { .. } => {
                "make the directory writable, or set CODEMEM_STATE_DIR to another one".to_owned()
            }
            Self::Filter { .. } => "write it like `info` or `codemem_engine=debug`".to_owned(),
        }
    }
}

/// Starts logging for the life of the process.
pub(crate) fn init(settings: &Settings, to_stderr: bool) -> Result<Logs, LogError> {
    let directory = settings.directories.logs();
    std::fs::create_dir_all(&directory).map_err(|source| LogError::Directory {
        path: directory.clone(),
        source,
    })?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(LOG_FILE_PREFIX)
        .filename_suffix("log")
        .max_log_files(FILES_KEPT)
        .build(&directory)
        .map_err(|source| LogError::Open {
            path: directory.clone(),
            source,
        })?;
    let (writer, guard) = tracing_appender::non_blocking(appender);
    let filter = || {
        EnvFilter::try_new(&settings.log).map_err(|source| LogError::Filter {
            filter: settings.log.clone(),
            source,
        })
    };
    let to_file = fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_thread_names(true)
        .with_filter(filter()?);
    let to_stderr = to_stderr.then(filter).transpose()?.map(|filter| {
        fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .with_filter(filter)
    });
    tracing_subscriber::registry().with(to_file).with(to_stderr).init();
    Ok(Logs {
        directory,
        _guard: guard,
    })
}

impl Logs {
    /// The newest log file.
    pub(crate) fn file(&self) -> PathBuf {
        newest(&self.directory).unwrap_or_else(|| self.directory.clone())
    }
}

fn newest(directory: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    files
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(LOG_FILE_PREFIX))
        })
        .max()
}

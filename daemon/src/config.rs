//! Settings in layers: defaults, then the file, then the environment, then flags. One function merges.

use crate::args::Args;
use codemem_proto::dirs::{Directories, DirectoriesError};
use codemem_proto::env::{Env, Variable};
use serde::Deserialize;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// An hour: long enough to outlive lunch, short enough that a forgotten daemon goes away.
const DEFAULT_IDLE_SECONDS: u64 = 3_600;

/// Loading takes a fifth of a second; the memory it holds is worth more than that after five minutes.
const DEFAULT_UNLOAD_SECONDS: u64 = 300;

/// Our own doings, and only the complaints of the engines below, whose chatter is not about the user's data.
const DEFAULT_LOG: &str = "info,qdrant_edge=error,tantivy=warn";

/// Everything the daemon can be told, decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    pub(crate) directories: Directories,
    /// A tracing filter.
    pub(crate) log: String,
    /// Time without work after which the daemon ends.
    pub(crate) idle_timeout: Option<Duration>,
    /// Time without work after which the models are unloaded.
    pub(crate) unload_after: Duration,
    /// Threads that read and parse during a pass.
    pub(crate) index_threads: usize,
    /// Searches answered at the same time.
    pub(crate) search_threads: usize,
    /// Largest file indexed, in bytes.
    pub(crate) max_file_bytes: u64,
    /// Threads that embed passages.
    pub(crate) embed_threads: usize,
    pub(crate) onnxruntime: Option<PathBuf>,
    pub(crate) model_dir: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// Never fetch models or libraries.
    pub(crate) offline: bool,
}

/// Why the settings are not known.
#[derive(thiserror::Error, Debug)]
pub(crate) enum ConfigError {
    #[error("cannot tell where data belongs")]
    Directories(#[from] DirectoriesError),
    #[error("cannot read the configuration `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The source names line and column.
    #[error("the configuration `{}` is not valid", path.display())]
    Parse {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
}

impl ConfigError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Directories(error) => error.hint(),
            Self::Read { path, .. } => {
                format!("make `{}` readable, or name another file with --config", path.display())
            }
            Self::Parse { path, .. } => format!("mend the line named in `{}`, or delete the file", path.display()),
        }
    }
}

/// One layer: only what it sets.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Layer {
    log: Option<String>,
    idle_timeout_seconds: Option<u64>,
    offline: Option<bool>,
    index: IndexLayer,
    search: SearchLayer,
    models: ModelsLayer,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IndexLayer {
    threads: Option<usize>,
    max_file_bytes: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SearchLayer {
    threads: Option<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ModelsLayer {
    threads: Option<usize>,
    unload_after_seconds: Option<u64>,
    onnxruntime: Option<PathBuf>,
    directory: Option<PathBuf>,
    python: Option<PathBuf>,
}

impl Layer {
    /// This layer, with `under` where it sets nothing.
    fn or(self, under: Self) -> Self {
        Self {
            log: self.log.or(under.log),
            idle_timeout_seconds: self.idle_timeout_seconds.or(under.idle_timeout_seconds),
            offline: self.offline.or(under.offline),
            index: IndexLayer {
                threads: self.index.threads.or(under.index.threads),
                max_file_bytes: self.index.max_file_bytes.or(under.index.max_file_bytes),
            },
            search: SearchLayer {
                threads: self.search.threads.or(under.search.threads),
            },
            models: ModelsLayer {
                threads: self.models.threads.or(under.models.threads),
                unload_after_seconds: self.models.unload_after_seconds.or(under.models.unload_after_seconds),
                onnxruntime: self.models.onnxruntime.or(under.models.onnxruntime),
                directory: self.models.directory.or(under.models.directory),
                python: self.models.python.or(under.models.python),
            },
        }
    }

    fn of_args(args: &Args) -> Self {
        Self {
            log: args.log.clone(),
            idle_timeout_seconds: args.idle_timeout,
            offline: args.offline.then_some(true),
            ..Self::default()
        }
    }

    fn of_env(env: &Env) -> Self {
        let path = |variable| env.path(variable).map(PathBuf::from);
        Self {
            log: env.text(Variable::Log).map(str::to_owned),
            models: ModelsLayer {
                onnxruntime: path(Variable::OnnxRuntime),
                directory: path(Variable::ModelDir),
                python: path(Variable::Python),
                ..ModelsLayer::default()
            },
            ..Self::default()
        }
    }
}

/// Reads all layers. A file that is missing sets nothing; one that cannot be read or parsed is an error.
pub(crate) fn load(args: &Args, env: &Env) -> Result<Settings, ConfigError> {
    let directories = Directories::locate(env)?;
    let path = args
        .config
        .clone()
        .unwrap_or_else(|| directories.config_file().to_path_buf());
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => parse(path, &text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.config.is_none() => Layer::default(),
        Err(source) => return Err(ConfigError::Read { path, source }),
    };
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Ok(settle(
        Layer::of_args(args).or(Layer::of_env(env)).or(file),
        directories,
        cores,
    ))
}

fn parse(path: PathBuf, text: &str) -> Result<Layer, ConfigError> {
    toml::from_str(text).map_err(|source| ConfigError::Parse {
        path,
        source: Box::new(source),
    })
}

/// Fills in the defaults.
fn settle(layer: Layer, directories: Directories, cores: usize) -> Settings {
    let idle = layer.idle_timeout_seconds.unwrap_or(DEFAULT_IDLE_SECONDS);
    let engine = codemem_engine::EngineConfig::default();
    Settings {
        directories,
        log: layer.log.unwrap_or_else(|| DEFAULT_LOG.to_owned()),
        idle_timeout: (idle > 0).then(|| Duration::from_secs(idle)),
        unload_after: Duration::from_secs(layer.models.unload_after_seconds.unwrap_or(DEFAULT_UNLOAD_SECONDS)),
        // More readers than that outrun the one writer.
        index_threads: layer.index.threads.unwrap_or_else(|| cores.min(8)).max(1),
        search_threads: layer.search.threads.unwrap_or(cores * 2).max(1),
        max_file_bytes: layer.index.max_file_bytes.unwrap_or(engine.max_file_bytes),
        embed_threads: layer.models.threads.unwrap_or_else(|| cores.min(8)).max(1),
        onnxruntime: layer.models.onnxruntime,
        model_dir: layer.models.directory,
        python: layer.models.python,
        offline: layer.offline.unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Env {
        Env::default()
            .with(Variable::DataDir, "/nowhere/data")
            .with(Variable::StateDir, "/nowhere/state")
            .with(Variable::Config, "/nowhere/config.toml")
    }

    #[test]
    fn later_layers_win_and_leave_the_rest() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = dir.path().join("config.toml");
        std::fs::write(
            &file,
            "log = \"debug\"\nidle_timeout_seconds = 5\n[models]\npython = \"/file/python\"\n",
        )
        .expect("write");
        let args = Args {
            config: Some(file),
            idle_timeout: Some(0),
            ..Args::default()
        };
        let env = env().with(Variable::Log, "trace");
        let settings = load(&args, &env).expect("valid");
        assert_eq!(settings.log, "trace", "environment over file");
        assert_eq!(settings.idle_timeout, None, "flag over file, and an explicit 0 counts");
        assert_eq!(settings.python, Some("/file/python".into()), "file over default");
        assert_eq!(settings.max_file_bytes, 1024 * 1024, "default");
    }

    #[test]
    fn a_file_that_does_not_parse_is_an_error_that_names_the_line() {
        let error = parse("/c.toml".into(), "log = \"info\"\nindex = { thread = 1 }\n").expect_err("unknown key");
        let ConfigError::Parse { source, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(source.to_string().contains("line 2"), "{source}");
        assert!(error.hint().contains("/c.toml"));
    }

    #[test]
    fn only_a_file_that_was_named_must_exist() {
        assert!(load(&Args::default(), &env()).is_ok());
        let args = Args {
            config: Some("/nowhere/else.toml".into()),
            ..Args::default()
        };
        assert!(matches!(load(&args, &env()), Err(ConfigError::Read { .. })));
    }
}

//! Where data, configuration and logs live.
//!
//! Computes paths and creates nothing: the daemon creates what it owns.

use crate::env::{Env, Variable};
use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// How the name of every log file of the daemon begins; rotation appends to it.
pub const LOG_FILE_PREFIX: &str = "codememd";

/// The directories of one user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directories {
    data: PathBuf,
    config_file: PathBuf,
    state: PathBuf,
}

/// The user's home directory; `None` where the system does not tell.
pub fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned())
}

/// Why the directories are not known.
#[derive(thiserror::Error, PartialEq, Eq, Debug)]
pub enum DirectoriesError {
    /// Neither the system nor a variable tells them.
    #[error("no home directory is known for this user")]
    NoHome,
    /// A variable holds a relative path, which would mean another place in every program.
    #[error("{variable} must be an absolute path: {}", .path.display())]
    Relative {
        /// Name of the variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
}

impl DirectoriesError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoHome => "set HOME, or CODEMEM_DATA_DIR, CODEMEM_STATE_DIR and CODEMEM_CONFIG".to_owned(),
            Self::Relative { variable, .. } => format!("set {variable} to an absolute path, or unset it"),
        }
    }
}

impl Directories {
    /// The directories that the environment names, and the user's usual ones for the rest.
    pub fn locate(env: &Env) -> Result<Self, DirectoriesError> {
        Self::resolve(env, Defaults::of_user)
    }

    fn resolve(env: &Env, defaults: impl FnOnce() -> Option<Defaults>) -> Result<Self, DirectoriesError> {
        let data = absolute(env, Variable::DataDir)?;
        let config_file = absolute(env, Variable::Config)?;
        let state = absolute(env, Variable::StateDir)?;
        if let (Some(data), Some(config_file), Some(state)) = (data, config_file, state) {
            return Ok(Self {
                data: data.to_owned(),
                config_file: config_file.to_owned(),
                state: state.to_owned(),
            });
        }
        let defaults = defaults().ok_or(DirectoriesError::NoHome)?;
        Ok(Self {
            data: data.map_or(defaults.data, Path::to_owned),
            config_file: config_file.map_or_else(|| defaults.config.join("config.toml"), Path::to_owned),
            state: state.map_or(defaults.state, Path::to_owned),
        })
    }

    /// Indexes, models, the runtime library.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The configuration file, which need not exist.
    pub fn config_file(&self) -> &Path {
        &self.config_file
    }

    /// What the daemon keeps across restarts without anybody missing it.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The daemon's log files; their names begin with [`LOG_FILE_PREFIX`].
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }
}

struct Defaults {
    data: PathBuf,
    config: PathBuf,
    state: PathBuf,
}

impl Defaults {
    fn of_user() -> Option<Self> {
        let project = ProjectDirs::from("", "", "codemem")?;
        let data = project.data_dir().to_owned();
        Some(Self {
            // macOS has no state directory.
            state: project.state_dir().map_or_else(|| data.join("state"), Path::to_owned),
            config: project.config_dir().to_owned(),
            data,
        })
    }
}

fn absolute(env: &Env, variable: Variable) -> Result<Option<&Path>, DirectoriesError> {
    match env.path(variable) {
        Some(path) if !path.is_absolute() => Err(DirectoriesError::Relative {
            variable: variable.name(),
            path: path.to_owned(),
        }),
        path => Ok(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            data: "/home/u/data".into(),
            config: "/home/u/config".into(),
            state: "/home/u/state".into(),
        }
    }

    #[test]
    fn variables_go_before_defaults() {
        let env = Env::default().with(Variable::DataDir, "/elsewhere");
        let directories = Directories::resolve(&env, || Some(defaults())).expect("known");
        assert_eq!(directories.data(), Path::new("/elsewhere"));
        assert_eq!(directories.config_file(), Path::new("/home/u/config/config.toml"));
        assert_eq!(directories.logs(), Path::new("/home/u/state/logs"));
    }

    #[test]
    fn no_home_is_needed_when_everything_is_named() {
        let env = Env::default()
            .with(Variable::DataDir, "/d")
            .with(Variable::StateDir, "/s")
            .with(Variable::Config, "/c.toml");
        assert!(Directories::resolve(&env, || None).is_ok());
        let env = env.with(Variable::StateDir, "");
        assert_eq!(Directories::resolve(&env, || None), Err(DirectoriesError::NoHome));
    }

    #[test]
    fn relative_paths_are_refused() {
        for variable in [Variable::DataDir, Variable::StateDir, Variable::Config] {
            let env = Env::default().with(variable, "somewhere");
            let error = Directories::resolve(&env, || Some(defaults())).expect_err("relative");
            assert_eq!(
                error.to_string(),
                format!("{} must be an absolute path: somewhere", variable.name())
            );
            assert!(error.hint().contains(variable.name()));
        }
    }
}

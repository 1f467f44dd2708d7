//! The daemon's settings, in layers: defaults, then the file, then the environment, then flags.
//!
//! [`table`] lists every key once; [`layer`] reads each layer and merges them with one function; [`mod@file`]
//! says of every mistake in the file where it is and what is allowed; [`owner`] holds what is in force
//! while the daemon runs and reads it again when asked. Nothing else reads the file, and nothing here
//! acts on a setting.

mod error;
mod file;
mod in_force;
mod key;
mod layer;
mod owner;
mod table;
mod value;

pub(crate) use error::ConfigError;
pub(crate) use in_force::{InForce, Row};
pub(crate) use key::{Applies, Key, Kind};
pub(crate) use layer::Flags;
pub(crate) use owner::{Handle, Owner, RequestError};
pub(crate) use table::{KEYS, MOST_FILE_BYTES, Settings};
pub(crate) use value::{LogFormat, Value};

use crate::args::Args;
use codemem_proto::dirs::Directories;
use codemem_proto::env::{Env, Variable};
use layer::Layer;
use std::io;
use std::path::{Path, PathBuf};

/// The settings, and where to read them again.
#[derive(Debug)]
pub(crate) struct Configuration {
    sources: Sources,
    in_force: InForce,
}

/// Everything that settings come from. Only the file changes while the daemon runs.
#[derive(Debug)]
struct Sources {
    directories: Directories,
    env: Env,
    flags: Flags,
    file: PathBuf,
    /// A file that was named must be there.
    is_named: bool,
    /// The unit of a service names the file of its installation, whether or not it was ever written.
    is_managed: bool,
    cores: usize,
}

impl Configuration {
    /// Reads all layers. A file that is missing sets nothing; one that cannot be read or is not valid is
    /// an error.
    pub(crate) fn load(args: &Args, env: &Env) -> Result<Self, ConfigError> {
        let sources = Sources::of(args, env)?;
        let in_force = sources.in_force(sources.read()?);
        Ok(Self { sources, in_force })
    }

    /// What would be in force if mistakes were left out, and what they are, for whoever cannot ask a daemon
    /// because of them.
    pub(crate) fn without_mistakes(args: &Args, env: &Env) -> Result<InForce, ConfigError> {
        let sources = Sources::of(args, env)?;
        let (entries, error) = sources.read_what_is_valid();
        let mut in_force = sources.in_force(entries);
        in_force.problem = error.map(|error| error.chain());
        Ok(in_force)
    }

    /// The settings as they stand.
    pub(crate) fn settings(&self) -> &Settings {
        &self.in_force.settings
    }

    /// The environment that the settings were read with.
    pub(crate) fn env(&self) -> &Env {
        &self.sources.env
    }
}

impl Sources {
    fn of(args: &Args, env: &Env) -> Result<Self, ConfigError> {
        let directories = match &args.config {
            // What lies beside the file goes with it.
            Some(named) => Directories::locate(&env.clone().with(Variable::Config, absolute(named)?))?,
            None => Directories::locate(env)?,
        };
        Ok(Self {
            env: env.clone(),
            flags: args.flags.0.clone(),
            is_named: args.config.is_some(),
            is_managed: args.managed,
            file: directories.config_file().to_path_buf(),
            cores: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            directories,
        })
    }

    fn in_force(&self, entries: Layer) -> InForce {
        let mut in_force = InForce::new(self.directories.clone(), self.file.clone(), entries);
        in_force.missing_file = self.missing_file();
        in_force
    }

    /// Reads every layer and merges them: an entry for every key.
    fn read(&self) -> Result<Layer, ConfigError> {
        match self.read_what_is_valid() {
            (entries, None) => Ok(entries),
            (_, Some(error)) => Err(error),
        }
    }

    /// The same without what is wrong, and what that is.
    fn read_what_is_valid(&self) -> (Layer, Option<ConfigError>) {
        let (mut unreadable, mut problems, mut file) = (None, Vec::new(), Layer::default());
        match std::fs::read_to_string(&self.file) {
            Ok(text) => (file, problems) = file::read(self.file.clone(), &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_named => {}
            Err(source) => {
                unreadable = Some(ConfigError::Read {
                    path: self.file.clone(),
                    source,
                });
            }
        }
        let (environment, of_environment) = Layer::of_environment(&self.env);
        let (flags, of_flags) = Layer::of_flags(&self.flags);
        problems.extend(of_environment.into_iter().chain(of_flags));
        let invalid = (!problems.is_empty()).then_some(ConfigError::Invalid(problems));
        let entries = layer::merge([Layer::defaults(self.cores), file, environment, flags]);
        (entries, unreadable.or(invalid))
    }

    /// What there is to say of a file that the user's environment names and that is not there: it may be mistyped,
    /// or be written later.
    fn missing_file(&self) -> Option<String> {
        let is_meant = self.env.get(Variable::Config).is_some() && !self.is_named && !self.is_managed;
        (is_meant && !self.file.exists()).then(|| {
            let (variable, file) = (Variable::Config.name(), self.file.display());
            format!("{variable} names a file that does not exist: `{file}`")
        })
    }
}

fn absolute(file: &Path) -> Result<PathBuf, ConfigError> {
    std::path::absolute(file).map_err(|source| ConfigError::Read {
        path: file.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests;

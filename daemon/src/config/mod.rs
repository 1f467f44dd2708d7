//! The daemon's settings, in layers: defaults, then the file, then the environment, then flags.
//!
//! [`table`] lists every key once; [`layer`] reads each layer and merges them with one function; [`file`]
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
use codemem_proto::env::Env;
use layer::Layer;
use std::io;
use std::path::PathBuf;

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
    cores: usize,
}

impl Configuration {
    /// Reads all layers. A file that is missing sets nothing; one that cannot be read or is not valid is
    /// an error.
    pub(crate) fn load(args: &Args, env: &Env) -> Result<Self, ConfigError> {
        let directories = Directories::locate(env)?;
        let named = args.config.clone();
        let sources = Sources {
            env: env.clone(),
            flags: args.flags.0.clone(),
            is_named: named.is_some(),
            file: named.unwrap_or_else(|| directories.config_file().to_path_buf()),
            cores: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            directories,
        };
        let entries = sources.read()?;
        Ok(Self {
            in_force: InForce::new(sources.directories.clone(), sources.file.clone(), entries),
            sources,
        })
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
    /// Reads every layer and merges them: an entry for every key.
    fn read(&self) -> Result<Layer, ConfigError> {
        let (file, mut problems) = match std::fs::read_to_string(&self.file) {
            Ok(text) => file::read(self.file.clone(), &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_named => Default::default(),
            Err(source) => {
                return Err(ConfigError::Read {
                    path: self.file.clone(),
                    source,
                });
            }
        };
        let (environment, of_environment) = Layer::of_environment(&self.env);
        let (flags, of_flags) = Layer::of_flags(&self.flags);
        problems.extend(of_environment.into_iter().chain(of_flags));
        if !problems.is_empty() {
            return Err(ConfigError::Invalid(problems));
        }
        Ok(layer::merge([Layer::defaults(self.cores), file, environment, flags]))
    }
}

#[cfg(test)]
mod tests;

//! The settings in force, with where each came from, what waits for a restart, and what is wrong.

use super::key::{Applies, Key};
use super::layer::{Entry, Layer, Origin};
use super::table::{KEYS, Settings};
use super::value::Value;
use codemem_proto::dirs::Directories;
use std::path::PathBuf;

/// The key that a request to the running daemon can overrule.
const LOG_KEY: &str = "log.filter";

/// What holds now. Replaced whole by the owner; everybody else reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct InForce {
    pub(crate) settings: Settings,
    /// The configuration file, which need not exist.
    pub(crate) file: PathBuf,
    /// What is wrong with the configuration as it stands now; the settings are then those from before.
    pub(crate) problem: Option<String>,
    /// That the environment names a file which is not there, so that it sets nothing.
    pub(crate) missing_file: Option<String>,
    /// An entry for every key.
    entries: Layer,
    /// What is configured now and counts after a restart.
    waiting: Layer,
    /// The log filter that was asked for at run time.
    log_request: Option<Entry>,
}

/// One key as it stands.
pub(crate) struct Row<'a> {
    pub(crate) key: &'static Key,
    pub(crate) value: Option<&'a Value>,
    pub(crate) origin: &'a Origin,
    pub(crate) waiting: Option<&'a Entry>,
}

/// What reading the configuration again changed, by the names of the keys.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Changes {
    /// In force now.
    pub(crate) changed: Vec<&'static str>,
    /// In force after a restart.
    pub(crate) waiting: Vec<&'static str>,
}

impl InForce {
    /// Everything as merged.
    pub(super) fn new(directories: Directories, file: PathBuf, entries: Layer) -> Self {
        Self {
            settings: settings(directories, &entries),
            file,
            problem: None,
            missing_file: None,
            entries,
            waiting: Layer::default(),
            log_request: None,
        }
    }

    /// The filter that the log follows.
    pub(crate) fn log_filter(&self) -> String {
        let requested = self.log_request.as_ref().and_then(|entry| entry.value.as_ref());
        requested.map_or_else(|| self.settings.log.clone(), ToString::to_string)
    }

    /// Every key, in the order of the table.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        KEYS.iter()
            .map(|key| {
                let requested = self.log_request.as_ref().filter(|_| key.name == LOG_KEY);
                let entry = requested.unwrap_or(&self.entries.0[key.name]);
                Row {
                    key,
                    value: entry.value.as_ref(),
                    origin: &entry.origin,
                    waiting: self.waiting.0.get(key.name),
                }
            })
            .collect()
    }

    /// Takes over what may change at run time of a configuration that was read again.
    pub(super) fn take(&mut self, fresh: &Layer) -> Changes {
        let mut changes = Changes::default();
        for key in KEYS {
            let (now, then) = (&fresh.0[key.name], &self.entries.0[key.name]);
            self.waiting.0.remove(key.name);
            if now.value == then.value || key.applies == Applies::AtOnce {
                if now.value != then.value {
                    changes.changed.push(key.name);
                }
                self.entries.0.insert(key.name, now.clone());
            } else {
                changes.waiting.push(key.name);
                self.waiting.0.insert(key.name, now.clone());
            }
        }
        self.settings = settings(self.settings.directories.clone(), &self.entries);
        self.problem = None;
        changes
    }

    /// Lets the log follow another filter, or the configured one again.
    pub(super) fn request_log(&mut self, filter: Option<String>) {
        self.log_request = filter.map(|filter| Entry {
            value: Some(Value::Text(filter)),
            origin: Origin::Request,
        });
    }
}

fn settings(directories: Directories, entries: &Layer) -> Settings {
    Settings::of(directories, KEYS.iter().map(|key| entries.0[key.name].value.as_ref()))
}

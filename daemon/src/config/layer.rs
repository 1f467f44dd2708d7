//! Layers: what the defaults, the file, the environment and the flags each set, and the one function
//! that merges them.

use super::error::{Place, Problem};
use super::table::KEYS;
use super::value::Value;
use codemem_proto::env::{Env, Variable};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    Default,
    File {
        path: Arc<PathBuf>,
        line: usize,
    },
    Environment(Variable),
    Flag(&'static str),
    /// A request to the running daemon, until it is taken back.
    Request,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "file {}:{line}", path.display()),
            Self::Environment(variable) => write!(f, "environment {}", variable.name()),
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Request => f.write_str("request `codemem daemon log-level`"),
        }
    }
}

/// A value and where it came from; without a value where the key has none by default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Option<Value>,
    pub(crate) origin: Origin,
}

/// One layer: what it sets, by the names of the keys.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Layer(pub(super) BTreeMap<&'static str, Entry>);

/// What the command line sets, by the names of the flags.
pub(crate) type Flags = BTreeMap<&'static str, OsString>;

impl Layer {
    /// The lowest layer: an entry for every key.
    pub(super) fn defaults(cores: usize) -> Self {
        let entries = KEYS.iter().map(|key| {
            let entry = Entry {
                value: key.fallback.value(cores),
                origin: Origin::Default,
            };
            (key.name, entry)
        });
        Self(entries.collect())
    }

    pub(super) fn of_environment(env: &Env) -> (Self, Vec<Problem>) {
        Self::of_texts(|key| {
            let text = env.get(key.variable)?;
            Some((text.to_owned(), Origin::Environment(key.variable)))
        })
    }

    pub(super) fn of_flags(flags: &Flags) -> (Self, Vec<Problem>) {
        Self::of_texts(|key| {
            let flag = key.flag?;
            Some((flags.get(flag)?.clone(), Origin::Flag(flag)))
        })
    }

    fn of_texts(text: impl Fn(&'static super::key::Key) -> Option<(OsString, Origin)>) -> (Self, Vec<Problem>) {
        let (mut layer, mut problems) = (Self::default(), Vec::new());
        for key in KEYS {
            let Some((text, origin)) = text(key) else { continue };
            match key.kind.read(&text) {
                Some(value) => layer.set(key.name, value, origin),
                None => problems.push(Problem {
                    place: Place::of(&origin),
                    message: format!(
                        "`{}` is not {}{}",
                        text.display(),
                        key.kind.allowed(),
                        key.kind.suggestion(&text.to_string_lossy())
                    ),
                }),
            }
        }
        (layer, problems)
    }

    pub(super) fn set(&mut self, name: &'static str, value: Value, origin: Origin) {
        let value = Some(value);
        self.0.insert(name, Entry { value, origin });
    }
}

/// Puts layers over each other: of each key the last layer that sets it counts.
pub(super) fn merge(layers: impl IntoIterator<Item = Layer>) -> Layer {
    Layer(layers.into_iter().flat_map(|layer| layer.0).collect())
}

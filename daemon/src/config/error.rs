//! What is wrong with the configuration, where exactly, and what would be right.

use super::layer::Origin;
use codemem_core::error::chain;
use codemem_proto::dirs::DirectoriesError;
use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Problems told at once; more would hide the first.
const TOLD: usize = 5;

/// Why the settings are not known.
#[derive(thiserror::Error, Debug)]
pub(crate) enum ConfigError {
    #[error("cannot tell where data belongs")]
    Directories(#[from] DirectoriesError),
    #[error("cannot read the configuration `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// At least one, in the order of the layers and, in the file, of the lines.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Directories(error) => error.hint(),
            Self::Read { path, .. } => {
                format!("make `{}` readable, or name another file with --config", path.display())
            }
            Self::Invalid(problems) => match problems.first().map(|problem| &problem.place) {
                Some(Place::File { path, line, .. }) => {
                    format!(
                        "mend line {line} of `{}`; `codemem config show` lists every key",
                        path.display()
                    )
                }
                Some(Place::Variable(name)) => format!("set {name} to what is allowed, or unset it"),
                Some(Place::Flag(flag)) => format!("give --{flag} what is allowed; see `codememd --help`"),
                None => "`codemem config show` lists every key".to_owned(),
            },
        }
    }

    /// What is wrong, with its causes.
    pub(crate) fn chain(&self) -> String {
        chain(self)
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Line and column from 1, the column in characters.
    File {
        path: Arc<PathBuf>,
        line: usize,
        column: usize,
    },
    Variable(&'static str),
    Flag(&'static str),
}

impl Place {
    /// The place that a value from the environment or a flag has.
    pub(super) fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Environment(variable) => Self::Variable(variable.name()),
            Origin::Flag(flag) => Self::Flag(flag),
            Origin::File { path, line } => Self::File {
                path: Arc::clone(path),
                line: *line,
                column: 1,
            },
            Origin::Default | Origin::Request => unreachable!("defaults are in the table, and a request is checked"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "`{}`, line {line}, column {column}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => write!(f, "--{flag}"),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let told: Vec<String> = problems.iter().take(TOLD).map(ToString::to_string).collect();
    let mut text = told.join("; ");
    if problems.len() > TOLD {
        let _ = write!(text, "; and {} more", problems.len() - TOLD);
    }
    text
}

//! What a key is: its name, what it may hold, where it can be set, when a change of it counts.

use super::value::Value;
use codemem_proto::env::Variable;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// The words for levels in a log filter.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The parts of this program that a log filter may name without a level: its crates, all of them together, and the
/// engines below.
pub(super) const PARTS: [&str; 12] = [
    "codemem",
    "codemem_chunk",
    "codemem_core",
    "codemem_embed",
    "codemem_engine",
    "codemem_lexical",
    "codemem_proto",
    "codemem_store",
    "codemem_watch",
    "codememd",
    "qdrant_edge",
    "tantivy",
];

/// One setting, as the table describes it.
#[derive(Debug)]
pub(crate) struct Key {
    /// In the file, with its section: `index.threads`.
    pub(crate) name: &'static str,
    /// One line for lists; begins with a space where it came from a documentation comment.
    pub(super) meaning: &'static str,
    pub(crate) kind: Kind,
    pub(crate) fallback: Fallback,
    pub(crate) variable: Variable,
    /// The daemon's flag, without dashes.
    pub(crate) flag: Option<&'static str>,
    pub(crate) applies: Applies,
}

impl Key {
    /// What the key is for, in one line.
    pub(crate) fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }
}

/// What a key may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A tracing filter.
    Filter,
    /// A whole number between two others, both included.
    Number { least: u64, most: u64 },
    /// On or off.
    Switch,
    /// The absolute path of a file or directory.
    Path,
    /// An absolute path, or a name that is looked up on PATH.
    Program,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// When a changed value counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Applies {
    /// With the next reload.
    AtOnce,
    /// When the daemon has started again.
    AfterRestart,
}

/// What holds where nothing is set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fallback {
    Text(&'static str),
    Number(u64),
    Switch(bool),
    /// So many for each processor core, and no more than `most`.
    Cores {
        times: u64,
        most: u64,
    },
    /// No value; this is what holds then.
    Unset(&'static str),
}

impl Kind {
    /// What is allowed, in words.
    pub(crate) fn allowed(self) -> String {
        match self {
            Self::Filter => "a log filter, as in `info` or `info,codemem_engine=debug`".to_owned(),
            Self::Number { least, most } => format!("a whole number from {least} to {most}"),
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Path => "an absolute path".to_owned(),
            Self::Program => "an absolute path, or the name of a program on PATH".to_owned(),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                words.join(" or ")
            }
        }
    }

    /// What was probably meant by a text that is not allowed, to be put behind the complaint; may be empty.
    pub(crate) fn suggestion(self, text: &str) -> String {
        let meant = match self {
            Self::Filter => mistaken(text).and_then(|word| nearest(word, &LEVELS)),
            Self::Choice(words) => nearest(text, words),
            Self::Number { .. } | Self::Switch | Self::Path | Self::Program => None,
        };
        meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
    }

    /// The value that a text means, from the environment or the command line. `None` when it means none.
    pub(crate) fn read(self, text: &OsStr) -> Option<Value> {
        let value = match (self, text.to_str()) {
            (Self::Path | Self::Program, _) => Value::Path(text.into()),
            (Self::Filter | Self::Choice(_), Some(text)) => Value::Text(text.to_owned()),
            (Self::Number { .. }, Some(text)) => Value::Number(text.parse().ok()?),
            (Self::Switch, Some(text)) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Value::Switch(true),
                "0" | "false" | "no" | "off" => Value::Switch(false),
                _ => return None,
            },
            (Self::Filter | Self::Choice(_) | Self::Number { .. } | Self::Switch, None) => return None,
        };
        self.admits(&value).then_some(value)
    }

    /// Whether a value is of the kind and within its bounds.
    pub(crate) fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Filter, Value::Text(filter)) => is_filter(filter),
            (Self::Number { least, most }, Value::Number(number)) => (least..=most).contains(number),
            (Self::Switch, Value::Switch(_)) => true,
            (Self::Path, Value::Path(path)) => path.is_absolute(),
            (Self::Program, Value::Path(path)) => path.is_absolute() || is_bare_name(path),
            (Self::Choice(words), Value::Text(word)) => words.contains(&word.as_str()),
            (_, Value::Text(_) | Value::Number(_) | Value::Switch(_) | Value::Path(_)) => false,
        }
    }
}

impl Fallback {
    /// The value on a machine with so many cores.
    pub(crate) fn value(self, cores: usize) -> Option<Value> {
        match self {
            Self::Text(text) => Some(Value::Text(text.to_owned())),
            Self::Number(number) => Some(Value::Number(number)),
            Self::Switch(switch) => Some(Value::Switch(switch)),
            Self::Cores { times, most } => Some(Value::Number((cores as u64 * times).clamp(1, most))),
            Self::Unset(_) => None,
        }
    }
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Switch(switch) => write!(f, "`{switch}`"),
            Self::Cores { times: 1, most } => write!(f, "one for each core, at most {most}"),
            Self::Cores { times, most } => write!(f, "{times} for each core, at most {most}"),
            Self::Unset(what) => f.write_str(what),
        }
    }
}

/// Whether a text is a log filter that lets something through or out.
pub(crate) fn is_filter(text: &str) -> bool {
    directives(text).next().is_some() && mistaken(text).is_none() && EnvFilter::try_new(text).is_ok()
}

fn directives(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(',').filter(|directive| !directive.is_empty())
}

/// The first word of a filter that is neither a level nor a part of this program. Alone it would count as the name
/// of a part, and all others would fall silent.
fn mistaken(filter: &str) -> Option<&str> {
    directives(filter).find(|directive| {
        let is_word = !directive.contains(['=', '[']) && !directive.contains("::");
        is_word && directive.parse::<LevelFilter>().is_err() && !PARTS.contains(directive)
    })
}

/// The one of these words that was most likely meant; `None` when all are far off.
fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let word = word.trim().to_ascii_lowercase();
    let nearest = words.iter().min_by_key(|known| edits(&word, known))?;
    (edits(&word, nearest) <= (word.chars().count() / 2).max(2)).then_some(nearest)
}

/// How many characters must be put in, left out or replaced to make one text of the other.
pub(super) fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

fn is_bare_name(path: &Path) -> bool {
    let mut parts = path.components();
    matches!(
        (parts.next(), parts.next()),
        (Some(std::path::Component::Normal(_)), None)
    )
}

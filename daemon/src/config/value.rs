//! Values, and the types that settings have in the program.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What a key can hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    Text(String),
    Number(u64),
    Switch(bool),
    Path(PathBuf),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(switch) => write!(f, "{switch}"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl LogFormat {
    /// The words for both.
    pub(super) const NAMES: [&'static str; 2] = ["text", "json"];
}

/// A type that a setting can have in the program. The table gives each key a kind and a fallback that
/// fit its type, which a test holds.
pub(super) trait Setting {
    fn of(value: Option<&Value>) -> Self;
}

fn number(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Number(number)) => *number,
        Some(Value::Text(_) | Value::Switch(_) | Value::Path(_)) | None => {
            panic!("a key of a number has a number, not {value:?}")
        }
    }
}

fn text(value: Option<&Value>) -> &str {
    match value {
        Some(Value::Text(text)) => text,
        Some(Value::Number(_) | Value::Switch(_) | Value::Path(_)) | None => {
            panic!("a key of a text has a text, not {value:?}")
        }
    }
}

impl Setting for u64 {
    fn of(value: Option<&Value>) -> Self {
        number(value)
    }
}

impl Setting for u32 {
    fn of(value: Option<&Value>) -> Self {
        Self::try_from(number(value)).unwrap_or(Self::MAX)
    }
}

impl Setting for usize {
    fn of(value: Option<&Value>) -> Self {
        Self::try_from(number(value)).unwrap_or(Self::MAX)
    }
}

/// Of seconds.
impl Setting for Duration {
    fn of(value: Option<&Value>) -> Self {
        Self::from_secs(number(value))
    }
}

/// Of seconds; none of them means that there is no such time.
impl Setting for Option<Duration> {
    fn of(value: Option<&Value>) -> Self {
        Some(Duration::of(value)).filter(|time| !time.is_zero())
    }
}

impl Setting for bool {
    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Switch(switch)) => *switch,
            Some(Value::Text(_) | Value::Number(_) | Value::Path(_)) | None => {
                panic!("a key of a switch has a switch, not {value:?}")
            }
        }
    }
}

impl Setting for String {
    fn of(value: Option<&Value>) -> Self {
        text(value).to_owned()
    }
}

impl Setting for LogFormat {
    fn of(value: Option<&Value>) -> Self {
        match text(value) {
            "json" => Self::Json,
            _ => Self::Text,
        }
    }
}

impl Setting for Option<PathBuf> {
    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Path(path)) => Some(path.clone()),
            None => None,
            Some(Value::Text(_) | Value::Number(_) | Value::Switch(_)) => {
                panic!("a key of a path has a path, not {value:?}")
            }
        }
    }
}

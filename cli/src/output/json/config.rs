//! The settings as JSON.

use codemem_proto::v1;
use codemem_proto::v1::config_value::Value;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Config {
    file: String,
    file_exists: bool,
    keys: Vec<Key>,
    problem: String,
}

#[derive(Serialize, Debug)]
struct Key {
    name: String,
    value: serde_json::Value,
    origin: String,
    waiting: Option<Waiting>,
    default: String,
    allowed: String,
    variable: String,
    flag: String,
    applies: &'static str,
    meaning: String,
}

#[derive(Serialize, Debug)]
struct Waiting {
    value: serde_json::Value,
    origin: String,
}

impl From<v1::ShowConfigResponse> for Config {
    fn from(answer: v1::ShowConfigResponse) -> Self {
        Self {
            file: answer.file,
            file_exists: answer.file_exists,
            keys: answer.keys.into_iter().map(Key::from).collect(),
            problem: answer.problem,
        }
    }
}

impl From<v1::ConfigKey> for Key {
    fn from(key: v1::ConfigKey) -> Self {
        Self {
            name: key.name,
            value: value(key.value),
            origin: key.origin,
            waiting: key.waiting.map(|waiting| Waiting {
                value: value(waiting.value),
                origin: waiting.origin,
            }),
            default: key.default,
            allowed: key.allowed,
            variable: key.variable,
            flag: key.flag,
            applies: if key.applies_at_once {
                "at once"
            } else {
                "after a restart"
            },
            meaning: key.meaning,
        }
    }
}

fn value(value: Option<v1::ConfigValue>) -> serde_json::Value {
    match value.and_then(|value| value.value) {
        Some(Value::Text(text)) => text.into(),
        Some(Value::Number(number)) => number.into(),
        Some(Value::Switch(switch)) => switch.into(),
        None => serde_json::Value::Null,
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct ConfigFile {
    pub(crate) file: String,
    pub(crate) exists: bool,
}

#[derive(Serialize, Debug)]
pub(crate) struct Reloaded {
    /// Keys whose new values are in force.
    pub(crate) changed: Vec<String>,
    /// Keys whose new values count after a restart.
    pub(crate) waiting: Vec<String>,
}

#[derive(Serialize, Debug)]
pub(crate) struct LogLevel {
    /// What the log follows now.
    pub(crate) filter: String,
    /// What is configured.
    pub(crate) configured: String,
}

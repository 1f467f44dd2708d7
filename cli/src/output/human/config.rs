//! Settings: what holds and where it came from, and an example of a file.

use super::super::Style;
use super::super::style::clean;
use codemem_proto::v1;
use codemem_proto::v1::config_value::Value;
use std::fmt::Write as _;

/// Widest value that keeps the origins in one column.
const WIDEST: usize = 40;

/// Every key, one a line: name, value, origin.
pub(crate) fn config(answer: &v1::ShowConfigResponse, style: Style) -> String {
    let there = if answer.file_exists { "" } else { " (there is none)" };
    let mut text = format!("file {}{there}\n\n", clean(&answer.file));
    let names = answer.keys.iter().map(|key| key.name.len()).max().unwrap_or_default();
    let widths = answer.keys.iter().map(|key| shown(key.value.as_ref()).chars().count());
    let values = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    for key in &answer.keys {
        let name = style.name(&format!("{:names$}", key.name));
        let value = shown(key.value.as_ref());
        let origin = clean(&key.origin);
        let _ = writeln!(text, "{name}  {value:values$}  {}", style.dim(&origin));
        if let Some(waiting) = &key.waiting {
            let label = style.warning("after a restart:");
            let value = shown(waiting.value.as_ref());
            let _ = writeln!(
                text,
                "{:names$}  {label} {value}  {}",
                "",
                style.dim(&clean(&waiting.origin))
            );
        }
    }
    if !answer.problem.is_empty() {
        let label = style.warning("problem:");
        let _ = writeln!(text, "\n{label} {}", clean(&answer.problem));
    }
    text
}

/// What reading the configuration again changed.
pub(crate) fn reloaded(answer: &v1::ReloadConfigResponse) -> String {
    let mut text = match answer.changed.as_slice() {
        [] => "read again; nothing that counts now has changed\n".to_owned(),
        keys => format!("read again; changed: {}\n", keys.join(", ")),
    };
    if !answer.waiting.is_empty() {
        let _ = writeln!(text, "after a restart: {}", answer.waiting.join(", "));
    }
    text
}

/// A file with every key at the value that it has now, all commented out.
pub(crate) fn example(answer: &v1::ShowConfigResponse) -> String {
    let mut text = "# The configuration of codemem. Every key is optional; without the # it counts, but the\n\
                    # environment and flags count before it. `codemem config show` tells what holds.\n"
        .to_owned();
    let section_of = |name: &str| name.rsplit_once('.').map_or("", |(section, _)| section).to_owned();
    let mut keys: Vec<_> = answer.keys.iter().collect();
    // TOML has the keys that belong to no section first; the rest keep their order.
    keys.sort_by_key(|key| !section_of(&key.name).is_empty());
    let mut section = String::new();
    for key in keys {
        if section_of(&key.name) != section {
            section = section_of(&key.name);
            let _ = write!(text, "\n[{section}]\n");
        }
        let name = key.name.rsplit('.').next().unwrap_or(&key.name);
        let when = if key.applies_at_once {
            "at once"
        } else {
            "after a restart"
        };
        let _ = write!(
            text,
            "\n# {}\n# Allowed: {}. A change counts {when}.\n# {name} = {}\n",
            key.meaning,
            key.allowed,
            literal(key.value.as_ref())
        );
    }
    text
}

fn shown(value: Option<&v1::ConfigValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::Text(text)) => clean(text).into_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Switch(switch)) => switch.to_string(),
        None => "-".to_owned(),
    }
}

fn literal(value: Option<&v1::ConfigValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        // JSON's strings are TOML's.
        Some(Value::Text(text)) => serde_json::Value::from(text.as_str()).to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Switch(switch)) => switch.to_string(),
        None => "\"/an/absolute/path\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, value: Option<Value>, origin: &str) -> v1::ConfigKey {
        v1::ConfigKey {
            name: name.to_owned(),
            value: value.map(|value| v1::ConfigValue { value: Some(value) }),
            origin: origin.to_owned(),
            allowed: "a whole number".to_owned(),
            meaning: "What it is".to_owned(),
            ..v1::ConfigKey::default()
        }
    }

    fn answer() -> v1::ShowConfigResponse {
        let mut threads = key("index.threads", Some(Value::Number(4)), "file /c.toml:3");
        threads.waiting = Some(v1::ConfigWaiting {
            value: Some(v1::ConfigValue {
                value: Some(Value::Number(8)),
            }),
            origin: "file /c.toml:4".to_owned(),
        });
        v1::ShowConfigResponse {
            file: "/c.toml".to_owned(),
            file_exists: true,
            keys: vec![
                threads,
                key("offline", Some(Value::Switch(true)), "flag --offline"),
                key("models.python", None, "default"),
            ],
            problem: String::new(),
        }
    }

    #[test]
    fn every_key_says_where_it_came_from() {
        let text = config(&answer(), Style::new(false));
        assert_eq!(
            text,
            "file /c.toml\n\n\
             index.threads  4     file /c.toml:3\n\
             \x20              after a restart: 8  file /c.toml:4\n\
             offline        true  flag --offline\n\
             models.python  -     default\n"
        );
    }

    #[test]
    fn an_example_has_plain_keys_first_and_nothing_that_counts() {
        let text = example(&answer());
        let uncommented: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(uncommented.join("\n").trim(), "[index]\n\n\n[models]");
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        assert!(at("# offline = true") < at("[index]"));
        assert!(at("[index]") < at("# threads = 4"));
        assert!(at("# python = \"/an/absolute/path\"") > at("[models]"));
    }
}

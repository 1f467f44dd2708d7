//! The configuration file: TOML into a layer, with every problem and its place.
//!
//! Reading cannot fail: what is wrong comes back beside what is right, and the caller decides.

use super::error::{Place, Problem};
use super::key::{Key, Kind, edits};
use super::layer::{Layer, Origin};
use super::table::{FORMER_NAMES, KEYS, key};
use super::value::Value;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Reads the text of a file.
pub(super) fn read(path: PathBuf, text: &str) -> (Layer, Vec<Problem>) {
    let mut reader = Reader {
        path: Arc::new(path),
        text,
        layer: Layer::default(),
        problems: Vec::new(),
    };
    match DeTable::parse(text) {
        Ok(table) => reader.table("", table.get_ref()),
        Err(error) => {
            let message = format!("not TOML: {}", error.message().trim().replace('\n', ", "));
            reader.complain(error.span().unwrap_or_default(), message);
        }
    }
    // A table keeps its keys by name; people read by line.
    reader.problems.sort_by_key(|problem| match problem.place {
        Place::File { line, column, .. } => (line, column),
        Place::Variable(_) | Place::Flag(_) => (0, 0),
    });
    (reader.layer, reader.problems)
}

struct Reader<'a> {
    path: Arc<PathBuf>,
    text: &'a str,
    layer: Layer,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Reads what stands below `section`, which is empty or ends with a dot.
    fn table(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let full = format!("{section}{}", name.get_ref());
            let key = key(&full);
            match (key, value.get_ref()) {
                (Some(key), found) => self.value(key, found, &value.span()),
                (None, DeValue::Table(below)) if is_section(&full) => self.table(&format!("{full}."), below),
                (None, found) => match former(&full) {
                    Some(key) => self.value(key, found, &value.span()),
                    None if is_section(&full) => {
                        let message = format!("`{full}` is a section: write `[{full}]` and its keys below");
                        self.complain(value.span(), message);
                    }
                    None => self.complain(name.span(), unknown(&full, matches!(found, DeValue::Table(_)))),
                },
            }
        }
    }

    fn value(&mut self, key: &'static Key, found: &DeValue<'_>, span: &Range<usize>) {
        if let Some(value) = convert(key.kind, found).filter(|value| key.kind.admits(value)) {
            let origin = Origin::File {
                path: Arc::clone(&self.path),
                line: self.position(span.start).0,
            };
            self.layer.set(key.name, value, origin);
        } else {
            let allowed = key.kind.allowed();
            let meant = found.as_str().map(|text| key.kind.suggestion(text)).unwrap_or_default();
            let message = format!("`{}` must be {allowed}, not {}{meant}", key.name, shown(found));
            self.complain(span.clone(), message);
        }
    }

    fn complain(&mut self, span: Range<usize>, message: String) {
        let (line, column) = self.position(span.start);
        self.problems.push(Problem {
            place: Place::File {
                path: Arc::clone(&self.path),
                line,
                column,
            },
            message,
        });
    }

    /// Line and column of a byte, from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// The value as its kind has it, if the types agree.
fn convert(kind: Kind, found: &DeValue<'_>) -> Option<Value> {
    match (kind, found) {
        (Kind::Filter | Kind::Choice(_), DeValue::String(text)) => Some(Value::Text(text.clone().into_owned())),
        (Kind::Path | Kind::Program, DeValue::String(text)) => Some(Value::Path(PathBuf::from(text.as_ref()))),
        (Kind::Number { .. }, DeValue::Integer(number)) => {
            let digits = u64::from_str_radix(number.as_str(), number.radix());
            digits.ok().map(Value::Number)
        }
        (Kind::Switch, DeValue::Boolean(switch)) => Some(Value::Switch(*switch)),
        (Kind::Filter | Kind::Choice(_) | Kind::Path | Kind::Program | Kind::Number { .. } | Kind::Switch, _) => None,
    }
}

/// A value of the file as an error shows it.
fn shown(found: &DeValue<'_>) -> String {
    match found {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(switch) => format!("`{switch}`"),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

fn is_section(name: &str) -> bool {
    KEYS.iter()
        .any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn former(name: &str) -> Option<&'static Key> {
    let (_, now) = FORMER_NAMES.iter().find(|(former, _)| *former == name)?;
    key(now)
}

fn unknown(name: &str, is_table: bool) -> String {
    if is_table {
        let sections = KEYS.iter().filter_map(|key| Some(key.name.rsplit_once('.')?.0));
        let nearest = sections.min_by_key(|section| edits(name, section));
        return match nearest.filter(|section| edits(name, section) <= 2) {
            Some(section) => format!("there is no section `{name}`; did you mean `{section}`?"),
            None => format!("there is no section `{name}`; `codemem config show` lists every key"),
        };
    }
    match nearest(name) {
        Some(key) => format!(
            "there is no key `{name}`; did you mean `{}`, {}?",
            key.name,
            key.kind.allowed()
        ),
        None => format!("there is no key `{name}`; `codemem config show` lists every key"),
    }
}

/// The key that was most likely meant; `None` when all are far off.
fn nearest(name: &str) -> Option<&'static Key> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |key: &&'static Key| {
        let whole = edits(name, key.name);
        // The right key in the wrong section, or without one.
        let by_last = edits(&last(name), &last(key.name)) + 1;
        whole.min(by_last)
    };
    let nearest = KEYS.iter().min_by_key(distance)?;
    (distance(&nearest) <= (name.len() / 3).max(2)).then_some(nearest)
}

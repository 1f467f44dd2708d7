//! A tool's arguments, read with patience and refused with advice.
//!
//! Agents send a number as text now and then, and null for what they leave out; both are understood.

use super::Answer;
use rmcp::model::JsonObject;
use serde_json::Value;

pub(super) struct Arguments<'a> {
    object: &'a JsonObject,
}

impl<'a> Arguments<'a> {
    /// Refuses names that are not allowed.
    pub(super) fn new(object: &'a JsonObject, allowed: &[&str]) -> Result<Self, Answer> {
        match object.keys().filter(|name| !allowed.contains(&name.as_str())).min() {
            Some(unknown) => Err(Answer::refusal(format!(
                "unknown argument `{unknown}`; allowed: {}",
                allowed.join(", ")
            ))),
            None => Ok(Self { object }),
        }
    }

    /// A text; empty ones count as left out.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Answer> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Answer::refusal(format!("`{name}` must be a string")))
            }
        }
    }

    /// A whole number within limits.
    pub(super) fn number(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, Answer> {
        let number = match self.object.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .map(Some)
            .ok_or_else(|| Answer::refusal(format!("`{name}` must be a whole number from {least} to {most}")))
    }

    /// A list of texts; a single one counts as a list of it, and empty ones as left out.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Answer> {
        let items = match self.object.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
            Some(Value::String(text)) => Some(vec![text.as_str()]),
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
        };
        let items = items.ok_or_else(|| Answer::refusal(format!("`{name}` must be a list of strings")))?;
        let items = items.into_iter().map(str::trim).filter(|text| !text.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    /// A text as it was given, with the space around it.
    pub(super) fn verbatim(&self, name: &str) -> Result<Option<&'a str>, Answer> {
        let is_blank = self.text(name)?.is_none();
        Ok(self.object.get(name).and_then(Value::as_str).filter(|_| !is_blank))
    }

    /// A switch, off unless it is on.
    pub(super) fn switch(&self, name: &str) -> Result<bool, Answer> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(switch)) => Ok(*switch),
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Answer::refusal(format!("`{name}` must be true or false")))
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Answer> {
        let Some(given) = self.text(name)? else {
            return Ok(None);
        };
        let known = words.iter().copied().find(|word| *word == given);
        known.map(Some).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            Answer::refusal(format!("`{name}` must be {}", words.join(" or ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> JsonObject {
        match value {
            Value::Object(object) => object,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_understood() {
        let object = object(json!({"t": " x ", "empty": "", "null": null, "n": 7, "s": "7", "c": "json"}));
        let allowed = ["t", "empty", "null", "n", "s", "c", "missing"];
        let arguments = Arguments::new(&object, &allowed).expect("allowed");
        assert_eq!(arguments.text("t").expect("fine"), Some("x"));
        for absent in ["empty", "null", "missing"] {
            assert_eq!(arguments.text(absent).expect("fine"), None);
        }
        assert_eq!(arguments.number("n", 1, 50).expect("fine"), Some(7));
        assert_eq!(arguments.number("s", 1, 50).expect("fine"), Some(7));
        assert_eq!(arguments.number("null", 1, 50).expect("fine"), None);
        assert_eq!(arguments.choice("c", &["text", "json"]).expect("fine"), Some("json"));
        assert_eq!(arguments.verbatim("t").expect("fine"), Some(" x "));
        assert_eq!(arguments.verbatim("empty").expect("fine"), None);
        assert_eq!(arguments.verbatim("missing").expect("fine"), None);
    }

    #[test]
    fn switches() {
        let object = object(json!({"on": true, "off": false, "text": "true", "null": null, "n": 1, "word": "yes"}));
        let arguments = Arguments::new(&object, &["on", "off", "text", "null", "n", "word"]).expect("allowed");
        for (name, expected) in [
            ("on", true),
            ("off", false),
            ("text", true),
            ("null", false),
            ("missing", false),
        ] {
            assert_eq!(arguments.switch(name).expect("fine"), expected, "{name}");
        }
        for wrong in ["n", "word"] {
            let refusal = arguments.switch(wrong).expect_err("refused");
            assert_eq!(refusal.text, format!("`{wrong}` must be true or false"));
        }
    }

    #[test]
    fn lists() {
        let object = object(json!({"two": ["a", " b ", ""], "one": "a", "none": [], "n": 1, "mixed": ["a", 1]}));
        let arguments = Arguments::new(&object, &["two", "one", "none", "n", "mixed"]).expect("allowed");
        assert_eq!(arguments.texts("two").expect("fine"), ["a", "b"]);
        assert_eq!(arguments.texts("one").expect("fine"), ["a"]);
        for absent in ["none", "missing"] {
            assert_eq!(arguments.texts(absent).expect("fine"), Vec::<String>::new());
        }
        for wrong in ["n", "mixed"] {
            let refusal = arguments.texts(wrong).expect_err("refused");
            assert_eq!(refusal.text, format!("`{wrong}` must be a list of strings"));
        }
    }

    #[test]
    fn what_is_refused() {
        let object = object(json!({"t": 1, "n": 0, "f": 1.5, "big": 1e12, "neg": -1, "c": "xml"}));
        let refused = |outcome: Result<(), Answer>| outcome.expect_err("refused").text;
        assert_eq!(
            refused(Arguments::new(&object, &["t", "n"]).map(drop)),
            "unknown argument `big`; allowed: t, n"
        );
        let arguments = Arguments::new(&object, &["t", "n", "f", "big", "neg", "c"]).expect("allowed");
        assert_eq!(refused(arguments.text("t").map(drop)), "`t` must be a string");
        for name in ["n", "f", "big", "neg", "c"] {
            assert_eq!(
                refused(arguments.number(name, 1, 50).map(drop)),
                format!("`{name}` must be a whole number from 1 to 50")
            );
        }
        assert_eq!(
            refused(arguments.choice("c", &["text", "json"]).map(drop)),
            "`c` must be \"text\" or \"json\""
        );
    }
}

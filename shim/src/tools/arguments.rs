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

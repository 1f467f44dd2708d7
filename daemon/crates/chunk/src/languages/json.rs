//! JSON: the keys of the document, and those below that have more below them.

use crate::language::{Form, Language};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static JSON: Language = Language {
    name: "json",
    extensions: &["json", "jsonc", "webmanifest", "code-workspace"],
    file_names: &[".babelrc", ".eslintrc", ".jshintrc", ".prettierrc", ".swcrc"],
    grammar: || tree_sitter_json::LANGUAGE.into(),
    query: QUERY,
    owns_methods: |_| false,
    split_name: unquoted,
    body: nested_value,
    form: Form::Data,
    max_symbols: 200,
    ..Language::BASE
};

const QUERY: &str = r#"
(document (object (pair key: (string) @name) @definition.field))
(document (object (pair value: (object
  (pair key: (string) @name value: [(object) (array)]) @definition.field))))
(document (object (pair
  key: (string) @_key
  value: (object (pair key: (string) @name value: (string)) @definition.function)
  (#eq? @_key "\"scripts\""))))
(comment) @comment
"#;

/// A key is written in quotes.
pub(super) fn unquoted(name: &str) -> (&str, &str) {
    ("", name.trim_matches(['"', '\'']))
}

/// A value with values inside; a plain one belongs to the head.
fn nested_value(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let value = node.child_by_field_name("value")?;
    let is_nested = matches!(value.kind(), "object" | "array");
    is_nested.then(|| value.byte_range())
}

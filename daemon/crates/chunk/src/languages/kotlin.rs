//! Kotlin.

use crate::language::{Language, is_type_like, without_arguments};
use crate::references;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static KOTLIN: Language = Language {
    name: "kotlin",
    extensions: &["kt", "kts"],
    interpreters: &["kotlin", "kotlinc"],
    grammar: || tree_sitter_kotlin_ng::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    references: Some(references::visit_plain),
    mend,
    // `val handler = object : Handler { fun handle() {} }`
    owns_methods: |kind| is_type_like(kind) || matches!(kind, SymbolKind::Field | SymbolKind::Variable),
    split_name: without_backticks,
    clean_scope: without_arguments,
    visibility: |declared| declared.stated().or(Some(Visibility::Public)),
    body,
    doc_markers: &["/**"],
    ..Language::BASE
};

/// A companion object without a name is no symbol: its members are called by the name of the class around it.
///
/// Constants come before fields, because of two equally specific kinds the first one holds.
///
/// After an annotation with arguments the grammar takes `annotation class Api` and `enum class Mode { A }` for operators
/// between names; a name that reads `class` gives them away.
const QUERY: &str = r#"
(class_declaration "class" name: (identifier) @name) @definition.class
(class_declaration "interface" name: (identifier) @name) @definition.interface
((class_declaration (modifiers (class_modifier) @_modifier) name: (identifier) @name) @definition.enum
  (#eq? @_modifier "enum"))
((infix_expression (identifier) @_keyword . [
    (identifier) @name @definition.class
    (call_expression . (identifier) @name) @definition.class
  ])
  (#any-of? @_keyword "class" "interface"))
((infix_expression (infix_expression (identifier) @_keyword .) . (identifier) @name @definition.class)
  (#any-of? @_keyword "class" "interface"))
(object_declaration name: (identifier) @name) @definition.class
(companion_object name: (identifier) @name) @definition.class
(type_alias type: (identifier) @name) @definition.type
(enum_entry (identifier) @name) @definition.field
(function_declaration name: (identifier) @name) @definition.function
(function_declaration
  [(user_type) @scope (nullable_type (user_type) @scope)] . "." .
  name: (identifier) @name) @definition.function
(secondary_constructor "constructor" @name) @definition.method
((source_file (property_declaration
    (modifiers (property_modifier) @_modifier)
    (variable_declaration . (identifier) @name)) @definition.constant)
  (#eq? @_modifier "const"))
((class_body (property_declaration
    (modifiers (property_modifier) @_modifier)
    (variable_declaration . (identifier) @name)) @definition.constant)
  (#eq? @_modifier "const"))
(source_file (property_declaration
  [(variable_declaration (identifier) @name)
   (multi_variable_declaration (variable_declaration (identifier) @name))]) @definition.variable)
(source_file (property_declaration
  [(user_type) @scope (nullable_type (user_type) @scope)]
  (variable_declaration . (identifier) @name)) @definition.variable)
(class_body (property_declaration (variable_declaration (identifier) @name)) @definition.field)
(class_body (property_declaration
  [(user_type) @scope (nullable_type (user_type) @scope)]
  (variable_declaration . (identifier) @name)) @definition.field)
(enum_class_body (property_declaration (variable_declaration (identifier) @name)) @definition.field)
[(line_comment) (block_comment)] @comment
(annotation) @attribute
"#;

/// Tests are called `` `adds two numbers` ``.
fn without_backticks(name: &str) -> (&str, &str) {
    ("", name.trim_matches('`'))
}

/// The grammar names no bodies. A property ends before its accessors and before the members of its value.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let kinds: &[&str] = match node.kind() {
        "property_declaration" => &["getter", "setter", "object_literal"],
        _ => &["function_body", "class_body", "enum_class_body", "block"],
    };
    let mut cursor = node.walk();
    let part = node
        .named_children(&mut cursor)
        .find(|part| kinds.contains(&part.kind()))?;
    let start = if part.kind() == "object_literal" {
        let mut cursor = part.walk();
        let members = part
            .named_children(&mut cursor)
            .find(|part| part.kind() == "class_body");
        members?.start_byte()
    } else {
        part.start_byte()
    };
    Some(start..node.end_byte())
}

/// The grammar stumbles over annotations and modifiers between a class and its constructor, on the same line or the next: without
/// them, and without the word, it reads on.
fn mend(text: &str) -> Option<String> {
    let mut mended = text.as_bytes().to_vec();
    let mut has_changed = false;
    for (at, word) in text.match_indices(" constructor(") {
        let open = at + word.len() - 1;
        let line_start = |before: usize| text[..before].rfind('\n').map_or(0, |end| end + 1);
        let own_line = line_start(at);
        let is_below = !text[own_line..at].contains("class ");
        let from = if is_below {
            line_start(own_line.saturating_sub(1))
        } else {
            own_line
        };
        let Some(end) = head_of_class(&text[from..at]).map(|end| from + end) else {
            continue;
        };
        let n_lines = text[end..open].matches('\n').count();
        let is_modifier = |c: char| c.is_alphanumeric() || matches!(c, '@' | '_' | '.' | ' ' | '\t' | '\r' | '\n');
        if n_lines > 1 || !text[end..at].chars().all(is_modifier) {
            continue;
        }
        mended[end..=open].fill(b' ');
        mended[end] = b'(';
        if n_lines == 1 {
            mended[open] = b'\n';
        }
        has_changed = true;
    }
    has_changed.then(|| String::from_utf8(mended).ok()).flatten()
}

/// Where `class Name<T>` ends.
fn head_of_class(text: &str) -> Option<usize> {
    let name = text.find("class ")? + "class ".len();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let end = name + text[name..].find(|c| !is_name(c)).unwrap_or(text.len() - name);
    if !text[end..].starts_with('<') {
        return Some(end);
    }
    let mut depth = 0;
    let close = text[end..].find(|c| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        depth == 0
    })?;
    Some(end + close + 1)
}

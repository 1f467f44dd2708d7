//! Kotlin.

use crate::language::{Language, is_type_like, without_arguments};
use crate::references;
use codemem_core::unit::SymbolKind;
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
    // `val handler = object : Handler { fun handle() {} }`
    owns_methods: |kind| is_type_like(kind) || matches!(kind, SymbolKind::Field | SymbolKind::Variable),
    split_name: without_backticks,
    clean_scope: without_arguments,
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

//! Lua.

use crate::language::{Candidate, Label, Language, is_screaming};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static LUA: Language = Language {
    name: "lua",
    extensions: &["lua", "rockspec", "nse", "wlua"],
    file_names: &[".busted", ".luacheckrc"],
    interpreters: &["lua", "luajit", "resty", "texlua"],
    grammar: || tree_sitter_lua::LANGUAGE.into(),
    tags: &[tree_sitter_lua::TAGS_QUERY],
    // It gives to a function in a table the span of the table.
    replaced: &["(table_constructor"],
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[Label {
        name: "method",
        kind: SymbolKind::Method,
        joint: ":",
        prefixes: false,
    }],
    name_node: inside_quotes,
    split_name: last_part,
    refine,
    visibility: |declared| Some(visibility(declared)),
    body,
    ..Language::BASE
};

/// Names are taken with the table before them: `M.new`, `Queue:push`. A variable is one whose value is made where it is
/// declared; requiring a module and giving another name to a function define nothing. A key with a dot in it is data.
const QUERY: &str = r#"
(function_declaration name: [(identifier) (dot_index_expression)] @name) @definition.function
(function_declaration name: (method_index_expression) @name) @definition.method
(assignment_statement
  (variable_list . name: [(identifier) (dot_index_expression)] @name)
  (expression_list . value: (function_definition))) @definition.function
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition)))) @definition.function
(field name: (identifier) @name value: (function_definition)) @definition.function
((field name: (string) @name value: (function_definition)) @definition.function
  (#not-match? @name "[.:]"))
(field
  name: (identifier) @name
  value: (table_constructor (field value: (function_definition)))) @definition.module
(chunk (variable_declaration (assignment_statement
  (variable_list name: (identifier) @name)
  (expression_list . value: [
    (table_constructor) (number) (string) (true) (false) (binary_expression) (unary_expression)
  ]))) @definition.variable)
(chunk (assignment_statement
  (variable_list name: [(identifier) (dot_index_expression)] @name)
  (expression_list . value: [
    (table_constructor) (number) (string) (true) (false) (binary_expression) (unary_expression)
  ])) @definition.variable)
((chunk (variable_declaration (assignment_statement
  (variable_list name: (identifier) @name)
  (expression_list . value: (function_call name: (_) @_called)))) @definition.variable)
  (#not-eq? @_called "require"))
(comment) @comment
"#;

/// `["name"] = function() end`
fn inside_quotes(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "string" {
        return node.child_by_field_name("content");
    }
    Some(node)
}

/// `M.queue:push` is called `push`.
fn last_part(name: &str) -> (&str, &str) {
    match name.rfind(['.', ':']) {
        Some(at) if at + 1 < name.len() => (&name[..at], &name[at + 1..]),
        _ => ("", name),
    }
}

/// What a colon joins to a table is a method; what a dot joins is a function of a module.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the descriptor's signature, by which others drop definitions"
)]
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    let is_joined = || {
        let head = candidate.rest.split(['(', '=']).next().unwrap_or_default();
        head.contains(':')
    };
    Some(match candidate.kind {
        SymbolKind::Method | SymbolKind::Function if !is_joined() => SymbolKind::Function,
        SymbolKind::Function => SymbolKind::Method,
        SymbolKind::Variable if is_screaming(candidate.name) && candidate.name.len() > 1 => SymbolKind::Constant,
        kind => kind,
    })
}

/// A function ends after its parameters, a table before its fields.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let function = match node.kind() {
        "function_declaration" => node,
        "variable_declaration" => value_of(node.named_child(0)?)?,
        "assignment_statement" => value_of(node)?,
        _ => node.child_by_field_name("value")?,
    };
    let start = match function.kind() {
        "table_constructor" if function.named_child_count() > 0 => function.start_byte(),
        _ => function.child_by_field_name("parameters")?.end_byte(),
    };
    Some(start..node.end_byte())
}

/// The first value of an assignment.
fn value_of(assignment: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = assignment.walk();
    let values = assignment
        .named_children(&mut cursor)
        .find(|part| part.kind() == "expression_list")?;
    values.named_child(0)
}

/// `local` is the file's own; what is in a table goes with the table.
fn visibility(declared: &Declared<'_>) -> Visibility {
    if declared.has("local") {
        Visibility::Private
    } else {
        Visibility::Public
    }
}

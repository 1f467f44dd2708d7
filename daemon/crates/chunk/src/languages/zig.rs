//! Zig.

use crate::language::{Candidate, Language, body_field};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static ZIG: Language = Language {
    name: "zig",
    extensions: &["zig"],
    interpreters: &["zig"],
    grammar: || tree_sitter_zig::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    references: Some(references::visit_plain),
    // What stands in a container is a method even where a function makes the container.
    keeps_methods: true,
    name_node: inside_quotes,
    refine,
    visibility: |declared| Some(visibility(declared)),
    body,
    doc_markers: &["///"],
    inner_doc_markers: &["//!"],
    ..Language::BASE
};

const QUERY: &str = r#"
(function_declaration name: (identifier) @name) @definition.function
(test_declaration [(string) (identifier)] @name) @definition.function
(variable_declaration ["const" "var"] . (identifier) @name (struct_declaration)) @definition.struct
(variable_declaration ["const" "var"] . (identifier) @name (enum_declaration)) @definition.enum
(variable_declaration ["const" "var"] . (identifier) @name (error_set_declaration)) @definition.enum
(variable_declaration ["const" "var"] . (identifier) @name (union_declaration)) @definition.union
(variable_declaration ["const" "var"] . (identifier) @name (opaque_declaration)) @definition.type
(source_file (variable_declaration "var" . (identifier) @name) @definition.variable)
(source_file (variable_declaration "const" . (identifier) @name) @definition.constant)
(struct_declaration [
  (function_declaration name: (identifier) @name) @definition.method
  (variable_declaration "var" . (identifier) @name) @definition.variable
  (variable_declaration "const" . (identifier) @name) @definition.constant
])
(enum_declaration [
  (function_declaration name: (identifier) @name) @definition.method
  (variable_declaration "const" . (identifier) @name) @definition.constant
])
(union_declaration [
  (function_declaration name: (identifier) @name) @definition.method
  (variable_declaration "const" . (identifier) @name) @definition.constant
])
(opaque_declaration [
  (function_declaration name: (identifier) @name) @definition.method
  (variable_declaration "const" . (identifier) @name) @definition.constant
])
(comment) @comment
"#;

/// `test "parses"` and `fn @"a name"()` are called by what stands in the quotes.
fn inside_quotes(node: Node<'_>) -> Option<Node<'_>> {
    let string = if node.kind() == "string" {
        Some(node)
    } else {
        node.named_child(0).filter(|child| child.kind() == "string")
    };
    match string {
        Some(string) => string.named_child(0),
        None => Some(node),
    }
}

/// Imports and other names for what is defined elsewhere define nothing: `const std = @import("std");`,
/// `const Self = @This();`, `const Allocator = std.mem.Allocator;`. A test is no method, wherever it stands.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    let after_name = || candidate.rest[candidate.name.len()..].strip_prefix('"');
    if candidate.kind == SymbolKind::Method && after_name().is_some_and(|rest| rest.trim_start().starts_with('{')) {
        return Some(SymbolKind::Function);
    }
    let is_value = matches!(candidate.kind, SymbolKind::Constant | SymbolKind::Variable);
    (!is_value || !is_alias(candidate.rest)).then_some(candidate.kind)
}

/// Whether a declaration, from its name on, has a path or an import for its value.
fn is_alias(declaration: &str) -> bool {
    let Some((head, value)) = declaration.split_once('=') else {
        return false;
    };
    let value = value.trim_start();
    let is_import = ["@import(", "@This(", "@cImport("]
        .iter()
        .any(|call| value.starts_with(call));
    let path = value.trim_end().trim_end_matches(';').trim_end();
    let is_path = !path.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && path.contains('.')
        && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    // `const mode: Mode = .fast;` and `const x: T = other.x;` have a type, and so are values.
    is_import || (is_path && !head.contains(':'))
}

/// A container is cut at its brace, a test at its block.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let start = match node.kind() {
        "test_declaration" => node
            .named_child(node.named_child_count().checked_sub(1)? as u32)?
            .start_byte(),
        "variable_declaration" => {
            let mut cursor = node.walk();
            let container = node
                .named_children(&mut cursor)
                .find(|part| part.kind().ends_with("_declaration"))?;
            let mut cursor = container.walk();
            container
                .children(&mut cursor)
                .find(|part| part.kind() == "{")?
                .start_byte()
        }
        _ => return body_field(node, source),
    };
    Some(start..node.end_byte())
}

/// `pub` or the file's own; a test is nobody's to call.
fn visibility(declared: &Declared<'_>) -> Visibility {
    if declared.has("pub") || declared.has("export") {
        Visibility::Public
    } else {
        Visibility::Private
    }
}

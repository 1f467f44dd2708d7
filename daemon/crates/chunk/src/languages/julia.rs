//! Julia.

use crate::language::Language;
use crate::references;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static JULIA: Language = Language {
    name: "julia",
    extensions: &["jl"],
    interpreters: &["julia"],
    grammar: || tree_sitter_julia::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    references: Some(references::visit_plain),
    // Constructors inside a type are functions like those outside.
    owns_methods: |_| false,
    name_node,
    split_name,
    body,
    ..Language::BASE
};

/// A string that stands before a definition documents it. Macros before a definition belong to it.
const QUERY: &str = r#"
(module_definition name: (_) @name) @definition.module
(function_definition (signature) @name) @definition.function
(macro_definition (signature) @name) @definition.macro
(struct_definition (type_head) @name) @definition.struct
(abstract_definition (type_head) @name) @definition.interface
(primitive_definition (type_head) @name) @definition.type
(assignment . [(call_expression) (where_expression) (binary_expression)] @name) @definition.function
(assignment . (typed_expression . [(call_expression) (where_expression)]) @name) @definition.function
(assignment . (identifier) @name (operator) [(arrow_function_expression) (function_definition)]) @definition.function
(const_statement (assignment . [(identifier) (operator)] @name)) @definition.constant
(const_statement (assignment . (parametrized_type_expression) @name)) @definition.type
(const_statement (assignment . (typed_expression . (identifier)) @name)) @definition.constant
(const_statement (assignment . (open_tuple (identifier) @name))) @definition.constant
(source_file (assignment . (identifier) @name) @definition.variable)
(module_definition (assignment . (identifier) @name) @definition.variable)
(global_statement (assignment . (identifier) @name)) @definition.variable
((macrocall_expression (macro_identifier (identifier) @_macro) (macro_argument_list . [
    (identifier) @name
    (typed_expression . (identifier) @name)
  ])) @definition.enum
  (#eq? @_macro "enum"))
(macrocall_expression (macro_argument_list (function_definition (signature) @name))) @definition.function
(macrocall_expression (macro_argument_list (struct_definition (type_head) @name))) @definition.struct
(macrocall_expression (macro_argument_list (abstract_definition (type_head) @name))) @definition.interface
(macrocall_expression (macro_argument_list (assignment . [(call_expression) (where_expression)] @name))) @definition.function
((macrocall_expression (macro_identifier (identifier) @_macro)
    (macro_argument_list . [(string_literal) (prefixed_string_literal)] @docstring))
  (#eq? @_macro "doc"))
(source_file (string_literal) @attribute @documentation)
(module_definition (string_literal) @attribute @documentation)
(struct_definition (string_literal) @attribute @documentation)
[(line_comment) (block_comment)] @comment
"#;

/// Finds what is defined in a head: `f` in `M.f{T}(x)::Int where {T}`, `Point` in `Point{N} <: Abstract`.
fn name_node(head: Node<'_>) -> Option<Node<'_>> {
    let mut node = head;
    let mut is_called = false;
    // Heads nest a few levels deep in anything a person writes.
    for _ in 0..16 {
        node = match node.kind() {
            "call_expression" => {
                is_called = true;
                node.named_child(0)?
            }
            "signature" | "type_head" | "where_expression" | "typed_expression" | "parametrized_type_expression" => {
                node.named_child(0)?
            }
            // `a ⊕ b` defines its operator, `A <: B` its left side.
            "binary_expression" if head.kind() == "type_head" => node.named_child(0)?,
            "binary_expression" if !is_called => return node.named_child(1).filter(|node| node.kind() == "operator"),
            "identifier" | "operator" | "field_expression" => return Some(node),
            _ => return None,
        };
    }
    None
}

/// `Base.show` is `show` in `Base`, `Base.:(==)` is `==`.
fn split_name(name: &str) -> (&str, &str) {
    let (scope, own) = match name.split_once(".:") {
        Some((scope, operator)) => (scope, operator),
        None => match name.rsplit_once('.') {
            Some((scope, own)) if own.starts_with(|c: char| c.is_alphabetic() || c == '_') => (scope, own),
            _ => ("", name),
        },
    };
    let inside = own.strip_prefix('(').and_then(|own| own.strip_suffix(')'));
    (scope, inside.unwrap_or(own))
}

/// From the end of the head; a short function is cut at its `=`.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let children = (0..node.child_count()).filter_map(|index| node.child(index));
    let start = match node.kind() {
        "function_definition" | "macro_definition" | "struct_definition" | "abstract_definition" => {
            let head = { children }.find(|child| matches!(child.kind(), "signature" | "type_head"))?;
            head.end_byte()
        }
        "module_definition" => node.child_by_field_name("name")?.end_byte(),
        "assignment" => { children }.find(|child| child.kind() == "operator")?.start_byte(),
        _ => return None,
    };
    Some(start..node.end_byte())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_module() {
        for (written, expected) in [
            ("Base.show", ("Base", "show")),
            ("Base.Iterators.take", ("Base.Iterators", "take")),
            ("Base.:(==)", ("Base", "==")),
            ("Base.:+", ("Base", "+")),
            (".+", ("", ".+")),
            ("step!", ("", "step!")),
        ] {
            assert_eq!(split_name(written), expected, "{written}");
        }
    }
}

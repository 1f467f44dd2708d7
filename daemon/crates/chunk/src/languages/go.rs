//! Go.

use crate::language::{Language, body_field};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static GO: Language = Language {
    name: "go",
    extensions: &["go"],
    grammar: || tree_sitter_go::LANGUAGE.into(),
    tags: &[tree_sitter_go::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_go),
    visibility,
    body,
    ..Language::BASE
};

const QUERY: &str = r"
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @scope
    (generic_type type: (type_identifier) @scope)
    (pointer_type [(type_identifier) @scope (generic_type type: (type_identifier) @scope)])
  ]))
  name: (field_identifier) @name) @definition.method
(type_spec name: (type_identifier) @name type: (struct_type)) @definition.struct
(type_spec name: (type_identifier) @name type: (interface_type)) @definition.interface
(type_alias name: (type_identifier) @name) @definition.type
(method_elem name: (field_identifier) @name) @definition.method
(const_spec name: (identifier) @name) @definition.constant
(source_file (var_declaration (var_spec name: (identifier) @name) @definition.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @definition.variable)))
(comment) @comment
";

/// A struct or an interface is cut at its brace.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    body_field(node, source).or_else(|| {
        let value = node.child_by_field_name("type")?;
        if !matches!(value.kind(), "struct_type" | "interface_type") {
            return None;
        }
        let open = source[value.byte_range()].find('{')?;
        Some(value.start_byte() + open..node.end_byte())
    })
}

/// Capitals are exported.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    Some(match declared.kind {
        SymbolKind::Module => return None,
        _ if declared.name.starts_with(char::is_uppercase) => Visibility::Public,
        _ => Visibility::Internal,
    })
}

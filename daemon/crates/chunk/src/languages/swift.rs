//! Swift.

use crate::language::{Language, without_arguments};
use crate::references;
use crate::visibility::{Declared, named};
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static SWIFT: Language = Language {
    name: "swift",
    extensions: &["swift"],
    interpreters: &["swift"],
    grammar: || tree_sitter_swift::LANGUAGE.into(),
    tags: &[tree_sitter_swift::TAGS_QUERY],
    // These give to every member the span of the whole type, and to local variables that of a property.
    replaced: &[
        "(class_declaration\n    (class_body",
        "(protocol_declaration\n    (protocol_body",
        "(property_declaration",
    ],
    query: QUERY,
    references: Some(references::visit_plain),
    split_name: last_part,
    visibility,
    body,
    doc_markers: &["///", "/**"],
    ..Language::BASE
};

const QUERY: &str = r#"
(class_declaration declaration_kind: ["class" "actor"] name: (type_identifier) @name) @definition.class
(class_declaration declaration_kind: "struct" name: (type_identifier) @name) @definition.struct
(class_declaration declaration_kind: "enum" name: (type_identifier) @name) @definition.enum
(class_declaration declaration_kind: "extension" name: (_) @name) @definition.impl
(protocol_declaration name: (type_identifier) @name) @definition.trait
(typealias_declaration name: (type_identifier) @name) @definition.type
(associatedtype_declaration name: (type_identifier) @name) @definition.type
(enum_entry name: (simple_identifier) @name) @definition.field
(function_declaration "func" . name: _ @name) @definition.function
(protocol_function_declaration "func" . name: _ @name) @definition.method
(init_declaration name: "init" @name) @definition.method
(deinit_declaration "deinit" @name) @definition.method
(subscript_declaration "subscript" @name) @definition.method
(macro_declaration "macro" . (simple_identifier) @name) @definition.macro
(precedence_group_declaration . (simple_identifier) @name) @definition.type
(class_body (property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.field)
(enum_class_body (property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.field)
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.field
(source_file (property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.variable)
(source_file (property_declaration name: (pattern (pattern (simple_identifier) @name))) @definition.variable)
[(comment) (multiline_comment)] @comment
(attribute) @attribute
"#;

/// `extension Server.Route<Body>` extends what is called `Route`; `` func `default` `` is called by its name.
fn last_part(name: &str) -> (&str, &str) {
    if let Some(quoted) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
        return ("", quoted);
    }
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>' | ',' | ' ' | '?' | '[' | ']');
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') || !name.chars().all(is_path) {
        return ("", name);
    }
    let name = without_arguments(name);
    name.rsplit_once('.').unwrap_or(("", name))
}

/// A property ends before its accessors, and before the closure that makes its value.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let own = node
        .child_by_field_name("body")
        .or_else(|| node.child_by_field_name("computed_value"));
    let part = own.or_else(|| {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .find(|part| matches!(part.kind(), "computed_property" | "willset_didset_block"))
    });
    let start = part.map(|part| part.start_byte()).or_else(|| {
        let value = node
            .child_by_field_name("value")
            .filter(|value| value.kind() == "call_expression")?;
        let called = value
            .named_child(0)
            .filter(|called| called.kind() == "lambda_literal")?;
        Some(called.start_byte())
    })?;
    Some(start..node.end_byte())
}

/// Without a modifier it is the module's, or as visible as the protocol or enumeration; the modifier of an extension holds for
/// what is in it.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let own = declared.words().filter(|(_, after)| !after.starts_with("(set)"));
    let stated = own.filter_map(|(word, _)| match word {
        "open" => Some(Visibility::Public),
        "package" => Some(Visibility::Internal),
        "fileprivate" => Some(Visibility::Private),
        word => named(word),
    });
    let custom = match (declared.kind, declared.around_kind()) {
        (SymbolKind::Impl, _) => None,
        (_, Some(SymbolKind::Trait | SymbolKind::Impl)) | (SymbolKind::Field, Some(SymbolKind::Enum)) => {
            declared.as_around().or(Some(Visibility::Internal))
        }
        _ => Some(Visibility::Internal),
    };
    stated.min().or(custom)
}

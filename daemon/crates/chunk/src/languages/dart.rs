//! Dart.

use crate::language::{Language, body_field};
use crate::references;
use crate::visibility::by_underscore;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static DART: Language = Language {
    name: "dart",
    extensions: &["dart"],
    interpreters: &["dart"],
    grammar: || tree_sitter_dart::LANGUAGE.into(),
    tags: &[tree_sitter_dart::TAGS_QUERY],
    // These span no more than the head of a member, and take both parts of `Point.origin()` for names.
    replaced: &[
        "(method_signature",
        "(constructor_signature",
        "(constant_constructor_signature",
        "(factory_constructor_signature",
        "(redirecting_factory_constructor_signature",
    ],
    query: QUERY,
    references: Some(references::visit_plain),
    visibility: |declared| Some(by_underscore(declared)),
    body,
    doc_markers: &["///", "/**"],
    ..Language::BASE
};

/// A constructor without a name is called like its class.
const QUERY: &str = r#"
(mixin_declaration name: (identifier) @name) @definition.trait
(extension_declaration name: (identifier) @name) @definition.impl
(extension_declaration !name class: (type . (type_identifier) @name)) @definition.impl
(enum_declaration name: (identifier) @name) @definition.enum
(enum_entry name: (identifier) @name) @definition.field
(class_declaration (mixin_application_class . (identifier) @name)) @definition.class
(type_alias (type_identifier) @name) @definition.type
(method_declaration signature: (method_signature [
  (function_signature name: (identifier) @name)
  (getter_signature name: (identifier) @name)
  (setter_signature name: (identifier) @name)
  (operator_signature operator: _ @name)
  (constructor_signature . name: (identifier) @name . parameters: (_))
  (constructor_signature name: "." . name: _ @name)
  (factory_constructor_signature name: (identifier) @name . parameters: (_))
])) @definition.method
(member_declaration (declaration [
  (function_signature name: (identifier) @name)
  (getter_signature name: (identifier) @name)
  (setter_signature name: (identifier) @name)
  (operator_signature operator: _ @name)
  (constructor_signature . name: (identifier) @name . parameters: (_))
  (constructor_signature name: "." . name: _ @name)
  (constant_constructor_signature name: (identifier) @name . parameters: (_))
  (factory_constructor_signature name: (identifier) @name . parameters: (_))
  (redirecting_factory_constructor_signature name: (identifier) @name . parameters: (_))
])) @definition.method
(local_function_declaration (function_signature name: (identifier) @name)) @definition.function
(member_declaration (declaration "const" (static_final_declaration_list
  (static_final_declaration name: (identifier) @name)))) @definition.constant
(member_declaration (declaration (static_final_declaration_list
  (static_final_declaration name: (identifier) @name)))) @definition.field
(member_declaration (declaration (initialized_identifier_list
  (initialized_identifier name: (identifier) @name)))) @definition.field
(top_level_variable_declaration modifier: "const" (static_final_declaration_list
  (static_final_declaration name: (identifier) @name))) @definition.constant
[(comment) (block_comment) (documentation_comment) (documentation_block_comment)] @comment
(annotation) @attribute
"#;

/// A constructor's list of initialisers is no part of its signature; a local function names no body.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let head = match node.kind() {
        "local_function_declaration" => {
            let body = node.named_child(1)?;
            return Some(body.start_byte()..node.end_byte());
        }
        "method_declaration" => node.child_by_field_name("signature"),
        "member_declaration" => node.named_child(node.named_child_count().checked_sub(1)? as u32),
        _ => None,
    };
    let initialisers = head.and_then(|head| {
        let mut cursor = head.walk();
        head.named_children(&mut cursor)
            .find(|part| part.kind() == "initializers")
    });
    let initialisers = initialisers.map(|part| part.start_byte()..node.end_byte());
    initialisers.or_else(|| body_field(node, source))
}

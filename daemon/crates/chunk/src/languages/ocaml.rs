//! OCaml: implementations and interfaces, two grammars of one family.

use crate::language::{Label, Language, body_field};
use crate::references;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

/// What stands in implementations and interfaces alike. Names for modules that exist elsewhere (`module L = List`) define
/// nothing.
macro_rules! declarations {
    () => {
        r"
(module_binding (module_name) @name !body) @definition.module
(module_binding (module_name) @name body: [
    (functor) (module_application) (packed_module) (parenthesized_module_expression) (structure) (typed_module_expression)
  ]) @definition.module
(module_type_definition (module_type_name) @name) @definition.interface
(type_binding name: (type_constructor) @name) @definition.type
(type_binding name: (type_constructor) @name body: (variant_declaration)) @definition.enum
(type_binding name: (type_constructor) @name body: (record_declaration)) @definition.struct
(variant_declaration (constructor_declaration (constructor_name) @name) @definition.field)
(record_declaration (field_declaration (field_name) @name) @definition.field)
(exception_definition (constructor_declaration (constructor_name) @name)) @definition.type
(value_specification [(value_name) (parenthesized_operator)] @name) @definition.constant
(value_specification [(value_name) (parenthesized_operator)] @name type: [(function_type) (polymorphic_type)]) @definition.function
(external [(value_name) (parenthesized_operator)] @name) @definition.function
(class_binding (class_name) @name) @definition.class
(class_type_binding (class_type_name) @name) @definition.interface
(method_specification (method_name) @name) @definition.method
(comment) @comment
"
    };
}

pub(crate) static OCAML: Language = Language {
    name: "ocaml",
    extensions: &["ml"],
    file_names: &[".ocamlinit"],
    interpreters: &["ocaml", "ocamlrun"],
    grammar: || tree_sitter_ocaml::LANGUAGE_OCAML.into(),
    query: concat!(
        declarations!(),
        r"
(compilation_unit (value_definition (let_binding pattern: (_) @name) @definition.constant))
(compilation_unit (value_definition (let_binding pattern: (_) @name (parameter)) @definition.function))
(compilation_unit (value_definition (let_binding pattern: (_) @name body: [(fun_expression) (function_expression)]) @definition.function))
(compilation_unit (value_definition (let_binding pattern: (_) @name type: [(function_type) (polymorphic_type)]) @definition.function))
(structure (value_definition (let_binding pattern: (_) @name) @definition.constant))
(structure (value_definition (let_binding pattern: (_) @name (parameter)) @definition.function))
(structure (value_definition (let_binding pattern: (_) @name body: [(fun_expression) (function_expression)]) @definition.function))
(structure (value_definition (let_binding pattern: (_) @name type: [(function_type) (polymorphic_type)]) @definition.function))
(method_definition (method_name) @name) @definition.method
(instance_variable_definition (instance_variable_name) @name) @definition.field
"
    ),
    ..FAMILY
};

pub(crate) static OCAML_INTERFACE: Language = Language {
    name: "ocaml_interface",
    extensions: &["mli"],
    grammar: || tree_sitter_ocaml::LANGUAGE_OCAML_INTERFACE.into(),
    query: declarations!(),
    ..FAMILY
};

/// The tags query that the grammars bring is written for implementations alone and takes local functions for
/// definitions; ours says all.
const FAMILY: Language = Language {
    labels: &[Label {
        name: "method",
        kind: SymbolKind::Method,
        joint: "#",
        prefixes: false,
    }],
    references: Some(references::visit_plain),
    name_node,
    split_name: operator,
    body,
    doc_markers: &["(**"],
    trailing_doc_markers: &["(**"],
    ..Language::BASE
};

/// Patterns other than a name bind nothing that anyone looks up.
fn name_node(node: Node<'_>) -> Option<Node<'_>> {
    let is_pattern = node.kind().ends_with("_pattern") || matches!(node.kind(), "unit" | "string" | "any_pattern");
    (!is_pattern).then_some(node)
}

/// `( >>= )` is called `>>=`.
fn operator(name: &str) -> (&str, &str) {
    let inside = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
    ("", inside.map_or(name, str::trim))
}

/// Types are cut at their constructors and fields, modules and module types at their members.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let body = match node.kind() {
        "type_binding" => node
            .child_by_field_name("body")
            .filter(|body| matches!(body.kind(), "variant_declaration" | "record_declaration"))?,
        "module_binding" if node.child_by_field_name("body").is_none() => node
            .child_by_field_name("module_type")
            .filter(|body| body.kind() == "signature")?,
        _ => return body_field(node, source),
    };
    Some(body.start_byte()..node.end_byte())
}

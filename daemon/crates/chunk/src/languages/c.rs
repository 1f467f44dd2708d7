//! C. C++ builds on what is here.

use crate::language::{Candidate, Language, body_field};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static C: Language = Language {
    name: "c",
    extensions: &["c", "h"],
    grammar: || tree_sitter_c::LANGUAGE.into(),
    tags: &[tree_sitter_c::TAGS_QUERY],
    // These match uses of a type and every declarator, parameters included.
    replaced: &[
        "(declaration type: (union_specifier",
        "(function_declarator",
        "(enum_specifier",
        "(type_definition",
    ],
    query: QUERY,
    references: Some(references::visit_plain),
    separator: "::",
    nests: false,
    owns_methods: |_| false,
    name_node: declared_name,
    refine,
    visibility: linkage,
    body,
    doc_markers: &["/**", "///", "/*!", "//!"],
    ..Language::BASE
};

const QUERY: &str = r"
(struct_specifier name: (_) @name body: (_)) @definition.struct
(union_specifier name: (_) @name body: (_)) @definition.union
(enum_specifier name: (_) @name body: (_)) @definition.enum
(type_definition declarator: (_) @name) @definition.type
(type_definition type: (struct_specifier body: (_)) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (union_specifier body: (_)) declarator: (type_identifier) @name) @definition.union
(type_definition type: (enum_specifier body: (_)) declarator: (type_identifier) @name) @definition.enum
(function_definition declarator: (_) @name) @definition.function
(declaration declarator: [(function_declarator) (pointer_declarator)] @name) @declaration.function
(declaration declarator: (init_declarator) @name) @definition.variable
(declaration declarator: [(identifier) (array_declarator)] @name) @declaration.variable
(preproc_def name: (identifier) @name value: (_)) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro
(comment) @comment
";

/// Finds the name inside a declarator: `*(*f)(int)`, `&Queue::front() const`, `table[2] = {…}`.
///
/// For a `declaration`, only functions are wanted from declarators that may be either.
pub(super) fn declared_name(declarator: Node<'_>) -> Option<Node<'_>> {
    let mut node = declarator;
    // Declarators nest a few levels deep in anything a person writes.
    for _ in 0..16 {
        node = match node.kind() {
            "function_declarator"
            | "init_declarator"
            | "array_declarator"
            | "pointer_declarator"
            | "pointer_type_declarator" => node.child_by_field_name("declarator")?,
            "parenthesized_declarator" | "reference_declarator" | "attributed_declarator" => (0..node.child_count())
                .filter_map(|index| node.child(index))
                .find(Node::is_named)?,
            _ => return Some(node),
        };
    }
    None
}

/// Tells what is a function from what only looks like one.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    match candidate.kind {
        // `char *name;` or `int (*handler)(void);`: variables declared, not functions.
        SymbolKind::Function if !is_called(candidate) => None,
        kind => Some(kind),
    }
}

/// Whether parameters follow the name.
pub(super) fn is_called(candidate: &Candidate<'_>) -> bool {
    candidate.rest[candidate.name.len()..].trim_start().starts_with('(')
}

/// What a `typedef` says after its fields belongs to its signature; a macro is cut at its value.
pub(super) fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    match node.kind() {
        "type_definition" => {
            let body = node.child_by_field_name("type")?.child_by_field_name("body")?;
            Some(body.byte_range())
        }
        "preproc_function_def" => {
            let value = node.child_by_field_name("value")?;
            Some(value.start_byte()..node.end_byte())
        }
        "declaration" => {
            let value = node.child_by_field_name("declarator")?.child_by_field_name("value")?;
            Some(value.start_byte()..node.end_byte())
        }
        _ => body_field(node, source),
    }
}

/// `static` is the file's own, but in a header, where it comes with `inline`. Types and macros have no linkage.
pub(super) fn linkage(declared: &Declared<'_>) -> Option<Visibility> {
    let has_linkage = matches!(declared.kind, SymbolKind::Function | SymbolKind::Variable);
    let is_static = declared.has("static");
    let is_inline = || declared.has("inline") || declared.has("__inline");
    match (has_linkage, is_static) {
        (false, _) => None,
        (true, false) => Some(Visibility::Public),
        (true, true) if is_inline() => None,
        (true, true) => Some(Visibility::Private),
    }
}

//! Rust.

use crate::language::{Label, Language, body_field, without_arguments};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static RUST: Language = Language {
    name: "rust",
    extensions: &["rs"],
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    tags: &[tree_sitter_rust::TAGS_QUERY],
    // `mod x;` defines nothing; the module is another file.
    replaced: &["(mod_item"],
    query: QUERY,
    references: Some(references::visit_rust),
    labels: &[Label {
        name: "interface",
        kind: SymbolKind::Trait,
        joint: "::",
        prefixes: false,
    }],
    separator: "::",
    split_name: last_segment,
    visibility,
    body,
    doc_markers: &["///", "/**"],
    inner_doc_markers: &["//!", "/*!"],
    ..Language::BASE
};

const QUERY: &str = r"
(struct_item name: (type_identifier) @name) @definition.struct
(enum_item name: (type_identifier) @name) @definition.enum
(union_item name: (type_identifier) @name) @definition.union
(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
(trait_item name: (type_identifier) @name) @definition.trait
(mod_item name: (identifier) @name body: (_)) @definition.module
(impl_item type: (_) @name) @definition.impl
(function_item name: (_) @name) @definition.function
(function_signature_item name: (_) @name) @definition.function
(const_item name: (identifier) @name) @definition.constant
(static_item name: (identifier) @name) @definition.constant
[(line_comment) (block_comment)] @comment
(attribute_item) @attribute
";

/// `impl fmt::Display for &'a Wrapper<T>`: the type is called `Wrapper`.
fn last_segment(name: &str) -> (&str, &str) {
    let name = name.trim_start_matches('&');
    let name = match name.strip_prefix('\'') {
        Some(lifetime) => lifetime.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
        None => name,
    };
    let name = name.trim_start().trim_start_matches("mut ").trim_start_matches("dyn ");
    let name = without_arguments(name);
    ("", name.rsplit("::").next().unwrap_or(name).trim())
}

fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    if node.kind() == "macro_definition" {
        let text = &source[node.byte_range()];
        let open = text.find(['{', '(', '['])?;
        return Some(node.start_byte() + open..node.end_byte());
    }
    let body = body_field(node, source)?;
    // The fields of a tuple struct are its signature.
    let is_tuple = source[body.clone()].starts_with('(');
    (!is_tuple).then_some(body)
}

/// `pub` and what it is restricted to. Items of a trait, and variants, are as visible as what they are part of; what an
/// implementation of a trait holds is used through the trait.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let restricted = declared.words().find(|(word, _)| *word == "pub");
    if let Some((_, after)) = restricted {
        let to = after.trim_start().strip_prefix('(').map(str::trim_start);
        return Some(match to {
            Some(to) if to.starts_with("self") => Visibility::Private,
            Some(to) if ["crate", "super", "in"].iter().any(|word| to.starts_with(word)) => Visibility::Internal,
            Some(_) | None => Visibility::Public,
        });
    }
    match (declared.kind, declared.around) {
        (SymbolKind::Impl, _) => None,
        (SymbolKind::Macro, _) if declared.above.contains("#[macro_export") => Some(Visibility::Public),
        (_, Some(around)) if matches!(around.kind, SymbolKind::Trait | SymbolKind::Enum) => around.visibility,
        (_, Some(around)) if around.kind == SymbolKind::Impl && around.signature.contains(" for ") => {
            Some(Visibility::Public)
        }
        _ => Some(Visibility::Private),
    }
}

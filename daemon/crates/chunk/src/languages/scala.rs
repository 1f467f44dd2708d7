//! Scala, both of its syntaxes.

use crate::language::{Candidate, Language, body_field, is_screaming, is_type_like};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static SCALA: Language = Language {
    name: "scala",
    extensions: &["scala", "sc", "sbt", "mill"],
    interpreters: &["scala", "scala-cli", "amm"],
    grammar: || tree_sitter_scala::LANGUAGE.into(),
    // The crate does not export the tags query that lies in it.
    query: QUERY,
    references: Some(references::visit_plain),
    // `val codec = new Codec { def decode = .. }`
    owns_methods: |kind| is_type_like(kind) || matches!(kind, SymbolKind::Field | SymbolKind::Variable),
    split_name,
    refine,
    visibility,
    body,
    doc_markers: &["/**"],
    ..Language::BASE
};

/// What implements a type class (a given with members) and what adds to a type (an extension) is called by the type if it
/// has no name of its own.
const QUERY: &str = r"
(package_clause name: (_) @name body: (_)) @definition.module
(package_object name: (_) @name) @definition.module
(class_definition name: (_) @name) @definition.class
(object_definition name: (_) @name) @definition.class
(trait_definition name: (_) @name) @definition.trait
(enum_definition name: (_) @name) @definition.enum
(simple_enum_case name: (_) @name) @definition.field
(full_enum_case name: (_) @name) @definition.class
(type_definition name: (type_identifier) @name) @definition.type
(function_definition name: (_) @name) @definition.function
(function_declaration name: (_) @name) @definition.function
(given_definition name: (_) @name body: (with_template_body)) @definition.impl
(given_definition !name return_type: (_) @name body: (with_template_body)) @definition.impl
(extension_definition . parameters: (parameters . (parameter type: (_) @name))) @definition.impl
(extension_definition . type_parameters: (_) . parameters: (parameters . (parameter type: (_) @name))) @definition.impl
(compilation_unit [
  (val_definition pattern: [(identifier) @name (identifiers (identifier) @name) (tuple_pattern (identifier) @name)])
  (var_definition pattern: [(identifier) @name (identifiers (identifier) @name)])
  (given_definition name: (_) @name)
] @definition.variable)
(template_body [
  (val_definition pattern: [(identifier) @name (identifiers (identifier) @name) (tuple_pattern (identifier) @name)])
  (var_definition pattern: [(identifier) @name (identifiers (identifier) @name)])
  (val_declaration name: (identifier) @name)
  (var_declaration name: (identifier) @name)
  (given_definition name: (_) @name)
] @definition.field)
(with_template_body [
  (val_definition pattern: (identifier) @name)
  (var_definition pattern: (identifier) @name)
] @definition.field)
(enum_body [
  (val_definition pattern: (identifier) @name)
  (given_definition name: (_) @name)
] @definition.field)
[(comment) (block_comment)] @comment
(annotation) @attribute
";

/// `package a.b {`, `extension (xs: List[T])`, `` def `type` ``
fn split_name(name: &str) -> (&str, &str) {
    if let Some(quoted) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) {
        return ("", quoted);
    }
    let name = name
        .find('[')
        .filter(|&at| at > 0)
        .map_or(name, |at| name[..at].trim_end());
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    match name.rsplit_once('.') {
        Some((scope, own)) if !own.is_empty() && name.chars().all(is_path) => (scope, own),
        _ => ("", name),
    }
}

/// What extends a tuple or a function has no name to go by.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    match candidate.kind {
        SymbolKind::Impl
            if !candidate
                .name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) =>
        {
            None
        }
        SymbolKind::Variable | SymbolKind::Field if is_screaming(candidate.name) && candidate.name.len() > 1 => {
            Some(SymbolKind::Constant)
        }
        kind => Some(kind),
    }
}

/// A value ends before the members of its anonymous class.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    body_field(node, source).or_else(|| {
        let value = node.child_by_field_name("value")?;
        let last = value.named_child(value.named_child_count().checked_sub(1)? as u32)?;
        (last.kind() == "template_body").then(|| last.start_byte()..node.end_byte())
    })
}

/// Without a modifier it is everybody's. `private[this]` is narrower, `private[database]` wider than `private`.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    if matches!(declared.kind, SymbolKind::Impl) {
        return None;
    }
    let qualifier = |after: &str| after.trim_start().starts_with('[') && !after.trim_start().starts_with("[this]");
    if declared
        .words()
        .any(|(word, after)| word == "private" && qualifier(after))
    {
        return Some(Visibility::Internal);
    }
    Some(declared.stated().unwrap_or(Visibility::Public))
}

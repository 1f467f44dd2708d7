//! JavaScript, with JSX. TypeScript builds on what is here.

use crate::language::{Candidate, Language, body_field};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static JAVASCRIPT: Language = Language {
    name: "javascript",
    extensions: &["js", "jsx", "mjs", "cjs", "es6"],
    file_names: &["Jakefile"],
    interpreters: &["node", "nodejs", "bun"],
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    tags: &[tree_sitter_javascript::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_javascript),
    keeps_methods: true,
    split_name: without_quotes,
    clean_scope: receiver,
    refine,
    visibility,
    body,
    doc_markers: &["/**"],
    ..Language::BASE
};

/// What a module says others may use: `export { open }`, `export default open`, `module.exports = { open }`.
macro_rules! exported {
    () => {
        r#"
[(import_statement) (export_statement)] @exports
(export_statement !source (export_clause (export_specifier name: (_) @public)))
(export_statement value: (identifier) @public)
((assignment_expression left: (_) @_exported right: (identifier) @public)
  (#match? @_exported "^(module[.]exports|exports[.])"))
((assignment_expression
  left: (_) @_exported
  right: (object [(shorthand_property_identifier) @public (pair value: (identifier) @public)]))
  (#eq? @_exported "module.exports"))
"#
    };
}
pub(super) use exported;

const QUERY: &str = concat!(
    r#"
(method_definition name: (_) @name) @definition.method
(field_definition property: (_) @name value: [(arrow_function) (function_expression)]) @definition.method
(variable_declarator name: (identifier) @name value: [(generator_function) (function_expression) (arrow_function)]) @definition.function
(variable_declarator name: (identifier) @name value: (class)) @definition.class
(assignment_expression
  left: [(identifier) @name (member_expression property: (property_identifier) @name)]
  right: (class)) @definition.class
(assignment_expression
  left: (member_expression object: (_) @scope property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(pair key: (_) @name value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @definition.constant))
(program (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @definition.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(export_statement (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @definition.constant))
(export_statement (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @definition.variable))
(export_statement (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(export_statement declaration: (class_declaration name: (_) @name)) @definition.class
(export_statement declaration: (function_declaration name: (_) @name)) @definition.function
(export_statement declaration: (generator_function_declaration name: (_) @name)) @definition.function
(comment) @comment
(decorator) @attribute
"#,
    exported!()
);

/// `'content-type'() {}` is called `content-type`.
pub(super) fn without_quotes(name: &str) -> (&str, &str) {
    ("", name.trim_matches(['"', '\'', '`']))
}

/// `Queue.prototype.push = function` belongs to `Queue`; `exports.push = function` to nothing.
pub(super) fn receiver(scope: &str) -> &str {
    let scope = scope.strip_suffix(".prototype").unwrap_or(scope);
    let scope = scope.strip_prefix("module.").unwrap_or(scope);
    let scope = scope.strip_prefix("exports").unwrap_or(scope);
    match scope.trim_start_matches('.') {
        "this" | "self" | "window" | "globalThis" => "",
        scope => scope,
    }
}

/// Imports by `require` define nothing.
pub(super) fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    let is_value = matches!(candidate.kind, SymbolKind::Constant | SymbolKind::Variable);
    let value = candidate.rest[candidate.name.len()..].trim_start_matches([' ', '=', '\n', '\t']);
    (!(is_value && value.starts_with("require("))).then_some(candidate.kind)
}

/// The body is the node's own, or that of the function or class which is its value; an object or array
/// counts as one.
pub(super) fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    body_field(node, source).or_else(|| {
        let mut value = node
            .child_by_field_name("value")
            .or_else(|| node.child_by_field_name("right"))?;
        if matches!(value.kind(), "as_expression" | "satisfies_expression") {
            value = value.named_child(0)?;
        }
        let body = match value.kind() {
            "object" | "array" => value,
            _ => value.child_by_field_name("body")?,
        };
        Some(body.start_byte()..node.end_byte())
    })
}

/// In a module, what it does not export is its own; a script does not say. Members are everybody's, but for those of a name
/// with `#` and of TypeScript's modifiers.
pub(super) fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    if declared.name.starts_with('#') {
        return Some(Visibility::Private);
    }
    if let Some(stated) = declared.stated() {
        return Some(stated);
    }
    let is_top = matches!(declared.around_kind(), None | Some(SymbolKind::Module));
    let is_member = declared.kind == SymbolKind::Method || declared.before.ends_with('.');
    // `declare module "x" { function open(): void }`
    let is_within_ambient = || {
        declared
            .around
            .is_some_and(|around| around.signature.starts_with("declare"))
    };
    let is_ambient = declared.kind == SymbolKind::Module && declared.has("declare") || is_within_ambient();
    if declared.has("export") || is_member || is_ambient || !is_top {
        return Some(Visibility::Public);
    }
    (declared.hides || declared.around.is_some()).then_some(Visibility::Private)
}

//! PHP.

use crate::language::{Label, Language};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};

pub(crate) static PHP: Language = Language {
    name: "php",
    extensions: &["php", "phtml", "php3", "php4", "php5", "php7", "php8", "phpt"],
    interpreters: &["php"],
    grammar: || tree_sitter_php::LANGUAGE_PHP.into(),
    tags: &[tree_sitter_php::TAGS_QUERY],
    replaced: &["(namespace_definition", "(property_declaration", "(method_declaration"],
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[
        Label {
            name: "package",
            kind: SymbolKind::Module,
            joint: "\\",
            prefixes: true,
        },
        Label {
            name: "method",
            kind: SymbolKind::Method,
            joint: "::",
            prefixes: false,
        },
        Label {
            name: "constant",
            kind: SymbolKind::Constant,
            joint: "::",
            prefixes: false,
        },
    ],
    separator: "\\",
    visibility,
    doc_markers: &["/**"],
    ..Language::BASE
};

const QUERY: &str = r"
(namespace_definition name: (_) @name !body) @definition.package
(namespace_definition name: (_) @name body: (_)) @definition.module
(enum_declaration name: (name) @name) @definition.enum
(trait_declaration name: (name) @name) @definition.trait
(method_declaration name: (name) @name) @definition.method
(const_declaration (const_element . (name) @name) @definition.constant)
(comment) @comment
(attribute_list) @attribute
";

/// Without a modifier it is everybody's; namespaces have none.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let is_namespace = declared.kind == SymbolKind::Module;
    (!is_namespace).then(|| declared.stated().unwrap_or(Visibility::Public))
}

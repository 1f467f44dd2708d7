//! Java.

use crate::language::Language;
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};

pub(crate) static JAVA: Language = Language {
    name: "java",
    extensions: &["java"],
    grammar: || tree_sitter_java::LANGUAGE.into(),
    tags: &[tree_sitter_java::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_java),
    visibility,
    doc_markers: &["/**"],
    ..Language::BASE
};

const QUERY: &str = r#"
(enum_declaration name: (identifier) @name) @definition.enum
(record_declaration name: (identifier) @name) @definition.struct
(annotation_type_declaration name: (identifier) @name) @definition.interface
(annotation_type_element_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name) @definition.method
(compact_constructor_declaration name: (identifier) @name) @definition.method
(module_declaration name: (_) @name) @definition.module
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant
((field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_]+$"))
[(line_comment) (block_comment)] @comment
[(annotation) (marker_annotation)] @attribute
"#;

/// Without a modifier it is the package's, but in interfaces; constructors of an enumeration are its own.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let custom = || {
        Some(match (declared.around_kind(), declared.kind) {
            (_, SymbolKind::Module) => return None,
            (Some(SymbolKind::Interface), _) => Visibility::Public,
            (Some(SymbolKind::Enum), SymbolKind::Method) if declared.before.trim().is_empty() => Visibility::Private,
            (Some(SymbolKind::Enum), SymbolKind::Field | SymbolKind::Constant) if declared.before.trim().is_empty() => {
                Visibility::Public
            }
            _ => Visibility::Internal,
        })
    };
    declared.stated().or_else(custom)
}

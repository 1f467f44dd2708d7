//! Java.

use crate::language::Language;
use crate::references;

pub(crate) static JAVA: Language = Language {
    name: "java",
    extensions: &["java"],
    grammar: || tree_sitter_java::LANGUAGE.into(),
    tags: &[tree_sitter_java::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_java),
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

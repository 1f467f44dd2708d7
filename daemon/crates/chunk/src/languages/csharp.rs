//! C#.

use crate::language::{Label, Language};
use crate::references;
use codemem_core::unit::SymbolKind;

pub(crate) static CSHARP: Language = Language {
    name: "csharp",
    extensions: &["cs", "csx"],
    grammar: || tree_sitter_c_sharp::LANGUAGE.into(),
    tags: &[tree_sitter_c_sharp::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[Label {
        name: "package",
        kind: SymbolKind::Module,
        joint: ".",
        prefixes: true,
    }],
    doc_markers: &["///", "/**"],
    ..Language::BASE
};

const QUERY: &str = r#"
(file_scoped_namespace_declaration name: (_) @name) @definition.package
(struct_declaration name: (identifier) @name) @definition.struct
(record_declaration name: (identifier) @name) @definition.struct
(enum_declaration name: (identifier) @name) @definition.enum
(delegate_declaration name: (identifier) @name) @definition.type
(constructor_declaration name: (identifier) @name) @definition.method
(destructor_declaration "~" name: (identifier) @name) @definition.method
(operator_declaration operator: _ @name) @definition.method
(local_function_statement name: (identifier) @name) @definition.function
(property_declaration name: (identifier) @name) @definition.field
(event_declaration name: (identifier) @name) @definition.field
((field_declaration (modifier) @_modifier (variable_declaration (variable_declarator name: (identifier) @name))) @definition.constant
  (#eq? @_modifier "const"))
(comment) @comment
(attribute_list) @attribute
"#;

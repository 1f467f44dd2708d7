//! C#.

use crate::language::{Label, Language};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};

pub(crate) static CSHARP: Language = Language {
    name: "csharp",
    extensions: &["cs", "csx"],
    grammar: || tree_sitter_c_sharp::LANGUAGE.into(),
    tags: &[tree_sitter_c_sharp::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_plain),
    mend,
    labels: &[Label {
        name: "package",
        kind: SymbolKind::Module,
        joint: ".",
        prefixes: true,
    }],
    visibility,
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

/// Without `#if` and its like, and without what stands behind `#else`: a condition may cut a class in two.
fn mend(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len());
    // Of each condition that is open, whether its first part is over.
    let mut around: Vec<bool> = Vec::new();
    for line in text.split_inclusive('\n') {
        let directive = line.trim_start().strip_prefix('#').map(str::trim_start);
        match directive {
            Some(word) if word.starts_with("if") => around.push(false),
            Some(word) if word.starts_with("el") => {
                if let Some(is_over) = around.last_mut() {
                    *is_over = true;
                }
            }
            Some(word) if word.starts_with("endif") => {
                around.pop();
            }
            None if !around.contains(&true) => {
                mended.push_str(line);
                continue;
            }
            Some(_) | None => {}
        }
        mended.extend(line.bytes().map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                byte as char
            } else {
                ' '
            }
        }));
    }
    (mended != text).then_some(mended)
}

/// Without a modifier, types are the assembly's and members the type's own, but in interfaces and enumerations. What
/// implements an interface under its name is used through that.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let custom = || {
        Some(match (declared.kind, declared.around_kind()) {
            (SymbolKind::Module, _) => return None,
            (_, Some(SymbolKind::Interface | SymbolKind::Enum)) => Visibility::Public,
            _ if declared.before.trim_end().ends_with('.') => Visibility::Public,
            (kind, None | Some(SymbolKind::Module)) if kind.is_type() => Visibility::Internal,
            _ => Visibility::Private,
        })
    };
    declared.stated().or_else(custom)
}

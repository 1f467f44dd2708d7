//! C++.

use super::c::{body, declared_name, is_called, linkage};
use crate::language::{Candidate, Language, without_arguments};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use tree_sitter::Node;

pub(crate) static CPP: Language = Language {
    name: "cpp",
    extensions: &[
        "cc", "cpp", "cxx", "c++", "C", "H", "hh", "hpp", "hxx", "h++", "ipp", "ixx", "inl", "tpp", "txx", "cu", "cuh",
        "cppm",
    ],
    grammar: || tree_sitter_cpp::LANGUAGE.into(),
    tags: &[tree_sitter_cpp::TAGS_QUERY],
    // These match uses of a type and every declarator, parameters included.
    replaced: &[
        "(declaration type: (union_specifier",
        "(function_declarator",
        "(enum_specifier",
        "(type_definition",
        "(class_specifier",
    ],
    query: QUERY,
    references: Some(references::visit_plain),
    separator: "::",
    name_node,
    split_name: qualified,
    refine,
    visibility,
    body,
    doc_markers: &["/**", "///", "/*!", "//!"],
    ..Language::BASE
};

const QUERY: &str = r"
(class_specifier name: (_) @name body: (_)) @definition.class
(struct_specifier name: (_) @name body: (_)) @definition.struct
(union_specifier name: (_) @name body: (_)) @definition.union
(enum_specifier name: (_) @name body: (_)) @definition.enum
(type_definition declarator: (_) @name) @definition.type
(type_definition type: (struct_specifier body: (_)) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (union_specifier body: (_)) declarator: (type_identifier) @name) @definition.union
(type_definition type: (enum_specifier body: (_)) declarator: (type_identifier) @name) @definition.enum
(alias_declaration name: (_) @name) @definition.type
(concept_definition name: (_) @name) @definition.interface
(namespace_definition name: (_) @name) @definition.module
(function_definition declarator: (_) @name) @definition.function
(field_declaration declarator: [(function_declarator) (pointer_declarator) (reference_declarator)] @name) @declaration.method
(declaration declarator: [(function_declarator) (pointer_declarator) (reference_declarator) (operator_cast)] @name) @declaration.function
(declaration declarator: (init_declarator) @name) @definition.variable
(template_declaration (class_specifier name: (_) @name body: (_))) @definition.class
(template_declaration (struct_specifier name: (_) @name body: (_))) @definition.struct
(template_declaration (union_specifier name: (_) @name body: (_))) @definition.union
(template_declaration (alias_declaration name: (_) @name)) @definition.type
(template_declaration (concept_definition name: (_) @name)) @definition.interface
(template_declaration (function_definition declarator: (_) @name)) @definition.function
(template_declaration (declaration declarator: [(function_declarator) (pointer_declarator) (reference_declarator)] @name)) @declaration.function
(preproc_def name: (identifier) @name value: (_)) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro
(access_specifier) @section
(namespace_definition !name body: (_) @hidden)
(comment) @comment
";

fn name_node(declarator: Node<'_>) -> Option<Node<'_>> {
    declared_name(declarator)
}

/// `net::Socket<T>::~Socket` is `~Socket` in `net::Socket`; `operator bool() const` is `operator bool`.
fn qualified(name: &str) -> (&str, &str) {
    let operator = name.find("operator").filter(|&at| {
        let before = name[..at].chars().next_back();
        let after = name[at + "operator".len()..].chars().next();
        before.is_none_or(|c| c == ':') && after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    });
    let (scope, own) = match operator {
        Some(at) => (name[..at].trim_end_matches(':'), &name[at..]),
        None => without_arguments_at_end(name)
            .rsplit_once("::")
            .unwrap_or(("", without_arguments_at_end(name))),
    };
    let own = match operator {
        // `operator()` keeps its parentheses, a conversion loses its parameters.
        Some(_) if !own.starts_with("operator()") => own.find('(').map_or(own, |at| own[..at].trim_end()),
        _ => own,
    };
    (without_arguments(scope), own.trim())
}

/// `Map<K, V>` without its arguments, `a<b>::c` as it is.
fn without_arguments_at_end(name: &str) -> &str {
    if name.ends_with('>') {
        without_arguments(name)
    } else {
        name
    }
}

/// Tells what is a function from what only looks like one.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    match candidate.kind {
        SymbolKind::Function | SymbolKind::Method
            if !candidate.name.starts_with("operator") && !is_function(candidate) =>
        {
            None
        }
        kind => Some(kind),
    }
}

/// Whether parameters follow the name, its template arguments aside.
fn is_function(candidate: &Candidate<'_>) -> bool {
    is_called(candidate) || {
        let written = candidate
            .rest
            .find('(')
            .map_or(candidate.rest, |at| &candidate.rest[..at]);
        written.len() < candidate.rest.len() && !written.contains([')', ';', '=', '{'])
    }
}

/// Members are what their section says, or what the word says that the type was declared with. What is defined apart from its type
/// was declared there.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    match declared.around_kind() {
        Some(SymbolKind::Class) => Some(declared.section.unwrap_or(Visibility::Private)),
        Some(SymbolKind::Struct | SymbolKind::Union) => Some(declared.section.unwrap_or(Visibility::Public)),
        Some(SymbolKind::Enum) => Some(Visibility::Public),
        _ if declared.kind == SymbolKind::Module => None,
        // In a namespace without a name.
        _ if declared.section.is_some() => declared.section,
        // In something that could not be read: of members, `static` says something else.
        None if declared.is_indented => None,
        _ => linkage(declared),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_their_last_scope() {
        for (written, expected) in [
            ("main", ("", "main")),
            ("Socket::close", ("Socket", "close")),
            ("net::Socket::~Socket", ("net::Socket", "~Socket")),
            ("Queue<T>::push", ("Queue", "push")),
            ("hash<Key>", ("", "hash")),
            ("operator==", ("", "operator==")),
            ("Point::operator()", ("Point", "operator()")),
            ("Flag::operator bool() const", ("Flag", "operator bool")),
            ("operator<", ("", "operator<")),
            ("my_operator", ("", "my_operator")),
        ] {
            assert_eq!(qualified(written), expected, "{written}");
        }
    }
}

//! Erlang.

use crate::language::{Label, Language, count_arguments};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static ERLANG: Language = Language {
    name: "erlang",
    extensions: &["erl", "hrl", "escript"],
    interpreters: &["escript"],
    grammar: || tree_sitter_erlang::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[Label {
        name: "package",
        kind: SymbolKind::Module,
        joint: ":",
        prefixes: true,
    }],
    separator: ":",
    keeps_methods: true,
    owns_methods: |_| false,
    arity,
    merges_clauses: true,
    split_name: without_quotes,
    visibility,
    body,
    ..Language::BASE
};

/// Each clause is a node of its own, and so is the specification before them.
const QUERY: &str = r#"
(module_attribute name: (atom) @name) @definition.package
(fun_decl clause: (function_clause name: (atom) @name)) @definition.function
(spec !module fun: (atom) @name) @declaration.function
(callback fun: (atom) @name) @definition.method
(export_attribute funs: (fa fun: (atom) @public))
(record_decl name: (atom) @name) @definition.struct
(type_alias name: (type_name name: (atom) @name)) @definition.type
(opaque name: (type_name name: (atom) @name)) @definition.type
(nominal name: (type_name name: (atom) @name)) @definition.type
(pp_define lhs: (macro_lhs name: (_) @name)) @definition.macro
((wild_attribute name: (attr_name) @_name value: (string) @docstring)
  (#eq? @_name "-moduledoc"))
((wild_attribute name: (attr_name) @_name value: (string) @documentation) @attribute
  (#eq? @_name "-doc"))
(comment) @comment
"#;

/// Counts the arguments of a function's clause, a specification or a callback.
fn arity(node: Node<'_>, _source: &str) -> Option<usize> {
    let clause = node
        .child_by_field_name("clause")
        .or_else(|| node.child_by_field_name("sigs"))?;
    clause.child_by_field_name("args").map(count_arguments)
}

/// Atoms may be quoted.
fn without_quotes(name: &str) -> (&str, &str) {
    ("", name.trim_matches('\''))
}

/// Clauses are cut at their arrow, all others before their full stop.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let start = match node.kind() {
        "fun_decl" => node
            .child_by_field_name("clause")?
            .child_by_field_name("body")?
            .start_byte(),
        _ if source[node.byte_range()].ends_with('.') => node.end_byte() - 1,
        _ => return None,
    };
    Some(start..node.end_byte())
}

/// Functions that the module does not export are its own. Where it exports nothing by name, it says nothing.
fn visibility(declared: &Declared<'_>) -> Option<Visibility> {
    let is_own = declared.hides && declared.kind == SymbolKind::Function;
    is_own.then_some(Visibility::Private)
}

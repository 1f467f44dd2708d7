//! Python.

use crate::language::{Candidate, Language, is_screaming};
use crate::references;
use crate::visibility::{Declared, by_underscore};
use codemem_core::unit::{SymbolKind, Visibility};

pub(crate) static PYTHON: Language = Language {
    name: "python",
    extensions: &["py", "pyi", "pyw"],
    file_names: &["SConscript", "SConstruct", "wscript"],
    interpreters: &["python", "pypy", "uv"],
    grammar: || tree_sitter_python::LANGUAGE.into(),
    tags: &[tree_sitter_python::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_python),
    refine,
    visibility: |declared| Some(visibility(declared)),
    ..Language::BASE
};

const QUERY: &str = r"
(decorated_definition definition: (class_definition name: (identifier) @name)) @definition.class
(decorated_definition definition: (function_definition name: (identifier) @name)) @definition.function
(type_alias_statement left: (type (identifier) @name)) @definition.type
(type_alias_statement left: (type (generic_type (identifier) @name))) @definition.type
(function_definition body: (block . (expression_statement (string) @docstring)))
(class_definition body: (block . (expression_statement (string) @docstring)))
(module . (comment)* . (expression_statement . (string) @docstring .))
(comment) @comment
(decorator) @attribute
";

/// The tags query calls every assignment at module level a constant; by convention only capitals are.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the descriptor's signature, by which others drop definitions"
)]
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    Some(match candidate.kind {
        SymbolKind::Constant if !is_screaming(candidate.name) => SymbolKind::Variable,
        kind => kind,
    })
}

/// A leading underscore, by convention; names that the language itself calls have two on both sides.
fn visibility(declared: &Declared<'_>) -> Visibility {
    let is_special = declared.name.len() > 4 && declared.name.starts_with("__") && declared.name.ends_with("__");
    if is_special {
        Visibility::Public
    } else {
        by_underscore(declared)
    }
}

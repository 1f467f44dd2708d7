//! Python.

use crate::language::{Candidate, Language, is_screaming};
use crate::references;
use codemem_core::unit::SymbolKind;

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

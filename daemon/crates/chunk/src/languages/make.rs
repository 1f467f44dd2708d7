//! Makefiles: targets and variables.

use crate::language::{Candidate, Form, Language, first_line};
use codemem_core::unit::SymbolKind;

pub(crate) static MAKE: Language = Language {
    name: "make",
    extensions: &["mk", "mak", "make"],
    file_names: &["BSDmakefile", "GNUmakefile", "Makefile", "makefile"],
    interpreters: &["make", "gmake"],
    grammar: || tree_sitter_make::LANGUAGE.into(),
    query: QUERY,
    nests: false,
    owns_methods: |_| false,
    refine,
    body: first_line,
    form: Form::Data,
    ..Language::BASE
};

const QUERY: &str = r"
(rule (targets (_) @name)) @definition.function
(variable_assignment name: (word) @name) @definition.variable
(shell_assignment name: (word) @name) @definition.variable
(define_directive name: (word) @name) @definition.macro
(comment) @comment
";

/// `.PHONY` and its like say something about targets and are none.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    let mut letters = candidate.name.chars();
    let is_special = letters.next() == Some('.') && letters.all(|c| c.is_ascii_uppercase() || c == '_');
    (!is_special).then_some(candidate.kind)
}

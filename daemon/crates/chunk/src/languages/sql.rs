//! SQL in its dialects.
//!
//! There is no grammar that reads them all: of 767 files in six dialects, the one at hand has syntax errors
//! in 747. What a file creates is found by its statements instead. Once a user's `queries/sql.scm` has a pattern, that
//! scanner is off, and all comes from the tree.

mod scan;
mod token;

use crate::language::{Candidate, Language};
use codemem_core::unit::SymbolKind;

pub(crate) static SQL: Language = Language {
    name: "sql",
    extensions: &["sql", "ddl"],
    grammar: || tree_sitter_sequel::LANGUAGE.into(),
    query: QUERY,
    scan: Some(scan::scan),
    owns_methods: |_| false,
    split_name: |name| ("", without_quotes(name)),
    clean_scope: without_quotes,
    refine,
    ..Language::BASE
};

/// What a user's query adds to, and all that it is for. Routines of most dialects are beyond the grammar.
const QUERY: &str = r"
(create_table [(keyword_table) (keyword_exists)] . (object_reference) @name) @definition.struct
(create_view [(keyword_view) (keyword_exists)] . (object_reference) @name) @definition.type
(create_materialized_view [(keyword_view) (keyword_exists)] . (object_reference) @name) @definition.type
(create_function [(keyword_function) (keyword_exists)] . (object_reference) @name) @definition.function
(create_trigger [(keyword_trigger) (keyword_exists)] . (object_reference) @name) @definition.function
(create_index column: (identifier) @name) @definition.variable
[(comment) (marginalia)] @comment
";

/// A name without what quotes it in one dialect or another.
fn without_quotes(name: &str) -> &str {
    name.trim_matches(['"', '`', '[', ']'])
}

/// A schema makes no methods of its functions. A name that begins with `#` lasts as long as a connection.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    match candidate.kind {
        _ if candidate.name.starts_with('#') => None,
        SymbolKind::Method => Some(SymbolKind::Function),
        kind => Some(kind),
    }
}

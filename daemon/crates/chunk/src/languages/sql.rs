//! SQL in its dialects.

use crate::language::Language;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static SQL: Language = Language {
    name: "sql",
    extensions: &["sql", "ddl"],
    grammar: || tree_sitter_sequel::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    owns_methods: |_| false,
    split_name,
    body,
    ..Language::BASE
};

const QUERY: &str = r"
(create_table [(keyword_table) (keyword_exists)] . (object_reference) @name) @definition.struct
(create_view [(keyword_view) (keyword_exists)] . (object_reference) @name) @definition.type
(create_materialized_view [(keyword_view) (keyword_exists)] . (object_reference) @name) @definition.type
(create_function [(keyword_function) (keyword_exists)] . (object_reference) @name) @definition.function
(create_trigger [(keyword_trigger) (keyword_exists)] . (object_reference) @name) @definition.function
(create_type [(keyword_type) (keyword_exists)] . (object_reference) @name) @definition.type
(create_sequence [(keyword_sequence) (keyword_exists)] . (object_reference) @name) @definition.variable
(create_index column: (identifier) @name) @definition.variable
(create_schema (identifier) @name) @definition.module
[(comment) (marginalia)] @comment
";

/// A name without what quotes it, and the schema before it.
fn split_name(name: &str) -> (&str, &str) {
    let (scope, own) = name.rsplit_once('.').unwrap_or(("", name));
    let quotes = ['"', '`', '[', ']'];
    (scope.trim_matches(quotes), own.trim_matches(quotes))
}

fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let children = (0..node.named_child_count() as u32).filter_map(|index| node.named_child(index));
    let body = { children }.find(|child| matches!(child.kind(), "column_definitions" | "create_query" | "function_body"))?;
    Some(body.start_byte()..node.end_byte())
}

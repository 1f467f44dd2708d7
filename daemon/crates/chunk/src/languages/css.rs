//! CSS: rules by their selectors, custom properties, keyframes.

use crate::language::Language;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static CSS: Language = Language {
    name: "css",
    extensions: &["css"],
    grammar: || tree_sitter_css::LANGUAGE.into(),
    query: QUERY,
    separator: " ",
    owns_methods: |_| false,
    split_name: first_selector,
    body: block,
    max_symbols: 2_000,
    ..Language::BASE
};

const QUERY: &str = r#"
(rule_set (selectors) @name (block)) @definition.class
(declaration (property_name) @name (#match? @name "^--")) @definition.variable
(keyframes_statement (keyframes_name) @name) @definition.constant
(comment) @comment
"#;

/// A rule for several selectors is called by the first when they stand on lines of their own.
fn first_selector(name: &str) -> (&str, &str) {
    let first = name.lines().next().unwrap_or(name);
    ("", first.trim_end().trim_end_matches(',').trim_end())
}

/// The bracket and what is in it.
fn block(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let block = node.named_child(u32::try_from(node.named_child_count().checked_sub(1)?).ok()?)?;
    let is_block = matches!(block.kind(), "block" | "keyframe_block_list");
    is_block.then(|| block.start_byte()..node.end_byte())
}

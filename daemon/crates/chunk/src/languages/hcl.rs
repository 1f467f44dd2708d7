//! HCL and Terraform: blocks by type and name, as they are referred to.

use crate::language::{Form, Label, Language};
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static HCL: Language = Language {
    name: "hcl",
    extensions: &["hcl", "tf", "tfvars", "nomad", "tofu"],
    grammar: || tree_sitter_hcl::LANGUAGE.into(),
    query: QUERY,
    labels: &[Label {
        name: "block",
        kind: SymbolKind::Struct,
        joint: ".",
        prefixes: false,
    }],
    nests: false,
    owns_methods: |_| false,
    split_name: unquoted,
    clean_scope: |scope| scope.trim_matches('"'),
    body,
    form: Form::Data,
    max_symbols: 2_000,
    ..Language::BASE
};

const QUERY: &str = r#"
(config_file (body (block (identifier) @_type . (string_lit) @scope . (string_lit) @name) @definition.block))
(config_file (body (block
  (identifier) @scope . (string_lit) @name . (block_start)
  (#not-any-of? @scope "variable" "output" "module" "provider")) @definition.block))
(config_file (body (block
  (identifier) @scope . (string_lit) @name . (block_start)
  (#any-of? @scope "variable" "output")) @definition.variable))
(config_file (body (block
  (identifier) @scope . (string_lit) @name . (block_start)
  (#any-of? @scope "module" "provider")) @definition.module))
(config_file (body (block (identifier) @name . (block_start)) @definition.module))
(config_file (body (block
  (identifier) @_type . (block_start) . (body (attribute . (identifier) @name) @definition.variable)
  (#eq? @_type "locals"))))
(config_file (body (attribute . (identifier) @name) @definition.variable))
(comment) @comment
"#;

/// The labels of a block are strings.
fn unquoted(name: &str) -> (&str, &str) {
    ("", name.trim_matches('"'))
}

/// The head of a block is what stands before its bracket.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let bracket = source[node.byte_range()].find('{')?;
    (node.kind() == "block").then(|| node.start_byte() + bracket..node.end_byte())
}

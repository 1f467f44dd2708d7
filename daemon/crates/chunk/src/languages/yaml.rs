//! YAML: the keys of each document, and those below that have more below them (services, jobs).

use super::json::unquoted;
use crate::language::{Form, Language, first_line};

pub(crate) static YAML: Language = Language {
    name: "yaml",
    extensions: &["yaml", "yml"],
    file_names: &[".clang-format", ".clang-tidy", ".clangd"],
    grammar: || tree_sitter_yaml::LANGUAGE.into(),
    query: QUERY,
    owns_methods: |_| false,
    split_name: unquoted,
    body: first_line,
    form: Form::Data,
    max_symbols: 200,
    ..Language::BASE
};

const QUERY: &str = r"
(document (block_node (block_mapping (block_mapping_pair key: (flow_node) @name) @definition.field)))
(document (block_node (block_mapping (block_mapping_pair value: (block_node (block_mapping
  (block_mapping_pair key: (flow_node) @name value: (block_node)) @definition.field))))))
(comment) @comment
";

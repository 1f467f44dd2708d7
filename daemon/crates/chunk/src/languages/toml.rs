//! TOML: tables, and the keys before the first of them.

use crate::language::{Form, Language, first_line};

pub(crate) static TOML: Language = Language {
    name: "toml",
    extensions: &["toml"],
    file_names: &["Pipfile"],
    grammar: || tree_sitter_toml_ng::LANGUAGE.into(),
    query: QUERY,
    owns_methods: |_| false,
    body: first_line,
    form: Form::Data,
    max_symbols: 400,
    ..Language::BASE
};

const QUERY: &str = r"
(document (table [(bare_key) (quoted_key) (dotted_key)] @name) @definition.section)
(document (table_array_element [(bare_key) (quoted_key) (dotted_key)] @name) @definition.section)
(document (pair [(bare_key) (quoted_key) (dotted_key)] @name) @definition.field)
(comment) @comment
";

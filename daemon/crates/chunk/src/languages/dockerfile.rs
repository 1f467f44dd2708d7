//! Dockerfiles: build stages, each with all that follows up to the next, arguments and environment.

use crate::language::{Form, Label, Language, first_line};
use codemem_core::unit::SymbolKind;

pub(crate) static DOCKERFILE: Language = Language {
    name: "dockerfile",
    extensions: &["dockerfile", "containerfile"],
    file_names: &["Containerfile", "Dockerfile"],
    grammar: || tree_sitter_containerfile::LANGUAGE.into(),
    query: QUERY,
    labels: &[Label {
        name: "stage",
        kind: SymbolKind::Module,
        joint: ".",
        prefixes: false,
    }],
    owns_methods: |_| false,
    body: first_line,
    form: Form::Data,
    runs_on: &["stage"],
    ..Language::BASE
};

const QUERY: &str = r"
(from_instruction (image_spec name: (image_name) @name) !as) @definition.stage
(from_instruction as: (image_alias) @name) @definition.stage
(arg_instruction (arg_pair name: (_) @name)) @definition.variable
(env_instruction (env_pair name: (_) @name)) @definition.variable
(comment) @comment
";

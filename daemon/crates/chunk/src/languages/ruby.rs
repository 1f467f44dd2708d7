//! Ruby.

use crate::language::{Label, Language, body_field, is_type_like};
use crate::references;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static RUBY: Language = Language {
    name: "ruby",
    extensions: &["rb", "rake", "gemspec", "ru", "podspec", "thor", "jbuilder"],
    file_names: &[
        ".irbrc",
        ".pryrc",
        "Appraisals",
        "Brewfile",
        "Capfile",
        "Dangerfile",
        "Fastfile",
        "Gemfile",
        "Guardfile",
        "Podfile",
        "Rakefile",
        "Vagrantfile",
    ],
    interpreters: &["ruby", "jruby", "rake"],
    grammar: || tree_sitter_ruby::LANGUAGE.into(),
    tags: &[tree_sitter_ruby::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[
        Label {
            name: "method",
            kind: SymbolKind::Method,
            joint: "#",
            prefixes: false,
        },
        Label {
            name: "singleton",
            kind: SymbolKind::Method,
            joint: ".",
            prefixes: false,
        },
    ],
    separator: "::",
    owns_methods: |kind| is_type_like(kind) || kind == SymbolKind::Module,
    split_name: last_constant,
    body,
    ..Language::BASE
};

const QUERY: &str = r"
(method name: (_) @name) @definition.method
(singleton_method name: (_) @name) @definition.singleton
(singleton_class body: (body_statement (method name: (_) @name) @definition.singleton))
(class name: (_) @name) @definition.class
(module name: (_) @name) @definition.module
(assignment left: (constant) @name) @definition.constant
(comment) @comment
";

/// `class Net::HTTP::Get` is called `Get`, and what `attr_reader :app` makes is called `app`.
fn last_constant(name: &str) -> (&str, &str) {
    let name = name.strip_prefix(':').unwrap_or(name);
    match name.rsplit_once("::") {
        Some((scope, own)) if !own.is_empty() => (scope, own),
        _ => ("", name),
    }
}

/// Without a body node, the head is the first line.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    body_field(node, source).or_else(|| {
        let first_line = source[node.byte_range()].find('\n')?;
        Some(node.start_byte() + first_line..node.end_byte())
    })
}

//! Ruby.

use crate::language::{Label, Language, body_field, is_type_like};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

/// What a call directly inside of a type makes, as far as it names it: asked of types, because calls are everywhere.
macro_rules! made_in {
    ($outer:literal) => {
        concat!(
            "(",
            $outer,
            r##" body: (body_statement ((call
  method: (identifier) @_maker
  arguments: (argument_list (simple_symbol) @name)) @definition.attribute
  (#any-of? @_maker "attr_reader" "attr_accessor" "attr_writer" "delegate" "def_delegators" "class_attribute" "cattr_accessor"
    "cattr_reader" "mattr_accessor" "mattr_reader" "thread_mattr_accessor"))))
("##,
            $outer,
            r##" body: (body_statement ((call
  method: (identifier) @_maker
  arguments: (argument_list . (simple_symbol) @name)) @definition.method
  (#any-of? @_maker "define_method" "alias_method"))))
"##
        )
    };
}

/// What is said of who may call what: `private` alone is about the methods below it, with names about these.
macro_rules! said_in {
    ($outer:literal) => {
        concat!(
            "(",
            $outer,
            r##" body: (body_statement ((identifier) @section (#any-of? @section "public" "protected" "private"))))
("##,
            $outer,
            r##" body: (body_statement ((call
  method: (identifier) @_how
  arguments: (argument_list (simple_symbol) @private))
  (#any-of? @_how "private" "private_class_method" "private_constant"))))
("##,
            $outer,
            r##" body: (body_statement ((call
  method: (identifier) @_how
  arguments: (argument_list (simple_symbol) @protected))
  (#eq? @_how "protected"))))
("##,
            $outer,
            r##" body: (body_statement ((call
  method: (identifier) @_how
  arguments: (argument_list (simple_symbol) @public))
  (#any-of? @_how "public" "public_class_method"))))
"##
        )
    };
}

macro_rules! query {
    () => {
        r"
(method name: (_) @name) @definition.method
(singleton_method name: (_) @name) @definition.singleton
(singleton_class body: (body_statement (method name: (_) @name) @definition.singleton))
(class name: (_) @name) @definition.class
(module name: (_) @name) @definition.module
(assignment left: (constant) @name) @definition.constant
(comment) @comment
"
    };
}

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
    query: concat!(
        query!(),
        made_in!("class"),
        made_in!("module"),
        made_in!("singleton_class"),
        said_in!("class"),
        said_in!("module"),
        said_in!("singleton_class")
    ),
    references: Some(references::visit_plain),
    labels: &[
        Label {
            name: "method",
            kind: SymbolKind::Method,
            joint: "#",
            prefixes: false,
        },
        Label {
            name: "attribute",
            kind: SymbolKind::Field,
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
    visibility: |declared| Some(visibility(declared)),
    body,
    ..Language::BASE
};

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

/// Methods without a word of it are everybody's. What a section says does not hold for methods of the class itself, constants
/// and what is nested.
fn visibility(declared: &Declared<'_>) -> Visibility {
    let is_instances = matches!(declared.kind, SymbolKind::Method | SymbolKind::Field) && !declared.has("self");
    let section = declared.section.filter(|_| is_instances);
    declared.stated().or(section).unwrap_or(Visibility::Public)
}

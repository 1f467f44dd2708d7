//! Elixir.

use crate::language::{Language, count_arguments};
use crate::references;
use crate::visibility::Declared;
use codemem_core::unit::{SymbolKind, Visibility};
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static ELIXIR: Language = Language {
    name: "elixir",
    extensions: &["ex", "exs"],
    interpreters: &["elixir", "iex"],
    grammar: || tree_sitter_elixir::LANGUAGE.into(),
    // The grammar's tags query takes protocols for modules and macros for functions; ours says all that it says.
    query: QUERY,
    references: Some(references::visit_plain),
    owns_methods: |kind| matches!(kind, SymbolKind::Trait | SymbolKind::Impl),
    keeps_methods: true,
    arity,
    merges_clauses: true,
    split_name: last_segment,
    visibility: |declared| Some(visibility(declared)),
    body,
    ..Language::BASE
};

/// Everything is a call. A module that defines a struct is that struct, callbacks are methods without a body.
const QUERY: &str = r#"
((call target: (identifier) @_keyword (arguments . (alias) @name)) @definition.module
  (#eq? @_keyword "defmodule"))
((call target: (identifier) @_keyword (arguments . (alias) @name)
    (do_block (call target: (identifier) @_inside))) @definition.struct
  (#eq? @_keyword "defmodule") (#any-of? @_inside "defstruct" "defexception" "schema" "embedded_schema"))
((call target: (identifier) @_keyword (arguments . (alias) @name)) @definition.trait
  (#eq? @_keyword "defprotocol"))
((call target: (identifier) @_keyword (arguments . (alias) @name .)) @definition.impl
  (#eq? @_keyword "defimpl"))
((call target: (identifier) @_keyword (arguments . (alias) @name (keywords (pair value: (identifier))))) @definition.impl
  (#eq? @_keyword "defimpl"))
((call target: (identifier) @_keyword (arguments . (alias) @scope
    (keywords (pair key: (keyword) @_for value: [(alias) @name (list . (alias) @name)])))) @definition.impl
  (#eq? @_keyword "defimpl") (#match? @_for "^for:"))

((call target: (identifier) @_keyword (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "when")
  ])) @definition.function
  (#any-of? @_keyword "def" "defp" "defdelegate" "defn" "defnp") (#not-eq? @name "unquote"))
((call target: (identifier) @_keyword (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "when")
  ])) @definition.macro
  (#any-of? @_keyword "defmacro" "defmacrop" "defguard" "defguardp") (#not-eq? @name "unquote"))
((call target: (identifier) @_keyword (arguments . [
    (binary_operator operator: _ @name)
    (binary_operator left: (binary_operator operator: _ @name) operator: "when")
  ])) @definition.function
  (#any-of? @_keyword "def" "defp" "defmacro" "defmacrop") (#not-eq? @name "when"))

((unary_operator operator: "@" operand: (call target: (identifier) @_attribute
    (arguments . (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")))) @definition.type
  (#any-of? @_attribute "type" "typep" "opaque"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute
    (arguments . [
      (binary_operator left: (call target: (identifier) @name) operator: "::")
      (binary_operator left: (binary_operator left: (call target: (identifier) @name) operator: "::") operator: "when")
    ]))) @definition.method
  (#any-of? @_attribute "callback" "macrocallback"))
((unary_operator operator: "@" operand: (call target: (identifier) @name (arguments . (_)))) @definition.constant
  (#not-any-of? @name
    "after_compile" "after_verify" "attr" "before_compile" "behaviour" "callback" "compile" "deprecated" "derive"
    "describetag" "dialyzer" "doc" "doctag" "enforce_keys" "external_resource" "fallback_to_any" "file" "for" "impl"
    "macrocallback" "moduledoc" "moduletag" "nifs" "on_definition" "on_load" "opaque" "optional_callbacks"
    "preferred_cli_env" "primary_key" "protocol" "recursive" "requirements" "shortdoc" "since" "slot" "spec" "tag"
    "type" "typedoc" "typep" "vsn"))

((unary_operator operator: "@" operand: (call target: (identifier) @_attribute
    (arguments . [(string) (sigil)] @docstring)))
  (#eq? @_attribute "moduledoc"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute
    (arguments . [(string) (sigil)] @documentation))) @attribute
  (#any-of? @_attribute "doc" "typedoc"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute)) @attribute
  (#any-of? @_attribute
    "deprecated" "dialyzer" "doc" "fallback_to_any" "impl" "since" "spec" "typedoc"))
(comment) @comment
"#;

/// `Plug.Conn` is `Conn` in `Plug`; operators may hold dots.
fn last_segment(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((scope, own)) if own.starts_with(char::is_uppercase) => (scope, own),
        _ => ("", name),
    }
}

/// Counts the arguments of what a function, macro or callback is defined with.
fn arity(node: Node<'_>, source: &str) -> Option<usize> {
    let (call, is_attribute) = match node.kind() {
        "call" => (node, false),
        _ => (node.child_by_field_name("operand")?, true),
    };
    let keyword = &source[call.child_by_field_name("target")?.byte_range()];
    let is_callable = match keyword {
        "callback" | "macrocallback" => is_attribute,
        "def" | "defp" | "defdelegate" | "defn" | "defnp" | "defmacro" | "defmacrop" | "defguard" | "defguardp" => true,
        _ => false,
    };
    if !is_callable {
        return None;
    }
    let mut head = arguments(call)?.named_child(0)?;
    // A guard, a result type.
    for _ in 0..2 {
        if head.kind() != "binary_operator" {
            break;
        }
        let operator = &source[head.child_by_field_name("operator")?.byte_range()];
        if !matches!(operator, "when" | "::") {
            return Some(2);
        }
        head = head.child_by_field_name("left")?;
    }
    Some(match head.kind() {
        "call" => arguments(head).map_or(0, count_arguments),
        "binary_operator" => 2,
        _ => 0,
    })
}

fn arguments(call: Node<'_>) -> Option<Node<'_>> {
    child(call, "arguments")
}

fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    let n_children = node.named_child_count() as u32;
    { (0..n_children).filter_map(|index| node.named_child(index)) }.find(|child| child.kind() == kind)
}

/// From `do` to the end, be it a block or a keyword.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let start = if let Some(block) = child(node, "do_block") {
        block.start_byte()
    } else {
        let keywords = child(arguments(node)?, "keywords")?;
        let mut cursor = keywords.walk();
        let mut pairs = keywords.named_children(&mut cursor);
        pairs
            .find(|pair| source[pair.byte_range()].starts_with("do:"))?
            .start_byte()
    };
    Some(start..node.end_byte())
}

/// The keywords that end in `p` define what is the module's own.
fn visibility(declared: &Declared<'_>) -> Visibility {
    let own = ["defp", "defmacrop", "defguardp", "defnp", "typep"];
    let is_attribute = declared.kind == SymbolKind::Constant;
    if is_attribute || own.iter().any(|keyword| declared.has(keyword)) {
        Visibility::Private
    } else {
        Visibility::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_cut_at_their_last_segment() {
        for (written, expected) in [
            ("Plug.Conn.Status", ("Plug.Conn", "Status")),
            ("Plug", ("", "Plug")),
            ("..//", ("", "..//")),
            ("send_resp", ("", "send_resp")),
        ] {
            assert_eq!(last_segment(written), expected, "{written}");
        }
    }
}

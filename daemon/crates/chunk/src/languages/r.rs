//! R, with the class systems S4, S7, R6 and reference classes.

use crate::language::{Candidate, Language, is_screaming};
use crate::references;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static R: Language = Language {
    name: "r",
    // `.R` is found in lower case.
    extensions: &["r"],
    file_names: &[".Rprofile", "Rprofile.site"],
    interpreters: &["Rscript", "littler"],
    grammar: || tree_sitter_r::LANGUAGE.into(),
    tags: &[tree_sitter_r::TAGS_QUERY],
    query: QUERY,
    references: Some(references::visit_plain),
    separator: "$",
    name_node: inside_quotes,
    split_name: without_backticks,
    clean_scope: without_quotes,
    refine,
    body,
    doc_markers: &["#'"],
    ..Language::BASE
};

/// R has no syntax for classes: the functions that make them, by their usual names, with a name written out.
const QUERY: &str = r#"
(binary_operator
  lhs: [(identifier) (string)] @name
  operator: ["<-" "=" "<<-"]
  rhs: (function_definition)) @definition.function
(binary_operator
  lhs: (extract_operator lhs: (_) @scope rhs: (identifier) @name)
  operator: ["<-" "=" "<<-"]
  rhs: (function_definition)) @definition.function
(program (binary_operator lhs: [(identifier) (string)] @name operator: ["<-" "=" "<<-"]) @definition.variable)
((binary_operator
    lhs: (identifier) @name
    rhs: (call function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)])) @definition.class
  (#any-of? @_maker "R6Class" "new_class" "ggproto" "proto"))
((call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments . (argument value: (string) @name))) @definition.class
  (#any-of? @_maker "setClass" "setRefClass" "setClassUnion"))
((binary_operator rhs: (call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments . (argument value: (string) @name)))) @definition.class
  (#any-of? @_maker "setClass" "setRefClass"))
((binary_operator
    lhs: (identifier) @name
    rhs: (call function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)])) @definition.function
  (#eq? @_maker "new_generic"))
((call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments . (argument value: (string) @name))) @definition.function
  (#eq? @_maker "setGeneric"))
((call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments
      . (argument value: (string) @name)
      . (comma)
      . (argument value: [
        (string) @scope
        (call arguments: (arguments . (argument value: (string) @scope)))
      ]))) @definition.method
  (#any-of? @_maker "setMethod" "setReplaceMethod"))
((binary_operator
    lhs: (call
      function: (identifier) @_maker
      arguments: (arguments
        . (argument value: (identifier) @name)
        . (comma)
        . (argument value: (identifier) @scope)))
    rhs: (function_definition)) @definition.method
  (#eq? @_maker "method"))
((call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments (argument
      name: (identifier) @_section
      value: (call arguments: (arguments (argument
        name: [(identifier) (string)] @name
        value: (function_definition)) @definition.method)))))
  (#any-of? @_maker "R6Class" "setRefClass")
  (#any-of? @_section "public" "private" "active" "methods"))
((call
    function: [(identifier) @_maker (namespace_operator rhs: (identifier) @_maker)]
    arguments: (arguments (argument
      name: [(identifier) (string)] @name
      value: (function_definition)) @definition.method))
  (#any-of? @_maker "ggproto" "proto"))
(comment) @comment
"#;

/// The calls that define something themselves, so that what holds their result is no variable.
const MAKERS: [&str; 9] = [
    "R6Class",
    "ggproto",
    "new_class",
    "new_generic",
    "setClass",
    "setClassUnion",
    "setGeneric",
    "setMethod",
    "setRefClass",
];

/// The arguments that hold a class's members.
const MEMBERS: [&str; 9] = [
    "active",
    "fields",
    "methods",
    "private",
    "properties",
    "prototype",
    "public",
    "representation",
    "slots",
];

/// `"[.frame" <- function(x, i) ..`
fn inside_quotes(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "string" {
        return node.child_by_field_name("content");
    }
    Some(node)
}

fn without_backticks(name: &str) -> (&str, &str) {
    ("", name.trim_matches('`'))
}

fn without_quotes(scope: &str) -> &str {
    scope.trim_matches(['"', '\''])
}

/// A variable is a constant by convention; one that holds the generator of a class is the class.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    if candidate.kind != SymbolKind::Variable {
        return Some(candidate.kind);
    }
    let value = candidate.rest[candidate.name.len()..].trim_start_matches(['<', '-', '=', ' ', '`', '"', '\n', '\t']);
    if value.split_once('(').is_some_and(|(called, _)| is_maker(called)) {
        return None;
    }
    let is_constant = is_screaming(candidate.name) && candidate.name.len() > 1;
    Some(if is_constant {
        SymbolKind::Constant
    } else {
        SymbolKind::Variable
    })
}

/// `R6::R6Class` is `R6Class`.
fn is_maker(called: &str) -> bool {
    MAKERS.contains(&called.rsplit(':').next().unwrap_or(called))
}

/// A function ends after its parameters, a class before its members.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let value = match node.kind() {
        "binary_operator" => node.child_by_field_name("rhs")?,
        "argument" => node.child_by_field_name("value")?,
        _ => node,
    };
    let part = match value.kind() {
        "function_definition" => value.child_by_field_name("body")?,
        "call"
            if value
                .child_by_field_name("function")
                .is_some_and(|called| is_maker(&source[called.byte_range()])) =>
        {
            let arguments = value.child_by_field_name("arguments")?;
            let mut cursor = arguments.walk();
            arguments
                .named_children(&mut cursor)
                .find_map(|argument| part_of_body(argument, source))?
        }
        _ => return None,
    };
    Some(part.start_byte()..node.end_byte())
}

/// What of an argument is a body: the members of a class, or what follows the parameters of a function.
fn part_of_body<'t>(argument: Node<'t>, source: &str) -> Option<Node<'t>> {
    let value = argument.child_by_field_name("value")?;
    if value.kind() == "function_definition" {
        return value.child_by_field_name("body");
    }
    let name = argument.child_by_field_name("name")?;
    MEMBERS.contains(&&source[name.byte_range()]).then_some(argument)
}

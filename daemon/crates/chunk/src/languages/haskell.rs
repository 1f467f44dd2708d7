//! Haskell.

use crate::language::{Label, Language};
use crate::references;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static HASKELL: Language = Language {
    name: "haskell",
    extensions: &["hs", "hs-boot", "hsc", "hsig"],
    interpreters: &["cabal", "runghc", "runhaskell", "stack"],
    grammar: || tree_sitter_haskell::LANGUAGE.into(),
    // The grammar brings no tags query.
    query: QUERY,
    references: Some(references::visit_plain),
    labels: &[Label {
        name: "package",
        kind: SymbolKind::Module,
        joint: ".",
        prefixes: true,
    }],
    name_node,
    merges_clauses: true,
    split_name,
    body,
    doc_markers: &["-- |", "--|", "{-|", "{- |"],
    doc_runs_on: true,
    inner_doc_markers: &["-- ^", "--^", "{-^", "{- ^", "-- *", "-- $"],
    trailing_doc_markers: &["-- ^", "--^", "{-^", "{- ^"],
    header_fields: &[
        "author",
        "authors",
        "copyright",
        "license",
        "maintainer",
        "module",
        "portability",
        "since",
        "stability",
    ],
    ..Language::BASE
};

/// Definitions are asked for by their place, so that `where` and `let` stay out: most of what stands there is called `go`.
/// What has no arrow in its type is a constant, but a type that is applied (`IO ()`) may hide one.
const QUERY: &str = r"
(header module: (module) @name) @definition.package
(data_type name: (_) @name) @definition.struct
(data_type . (infix operator: (_) @name)) @definition.struct
(data_type name: (_) @name constructors: (data_constructors . (data_constructor) (data_constructor))) @definition.enum
(data_type . (infix operator: (_) @name) constructors: (data_constructors . (data_constructor) (data_constructor))) @definition.enum
(data_type name: (_) @name constructors: (gadt_constructors)) @definition.enum
(newtype name: (_) @name) @definition.struct
(newtype . (infix operator: (_) @name)) @definition.struct
(type_synonym name: (_) @name) @definition.type
(type_synonym . (infix operator: (_) @name)) @definition.type
(type_family name: (_) @name) @definition.type
(type_family . (infix operator: (_) @name)) @definition.type
(data_family name: (_) @name) @definition.type
(type_instance name: (_) @name) @definition.type
(class name: (_) @name) @definition.trait
(class (infix operator: (_) @name)) @definition.trait
(instance) @name @definition.impl

((data_type name: (_) @_type constructors: (data_constructors (data_constructor constructor: (_ name: (_) @name)) @definition.field))
  (#not-eq? @name @_type))
(data_constructor constructor: (infix operator: (_) @name)) @definition.field
(gadt_constructor name: (_) @name) @definition.field
(gadt_constructor names: (binding_list (_) @name)) @definition.field
((newtype name: (_) @_type constructor: (newtype_constructor name: (_) @name) @definition.field)
  (#not-eq? @name @_type))
(field name: (field_name) @name) @definition.field

(declarations (signature name: (_) @name type: [(apply) (context) (forall) (function) (linear_function)]) @declaration.function)
(declarations (signature names: (binding_list (_) @name)) @declaration.function)
(declarations (signature name: (_) @name) @declaration.constant)
(declarations (function name: (_) @name) @definition.function)
(declarations (function (infix operator: (_) @name)) @definition.function)
(declarations (function (function_head_parens (infix operator: (_) @name))) @definition.function)
(declarations (bind name: (_) @name) @definition.constant)
(declarations (bind name: (_) @name match: (match expression: [(do) (lambda) (lambda_case) (lambda_cases)])) @definition.function)
(declarations (bind pattern: (tuple element: (variable) @name)) @definition.constant)
(foreign_import signature: (signature name: (_) @name)) @definition.function
(pattern_synonym (signature synonym: (_) @name)) @declaration.function
(pattern_synonym (equation synonym: (_) @name)) @definition.function

(class_declarations (signature name: (_) @name) @declaration.function)
(class_declarations (signature names: (binding_list (_) @name)) @declaration.function)
(class_declarations [(function name: (_) @name) (bind name: (_) @name)] @definition.function)
(class_declarations (function (infix operator: (_) @name)) @definition.function)
(instance_declarations (signature name: (_) @name) @declaration.function)
(instance_declarations [(function name: (_) @name) (bind name: (_) @name)] @definition.function)
(instance_declarations (function (infix operator: (_) @name)) @definition.function)

[(comment) (haddock)] @comment
[(pragma) (fixity) (kind_signature)] @attribute
";

/// An instance is called after the type that it is for, which is the last one named, or after its class.
fn name_node(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "instance" => instance_name(node),
        // The head of a pattern synonym: `Pair x y`, `x :> y`, `Point {px, py}`.
        "apply" => head(node),
        "infix" => node.child_by_field_name("operator"),
        "record" => node.child_by_field_name("constructor"),
        "qualified" => node.child_by_field_name("id"),
        _ => Some(node),
    }
}

fn instance_name(instance: Node<'_>) -> Option<Node<'_>> {
    if let Some(patterns) = instance.child_by_field_name("patterns") {
        let mut cursor = patterns.walk();
        if let Some(named) = patterns.named_children(&mut cursor).filter_map(head).last() {
            return Some(named);
        }
    }
    if let Some(class) = instance.child_by_field_name("name") {
        return head(class);
    }
    let children = (0..instance.named_child_count() as u32).filter_map(|index| instance.named_child(index));
    { children }
        .find(|child| child.kind() == "infix")?
        .child_by_field_name("operator")
}

/// The type or constructor that is applied in `Map k v`, `(M.Map k)`, `Pair x y`.
fn head(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    // Applications nest once per argument.
    for _ in 0..32 {
        node = match node.kind() {
            "apply" => {
                let constructor = node.child_by_field_name("constructor");
                constructor.or_else(|| node.child_by_field_name("function"))?
            }
            "parens" => node.child_by_field_name("type")?,
            "qualified" => node.child_by_field_name("id")?,
            "name" | "constructor" => return Some(node),
            _ => return None,
        };
    }
    None
}

/// `Data.Map.Strict` is `Strict` in `Data.Map`; operators lose what makes them names: `(<>)`, `` `div` ``.
fn split_name(name: &str) -> (&str, &str) {
    if let Some(operator) = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) {
        return ("", operator.trim());
    }
    let name = name.trim_matches('`');
    match name.rsplit_once('.') {
        Some((scope, own)) if own.starts_with(char::is_alphabetic) => (scope, own),
        _ => ("", name),
    }
}

/// Types are cut at their constructors, classes at their members, functions at their equations.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let fields: &[&str] = match node.kind() {
        "data_type" => &["constructors", "deriving"],
        "newtype" => &["deriving"],
        "class" | "instance" => &["declarations"],
        "function" | "bind" => &["match"],
        "type_family" => &["closed_family"],
        _ => return None,
    };
    let mut start = { fields }
        .iter()
        .find_map(|field| node.child_by_field_name(field))?
        .start_byte();
    let is_block = |child: Node<'_>| matches!(child.kind(), "where" | "=");
    if node.kind() != "newtype" {
        let children = (0..node.child_count()).filter_map(|index| node.child(index));
        let opening = { children }
            .take_while(|child| child.start_byte() < start)
            .find(|child| is_block(*child));
        start = opening.map_or(start, |opening| opening.start_byte());
    }
    Some(start..node.end_byte())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_module_and_their_brackets() {
        for (written, expected) in [
            ("Data.Map.Strict", ("Data.Map", "Strict")),
            ("Main", ("", "Main")),
            ("(<>)", ("", "<>")),
            ("( . )", ("", ".")),
            (".:", ("", ".:")),
            ("`div`", ("", "div")),
            ("foldl'", ("", "foldl'")),
        ] {
            assert_eq!(split_name(written), expected, "{written}");
        }
    }
}

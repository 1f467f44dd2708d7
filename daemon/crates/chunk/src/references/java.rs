//! What Java uses.

use super::{Collector, MAX_DEPTH, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "class_declaration"
        | "interface_declaration"
        | "enum_declaration"
        | "record_declaration"
        | "annotation_type_declaration" => {
            found.open(node, ScopeKind::Type, node.child_by_field_name("name"));
            if node.kind() == "record_declaration" {
                components(node, found);
            }
        }
        "super_interfaces" => each_type(node, ReferenceKind::Implement, found),
        "superclass" | "extends_interfaces" => each_type(node, ReferenceKind::Inherit, found),
        "method_declaration"
        | "constructor_declaration"
        | "compact_constructor_declaration"
        | "annotation_type_element_declaration" => {
            found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
            if let Some(result) = node.child_by_field_name("type") {
                let value = stated(result, found);
                found.bind(RESULT, value);
            }
        }
        "lambda_expression" => {
            let given = found.given(node).unwrap_or_else(Origin::unknown);
            found.open(node, ScopeKind::Function, None);
            if let Some(parameters) = node.child_by_field_name("parameters") {
                match parameters.kind() {
                    "identifier" => found.bind(found.text(parameters), given),
                    "inferred_parameters" => {
                        let all = inside(parameters);
                        let is_alone = all.len() == 1;
                        for one in all {
                            let value = if is_alone { given.clone() } else { Origin::unknown() };
                            found.bind(found.text(one), value);
                        }
                    }
                    _ => {}
                }
            }
        }
        "enhanced_for_statement" => each(node, found),
        "formal_parameter" | "resource" | "spread_parameter" => typed(node, found),
        "catch_formal_parameter" => {
            if let Some(name) = node.child_by_field_name("name") {
                found.bind(found.text(name), Origin::unknown());
            }
        }
        "instanceof_expression" => {
            if let (Some(name), Some(kind)) = (node.child_by_field_name("name"), node.child_by_field_name("right")) {
                let value = stated(kind, found);
                found.bind(found.text(name), value);
            }
        }
        "local_variable_declaration" | "field_declaration" => declaration(node, found),
        "method_invocation" => invocation(node, found),
        "object_creation_expression" => {
            if let Some(class) = node.child_by_field_name("type") {
                refer_type(ReferenceKind::Call, class, found);
            }
        }
        "explicit_constructor_invocation" => {
            if let Some(constructor) = node.child_by_field_name("constructor") {
                let of = if constructor.kind() == "super" {
                    "@super"
                } else {
                    "@self"
                };
                found.uses_as(ReferenceKind::Call, constructor, "<init>", Origin(of.to_owned()));
            }
        }
        "marker_annotation" | "annotation" => {
            if let Some(name) = node.child_by_field_name("name") {
                refer_type(ReferenceKind::Decorate, name, found);
            }
        }
        "type_identifier" => type_name(node, found),
        "package_declaration" => {
            let name = node.named_child(u32::try_from(node.named_child_count().saturating_sub(1)).unwrap_or(0));
            if let Some(name) = name {
                found.bind_top("@package", Origin(found.text(name).to_owned()));
            }
        }
        "import_declaration" => import(node, found),
        _ => {}
    }
}

/// A record's components are fields, and methods of the same name yield them.
fn components(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(parameters) = node.child_by_field_name("parameters") else {
        return;
    };
    let all = inside(parameters);
    for one in all {
        typed(one, found);
    }
}

fn typed(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(name), Some(kind)) = (node.child_by_field_name("name"), node.child_by_field_name("type")) else {
        return;
    };
    let value = stated(kind, found);
    found.bind(found.text(name), value);
}

/// `for (var x : xs)`: one of what it holds, unless its type is stated.
fn each(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(name), Some(kind), Some(value)) = (
        node.child_by_field_name("name"),
        node.child_by_field_name("type"),
        node.child_by_field_name("value"),
    ) else {
        return;
    };
    let value = if found.text(kind) == "var" {
        step(express(value, found, 0), "[*]")
    } else {
        stated(kind, found)
    };
    if let Some(body) = node.child_by_field_name("body") {
        found.know(body, found.text(name), value);
    }
}

/// Methods that call a function with one after the other of what they are called on.
const EACH: [&str; 10] = [
    "forEach",
    "map",
    "filter",
    "flatMap",
    "anyMatch",
    "allMatch",
    "noneMatch",
    "mapToInt",
    "removeIf",
    "ifPresent",
];

fn declaration(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(kind) = node.child_by_field_name("type") else {
        return;
    };
    let mut cursor = node.walk();
    let declarators: Vec<_> = node.children_by_field_name("declarator", &mut cursor).collect();
    for declarator in declarators {
        let Some(name) = declarator.child_by_field_name("name") else {
            continue;
        };
        let value = if found.text(kind) == "var" {
            declarator
                .child_by_field_name("value")
                .map_or_else(Origin::unknown, |value| express(value, found, 0))
        } else {
            stated(kind, found)
        };
        found.bind(found.text(name), value);
    }
}

fn invocation(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(name) = node.child_by_field_name("name") else {
        return;
    };
    let of = match node.child_by_field_name("object") {
        Some(object) => express(object, found, 0),
        None => Origin::bare(),
    };
    let argument = node
        .child_by_field_name("arguments")
        .and_then(|arguments| arguments.named_child(0));
    if let Some(function) = argument.filter(|one| one.kind() == "lambda_expression" && EACH.contains(&found.text(name)))
    {
        found.give(function, step(of.clone(), "[*]"));
    }
    found.uses(ReferenceKind::Call, name, of);
}

fn each_type(node: Node<'_>, kind: ReferenceKind, found: &mut Collector<'_>) {
    let children = inside(node);
    for child in children {
        if child.kind() == "type_list" {
            each_type(child, kind, found);
        } else {
            refer_type(kind, child, found);
        }
    }
}

fn refer_type(kind: ReferenceKind, node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "type_identifier" | "identifier" => found.uses(kind, node, Origin::bare()),
        "generic_type" => {
            if let Some(name) = node.named_child(0) {
                refer_type(kind, name, found);
            }
        }
        "scoped_type_identifier" | "scoped_identifier" => {
            let last = u32::try_from(node.named_child_count().saturating_sub(1)).unwrap_or(0);
            if let Some(name) = node.named_child(last) {
                let qualifier = &found.text(node)[..name.start_byte() - node.start_byte()];
                let of = Origin(qualifier.trim_end_matches('.').to_owned());
                found.uses(kind, name, of);
            }
        }
        _ => {}
    }
}

/// Types are used wherever they are named but as bases and in `new`, which say more.
fn type_name(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(parent) = node.parent() else { return };
    let head =
        if matches!(parent.kind(), "generic_type" | "scoped_type_identifier") && parent.named_child(0) == Some(node) {
            parent.parent()
        } else {
            Some(parent)
        };
    let is_said = head.is_some_and(|head| match head.kind() {
        "superclass" | "type_list" => true,
        "object_creation_expression" => head
            .child_by_field_name("type")
            .is_some_and(|kind| kind.byte_range().contains(&node.start_byte())),
        _ => false,
    });
    if !is_said && parent.kind() != "type_parameter" && found.text(node) != "var" {
        found.uses(ReferenceKind::Type, node, Origin::bare());
    }
}

/// What an expression amounts to.
fn express(node: Node<'_>, found: &Collector<'_>, depth: usize) -> Origin {
    if depth > MAX_DEPTH {
        return Origin::unknown();
    }
    let inner = |node| express(node, found, depth + 1);
    match node.kind() {
        "identifier" => Origin(found.text(node).to_owned()),
        "this" => Origin("@self".to_owned()),
        "super" => Origin("@super".to_owned()),
        "field_access" => match (
            node.child_by_field_name("object").map(inner),
            node.child_by_field_name("field"),
        ) {
            (Some(object), Some(name)) => step(object, &format!(".{}", found.text(name))),
            _ => Origin::unknown(),
        },
        "method_invocation" => {
            let Some(name) = node.child_by_field_name("name") else {
                return Origin::unknown();
            };
            match node.child_by_field_name("object") {
                Some(object) => step(inner(object), &format!(".{}()", found.text(name))),
                None => Origin(format!("@self.{}()", found.text(name))),
            }
        }
        "object_creation_expression" | "cast_expression" => node
            .child_by_field_name("type")
            .map_or_else(Origin::unknown, |kind| stated(kind, found)),
        "array_access" => step(
            node.child_by_field_name("array").map_or_else(Origin::unknown, inner),
            "[]",
        ),
        "parenthesized_expression" => node.named_child(0).map_or_else(Origin::unknown, inner),
        "string_literal" => Origin::of_type("String"),
        _ => Origin::unknown(),
    }
}

fn stated(kind: Node<'_>, found: &Collector<'_>) -> Origin {
    match class_of(found.text(kind), 0) {
        Some(class) if class.len() + 2 <= Origin::MAX => Origin::of_type(&class),
        _ => Origin::unknown(),
    }
}

/// `List<Foo>` is `List[Foo]`, `Map<String, Foo>` is `Map[:Foo]`, `Foo[]` is `@[Foo]`, `Supplier<Foo>` is `Supplier[Foo]`.
fn class_of(text: &str, depth: usize) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("? extends ").unwrap_or(text);
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(held) = text.strip_suffix("[]") {
        return class_of(held, depth + 1).map(|held| format!("@[{held}]"));
    }
    let (outer, arguments) = text
        .split_once('<')
        .map_or((text, None), |(outer, rest)| (outer, Some(rest)));
    let outer = outer.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    if outer.is_empty() || outer == "var" || !outer.chars().all(is_name) {
        return None;
    }
    let Some(arguments) = arguments.and_then(|rest| rest.strip_suffix('>')) else {
        return Some(outer.to_owned());
    };
    let mut level = 0;
    let mut all = arguments.split(|c: char| {
        level += i32::from(c == '<') - i32::from(c == '>');
        level == 0 && c == ','
    });
    let (first, second) = (all.next(), all.next());
    let is_map = outer.ends_with("Map") && all.next().is_none();
    let held = match (first, second) {
        (Some(one), None) => class_of(one, depth + 1).map(|held| format!("{outer}[{held}]")),
        (Some(_), Some(value)) if is_map => class_of(value, depth + 1).map(|held| format!("{outer}[:{held}]")),
        _ => None,
    };
    held.or_else(|| Some(outer.to_owned()))
}

fn import(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(path) = node.named_child(0) else { return };
    let mut cursor = node.walk();
    let is_whole = node.named_children(&mut cursor).any(|child| child.kind() == "asterisk");
    let text = found.text(path);
    let (module, name) = text.rsplit_once('.').unwrap_or(("", text));
    let line = node.start_position().row as u32 + 1;
    found.import(Import {
        local: if is_whole { "*" } else { name }.to_owned(),
        module: if is_whole { text } else { module }.to_owned(),
        name: if is_whole { "" } else { name }.to_owned(),
        line,
        is_exported: false,
    });
    if !is_whole {
        let at = path.child_by_field_name("name").unwrap_or(path);
        found.uses_as(ReferenceKind::Import, at, name, Origin::bare());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_with_what_it_holds() {
        for (text, expected) in [
            ("Foo", Some("Foo")),
            ("a.Foo", Some("a.Foo")),
            ("List<Foo>", Some("List[Foo]")),
            ("List<? extends Foo>", Some("List[Foo]")),
            ("Map<String, List<Foo>>", Some("Map[:List[Foo]]")),
            ("Function<A, B>", Some("Function")),
            ("Foo[]", Some("@[Foo]")),
            ("List<?>", Some("List")),
            ("var", None),
        ] {
            assert_eq!(class_of(text, 0).as_deref(), expected, "{text}");
        }
    }
}

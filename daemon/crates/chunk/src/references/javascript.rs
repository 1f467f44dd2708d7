//! What JavaScript and TypeScript use.

mod modules;
mod types;

use super::{Collector, MAX_DEPTH, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Origin, ReferenceKind};
use modules::{default_export, export, import, require, required, take, unquoted};
use std::collections::HashMap;
use tree_sitter::Node;
use types::{class_of, is_name, stated};

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "class_declaration" | "abstract_class_declaration" | "class" => {
            found.open(node, ScopeKind::Type, name_of(node));
            bases(node, found);
        }
        "interface_declaration" => {
            found.open(node, ScopeKind::Type, node.child_by_field_name("name"));
            bases(node, found);
        }
        "function_declaration"
        | "generator_function_declaration"
        | "function_expression"
        | "generator_function"
        | "arrow_function"
        | "method_definition" => function(node, found),
        "variable_declarator" => declarator(node, found),
        "public_field_definition" | "field_definition" | "property_signature" => field(node, found),
        "assignment_expression" => assignment(node, found),
        "catch_clause" => {
            if let Some(name) = node.child_by_field_name("parameter") {
                bind_names(name, found);
            }
        }
        "for_in_statement" => each(node, found),
        "if_statement" => narrow(node, found),
        "return_statement" => {
            if let Some(value) = node.named_child(0).filter(|value| !is_nothing(*value, found)) {
                let value = express(value, found, 0);
                found.returns(value);
            }
        }
        "call_expression" => {
            if let Some(function) = node.child_by_field_name("function") {
                refer(ReferenceKind::Call, function, found);
                give(node, function, found);
            }
        }
        "new_expression" => {
            if let Some(class) = node.child_by_field_name("constructor") {
                refer(ReferenceKind::Call, class, found);
            }
        }
        "jsx_opening_element" | "jsx_self_closing_element" => element(node, found),
        "decorator" => {
            if let Some(name) = node.named_child(0).filter(|name| name.kind() != "call_expression") {
                refer(ReferenceKind::Decorate, name, found);
            }
        }
        "type_identifier" => type_name(node, found),
        "import_statement" => import(node, found),
        "export_statement" => export(node, found),
        _ => {}
    }
}

/// What a definition is known by: its own name, or that of what it is assigned to.
fn name_of(node: Node<'_>) -> Option<Node<'_>> {
    if let Some(name) = node.child_by_field_name("name") {
        return Some(name);
    }
    let parent = node.parent()?;
    match parent.kind() {
        "variable_declarator" | "public_field_definition" => parent.child_by_field_name("name"),
        "field_definition" => parent.child_by_field_name("property"),
        "pair" => parent.child_by_field_name("key"),
        "assignment_expression" => {
            let left = parent.child_by_field_name("left")?;
            left.child_by_field_name("property").or(Some(left))
        }
        _ => None,
    }
}

fn bases(node: Node<'_>, found: &mut Collector<'_>) {
    let children = inside(node);
    for child in children {
        match child.kind() {
            // Plain JavaScript has the expression directly inside.
            "class_heritage" => {
                let clauses = inside(child);
                for clause in clauses {
                    match clause.kind() {
                        "extends_clause" => {
                            if let Some(base) = clause.child_by_field_name("value") {
                                refer(ReferenceKind::Inherit, base, found);
                            }
                        }
                        "implements_clause" => types_in(clause, ReferenceKind::Implement, found),
                        _ => refer(ReferenceKind::Inherit, clause, found),
                    }
                }
            }
            "extends_type_clause" => types_in(child, ReferenceKind::Inherit, found),
            _ => {}
        }
    }
}

fn types_in(clause: Node<'_>, kind: ReferenceKind, found: &mut Collector<'_>) {
    let children = inside(clause);
    for child in children {
        let name = if child.kind() == "generic_type" {
            child.child_by_field_name("name").unwrap_or(child)
        } else {
            child
        };
        match name.kind() {
            "type_identifier" => found.uses(kind, name, Origin::bare()),
            "nested_type_identifier" => {
                if let (Some(module), Some(name)) =
                    (name.child_by_field_name("module"), name.child_by_field_name("name"))
                {
                    let of = Origin(found.text(module).to_owned());
                    found.uses(kind, name, of);
                }
            }
            _ => {}
        }
    }
}

/// Methods that call a function with one after the other of what they are called on.
const EACH: [&str; 9] = [
    "map",
    "forEach",
    "filter",
    "find",
    "findLast",
    "findIndex",
    "some",
    "every",
    "flatMap",
];

/// `xs.map(x => ..)` calls the function with what `xs` holds.
fn give(call: Node<'_>, function: Node<'_>, found: &mut Collector<'_>) {
    let (Some(object), Some(name)) = (
        function.child_by_field_name("object"),
        function.child_by_field_name("property"),
    ) else {
        return;
    };
    let argument = call
        .child_by_field_name("arguments")
        .and_then(|arguments| arguments.named_child(0));
    if let Some(argument) = argument.filter(|argument| is_definition(*argument) && EACH.contains(&found.text(name))) {
        let value = step(express(object, found, 0), "[*]");
        found.give(argument, value);
    }
}

/// `for (const x of xs)`: one of what it holds.
fn each(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(left) = node.child_by_field_name("left") else {
        return;
    };
    let is_of = node
        .child_by_field_name("operator")
        .is_some_and(|operator| operator.kind() == "of");
    let right = node
        .child_by_field_name("right")
        .filter(|_| is_of && left.kind() == "identifier");
    match (right, node.child_by_field_name("body")) {
        (Some(right), Some(body)) => {
            let value = step(express(right, found, 0), "[*]");
            found.know(body, found.text(left), value);
        }
        _ => bind_names(left, found),
    }
}

/// `if (x instanceof Foo)` says what `x` is below it.
fn narrow(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(condition), Some(body)) = (
        node.child_by_field_name("condition"),
        node.child_by_field_name("consequence"),
    ) else {
        return;
    };
    let Some(test) = condition
        .named_child(0)
        .filter(|test| test.kind() == "binary_expression")
    else {
        return;
    };
    let (Some(left), Some(operator), Some(right)) = (
        test.child_by_field_name("left"),
        test.child_by_field_name("operator"),
        test.child_by_field_name("right"),
    ) else {
        return;
    };
    if operator.kind() == "instanceof" && left.kind() == "identifier" && found.text(right).chars().all(is_name) {
        let class = Origin::of_type(found.text(right));
        found.know(body, found.text(left), class);
    }
}

fn is_nothing(value: Node<'_>, found: &Collector<'_>) -> bool {
    matches!(value.kind(), "null" | "undefined") || found.text(value) == "undefined"
}

fn function(node: Node<'_>, found: &mut Collector<'_>) {
    let given = found.given(node);
    found.open(node, ScopeKind::Function, name_of(node));
    if node.kind().starts_with("generator") || found.text(node).starts_with("async *") {
        found.returns(Origin::unknown());
    }
    if let Some(name) = node.child_by_field_name("parameter") {
        found.bind(found.text(name), given.clone().unwrap_or_else(Origin::unknown));
    }
    if let Some(parameters) = node.child_by_field_name("parameters") {
        let all = inside(parameters);
        for (index, parameter) in all.into_iter().enumerate() {
            let given = given
                .clone()
                .filter(|_| index == 0 && parameter.child_by_field_name("type").is_none());
            match (given, parameter.child_by_field_name("pattern").unwrap_or(parameter)) {
                (Some(given), name) if name.kind() == "identifier" => found.bind(found.text(name), given),
                _ => bind_parameter(parameter, found),
            }
        }
    }
    if let Some(body) = node
        .child_by_field_name("body")
        .filter(|body| node.kind() == "arrow_function" && body.kind() != "statement_block")
    {
        let value = express(body, found, 0);
        found.returns(value);
    }
    if let Some(result) = node.child_by_field_name("return_type") {
        let value = stated(result, found);
        found.bind(RESULT, value);
    }
}

fn bind_parameter(parameter: Node<'_>, found: &mut Collector<'_>) {
    let Some(pattern) = parameter.child_by_field_name("pattern") else {
        return bind_names(parameter, found);
    };
    if pattern.kind() != "identifier" {
        return bind_names(pattern, found);
    }
    let value = parameter
        .child_by_field_name("type")
        .map_or_else(Origin::unknown, |kind| stated(kind, found));
    let mut cursor = parameter.walk();
    let is_property = parameter
        .children(&mut cursor)
        .any(|child| matches!(child.kind(), "accessibility_modifier" | "readonly"));
    if is_property {
        found.bind_member(found.text(pattern), value.clone());
    }
    found.bind(found.text(pattern), value);
}

/// Whatever names a pattern holds are of unknown value.
fn bind_names(node: Node<'_>, found: &mut Collector<'_>) {
    if matches!(node.kind(), "identifier" | "shorthand_property_identifier_pattern") {
        found.bind(found.text(node), Origin::unknown());
        return;
    }
    let children = inside(node);
    for child in children {
        // `{ key: name = value }` binds the name.
        let is_bound = !matches!(
            child.kind(),
            "property_identifier" | "type_annotation" | "member_expression"
        ) && (node.kind() != "assignment_pattern" || node.child_by_field_name("left") == Some(child));
        if is_bound {
            bind_names(child, found);
        }
    }
}

fn declarator(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(name) = node.child_by_field_name("name") else {
        return;
    };
    let value = node.child_by_field_name("value");
    if let Some(module) = value.and_then(|value| required(value, found)) {
        return require(name, module, found);
    }
    // `const open = require('module').open`
    if let (Some(value), "identifier") = (value, name.kind())
        && let (Some(object), Some(member)) = (
            value.child_by_field_name("object"),
            value.child_by_field_name("property"),
        )
        && let Some(module) = required(object, found)
    {
        return take(name, member, found.text(member), module, false, found);
    }
    if name.kind() == "object_pattern"
        && let Some(value) = value
    {
        let value = express(value, found, 0);
        return bind_properties(name, &value, found);
    }
    if name.kind() != "identifier" {
        return bind_names(name, found);
    }
    // A function is a symbol by itself.
    if value.is_some_and(|value| is_definition(value)) {
        return;
    }
    if let Some(object) = value.filter(|value| value.kind() == "object" && found.scope() == ScopeKind::File) {
        return hold(name, object, found);
    }
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let origin = stated_type
        .filter(|value| !value.is_unknown())
        .or_else(|| value.map(|value| express(value, found, 0)))
        .unwrap_or_else(Origin::unknown);
    found.bind(found.text(name), origin);
}

/// `const { a, b: c } = value`: members of the value.
fn bind_properties(pattern: Node<'_>, value: &Origin, found: &mut Collector<'_>) {
    let parts = inside(pattern);
    for part in parts {
        let (key, local) = match part.kind() {
            "shorthand_property_identifier_pattern" => (part, part),
            "pair_pattern" => match (part.child_by_field_name("key"), part.child_by_field_name("value")) {
                (Some(key), Some(local)) if local.kind() == "identifier" => (key, local),
                _ => {
                    bind_names(part, found);
                    continue;
                }
            },
            _ => {
                bind_names(part, found);
                continue;
            }
        };
        let member = step(value.clone(), &format!(".{}", found.text(key)));
        found.bind(found.text(local), member);
    }
}

/// `const api = { open, close: shut }`: what is not written inside belongs to it all the same.
fn hold(name: Node<'_>, object: Node<'_>, found: &mut Collector<'_>) {
    let mut members = HashMap::new();
    let parts = inside(object);
    for part in parts {
        let (key, value) = match part.kind() {
            "shorthand_property_identifier" => (part, Origin(found.text(part).to_owned())),
            "pair" => match (part.child_by_field_name("key"), part.child_by_field_name("value")) {
                (Some(key), Some(value)) if !is_definition(value) => (key, express(value, found, 0)),
                _ => continue,
            },
            _ => continue,
        };
        if !value.is_unknown() {
            members.insert(unquoted(found.text(key)).to_owned(), value);
        }
    }
    if !members.is_empty() {
        found.hold(name, members);
    }
}

fn is_definition(value: Node<'_>) -> bool {
    matches!(
        value.kind(),
        "arrow_function" | "function_expression" | "generator_function" | "class"
    )
}

fn field(node: Node<'_>, found: &mut Collector<'_>) {
    let name = node
        .child_by_field_name("name")
        .or_else(|| node.child_by_field_name("property"));
    let Some(name) = name.filter(|_| found.scope() == ScopeKind::Type) else {
        return;
    };
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let value = stated_type
        .filter(|value| !value.is_unknown())
        .or_else(|| {
            let value = node.child_by_field_name("value")?;
            (!is_definition(value)).then(|| express(value, found, 0))
        })
        .unwrap_or_else(Origin::unknown);
    found.bind(found.text(name), value);
}

fn assignment(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    match left.kind() {
        "identifier" if !is_definition(right) => {
            let value = express(right, found, 0);
            found.bind_again(found.text(left), value);
        }
        "member_expression" => {
            let (Some(object), Some(name)) = (left.child_by_field_name("object"), left.child_by_field_name("property"))
            else {
                return;
            };
            match found.text(object) {
                "this" if !is_definition(right) => {
                    let value = express(right, found, 0);
                    found.bind_member(found.text(name), value);
                }
                "module" if found.text(name) == "exports" => default_export(right, found),
                "exports" | "module.exports" if !is_definition(right) => {
                    let value = express(right, found, 0);
                    found.bind_top(found.text(name), value);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn element(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(name) = node.child_by_field_name("name") else {
        return;
    };
    // What begins in lower case is HTML.
    if found.text(name).starts_with(|c: char| c.is_uppercase()) {
        refer(ReferenceKind::Call, name, found);
    }
}

fn type_name(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(parent) = node.parent() else { return };
    let is_definition = parent.child_by_field_name("name") == Some(node)
        && parent.kind() != "generic_type"
        && parent.kind() != "nested_type_identifier";
    // Bases are found with the class.
    let around = if parent.kind() == "generic_type" {
        parent.parent()
    } else {
        Some(parent)
    };
    let is_base = around.is_some_and(|around| matches!(around.kind(), "implements_clause" | "extends_type_clause"));
    if is_definition || is_base {
        return;
    }
    let of = match parent.child_by_field_name("module") {
        Some(module) if parent.kind() == "nested_type_identifier" => Origin(found.text(module).to_owned()),
        _ => Origin::bare(),
    };
    found.uses(ReferenceKind::Type, node, of);
}

/// A name or a member is used.
fn refer(kind: ReferenceKind, node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "identifier" if found.text(node) != "require" => found.uses(kind, node, Origin::bare()),
        "super" => found.uses_as(kind, node, "constructor", Origin("@super".to_owned())),
        "member_expression" | "nested_identifier" => {
            let (Some(object), Some(name)) = (node.child_by_field_name("object"), node.child_by_field_name("property"))
            else {
                return;
            };
            let of = express(object, found, 0);
            found.uses(kind, name, of);
        }
        "parenthesized_expression" | "non_null_expression" | "instantiation_expression" => {
            if let Some(inner) = node.named_child(0) {
                refer(kind, inner, found);
            }
        }
        _ => {}
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
        "member_expression" => {
            let object = node.child_by_field_name("object").map(inner);
            let name = node.child_by_field_name("property");
            match (object, name) {
                (Some(object), Some(name)) => step(object, &format!(".{}", found.text(name))),
                _ => Origin::unknown(),
            }
        }
        "call_expression" => match node.child_by_field_name("function").map(inner) {
            Some(function) => step(function, "()"),
            None => Origin::unknown(),
        },
        "new_expression" => match node.child_by_field_name("constructor").map(inner) {
            Some(class) => step(class, "()"),
            None => Origin::unknown(),
        },
        "as_expression" | "satisfies_expression" => match node.named_child(1) {
            Some(kind) => match class_of(found.text(kind), 0) {
                Some(class) => Origin::of_type(&class),
                None => node.named_child(0).map_or_else(Origin::unknown, inner),
            },
            None => Origin::unknown(),
        },
        "await_expression" | "parenthesized_expression" | "non_null_expression" => {
            node.named_child(0).map_or_else(Origin::unknown, inner)
        }
        "subscript_expression" => step(
            node.child_by_field_name("object").map_or_else(Origin::unknown, inner),
            "[]",
        ),
        "string" | "template_string" => Origin::of_type("String"),
        "array" => Origin::of_type("Array"),
        _ => Origin::unknown(),
    }
}

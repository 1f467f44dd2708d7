//! What Python uses.

mod imports;
mod types;

use super::{Collector, MAX_DEPTH, PROPERTY, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Origin, ReferenceKind};
use imports::{import, import_from};
use tree_sitter::Node;
use types::stated;

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "class_definition" => class(node, found),
        "function_definition" => function(node, found),
        "lambda" => {
            found.open(node, ScopeKind::Function, None);
            if let Some(parameters) = node.child_by_field_name("parameters") {
                bind_parameters(parameters, found, None);
            }
        }
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
            found.open(node, ScopeKind::Function, None);
        }
        "assignment" => assignment(node, found),
        "augmented_assignment" => {
            if let Some(left) = node.child_by_field_name("left") {
                bind_unknown(left, found);
            }
        }
        "for_statement" | "for_in_clause" => each(node, found),
        "if_statement" | "elif_clause" => narrow(node, found),
        "return_statement" => {
            let value = node.named_child(0).filter(|value| value.kind() != "none");
            if let Some(value) = value.filter(|value| found.text(*value) != "NotImplemented") {
                let value = express(value, found, 0);
                found.returns(value);
            }
        }
        // What a generator returns is not what calling it yields.
        "yield" => found.returns(Origin::unknown()),
        "named_expression" => {
            if let (Some(name), Some(value)) = (node.child_by_field_name("name"), node.child_by_field_name("value")) {
                let value = express(value, found, 0);
                found.bind(found.text(name), value);
            }
        }
        "as_pattern" => as_pattern(node, found),
        "call" => call(node, found),
        "decorator" => decorator(node, found),
        "type" => annotation(node, found),
        "import_statement" => import(node, found),
        "import_from_statement" => import_from(node, found),
        _ => {}
    }
}

fn class(node: Node<'_>, found: &mut Collector<'_>) {
    found.open(node, ScopeKind::Type, node.child_by_field_name("name"));
    let Some(bases) = node.child_by_field_name("superclasses") else {
        return;
    };
    let mut cursor = bases.walk();
    for base in bases.named_children(&mut cursor) {
        // `Generic[T]` is a base by the name before its bracket.
        let base = match base.kind() {
            "subscript" => base.child_by_field_name("value").unwrap_or(base),
            _ => base,
        };
        refer(ReferenceKind::Inherit, base, found);
    }
}

fn function(node: Node<'_>, found: &mut Collector<'_>) {
    let is_member = found.scope() == ScopeKind::Type && !is_decorated(node, &["staticmethod"], found);
    let is_property = is_member && is_decorated(node, &PROPERTIES, found);
    let own = if is_member && is_decorated(node, &["classmethod"], found) {
        "@class"
    } else {
        "@self"
    };
    found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
    if let Some(parameters) = node.child_by_field_name("parameters") {
        bind_parameters(parameters, found, is_member.then_some(own));
    }
    if let Some(result) = node.child_by_field_name("return_type") {
        let value = if is_own_type(node, result, found) {
            Origin("@self".to_owned())
        } else {
            stated(result, found)
        };
        found.bind(RESULT, value);
    }
    if is_property {
        found.bind(PROPERTY, Origin("@self".to_owned()));
    }
}

/// Decorators that make a method an attribute.
const PROPERTIES: [&str; 4] = [
    "property",
    "cached_property",
    "functools.cached_property",
    "abc.abstractproperty",
];

/// `-> Self`, or `(self: T) -> T`.
fn is_own_type(function: Node<'_>, result: Node<'_>, found: &Collector<'_>) -> bool {
    let result = found.text(result).trim_matches(['"', '\'']);
    let first = function
        .child_by_field_name("parameters")
        .and_then(|parameters| parameters.named_child(0))
        .and_then(|first| first.child_by_field_name("type"));
    matches!(result, "Self" | "t.Self" | "typing.Self")
        || first.is_some_and(|first| found.text(first).trim_matches(['"', '\'']) == result)
}

fn is_decorated(function: Node<'_>, by: &[&str], found: &Collector<'_>) -> bool {
    let Some(parent) = function
        .parent()
        .filter(|parent| parent.kind() == "decorated_definition")
    else {
        return false;
    };
    let mut cursor = parent.walk();
    parent
        .named_children(&mut cursor)
        .any(|child| child.kind() == "decorator" && by.contains(&found.text(child).trim_start_matches('@').trim()))
}

fn bind_parameters(parameters: Node<'_>, found: &mut Collector<'_>, own: Option<&str>) {
    let mut cursor = parameters.walk();
    for (index, parameter) in parameters.named_children(&mut cursor).enumerate() {
        match parameter.kind() {
            // What is written about it says no more than that.
            "identifier" | "typed_parameter" if index == 0 && own.is_some() => {
                if let (Some(name), Some(own)) = (first_identifier(parameter), own) {
                    found.bind(found.text(name), Origin(own.to_owned()));
                }
            }
            "identifier" => found.bind(found.text(parameter), Origin::unknown()),
            "typed_parameter" => {
                let name = parameter.named_child(0).filter(|name| name.kind() == "identifier");
                let value = match (name, parameter.child_by_field_name("type")) {
                    (Some(_), Some(kind)) => stated(kind, found),
                    // `*args: T` holds many of them.
                    _ => Origin::unknown(),
                };
                if let Some(name) = name {
                    found.bind(found.text(name), value);
                } else {
                    bind_names(parameter, found);
                }
            }
            "typed_default_parameter" => {
                let name = parameter.child_by_field_name("name");
                let kind = parameter.child_by_field_name("type");
                if let (Some(name), Some(kind)) = (name, kind) {
                    let value = stated(kind, found);
                    found.bind(found.text(name), value);
                }
            }
            "default_parameter" => {
                if let Some(name) = parameter.child_by_field_name("name") {
                    found.bind(found.text(name), Origin::unknown());
                }
            }
            _ => bind_names(parameter, found),
        }
    }
}

fn first_identifier(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "identifier" {
        return Some(node);
    }
    node.named_child(0).filter(|name| name.kind() == "identifier")
}

fn assignment(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(left) = node.child_by_field_name("left") else {
        return;
    };
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let value = stated_type.filter(|value| !value.is_unknown()).or_else(|| {
        let right = node.child_by_field_name("right")?;
        Some(express(right, found, 0))
    });
    let value = value.unwrap_or_else(Origin::unknown);
    match left.kind() {
        "identifier" => found.bind(found.text(left), value),
        "attribute" => {
            let (Some(object), Some(name)) = (
                left.child_by_field_name("object"),
                left.child_by_field_name("attribute"),
            ) else {
                return;
            };
            if matches!(found.text(object), "self" | "cls") {
                found.bind_member(found.text(name), value);
            }
        }
        "subscript" => {}
        _ => bind_unknown(left, found),
    }
}

/// `for x in xs`: one of what it holds. Of `for i, x in enumerate(xs)` and `for k, x in xs.items()` the last.
fn each(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    if left.kind() == "identifier" {
        let value = step(iterated(right, found), "[*]");
        return bind_loop(node, left, value, found);
    }
    let names = inside(left);
    let held = match (names.as_slice(), right.child_by_field_name("function")) {
        ([_, last], Some(function)) if last.kind() == "identifier" => match found.text(function) {
            "enumerate" => argument(right).map(|one| (*last, step(iterated(one, found), "[*]"))),
            text if text.strip_suffix(".items").is_some() => {
                let object = function.child_by_field_name("object");
                object.map(|object| (*last, step(express(object, found, 0), "[]")))
            }
            _ => None,
        },
        _ => None,
    };
    match held {
        Some((last, value)) => {
            bind_names(names[0], found);
            bind_loop(node, last, value, found);
        }
        None => bind_unknown(left, found),
    }
}

/// Loops of one function share their variable; inside of one it holds what that one goes over.
fn bind_loop(node: Node<'_>, name: Node<'_>, value: Origin, found: &mut Collector<'_>) {
    if let Some(body) = node.child_by_field_name("body") {
        found.know(body, found.text(name), value.clone());
    }
    found.bind(found.text(name), value);
}

/// What a loop goes over, without what only puts it in another order.
fn iterated(node: Node<'_>, found: &Collector<'_>) -> Origin {
    let function = node
        .child_by_field_name("function")
        .map_or("", |function| found.text(function));
    match argument(node) {
        Some(inner)
            if matches!(
                function,
                "list" | "sorted" | "reversed" | "set" | "tuple" | "iter" | "frozenset"
            ) =>
        {
            express(inner, found, 1)
        }
        _ => express(node, found, 0),
    }
}

fn argument(call: Node<'_>) -> Option<Node<'_>> {
    call.child_by_field_name("arguments")?.named_child(0)
}

/// `if isinstance(x, Foo):` says what `x` is below it.
fn narrow(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(condition), Some(body)) = (
        node.child_by_field_name("condition"),
        node.child_by_field_name("consequence"),
    ) else {
        return;
    };
    if let Some((name, class)) = instance(condition, found) {
        found.know(body, name, class);
    }
}

fn instance<'a>(condition: Node<'_>, found: &Collector<'a>) -> Option<(&'a str, Origin)> {
    if condition.kind() == "boolean_operator" && condition.child_by_field_name("operator")?.kind() == "and" {
        return instance(condition.child_by_field_name("left")?, found)
            .or_else(|| instance(condition.child_by_field_name("right")?, found));
    }
    let function = condition.child_by_field_name("function")?;
    if found.text(function) != "isinstance" {
        return None;
    }
    let arguments = condition.child_by_field_name("arguments")?;
    let (name, class) = (arguments.named_child(0)?, arguments.named_child(1)?);
    let is_plain = name.kind() == "identifier" && matches!(class.kind(), "identifier" | "attribute");
    is_plain.then(|| (found.text(name), Origin::of_type(found.text(class))))
}

/// Whatever names a pattern holds are of unknown value.
fn bind_unknown(pattern: Node<'_>, found: &mut Collector<'_>) {
    match pattern.kind() {
        "identifier" => found.bind(found.text(pattern), Origin::unknown()),
        "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" => bind_names(pattern, found),
        _ => {}
    }
}

fn bind_names(node: Node<'_>, found: &mut Collector<'_>) {
    if node.kind() == "identifier" {
        found.bind(found.text(node), Origin::unknown());
        return;
    }
    let children = inside(node);
    for child in children {
        if !matches!(child.kind(), "attribute" | "subscript" | "type") {
            bind_names(child, found);
        }
    }
}

/// `with open() as file`, `except Error as error`, `case Point() as point`.
fn as_pattern(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(target) = node.child_by_field_name("alias") else {
        return;
    };
    let Some(name) = target.named_child(0).filter(|name| name.kind() == "identifier") else {
        return bind_names(target, found);
    };
    let context = node.parent().map_or("", |parent| parent.kind());
    let value = node.named_child(0);
    let value = match (context, value) {
        ("with_item", Some(value)) => {
            let is_async = with_statement(node).is_some_and(|with| found.text(with).starts_with("async"));
            let enter = if is_async { ".__aenter__()" } else { ".__enter__()" };
            step(express(value, found, 0), enter)
        }
        ("except_clause", Some(value)) if matches!(value.kind(), "identifier" | "attribute") => {
            Origin::of_type(found.text(value))
        }
        _ => Origin::unknown(),
    };
    found.bind(found.text(name), value);
}

fn with_statement(node: Node<'_>) -> Option<Node<'_>> {
    std::iter::successors(node.parent(), Node::parent)
        .take(3)
        .find(|node| node.kind() == "with_statement")
}

fn call(node: Node<'_>, found: &mut Collector<'_>) {
    if let Some(function) = node.child_by_field_name("function") {
        refer(ReferenceKind::Call, function, found);
    }
}

fn decorator(node: Node<'_>, found: &mut Collector<'_>) {
    // A call is visited as one.
    if let Some(name) = node.named_child(0).filter(|name| name.kind() != "call") {
        refer(ReferenceKind::Decorate, name, found);
    }
}

/// All names in an annotation.
fn annotation(node: Node<'_>, found: &mut Collector<'_>) {
    let children = inside(node);
    for child in children {
        match child.kind() {
            "identifier" | "attribute" => refer(ReferenceKind::Type, child, found),
            // Types inside are visited by themselves.
            "type" | "string" => {}
            _ => annotation(child, found),
        }
    }
}

/// A name or an attribute is used.
fn refer(kind: ReferenceKind, node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "identifier" => found.uses(kind, node, Origin::bare()),
        "attribute" => {
            let (Some(object), Some(name)) = (
                node.child_by_field_name("object"),
                node.child_by_field_name("attribute"),
            ) else {
                return;
            };
            let of = express(object, found, 0);
            found.uses(kind, name, of);
        }
        // `Foo[int]()`
        "subscript" if kind == ReferenceKind::Call => {
            if let Some(class) = node
                .child_by_field_name("value")
                .filter(|value| value.kind() == "identifier")
            {
                refer(kind, class, found);
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
        "attribute" => {
            let object = node.child_by_field_name("object").map(inner);
            let name = node.child_by_field_name("attribute");
            match (object, name) {
                (Some(object), Some(name)) if found.text(name) == "__class__" => class_itself(&object),
                (Some(object), Some(name)) => step(object, &format!(".{}", found.text(name))),
                _ => Origin::unknown(),
            }
        }
        "call" => {
            let Some(function) = node.child_by_field_name("function") else {
                return Origin::unknown();
            };
            let called = if function.kind() == "identifier" {
                found.text(function)
            } else {
                ""
            };
            match (called, argument(node)) {
                ("super", _) => Origin("@super".to_owned()),
                ("type", Some(value)) => class_itself(&inner(value)),
                ("next" | "anext", Some(value)) => step(inner(value), "[*]"),
                // `cast(Foo, x)`
                ("cast", Some(class)) => stated(class, found),
                _ => step(inner(function), "()"),
            }
        }
        "subscript" => {
            let is_slice = node
                .child_by_field_name("subscript")
                .is_some_and(|at| at.kind() == "slice");
            let value = node.child_by_field_name("value").map_or_else(Origin::unknown, inner);
            if is_slice { value } else { step(value, "[]") }
        }
        "await" | "parenthesized_expression" | "as_pattern" => node.named_child(0).map_or_else(Origin::unknown, inner),
        "boolean_operator" | "conditional_expression" => one_of(node, found, depth),
        "string" | "concatenated_string" => Origin::of_type("str"),
        "list" | "list_comprehension" => Origin::of_type("list"),
        "dictionary" | "dictionary_comprehension" => Origin::of_type("dict"),
        _ => Origin::unknown(),
    }
}

/// Of a value that is `self` the class.
fn class_itself(value: &Origin) -> Origin {
    match value.0.as_str() {
        "@self" | "self" => Origin("@class".to_owned()),
        _ => Origin::unknown(),
    }
}

/// `a or A()`, `A() if x else a`: what its parts agree on, or the only one of which something is known.
fn one_of(node: Node<'_>, found: &Collector<'_>, depth: usize) -> Origin {
    let parts: Vec<Node<'_>> = if node.kind() == "conditional_expression" {
        [node.named_child(0), node.named_child(2)]
            .into_iter()
            .flatten()
            .collect()
    } else {
        [node.child_by_field_name("left"), node.child_by_field_name("right")]
            .into_iter()
            .flatten()
            .collect()
    };
    let mut known = parts
        .into_iter()
        .filter(|part| part.kind() != "none")
        .map(|part| express(part, found, depth + 1));
    let first = known.next().unwrap_or_else(Origin::unknown);
    if known.all(|other| other == first) {
        first
    } else {
        Origin::unknown()
    }
}

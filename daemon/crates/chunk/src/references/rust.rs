//! What Rust uses. Paths are written with dots: `a::b` is `a.b`.

mod types;

use super::{Collector, MAX_DEPTH, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;
use types::{origin_of_type, stated, type_path, unwrapped};

/// What a function yields once `?` or `unwrap` took the value out.
const UNWRAPPED: &str = "()?";

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "impl_item" => implementation(node, found),
        "trait_item" => {
            found.open(node, ScopeKind::Type, node.child_by_field_name("name"));
            if let Some(bounds) = node.child_by_field_name("bounds") {
                let all = inside(bounds);
                for bound in all {
                    refer(ReferenceKind::Inherit, bound, found);
                }
            }
        }
        "struct_item" | "union_item" | "enum_item" => {
            found.open(node, ScopeKind::Type, node.child_by_field_name("name"));
        }
        "field_declaration" | "const_item" | "static_item" => {
            if let (Some(name), Some(kind)) = (node.child_by_field_name("name"), node.child_by_field_name("type")) {
                let value = stated(kind, found);
                found.bind(found.text(name), value);
            }
        }
        "function_item" | "function_signature_item" => function(node, found),
        "closure_expression" => {
            let given = found.given(node);
            found.open(node, ScopeKind::Function, None);
            if let Some(parameters) = node.child_by_field_name("parameters") {
                let alone = parameters
                    .named_child(0)
                    .filter(|_| parameters.named_child_count() == 1);
                match (given, alone) {
                    (Some(given), Some(name)) if name.kind() == "identifier" => found.bind(found.text(name), given),
                    _ => bind_all(parameters, found),
                }
            }
        }
        "parameter" => parameter(node, found),
        "let_declaration" => binding(node, found),
        "if_expression" | "while_expression" => taken(node, found),
        // One that is the whole condition is read with what it is the condition of.
        "let_condition" if !found.is_field(node, &["condition"]) => {
            if let Some(pattern) = node.child_by_field_name("pattern") {
                bind_pattern(pattern, found);
            }
        }
        "for_expression" => each(node, found),
        "match_pattern" => bind_pattern(node, found),
        "call_expression" => {
            if let Some(function) = node.child_by_field_name("function") {
                refer(ReferenceKind::Call, function, found);
                give(node, function, found);
            }
        }
        "macro_invocation" => {
            if let Some(name) = node.child_by_field_name("macro") {
                refer(ReferenceKind::Call, name, found);
            }
        }
        "struct_expression" => {
            if let Some(name) = node.child_by_field_name("name") {
                refer(ReferenceKind::Call, name, found);
            }
        }
        "attribute" => {
            if let Some(name) = node.named_child(0) {
                refer(ReferenceKind::Decorate, name, found);
            }
        }
        "type_identifier" => type_name(node, found),
        "use_declaration" => {
            let mut cursor = node.walk();
            let is_exported = node
                .named_children(&mut cursor)
                .any(|child| child.kind() == "visibility_modifier");
            if let Some(argument) = node.child_by_field_name("argument") {
                import(argument, "", is_exported, found);
            }
        }
        _ => {}
    }
}

fn implementation(node: Node<'_>, found: &mut Collector<'_>) {
    let of = node.child_by_field_name("type");
    let name = of.and_then(|of| match of.kind() {
        "generic_type" => of.child_by_field_name("type"),
        _ => Some(of),
    });
    let name = name.and_then(|name| match name.kind() {
        "scoped_type_identifier" => name.child_by_field_name("name"),
        _ => Some(name),
    });
    found.open(node, ScopeKind::Type, name);
    if let Some(of) = of {
        let value = stated(of, found);
        found.bind("@of", value);
    }
    if let Some(implemented) = node.child_by_field_name("trait") {
        refer(ReferenceKind::Implement, implemented, found);
    }
}

fn function(node: Node<'_>, found: &mut Collector<'_>) {
    found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
    found.bind("self", Origin("@self".to_owned()));
    if let Some(result) = node.child_by_field_name("return_type") {
        let value = stated(result, found);
        found.bind(RESULT, value);
        if let Some(inside) = unwrapped(found.text(result)) {
            found.bind(UNWRAPPED, origin_of_type(&inside));
        }
    }
}

fn parameter(node: Node<'_>, found: &mut Collector<'_>) {
    if found.scope() != ScopeKind::Function {
        return;
    }
    let (Some(pattern), Some(kind)) = (node.child_by_field_name("pattern"), node.child_by_field_name("type")) else {
        return;
    };
    match pattern.kind() {
        "identifier" => {
            let value = stated(kind, found);
            found.bind(found.text(pattern), value);
        }
        "self" => {}
        _ => bind_pattern(pattern, found),
    }
}

/// Methods that call a function with one after the other of what they are called on.
const EACH: [&str; 12] = [
    "map",
    "for_each",
    "filter",
    "flat_map",
    "filter_map",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "and_then",
    "is_some_and",
];

/// `xs.iter().map(|x| ..)` calls the function with what `xs` holds.
fn give(call: Node<'_>, function: Node<'_>, found: &mut Collector<'_>) {
    let (Some(value), Some(name)) = (
        function.child_by_field_name("value"),
        function.child_by_field_name("field"),
    ) else {
        return;
    };
    let argument = call
        .child_by_field_name("arguments")
        .and_then(|arguments| arguments.named_child(0));
    let is_given = |argument: &Node<'_>| argument.kind() == "closure_expression" && EACH.contains(&found.text(name));
    if let Some(argument) = argument.filter(is_given) {
        let value = step(express(value, found, 0), "[*]");
        found.give(argument, value);
    }
}

/// `for x in &xs`: one of what it holds.
fn each(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(pattern), Some(value)) = (node.child_by_field_name("pattern"), node.child_by_field_name("value")) else {
        return;
    };
    match node
        .child_by_field_name("body")
        .filter(|_| pattern.kind() == "identifier")
    {
        Some(body) => {
            let value = step(express(value, found, 0), "[*]");
            found.know(body, found.text(pattern), value);
        }
        None => bind_pattern(pattern, found),
    }
}

/// `if let Some(x) = y { .. }`: the value inside.
fn taken(node: Node<'_>, found: &mut Collector<'_>) {
    let condition = node
        .child_by_field_name("condition")
        .filter(|one| one.kind() == "let_condition");
    let body = node
        .child_by_field_name("consequence")
        .or_else(|| node.child_by_field_name("body"));
    let (Some(condition), Some(body)) = (condition, body) else {
        return;
    };
    let (Some(pattern), Some(value)) = (
        condition.child_by_field_name("pattern"),
        condition.child_by_field_name("value"),
    ) else {
        return;
    };
    let takes = pattern
        .child_by_field_name("type")
        .is_some_and(|kind| pattern.kind() == "tuple_struct_pattern" && matches!(found.text(kind), "Some" | "Ok"));
    match pattern
        .named_child(1)
        .filter(|name| takes && name.kind() == "identifier")
    {
        Some(name) => {
            let value = taken_out(express(value, found, 0));
            found.know(body, found.text(name), value);
        }
        None => bind_pattern(pattern, found),
    }
}

/// A later `let` of the same name is another variable; what they agree on is kept.
fn binding(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(pattern) = node.child_by_field_name("pattern") else {
        return;
    };
    if found.scope() != ScopeKind::Function {
        return;
    }
    if pattern.kind() != "identifier" {
        return bind_pattern(pattern, found);
    }
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let value = stated_type
        .filter(|value| !value.is_unknown())
        .or_else(|| Some(express(node.child_by_field_name("value")?, found, 0)))
        .unwrap_or_else(Origin::unknown);
    found.bind(found.text(pattern), value);
}

/// Lower-case names in a pattern are bound, others are constants and variants.
fn bind_pattern(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "identifier" | "shorthand_field_identifier" => {
            let name = found.text(node);
            if name.starts_with(|c: char| c.is_lowercase() || c == '_') {
                found.bind(name, Origin::unknown());
            }
        }
        "scoped_identifier"
        | "scoped_type_identifier"
        | "field_identifier"
        | "field_expression"
        | "call_expression" => {}
        _ => bind_all(node, found),
    }
}

fn bind_all(node: Node<'_>, found: &mut Collector<'_>) {
    let children = inside(node);
    for child in children {
        if child.kind() == "parameter" {
            parameter(child, found);
        } else {
            bind_pattern(child, found);
        }
    }
}

/// A path, a name, a field or a type is used.
fn refer(kind: ReferenceKind, node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "identifier" | "type_identifier" => found.uses(kind, node, Origin::bare()),
        "scoped_identifier" | "scoped_type_identifier" => {
            if let Some(name) = node.child_by_field_name("name") {
                let of = node
                    .child_by_field_name("path")
                    .map_or_else(Origin::unknown, |path| path_of(path, found));
                found.uses(kind, name, of);
            }
        }
        "field_expression" => {
            if let (Some(value), Some(name)) = (node.child_by_field_name("value"), node.child_by_field_name("field")) {
                let of = express(value, found, 0);
                found.uses(kind, name, of);
            }
        }
        "generic_function" => {
            if let Some(function) = node.child_by_field_name("function") {
                refer(kind, function, found);
            }
        }
        "generic_type" | "generic_type_with_turbofish" => {
            if let Some(name) = node.child_by_field_name("type") {
                refer(kind, name, found);
            }
        }
        _ => {}
    }
}

fn type_name(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(parent) = node.parent() else { return };
    let around = if matches!(parent.kind(), "generic_type" | "scoped_type_identifier") {
        parent.parent()
    } else {
        Some(parent)
    };
    let is_other = matches!(
        parent.kind(),
        "struct_item" | "enum_item" | "union_item" | "trait_item" | "type_item" | "type_parameter" | "associated_type"
    ) && parent.child_by_field_name("name") == Some(node);
    let is_counted = around.is_some_and(|around| {
        matches!(around.kind(), "struct_expression" | "trait_bounds")
            || around.kind() == "impl_item"
                && around
                    .child_by_field_name("trait")
                    .is_some_and(|named| named.byte_range().contains(&node.start_byte()))
    });
    if is_other || is_counted {
        return;
    }
    let of = match parent.child_by_field_name("path") {
        Some(path) if parent.kind() == "scoped_type_identifier" => path_of(path, found),
        _ => Origin::bare(),
    };
    found.uses(ReferenceKind::Type, node, of);
}

/// `a::B<C>::d` without arguments, dotted.
fn path_of(node: Node<'_>, found: &Collector<'_>) -> Origin {
    match node.kind() {
        "identifier" | "type_identifier" | "crate" | "super" | "metavariable" => match found.text(node) {
            "Self" => Origin("@self".to_owned()),
            name => Origin(name.to_owned()),
        },
        "self" => Origin("self".to_owned()),
        "scoped_identifier" | "scoped_type_identifier" => {
            let name = node.child_by_field_name("name").map_or("", |name| found.text(name));
            match node.child_by_field_name("path") {
                Some(path) => step(path_of(path, found), &format!(".{name}")),
                None => Origin(name.to_owned()),
            }
        }
        "generic_type" => node
            .child_by_field_name("type")
            .map_or_else(Origin::unknown, |name| path_of(name, found)),
        "bracketed_type" => node
            .named_child(0)
            .map_or_else(Origin::unknown, |inner| match inner.kind() {
                "qualified_type" => inner
                    .child_by_field_name("type")
                    .map_or_else(Origin::unknown, |one| path_of(one, found)),
                _ => path_of(inner, found),
            }),
        _ => Origin::unknown(),
    }
}

/// What an expression amounts to.
fn express(node: Node<'_>, found: &Collector<'_>, depth: usize) -> Origin {
    if depth > MAX_DEPTH {
        return Origin::unknown();
    }
    let inner = |node| express(node, found, depth + 1);
    match node.kind() {
        "identifier" | "scoped_identifier" => path_of(node, found),
        "self" => Origin("@self".to_owned()),
        "field_expression" => match (
            node.child_by_field_name("value").map(inner),
            node.child_by_field_name("field"),
        ) {
            (Some(value), Some(name)) => step(value, &format!(".{}", found.text(name))),
            _ => Origin::unknown(),
        },
        "call_expression" => {
            let Some(function) = node.child_by_field_name("function") else {
                return Origin::unknown();
            };
            // What takes a value out, and what yields the same again.
            if function.kind() == "field_expression"
                && let (Some(value), Some(name)) = (
                    function.child_by_field_name("value"),
                    function.child_by_field_name("field"),
                )
            {
                match found.text(name) {
                    "unwrap" | "expect" | "unwrap_or_default" => return taken_out(inner(value)),
                    "clone" | "as_ref" | "as_mut" | "to_owned" | "borrow" | "borrow_mut" | "by_ref" => {
                        return inner(value);
                    }
                    _ => {}
                }
            }
            let wraps = matches!(
                found.text(function),
                "Box::new" | "Arc::new" | "Rc::new" | "Pin::new" | "Box::pin"
            );
            if wraps {
                let arguments = node.child_by_field_name("arguments");
                return arguments
                    .and_then(|arguments| arguments.named_child(0))
                    .map_or_else(Origin::unknown, inner);
            }
            step(inner(function), "()")
        }
        "generic_function" => node.child_by_field_name("function").map_or_else(Origin::unknown, inner),
        "struct_expression" => node
            .child_by_field_name("name")
            .and_then(|name| type_path(found.text(name)))
            .map_or_else(Origin::unknown, |name| origin_of_type(&name)),
        "try_expression" => node
            .named_child(0)
            .map_or_else(Origin::unknown, |value| taken_out(inner(value))),
        "await_expression" | "parenthesized_expression" => node.named_child(0).map_or_else(Origin::unknown, inner),
        "reference_expression" => node.child_by_field_name("value").map_or_else(Origin::unknown, inner),
        "index_expression" => step(node.named_child(0).map_or_else(Origin::unknown, inner), "[]"),
        "unary_expression" => node
            .named_child(0)
            .filter(|_| found.text(node).starts_with('*'))
            .map_or_else(Origin::unknown, inner),
        "type_cast_expression" => node
            .child_by_field_name("type")
            .map_or_else(Origin::unknown, |kind| stated(kind, found)),
        _ => Origin::unknown(),
    }
}

/// The value inside what a call yields.
fn taken_out(origin: Origin) -> Origin {
    let is_call = origin.0.ends_with("()");
    step(origin, if is_call { "?" } else { "[]" })
}

fn import(node: Node<'_>, prefix: &str, is_exported: bool, found: &mut Collector<'_>) {
    let joined = |rest: &str| match (prefix.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => prefix.to_owned(),
        (false, false) => format!("{prefix}.{rest}"),
    };
    let dotted = |node: Node<'_>| {
        found
            .text(node)
            .replace("::", ".")
            .split_whitespace()
            .collect::<String>()
    };
    match node.kind() {
        "identifier" | "scoped_identifier" | "crate" | "self" | "super" => {
            let path = dotted(node);
            let name = node.child_by_field_name("name").unwrap_or(node);
            if path == "self" && !prefix.is_empty() {
                let (module, own) = prefix.rsplit_once('.').unwrap_or(("", prefix));
                let (module, own) = (module.to_owned(), own.to_owned());
                return take(&own, &module, &own, name, is_exported, found);
            }
            let path = joined(&path);
            let (module, own) = path.rsplit_once('.').unwrap_or(("", &path));
            let (module, own) = (module.to_owned(), own.to_owned());
            take(&own, &module, &own, name, is_exported, found);
        }
        "use_as_clause" => {
            if let (Some(path), Some(alias)) = (node.child_by_field_name("path"), node.child_by_field_name("alias")) {
                let local = found.text(alias).to_owned();
                let full = joined(&dotted(path));
                let (module, own) = full.rsplit_once('.').unwrap_or(("", &full));
                let (module, own) = (module.to_owned(), own.to_owned());
                let name = path.child_by_field_name("name").unwrap_or(path);
                take(&local, &module, &own, name, is_exported, found);
            }
        }
        "use_wildcard" => {
            let module = joined(&node.named_child(0).map_or_else(String::new, dotted));
            found.import(Import {
                local: "*".to_owned(),
                module,
                name: String::new(),
                line: node.start_position().row as u32 + 1,
                is_exported,
            });
        }
        "scoped_use_list" => {
            let prefix = joined(&node.child_by_field_name("path").map_or_else(String::new, dotted));
            if let Some(list) = node.child_by_field_name("list") {
                import(list, &prefix, is_exported, found);
            }
        }
        "use_list" => {
            let all = inside(node);
            for one in all {
                import(one, prefix, is_exported, found);
            }
        }
        _ => {}
    }
}

fn take(local: &str, module: &str, name: &str, at: Node<'_>, is_exported: bool, found: &mut Collector<'_>) {
    found.import(Import {
        local: local.to_owned(),
        module: module.to_owned(),
        name: name.to_owned(),
        line: at.start_position().row as u32 + 1,
        is_exported,
    });
    found.uses(ReferenceKind::Import, at, Origin::bare());
}

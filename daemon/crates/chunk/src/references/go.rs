//! What Go uses.

use super::{Collector, MAX_DEPTH, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "type_spec" => found.open(node, ScopeKind::Type, node.child_by_field_name("name")),
        "function_declaration" | "method_declaration" | "func_literal" => function(node, found),
        "method_elem" => {
            found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
            bind_result(node, found);
        }
        "field_declaration" => field(node, found),
        "type_elem" => {
            if let Some(embedded) = node.named_child(0) {
                refer(ReferenceKind::Inherit, embedded, found);
            }
        }
        "parameter_declaration" => parameter(node, found),
        "short_var_declaration" => declaration(node, found),
        "var_spec" => variable(node, found),
        "range_clause" => each(node, found),
        "receive_statement" => {
            if let Some(left) = node.child_by_field_name("left") {
                bind_unknown(left, found);
            }
        }
        "type_switch_statement" => switch(node, found),
        "call_expression" => {
            if let Some(function) = node.child_by_field_name("function") {
                refer(ReferenceKind::Call, function, found);
            }
        }
        "type_identifier" => type_name(node, found),
        "import_spec" => import(node, found),
        _ => {}
    }
}

fn function(node: Node<'_>, found: &mut Collector<'_>) {
    found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
    bind_result(node, found);
}

/// Of several results the first: `x, err := f()` is how they are taken.
fn bind_result(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(result) = node.child_by_field_name("result") else {
        return;
    };
    let first = match result.kind() {
        "parameter_list" => result
            .named_child(0)
            .and_then(|first| first.child_by_field_name("type")),
        _ => Some(result),
    };
    if let Some(first) = first {
        let value = stated(first, found);
        found.bind(RESULT, value);
    }
}

fn field(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(kind) = node.child_by_field_name("type") else {
        return;
    };
    let mut cursor = node.walk();
    let names: Vec<_> = node.children_by_field_name("name", &mut cursor).collect();
    if names.is_empty() {
        // What is embedded lends its members, and its name.
        if let Origin(origin) = stated(kind, found)
            && let Some(name) = origin.trim_matches(['<', '>']).rsplit('.').next()
        {
            let (name, value) = (name.to_owned(), stated(kind, found));
            found.bind(&name, value);
        }
        return refer(ReferenceKind::Inherit, kind, found);
    }
    for name in names {
        let value = stated(kind, found);
        found.bind(found.text(name), value);
    }
}

fn parameter(node: Node<'_>, found: &mut Collector<'_>) {
    let is_of_function = found.scope() == ScopeKind::Function;
    let Some(kind) = node.child_by_field_name("type").filter(|_| is_of_function) else {
        return;
    };
    let mut cursor = node.walk();
    let names: Vec<_> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        let value = stated(kind, found);
        found.bind(found.text(name), value);
    }
}

fn declaration(node: Node<'_>, found: &mut Collector<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    let (mut of_left, mut of_right) = (left.walk(), right.walk());
    let names: Vec<_> = left.named_children(&mut of_left).collect();
    let values: Vec<_> = right.named_children(&mut of_right).collect();
    for (index, name) in names.iter().enumerate() {
        let value = match values.as_slice() {
            [one] if index == 0 => express(*one, found, 0),
            [_] => Origin::unknown(),
            all => all
                .get(index)
                .map_or_else(Origin::unknown, |value| express(*value, found, 0)),
        };
        found.bind(found.text(*name), value);
    }
}

fn variable(node: Node<'_>, found: &mut Collector<'_>) {
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let mut cursor = node.walk();
    let names: Vec<_> = node.children_by_field_name("name", &mut cursor).collect();
    let values = node.child_by_field_name("value");
    for (index, name) in (0_u32..).zip(names) {
        let value = stated_type.clone().unwrap_or_else(|| {
            let value = values.and_then(|values| values.named_child(index));
            value.map_or_else(Origin::unknown, |value| express(value, found, 0))
        });
        found.bind(found.text(name), value);
    }
}

/// `for _, x := range xs`: one of what it holds, at an index or a key.
fn each(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(left) = node.child_by_field_name("left") else {
        return;
    };
    let names = inside(left);
    let right = node.child_by_field_name("right");
    match (names.as_slice(), right) {
        ([first, second], Some(right)) if second.kind() == "identifier" => {
            let value = step(express(right, found, 0), "[]");
            found.bind(found.text(*first), Origin::unknown());
            found.bind(found.text(*second), value);
        }
        _ => bind_unknown(left, found),
    }
}

/// `switch x := y.(type) { case *Foo: .. }`: in a case of one type, `x` is of that.
fn switch(node: Node<'_>, found: &mut Collector<'_>) {
    let alias = node.child_by_field_name("alias");
    let Some(alias) = alias else { return };
    bind_unknown(alias, found);
    let Some(name) = alias.named_child(0).filter(|name| name.kind() == "identifier") else {
        return;
    };
    let cases = inside(node);
    // What is known ahead is taken from the end.
    for case in cases.into_iter().rev().filter(|case| case.kind() == "type_case") {
        let mut cursor = case.walk();
        let kinds: Vec<_> = case.children_by_field_name("type", &mut cursor).collect();
        let kinds: Vec<_> = kinds.into_iter().filter(Node::is_named).collect();
        if let [kind] = kinds.as_slice() {
            let value = stated(*kind, found);
            found.know(case, found.text(name), value);
        }
    }
}

fn bind_unknown(list: Node<'_>, found: &mut Collector<'_>) {
    let names = inside(list);
    for name in names.into_iter().filter(|name| name.kind() == "identifier") {
        found.bind(found.text(name), Origin::unknown());
    }
}

/// A name, a selector or a type is used.
fn refer(kind: ReferenceKind, node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "identifier" | "type_identifier" => found.uses(kind, node, Origin::bare()),
        "selector_expression" => {
            if let (Some(operand), Some(name)) =
                (node.child_by_field_name("operand"), node.child_by_field_name("field"))
            {
                let of = express(operand, found, 0);
                found.uses(kind, name, of);
            }
        }
        "qualified_type" => {
            if let (Some(package), Some(name)) = (node.child_by_field_name("package"), node.child_by_field_name("name"))
            {
                let of = Origin(found.text(package).to_owned());
                found.uses(kind, name, of);
            }
        }
        "generic_type" | "type_instantiation_expression" => {
            if let Some(name) = node.child_by_field_name("type") {
                refer(kind, name, found);
            }
        }
        "pointer_type" | "parenthesized_expression" | "index_expression" => {
            if let Some(inner) = node.named_child(0) {
                refer(kind, inner, found);
            }
        }
        _ => {}
    }
}

fn type_name(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(parent) = node.parent() else { return };
    let is_definition =
        matches!(parent.kind(), "type_spec" | "type_alias") && parent.child_by_field_name("name") == Some(node);
    let around = if matches!(parent.kind(), "qualified_type" | "generic_type" | "pointer_type") {
        parent.parent()
    } else {
        Some(parent)
    };
    let is_embedded = around.is_some_and(|around| {
        around.kind() == "type_elem"
            || around.kind() == "field_declaration" && around.child_by_field_name("name").is_none()
    });
    if is_definition || is_embedded {
        return;
    }
    let of = match parent.child_by_field_name("package") {
        Some(package) => Origin(found.text(package).to_owned()),
        None => Origin::bare(),
    };
    found.uses(ReferenceKind::Type, node, of);
}

/// What an expression amounts to.
fn express(node: Node<'_>, found: &Collector<'_>, depth: usize) -> Origin {
    if depth > MAX_DEPTH {
        return Origin::unknown();
    }
    let inner = |node| express(node, found, depth + 1);
    match node.kind() {
        "identifier" => Origin(found.text(node).to_owned()),
        "selector_expression" => match (
            node.child_by_field_name("operand").map(inner),
            node.child_by_field_name("field"),
        ) {
            (Some(operand), Some(name)) => step(operand, &format!(".{}", found.text(name))),
            _ => Origin::unknown(),
        },
        "call_expression" => {
            let Some(function) = node.child_by_field_name("function") else {
                return Origin::unknown();
            };
            if found.text(function) == "new" {
                let arguments = node.child_by_field_name("arguments");
                let made = arguments.and_then(|arguments| arguments.named_child(0));
                return made.map_or_else(Origin::unknown, |kind| stated(kind, found));
            }
            step(inner(function), "()")
        }
        "composite_literal" | "type_assertion_expression" | "type_conversion_expression" => node
            .child_by_field_name("type")
            .map_or_else(Origin::unknown, |kind| stated(kind, found)),
        "unary_expression" | "slice_expression" => {
            node.child_by_field_name("operand").map_or_else(Origin::unknown, inner)
        }
        "parenthesized_expression" => node.named_child(0).map_or_else(Origin::unknown, inner),
        "index_expression" => step(
            node.child_by_field_name("operand").map_or_else(Origin::unknown, inner),
            "[]",
        ),
        _ => Origin::unknown(),
    }
}

fn stated(kind: Node<'_>, found: &Collector<'_>) -> Origin {
    match class_of(found.text(kind), 0) {
        Some(class) if class.len() + 2 <= Origin::MAX => Origin::of_type(&class),
        _ => Origin::unknown(),
    }
}

/// `*a.Foo` and `Foo[T]` name a type; `[]*Foo` is `@[Foo]`, `map[string]*Foo` is `@[:Foo]`, `func() Foo` is `[Foo]`.
fn class_of(text: &str, depth: usize) -> Option<String> {
    let text = text.trim().trim_start_matches('*').trim();
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = |text: &str| class_of(text, depth + 1);
    if let Some(rest) = text.strip_prefix("map[") {
        return inner(behind_bracket(rest)?).map(|held| format!("@[:{held}]"));
    }
    if let Some(rest) = text.strip_prefix('[') {
        return inner(behind_bracket(rest)?).map(|held| format!("@[{held}]"));
    }
    if let Some(rest) = text.strip_prefix("func(") {
        let made = rest.split_once(')').filter(|(inside, _)| !inside.contains('('))?.1;
        return inner(made).map(|made| format!("[{made}]"));
    }
    let name = text.split('[').next().unwrap_or(text);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
}

/// What stands behind the bracket that is open at the start.
fn behind_bracket(text: &str) -> Option<&str> {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        depth == 0
    })?;
    Some(&text[end + 1..])
}

fn import(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(path) = node.child_by_field_name("path") else {
        return;
    };
    let module = found.text(path).trim_matches(['"', '`']);
    let local = match node.child_by_field_name("name").map(|name| found.text(name)) {
        Some("_") => return,
        Some(".") => "*",
        Some(name) => name,
        None => package_name(module),
    };
    found.import(Import {
        local: local.to_owned(),
        module: module.to_owned(),
        name: String::new(),
        line: node.start_position().row as u32 + 1,
        is_exported: false,
    });
}

/// A package is called by the last part of its path that is no version: `chi` of `github.com/go-chi/chi/v5`.
fn package_name(path: &str) -> &str {
    let is_version =
        |part: &str| part.len() > 1 && part.starts_with('v') && part[1..].bytes().all(|byte| byte.is_ascii_digit());
    let last = path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path);
    let last = last.strip_prefix("go-").unwrap_or(last);
    last.split('.').next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_with_what_it_holds() {
        for (text, expected) in [
            ("*a.Foo", Some("a.Foo")),
            ("Foo[T]", Some("Foo")),
            ("[]*Foo", Some("@[Foo]")),
            ("[4]Foo", Some("@[Foo]")),
            ("map[string][]Foo", Some("@[:@[Foo]]")),
            ("func(a int) *Foo", Some("[Foo]")),
            ("struct{}", None),
            ("chan Foo", None),
        ] {
            assert_eq!(class_of(text, 0).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn packages_are_called_by_the_end_of_their_path() {
        for (path, expected) in [
            ("net/http", "http"),
            ("github.com/go-chi/chi/v5", "chi"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("github.com/mattn/go-isatty", "isatty"),
        ] {
            assert_eq!(package_name(path), expected);
        }
    }
}

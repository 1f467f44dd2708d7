//! What JavaScript and TypeScript use.

use super::{Collector, MAX_DEPTH, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

/// What a file exports without a name.
const DEFAULT: &str = "default";

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
        "catch_clause" | "for_in_statement" => {
            let name = node
                .child_by_field_name("parameter")
                .or_else(|| node.child_by_field_name("left"));
            if let Some(name) = name {
                bind_names(name, found);
            }
        }
        "call_expression" => {
            if let Some(function) = node.child_by_field_name("function") {
                refer(ReferenceKind::Call, function, found);
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

fn function(node: Node<'_>, found: &mut Collector<'_>) {
    found.open(node, ScopeKind::Function, name_of(node));
    if let Some(name) = node.child_by_field_name("parameter") {
        found.bind(found.text(name), Origin::unknown());
    }
    if let Some(parameters) = node.child_by_field_name("parameters") {
        let all = inside(parameters);
        for parameter in all {
            bind_parameter(parameter, found);
        }
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
    if name.kind() != "identifier" {
        return bind_names(name, found);
    }
    // A function is a symbol by itself.
    if value.is_some_and(|value| is_definition(value)) {
        return;
    }
    let stated_type = node.child_by_field_name("type").map(|kind| stated(kind, found));
    let origin = stated_type
        .filter(|value| !value.is_unknown())
        .or_else(|| value.map(|value| express(value, found, 0)))
        .unwrap_or_else(Origin::unknown);
    found.bind(found.text(name), origin);
}

fn is_definition(value: Node<'_>) -> bool {
    matches!(
        value.kind(),
        "arrow_function" | "function_expression" | "generator_function" | "class"
    )
}

/// The module that `require('module')` names.
fn required<'a>(value: Node<'_>, found: &Collector<'a>) -> Option<&'a str> {
    let function = value
        .child_by_field_name("function")
        .filter(|_| value.kind() == "call_expression")?;
    if found.text(function) != "require" {
        return None;
    }
    let argument = value.child_by_field_name("arguments")?.named_child(0)?;
    (argument.kind() == "string").then(|| unquoted(found.text(argument)))
}

fn require(name: Node<'_>, module: &str, found: &mut Collector<'_>) {
    let line = name.start_position().row as u32 + 1;
    let import = |local: &str, name: &str| Import {
        local: local.to_owned(),
        module: module.to_owned(),
        name: name.to_owned(),
        line,
        is_exported: false,
    };
    if name.kind() == "identifier" {
        let one = import(found.text(name), "");
        return found.import(one);
    }
    let parts = inside(name);
    for part in parts {
        let one = match part.kind() {
            "shorthand_property_identifier_pattern" => import(found.text(part), found.text(part)),
            "pair_pattern" => match (part.child_by_field_name("key"), part.child_by_field_name("value")) {
                (Some(key), Some(value)) => import(found.text(value), found.text(key)),
                _ => continue,
            },
            _ => continue,
        };
        found.import(one);
    }
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
                _ => {}
            }
        }
        _ => {}
    }
}

/// What a file is when it is imported as one thing.
fn default_export(value: Node<'_>, found: &mut Collector<'_>) {
    if value.kind() != "object" {
        let own = value.child_by_field_name("name").filter(|_| is_definition(value));
        let origin = own.map_or_else(|| express(value, found, 0), |name| Origin(found.text(name).to_owned()));
        return found.bind_top(DEFAULT, origin);
    }
    let parts = inside(value);
    for part in parts {
        if let (Some(key), Some(value)) = (part.child_by_field_name("key"), part.child_by_field_name("value"))
            && !is_definition(value)
        {
            let value = express(value, found, 0);
            found.bind_top(found.text(key), value);
        }
    }
    found.bind_top(DEFAULT, Origin("@module".to_owned()));
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
            Some(kind) => class_of(found.text(kind)).map_or_else(
                || node.named_child(0).map_or_else(Origin::unknown, inner),
                Origin::of_type,
            ),
            None => Origin::unknown(),
        },
        "await_expression" | "parenthesized_expression" | "non_null_expression" => {
            node.named_child(0).map_or_else(Origin::unknown, inner)
        }
        "string" | "template_string" => Origin::of_type("String"),
        "array" => Origin::of_type("Array"),
        _ => Origin::unknown(),
    }
}

/// The one type that an annotation names, what is awaited taken out.
fn stated(annotation: Node<'_>, found: &Collector<'_>) -> Origin {
    let text = found.text(annotation).trim_start_matches(':');
    if text.trim() == "this" {
        return Origin("@self".to_owned());
    }
    class_of(text).map_or_else(Origin::unknown, Origin::of_type)
}

fn class_of(text: &str) -> Option<&str> {
    let mut text = text.trim();
    if text.contains('|') && !text.contains(['<', '(', '{']) {
        let mut parts = text
            .split('|')
            .map(str::trim)
            .filter(|part| !matches!(*part, "null" | "undefined" | ""));
        text = parts.next()?;
        if parts.next().is_some() {
            return None;
        }
    }
    if text.ends_with("[]") {
        return Some("Array");
    }
    if let Some((outer, rest)) = text.split_once('<') {
        let inside = rest.strip_suffix('>')?;
        return match outer {
            "Promise" | "Readonly" | "Partial" | "Required" | "Awaited" | "PromiseLike" => class_of(inside),
            _ if outer.chars().all(is_name) => Some(outer),
            _ => None,
        };
    }
    (!text.is_empty() && text.chars().all(is_name) && !matches!(text, "any" | "unknown" | "void" | "never" | "object"))
        .then_some(text)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

fn import(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(source) = node.child_by_field_name("source") else {
        return;
    };
    let module = unquoted(found.text(source));
    let mut cursor = node.walk();
    let clause = node
        .named_children(&mut cursor)
        .find(|child| child.kind() == "import_clause");
    let Some(clause) = clause else { return };
    let parts = inside(clause);
    for part in parts {
        match part.kind() {
            "identifier" => take(part, part, DEFAULT, module, false, found),
            "namespace_import" => {
                if let Some(local) = part.named_child(0) {
                    take(local, local, "", module, false, found);
                }
            }
            "named_imports" => specifiers(part, module, false, found),
            _ => {}
        }
    }
}

/// `{ name, name as alias }`.
fn specifiers(list: Node<'_>, module: &str, is_exported: bool, found: &mut Collector<'_>) {
    let all = inside(list);
    for specifier in all {
        let Some(name) = specifier.child_by_field_name("name") else {
            continue;
        };
        let local = specifier.child_by_field_name("alias").unwrap_or(name);
        take(local, name, found.text(name), module, is_exported, found);
    }
}

fn take(local: Node<'_>, at: Node<'_>, name: &str, module: &str, is_exported: bool, found: &mut Collector<'_>) {
    found.import(Import {
        local: found.text(local).to_owned(),
        module: module.to_owned(),
        name: name.to_owned(),
        line: at.start_position().row as u32 + 1,
        is_exported,
    });
    found.uses(ReferenceKind::Import, at, Origin::bare());
}

fn export(node: Node<'_>, found: &mut Collector<'_>) {
    let source = node.child_by_field_name("source");
    let mut cursor = node.walk();
    let children: Vec<_> = node.children(&mut cursor).collect();
    let clause = children.iter().find(|child| child.kind() == "export_clause");
    if let Some(source) = source {
        let module = unquoted(found.text(source));
        if let Some(clause) = clause {
            return specifiers(*clause, module, true, found);
        }
        let namespace = children.iter().find(|child| child.kind() == "namespace_export");
        let local = namespace.and_then(|namespace| namespace.named_child(0));
        let line = node.start_position().row as u32 + 1;
        return found.import(Import {
            local: local.map_or("*", |local| found.text(local)).to_owned(),
            module: module.to_owned(),
            name: String::new(),
            line,
            is_exported: true,
        });
    }
    if let Some(clause) = clause {
        let all = inside(*clause);
        for specifier in all {
            if let (Some(name), Some(alias)) = (
                specifier.child_by_field_name("name"),
                specifier.child_by_field_name("alias"),
            ) {
                let value = Origin(found.text(name).to_owned());
                found.bind_top(found.text(alias), value);
            }
        }
    }
    if children.iter().any(|child| child.kind() == "default") {
        let declared = node
            .child_by_field_name("declaration")
            .and_then(|one| one.child_by_field_name("name"));
        if let Some(name) = declared {
            found.bind_top(DEFAULT, Origin(found.text(name).to_owned()));
        } else if let Some(value) = node.child_by_field_name("value") {
            default_export(value, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_names_one_type_or_none() {
        for (annotation, expected) in [
            ("Foo", Some("Foo")),
            (" ns.Foo ", Some("ns.Foo")),
            ("Foo | null", Some("Foo")),
            ("Foo | Bar", None),
            ("Promise<Foo>", Some("Foo")),
            ("Promise<Foo | undefined>", Some("Foo")),
            ("Map<string, Foo>", Some("Map")),
            ("Foo[]", Some("Array")),
            ("{ a: Foo }", None),
            ("() => Foo", None),
            ("any", None),
        ] {
            assert_eq!(class_of(annotation), expected, "{annotation}");
        }
    }
}

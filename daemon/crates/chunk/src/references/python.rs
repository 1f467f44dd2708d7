//! What Python uses.

use super::{Collector, MAX_DEPTH, PROPERTY, RESULT, ScopeKind, inside, step};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "class_definition" => class(node, found),
        "function_definition" => function(node, found),
        "lambda" => {
            found.open(node, ScopeKind::Function, None);
            if let Some(parameters) = node.child_by_field_name("parameters") {
                bind_parameters(parameters, found, false);
            }
        }
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
            found.open(node, ScopeKind::Function, None);
        }
        "assignment" => assignment(node, found),
        "augmented_assignment" | "for_statement" | "for_in_clause" => {
            if let Some(left) = node.child_by_field_name("left") {
                bind_unknown(left, found);
            }
        }
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
    found.open(node, ScopeKind::Function, node.child_by_field_name("name"));
    if let Some(parameters) = node.child_by_field_name("parameters") {
        bind_parameters(parameters, found, is_member);
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

fn bind_parameters(parameters: Node<'_>, found: &mut Collector<'_>, is_member: bool) {
    let mut cursor = parameters.walk();
    for (index, parameter) in parameters.named_children(&mut cursor).enumerate() {
        match parameter.kind() {
            // What is written about it says no more than that.
            "identifier" | "typed_parameter" if index == 0 && is_member => {
                if let Some(name) = first_identifier(parameter) {
                    found.bind(found.text(name), Origin("@self".to_owned()));
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
                (Some(object), Some(name)) => step(object, &format!(".{}", found.text(name))),
                _ => Origin::unknown(),
            }
        }
        "call" => {
            let Some(function) = node.child_by_field_name("function") else {
                return Origin::unknown();
            };
            if function.kind() == "identifier" && found.text(function) == "super" {
                return Origin("@super".to_owned());
            }
            step(inner(function), "()")
        }
        "await" | "parenthesized_expression" | "as_pattern" => node.named_child(0).map_or_else(Origin::unknown, inner),
        "boolean_operator" | "conditional_expression" => one_of(node, found, depth),
        "string" | "concatenated_string" => Origin::of_type("str"),
        "list" | "list_comprehension" => Origin::of_type("list"),
        "dictionary" | "dictionary_comprehension" => Origin::of_type("dict"),
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

/// The one class that an annotation names: `Foo`, `"Foo"`, `Optional[Foo]`, `Foo | None`, `Annotated[Foo, ..]`.
fn stated(node: Node<'_>, found: &Collector<'_>) -> Origin {
    class_of(found.text(node)).map_or_else(Origin::unknown, Origin::of_type)
}

fn class_of(annotation: &str) -> Option<&str> {
    let mut text = annotation.trim().trim_matches(['"', '\'']).trim();
    if text.contains('|') && !text.contains('[') {
        let mut parts = text.split('|').map(str::trim).filter(|part| *part != "None");
        text = parts.next()?;
        if parts.next().is_some() {
            return None;
        }
    }
    if let Some((outer, rest)) = text.split_once('[') {
        let inside = rest.trim_end().strip_suffix(']')?;
        return match outer.rsplit('.').next()? {
            "Optional" | "Final" | "ClassVar" | "Type" | "type" | "Awaitable" => class_of(inside),
            "Annotated" => class_of(inside.split_once(',')?.0),
            "Union" => {
                let mut parts = inside.split(',').map(str::trim).filter(|part| *part != "None");
                let only = parts.next()?;
                if parts.next().is_some() { None } else { class_of(only) }
            }
            _ => Some(outer.trim()),
        };
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    (!text.is_empty() && text != "None" && text.chars().all(is_name)).then_some(text)
}

fn import(node: Node<'_>, found: &mut Collector<'_>) {
    let children = inside(node);
    for child in children {
        let line = child.start_position().row as u32 + 1;
        match child.kind() {
            // `import a.b` binds `a`; what is said of `a.b` later begins there.
            "dotted_name" => {
                let module = found.text(child);
                let local = module.split('.').next().unwrap_or(module);
                found.import(Import {
                    local: local.to_owned(),
                    module: local.to_owned(),
                    name: String::new(),
                    line,
                    is_exported: false,
                });
                last_name(child, Origin::bare(), found);
            }
            "aliased_import" => {
                let (Some(name), Some(alias)) = (child.child_by_field_name("name"), child.child_by_field_name("alias"))
                else {
                    continue;
                };
                found.import(Import {
                    local: found.text(alias).to_owned(),
                    module: found.text(name).to_owned(),
                    name: String::new(),
                    line,
                    is_exported: false,
                });
                last_name(name, Origin::bare(), found);
            }
            _ => {}
        }
    }
}

fn import_from(node: Node<'_>, found: &mut Collector<'_>) {
    let Some(module) = node.child_by_field_name("module_name") else {
        return;
    };
    let module_text: String = found.text(module).split_whitespace().collect();
    let children = inside(node);
    for child in children.into_iter().filter(|child| child.id() != module.id()) {
        let (name, alias) = match child.kind() {
            "dotted_name" => (child, child),
            "aliased_import" => match (child.child_by_field_name("name"), child.child_by_field_name("alias")) {
                (Some(name), Some(alias)) => (name, alias),
                _ => continue,
            },
            "wildcard_import" => {
                found.import(Import {
                    local: "*".to_owned(),
                    module: module_text.clone(),
                    name: String::new(),
                    line: child.start_position().row as u32 + 1,
                    is_exported: true,
                });
                continue;
            }
            _ => continue,
        };
        found.import(Import {
            local: found.text(alias).to_owned(),
            module: module_text.clone(),
            name: found.text(name).to_owned(),
            line: name.start_position().row as u32 + 1,
            // Whatever a module imports can be imported from it.
            is_exported: true,
        });
        last_name(name, Origin::bare(), found);
    }
}

/// The last part of a dotted name is what is imported.
fn last_name(dotted: Node<'_>, of: Origin, found: &mut Collector<'_>) {
    let last = u32::try_from(dotted.named_child_count().saturating_sub(1)).unwrap_or(0);
    if let Some(name) = dotted.named_child(last) {
        found.uses(ReferenceKind::Import, name, of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_names_one_class_or_none() {
        for (annotation, expected) in [
            ("Foo", Some("Foo")),
            ("\"a.Foo\"", Some("a.Foo")),
            ("Optional[Foo]", Some("Foo")),
            ("t.Union[None, Foo]", Some("Foo")),
            ("Foo | None", Some("Foo")),
            ("Foo | Bar", None),
            ("list[Foo]", Some("list")),
            ("Annotated[Foo, 1]", Some("Foo")),
            ("None", None),
            ("Callable[[int], str]", Some("Callable")),
        ] {
            assert_eq!(class_of(annotation), expected, "{annotation}");
        }
    }
}

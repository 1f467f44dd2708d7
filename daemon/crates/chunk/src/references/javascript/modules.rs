//! What JavaScript and TypeScript import and export.

use super::super::{Collector, inside};
use super::{express, is_definition};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

/// What a file exports without a name.
pub(super) const DEFAULT: &str = "default";

/// The module that `require('module')` names.
pub(super) fn required<'a>(value: Node<'_>, found: &Collector<'a>) -> Option<&'a str> {
    // `await import('module')`
    let value = match value.kind() {
        "await_expression" => value.named_child(0)?,
        _ => value,
    };
    let function = value
        .child_by_field_name("function")
        .filter(|_| value.kind() == "call_expression")?;
    if !matches!(found.text(function), "require" | "import") {
        return None;
    }
    let argument = value.child_by_field_name("arguments")?.named_child(0)?;
    (argument.kind() == "string").then(|| unquoted(found.text(argument)))
}

pub(super) fn require(name: Node<'_>, module: &str, found: &mut Collector<'_>) {
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

/// What a file is when it is imported as one thing.
pub(super) fn default_export(value: Node<'_>, found: &mut Collector<'_>) {
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

pub(super) fn import(node: Node<'_>, found: &mut Collector<'_>) {
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
            "identifier" => {
                take(part, part, DEFAULT, module, false, found);
                // Whoever looks for users of what a file is looks for this.
                found.uses_as(ReferenceKind::Import, part, DEFAULT, Origin::bare());
            }
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
pub(super) fn specifiers(list: Node<'_>, module: &str, is_exported: bool, found: &mut Collector<'_>) {
    let all = inside(list);
    for specifier in all {
        let Some(name) = specifier.child_by_field_name("name") else {
            continue;
        };
        let local = specifier.child_by_field_name("alias").unwrap_or(name);
        take(local, name, found.text(name), module, is_exported, found);
    }
}

pub(super) fn take(
    local: Node<'_>,
    at: Node<'_>,
    name: &str,
    module: &str,
    is_exported: bool,
    found: &mut Collector<'_>,
) {
    found.import(Import {
        local: found.text(local).to_owned(),
        module: module.to_owned(),
        name: name.to_owned(),
        line: at.start_position().row as u32 + 1,
        is_exported,
    });
    found.uses(ReferenceKind::Import, at, Origin::bare());
}

pub(super) fn export(node: Node<'_>, found: &mut Collector<'_>) {
    let source = node.child_by_field_name("source");
    let mut cursor = node.walk();
    let children: Vec<_> = node.children(&mut cursor).collect();
    // `export = main;`
    if let Some(at) = children.iter().position(|child| child.kind() == "=")
        && let Some(value) = children.get(at + 1)
    {
        return default_export(*value, found);
    }
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

pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

//! What Python imports.

use super::super::{Collector, inside};
use codemem_core::reference::{Import, Origin, ReferenceKind};
use tree_sitter::Node;

pub(super) fn import(node: Node<'_>, found: &mut Collector<'_>) {
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

pub(super) fn import_from(node: Node<'_>, found: &mut Collector<'_>) {
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
pub(super) fn last_name(dotted: Node<'_>, of: Origin, found: &mut Collector<'_>) {
    let last = u32::try_from(dotted.named_child_count().saturating_sub(1)).unwrap_or(0);
    if let Some(name) = dotted.named_child(last) {
        found.uses(ReferenceKind::Import, name, of);
    }
}

//! What languages use of which no more is read than calls and bases: C, C#, C++, Elixir, Erlang, Haskell, Julia, Kotlin, Lua, OCaml,
//! PHP, R, Ruby, Scala, shell, Swift, Zig.
//!
//! Their grammars name the parts of a call much alike, so one reader does for all. It opens no scopes: who calls is told by
//! lines.

use super::{Collector, inside};
use codemem_core::reference::{Origin, ReferenceKind};
use tree_sitter::Node;

/// Where a call says what it calls, in the order in which grammars are asked.
const CALLED: [&str; 7] = ["function", "method", "target", "name", "expr", "type", "constructor"];

/// Where something says what it is a member of.
const HOLDER: [&str; 10] = [
    "object",
    "receiver",
    "scope",
    "argument",
    "value",
    "expression",
    "target",
    "left",
    "table",
    "module",
];

/// Where something says which member it is.
const MEMBER: [&str; 8] = [
    "name", "field", "member", "method", "suffix", "right", "fun", "property",
];

/// How deep a callee is looked for.
const MAX_DEPTH: usize = 6;

pub(crate) fn visit(node: Node<'_>, found: &mut Collector<'_>) {
    match node.kind() {
        "call_expression"
        | "invocation_expression"
        | "function_call_expression"
        | "member_call_expression"
        | "nullsafe_member_call_expression"
        | "scoped_call_expression"
        | "object_creation_expression"
        | "new_expression"
        | "instance_expression"
        | "constructor_invocation"
        | "application_expression"
        | "function_call"
        | "command"
        | "apply"
        | "call" => call(node, found),
        "base_list"
        | "base_class_clause"
        | "superclass"
        | "base_clause"
        | "class_interface_clause"
        | "delegation_specifier"
        | "extends_clause"
        | "inheritance_specifier" => {
            let bases = inside(node);
            for base in bases {
                if let Some(name) = first_name(base, 0) {
                    found.uses(ReferenceKind::Inherit, name, Origin::bare());
                }
            }
        }
        _ => {}
    }
}

fn call(node: Node<'_>, found: &mut Collector<'_>) {
    if is_head_of_definition(node, found) {
        return;
    }
    let called = field(node, &CALLED).or_else(|| node.named_child(0));
    let Some(called) = called else { return };
    let holder = field(node, &["object", "receiver", "scope"]).filter(|holder| holder.id() != called.id());
    if let Some(holder) = holder {
        if let Some(name) = first_name(called, 0) {
            let of = origin(holder, found);
            found.uses(ReferenceKind::Call, name, of);
        }
        return;
    }
    refer(called, found, 0);
}

/// In Elixir `def open(file)` looks like a call of `open`.
fn is_head_of_definition(node: Node<'_>, found: &Collector<'_>) -> bool {
    let arguments = node.parent().filter(|parent| parent.kind() == "arguments");
    let outer = arguments.and_then(|arguments| arguments.parent());
    let target = outer.and_then(|outer| outer.child_by_field_name("target"));
    target.is_some_and(|target| found.text(target).starts_with("def"))
}

fn refer(called: Node<'_>, found: &mut Collector<'_>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if is_name(called) {
        return found.uses(ReferenceKind::Call, called, Origin::bare());
    }
    match called.kind() {
        "field_expression"
        | "qualified_identifier"
        | "member_access_expression"
        | "conditional_access_expression"
        | "member_binding_expression"
        | "navigation_expression"
        | "method_index_expression"
        | "dot_index_expression"
        | "dot"
        | "remote"
        | "scoped_identifier"
        | "namespace_operator"
        | "extract_operator" => {
            let count = u32::try_from(called.named_child_count()).unwrap_or(0);
            let member = field(called, &MEMBER).or_else(|| called.named_child(count.saturating_sub(1)));
            let holder = field(called, &HOLDER).or_else(|| called.named_child(0).filter(|_| count > 1));
            if let Some(name) = member.and_then(|member| last_name(member, 0)) {
                let of = holder.map_or_else(Origin::unknown, |holder| origin(holder, found));
                found.uses(ReferenceKind::Call, name, of);
            }
        }
        // The function of a call that is called again is said by that call.
        "apply" | "call" | "call_expression" | "application_expression" => {}
        _ => {
            if let Some(inner) = field(called, &["function", "type", "name"]).or_else(|| called.named_child(0)) {
                refer(inner, found, depth + 1);
            }
        }
    }
}

/// What a member is looked up on, as far as one name says it.
fn origin(holder: Node<'_>, found: &Collector<'_>) -> Origin {
    match found.text(holder) {
        "this" | "self" | "$this" | "static" => Origin("@self".to_owned()),
        "super" | "base" | "parent" => Origin("@super".to_owned()),
        // By convention what begins with a capital is a type or a module, which names itself.
        name if name.starts_with(|c: char| c.is_uppercase())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_') =>
        {
            Origin(name.to_owned())
        }
        _ => Origin::unknown(),
    }
}

fn field<'t>(node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
    names.iter().find_map(|name| node.child_by_field_name(name))
}

fn is_name(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "identifier"
            | "simple_identifier"
            | "field_identifier"
            | "type_identifier"
            | "property_identifier"
            | "name"
            | "variable"
            | "constructor"
            | "constant"
            | "word"
            | "atom"
            | "value_name"
            | "operator_identifier"
    ) && node.named_child_count() == 0
}

fn first_name(node: Node<'_>, depth: usize) -> Option<Node<'_>> {
    if is_name(node) {
        return Some(node);
    }
    let inner = node.named_child(0).filter(|_| depth < MAX_DEPTH)?;
    first_name(inner, depth + 1)
}

fn last_name(node: Node<'_>, depth: usize) -> Option<Node<'_>> {
    if is_name(node) {
        return Some(node);
    }
    if node.kind() == "generic_name" {
        return first_name(node, depth + 1);
    }
    let last = u32::try_from(node.named_child_count()).ok()?.checked_sub(1)?;
    let inner = node.named_child(last).filter(|_| depth < MAX_DEPTH)?;
    last_name(inner, depth + 1)
}

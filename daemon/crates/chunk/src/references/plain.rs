//! What languages use of which no more is read than calls, types, bases and annotations: C, C#, C++, Dart, Elixir, Erlang, Haskell,
//! Julia, Kotlin, Lua, OCaml, PHP, R, Ruby, Scala, shell, Swift, Zig.
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
        | "method_invocation"
        | "const_object_expression"
        | "call" => call(node, found),
        // PHP's traits come by `use`.
        "base_list" | "base_class_clause" | "superclass" | "base_clause" | "mixins" | "use_declaration" => {
            bases(node, Base::Class, found);
        }
        "class_interface_clause" | "interfaces" | "derives_clause" => bases(node, Base::Interface, found),
        "delegation_specifier" => {
            // What is constructed is a class.
            let is_class = node
                .named_child(0)
                .is_some_and(|base| base.kind() == "constructor_invocation");
            bases(node, if is_class { Base::Class } else { Base::Unsaid }, found);
        }
        "inheritance_specifier" => bases(node, Base::Unsaid, found),
        "extends_clause" => extends(node, found),
        "attribute" | "annotation" => {
            if let Some(name) = field(node, &["name"]).or_else(|| node.named_child(0)).and_then(type_of) {
                found.uses(ReferenceKind::Decorate, name, Origin::bare());
            }
        }
        "type_identifier" | "user_type" | "named_type" if !found.is_field(node, &["name"]) => {
            if let Some(name) = type_of(node) {
                found.uses_type(name);
            }
        }
        // In C what has no body is no definition.
        "struct_specifier" | "class_specifier" | "enum_specifier" | "union_specifier" => {
            let name = node.child_by_field_name("name");
            if let Some(name) = name.filter(|_| node.child_by_field_name("body").is_none()) {
                found.uses_type(name);
            }
        }
        // C# names types like anything else.
        "generic_name" | "qualified_name" if found.is_field(node, &["type", "returns"]) => {
            if let Some(name) = type_of(node) {
                found.uses_type(name);
            }
        }
        "identifier" if found.is_field(node, &["returns"]) => found.uses_type(node),
        "parameter"
        | "variable_declaration"
        | "property_declaration"
        | "cast_expression"
        | "nullable_type"
        | "array_type"
        | "type_parameter_constraint"
        | "catch_declaration"
        | "typeof_expression" => {
            let named = node
                .child_by_field_name("type")
                .filter(|named| named.kind() == "identifier");
            if let Some(name) = named {
                found.uses_type(name);
            }
        }
        "type_argument_list" => {
            let all = inside(node);
            for name in all.into_iter().filter(|name| name.kind() == "identifier") {
                found.uses_type(name);
            }
        }
        _ => {}
    }
}

/// What a place says of the types it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// They are extended.
    Class,
    /// They are implemented.
    Interface,
    /// Either.
    Unsaid,
}

fn bases(node: Node<'_>, said: Base, found: &mut Collector<'_>) {
    let all = inside(node);
    for base in all {
        let is_nested = matches!(
            base.kind(),
            "mixins"
                | "interfaces"
                | "use_list"
                | "arguments"
                | "argument_list"
                | "value_arguments"
                | "access_specifier"
        );
        if let Some(name) = type_of(base).filter(|_| !is_nested) {
            // C# names interfaces so.
            let is_interface =
                said == Base::Interface || node.kind() == "base_list" && is_interface_name(found.text(name));
            let kind = if is_interface {
                ReferenceKind::Implement
            } else {
                ReferenceKind::Inherit
            };
            found.uses(kind, name, Origin::bare());
        }
    }
}

/// `IName`.
fn is_interface_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next() == Some('I') && letters.next().is_some_and(char::is_uppercase)
}

/// `extends A(x) with B with C`.
fn extends(node: Node<'_>, found: &mut Collector<'_>) {
    let mut cursor = node.walk();
    let mut waiting: Vec<_> = node.children_by_field_name("type", &mut cursor).collect();
    waiting.reverse();
    while let Some(base) = waiting.pop() {
        if base.kind() == "compound_type" {
            let parts = inside(base);
            waiting.extend(parts.into_iter().rev());
        } else if let Some(name) = type_of(base) {
            found.uses(ReferenceKind::Inherit, name, Origin::bare());
        }
    }
}

/// The name of a type without what qualifies it, what it takes and what it is made with.
fn type_of(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..MAX_DEPTH {
        if is_name(node) {
            return Some(node);
        }
        node = match node.kind() {
            "qualified_name"
            | "qualified_identifier"
            | "scope_resolution"
            | "stable_type_identifier"
            | "projected_type"
            | "relative_name" => {
                let last = u32::try_from(node.named_child_count()).ok()?.checked_sub(1)?;
                field(node, &["name"]).or_else(|| node.named_child(last))?
            }
            // `a.b.C<D>`: the last of the names.
            "user_type" => inside(node).into_iter().rfind(|part| is_name(*part))?,
            "module_path" | "class_path" | "type_constructor_path" => {
                node.named_child(u32::try_from(node.named_child_count()).ok()?.checked_sub(1)?)?
            }
            _ => field(node, &["type", "name", "inherits_from", "base"]).or_else(|| node.named_child(0))?,
        };
    }
    None
}

fn call(node: Node<'_>, found: &mut Collector<'_>) {
    if is_head_of_definition(node, found) {
        return;
    }
    let called = field(node, &CALLED).or_else(|| node.named_child(0));
    let Some(called) = called else { return };
    // Ruby's modules are mixed in by a call.
    if node.kind() == "call" && matches!(found.text(called), "include" | "extend" | "prepend") {
        let arguments = node
            .child_by_field_name("arguments")
            .filter(|arguments| arguments.kind() == "argument_list");
        if let Some(arguments) = arguments {
            bases(arguments, Base::Class, found);
        }
    }
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
        | "member_expression"
        | "value_path"
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
            | "method_name"
            | "class_name"
            | "module_name"
            | "type_constructor"
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

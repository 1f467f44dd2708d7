//! Types as JavaScript and TypeScript write them.

use super::super::{Collector, MAX_DEPTH, parted};
use codemem_core::reference::Origin;
use tree_sitter::Node;

/// The one type that an annotation names, what is awaited taken out.
pub(super) fn stated(annotation: Node<'_>, found: &Collector<'_>) -> Origin {
    let text = found.text(annotation).trim_start_matches(':');
    if text.trim() == "this" {
        return Origin("@self".to_owned());
    }
    match class_of(text, 0) {
        Some(class) if class.len() + 2 <= Origin::MAX => Origin::of_type(&class),
        _ => Origin::unknown(),
    }
}

/// `Foo`, `Foo | null`, `Promise<Foo>` name `Foo`; `Foo[]` is `Array[Foo]`, `Map<string, Foo>` is `Map[:Foo]`, `() => Foo` is
/// `[Foo]`.
pub(super) fn class_of(text: &str, depth: usize) -> Option<String> {
    let inner = |text: &str| class_of(text, depth + 1);
    let text = text.trim();
    if depth > MAX_DEPTH || text.starts_with('{') {
        return None;
    }
    if let Some(held) = text.strip_prefix('(').and_then(|text| text.strip_suffix(")[]")) {
        return Some(inner(held).map_or_else(|| "Array".to_owned(), |held| format!("Array[{held}]")));
    }
    if text.starts_with('(') {
        return match text.split_once(") =>") {
            Some((_, made)) => inner(made).map(|made| format!("[{made}]")),
            None => inner(text.strip_prefix('(')?.strip_suffix(')')?),
        };
    }
    let mut parts = parted(text, '|').filter(|part| !matches!(*part, "null" | "undefined"));
    let text = parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    let text = text.strip_prefix("readonly ").unwrap_or(text);
    if let Some(held) = text.strip_suffix("[]") {
        return Some(inner(held).map_or_else(|| "Array".to_owned(), |held| format!("Array[{held}]")));
    }
    if let Some((outer, rest)) = text.split_once('<') {
        let arguments: Vec<&str> = parted(rest.strip_suffix('>')?, ',').collect();
        let (first, last) = (*arguments.first()?, *arguments.last()?);
        let holding = |held: Option<String>, mark: &str| match held {
            Some(held) => format!("{outer}[{mark}{held}]"),
            None => outer.to_owned(),
        };
        return match outer {
            "Promise" | "Readonly" | "Partial" | "Required" | "Awaited" | "PromiseLike" | "NonNullable" => inner(first),
            "Map" | "ReadonlyMap" | "WeakMap" | "Record" => Some(holding(inner(last), ":")),
            _ if !outer.chars().all(is_name) => None,
            _ if arguments.len() == 1 => Some(holding(inner(first), "")),
            _ => Some(outer.to_owned()),
        };
    }
    let is_type = !text.is_empty() && text.chars().all(is_name);
    (is_type && !matches!(text, "any" | "unknown" | "void" | "never" | "object")).then(|| text.to_owned())
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
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
            ("Map<string, Foo>", Some("Map[:Foo]")),
            ("Set<Foo>", Some("Set[Foo]")),
            ("Foo[]", Some("Array[Foo]")),
            ("(Foo | null)[]", Some("Array[Foo]")),
            ("Array<Foo<Bar>>", Some("Array[Foo[Bar]]")),
            ("{ a: Foo }", None),
            ("() => Foo", Some("[Foo]")),
            ("(a: (b: C) => D) => Foo", None),
            ("any", None),
        ] {
            assert_eq!(class_of(annotation, 0).as_deref(), expected, "{annotation}");
        }
    }
}

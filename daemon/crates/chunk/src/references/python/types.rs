//! Types as Python writes them.

use super::super::{Collector, MAX_DEPTH, parted};
use codemem_core::reference::Origin;
use tree_sitter::Node;

/// The one class that an annotation names, with what it holds.
pub(super) fn stated(node: Node<'_>, found: &Collector<'_>) -> Origin {
    match class_of(found.text(node), 0) {
        Some(class) if class.len() + 2 <= Origin::MAX => Origin::of_type(&class),
        _ => Origin::unknown(),
    }
}

/// `Foo`, `"Foo"`, `Optional[Foo]`, `Foo | None`, `Annotated[Foo, ..]` name `Foo`; `list[Foo]` is `list[Foo]`, `dict[str, Foo]`
/// is `dict[:Foo]`, `Callable[.., Foo]` is `[Foo]`.
pub(super) fn class_of(annotation: &str, depth: usize) -> Option<String> {
    let text = annotation.trim().trim_matches(['"', '\'']).trim();
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = |text: &str| class_of(text, depth + 1);
    let mut parts = parted(text, '|').filter(|part| *part != "None");
    let text = parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    let Some((outer, rest)) = text.split_once('[') else {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        return (!text.is_empty() && text != "None" && text.chars().all(is_name)).then(|| text.to_owned());
    };
    let outer = outer.trim();
    let arguments: Vec<&str> = parted(rest.trim_end().strip_suffix(']')?, ',').collect();
    let first = *arguments.first()?;
    let last = arguments.last().copied().unwrap_or(first);
    let holding = |held: Option<String>, mark: &str| match held {
        Some(held) => format!("{outer}[{mark}{held}]"),
        None => outer.to_owned(),
    };
    match outer.rsplit('.').next()? {
        "Optional" | "Final" | "ClassVar" | "Type" | "type" | "Awaitable" | "Annotated" | "Required"
        | "NotRequired" | "ReadOnly" => inner(first),
        "Coroutine" => inner(last),
        "Union" => {
            let mut parts = arguments.into_iter().filter(|part| *part != "None");
            let only = parts.next()?;
            if parts.next().is_some() { None } else { inner(only) }
        }
        "Callable" => inner(last).map(|made| format!("[{made}]")),
        "dict"
        | "Dict"
        | "Mapping"
        | "MutableMapping"
        | "defaultdict"
        | "DefaultDict"
        | "OrderedDict"
        | "WeakValueDictionary" => Some(holding(inner(last), ":")),
        "tuple" | "Tuple" if arguments.len() == 1 || last == "..." => Some(holding(inner(first), "")),
        "tuple" | "Tuple" => Some(outer.to_owned()),
        "Generator" | "AsyncGenerator" => Some(holding(inner(first), "")),
        _ if arguments.len() == 1 => Some(holding(inner(first), "")),
        _ => Some(outer.to_owned()),
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
            ("list[Foo] | None", Some("list[Foo]")),
            ("Foo | Bar", None),
            ("list[Foo]", Some("list[Foo]")),
            ("dict[str, list[Foo]]", Some("dict[:list[Foo]]")),
            ("tuple[Foo, Bar]", Some("tuple")),
            ("tuple[Foo, ...]", Some("tuple[Foo]")),
            ("Iterator[Foo]", Some("Iterator[Foo]")),
            ("Annotated[Foo, 1]", Some("Foo")),
            ("None", None),
            ("Callable[[int], Foo]", Some("[Foo]")),
            ("Callable[[int], Foo | Bar]", None),
        ] {
            assert_eq!(class_of(annotation, 0).as_deref(), expected, "{annotation}");
        }
    }
}

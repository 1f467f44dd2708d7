//! Types as Rust writes them.

use super::super::Collector;
use codemem_core::reference::Origin;
use tree_sitter::Node;

pub(super) fn stated(kind: Node<'_>, found: &Collector<'_>) -> Origin {
    type_path(found.text(kind)).map_or_else(Origin::unknown, |name| origin_of_type(&name))
}

pub(super) fn origin_of_type(name: &str) -> Origin {
    match name {
        "Self" => Origin("@self".to_owned()),
        name => Origin::of_type(name),
    }
}

/// The type that methods are looked up on, dotted: references and smart pointers taken off.
pub(super) fn type_path(text: &str) -> Option<String> {
    let mut text = text.trim();
    loop {
        let before = text;
        for head in ["&", "mut ", "dyn ", "impl ", "->"] {
            text = text.strip_prefix(head).unwrap_or(text).trim_start();
        }
        if text.starts_with('\'') {
            text = text.split_once(' ').map_or("", |(_, rest)| rest).trim_start();
        }
        if text == before {
            break;
        }
    }
    if let Some((outer, rest)) = text.split_once('<') {
        let inside = rest.trim_end().strip_suffix('>')?;
        return match outer.trim_end_matches("::").rsplit("::").next()? {
            "Box" | "Arc" | "Rc" | "Cow" | "Pin" | "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard" | "Ref"
            | "RefMut" => type_path(last_argument(inside)),
            // What holds one kind of values.
            "Vec" | "VecDeque" | "Option" | "HashSet" | "BTreeSet" | "BinaryHeap" | "Mutex" | "RwLock" | "RefCell"
            | "Cell" | "OnceCell" | "OnceLock" | "LazyLock" | "Weak" | "Result" => holding(outer, inside, ""),
            "HashMap" | "BTreeMap" | "IndexMap" => {
                holding(outer, inside.rsplit_once(',').map_or("", |(_, last)| last), ":")
            }
            _ => type_path(outer.trim_end_matches("::")),
        };
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return type_path(inside.split(';').next()?).map(|held| format!("@[{held}]"));
    }
    let text = text.split('+').next()?.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    (!text.is_empty() && text.chars().all(is_name)).then(|| text.replace("::", "."))
}

/// A type with what it holds, as far as that has a name.
pub(super) fn holding(outer: &str, inside: &str, mark: &str) -> Option<String> {
    let outer = type_path(outer.trim_end_matches("::"))?;
    let held = type_path(last_argument(inside)).filter(|held| held.len() + outer.len() + 5 <= Origin::MAX);
    Some(held.map_or_else(|| outer.clone(), |held| format!("{outer}[{mark}{held}]")))
}

/// Of `'a, T` the T.
pub(super) fn last_argument(arguments: &str) -> &str {
    let mut depth = 0_i32;
    let mut start = 0;
    for (at, c) in arguments.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 && arguments[start..at].trim_start().starts_with('\'') => start = at + 1,
            ',' if depth == 0 => return arguments[start..at].trim(),
            _ => {}
        }
    }
    arguments[start..].trim()
}

/// The value's type in `Result<T, E>` and `Option<T>`.
pub(super) fn unwrapped(result: &str) -> Option<String> {
    let result = result.trim_start_matches("->").trim();
    let (outer, rest) = result.split_once('<')?;
    let holds_one = outer.ends_with("Result") || outer.ends_with("Option");
    holds_one
        .then(|| type_path(last_argument(rest.strip_suffix('>')?)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_without_what_is_around_it() {
        for (text, expected) in [
            ("Foo", Some("Foo")),
            ("&'a mut a::Foo<T>", Some("a.Foo")),
            ("Arc<Mutex<Foo>>", Some("Mutex[Foo]")),
            ("Option<&'a Foo>", Some("Option[Foo]")),
            ("HashMap<String, Vec<Foo>>", Some("HashMap[:Vec[Foo]]")),
            ("&[Foo]", Some("@[Foo]")),
            ("Vec<(A, B)>", Some("Vec")),
            ("Box<dyn Trait + Send>", Some("Trait")),
            ("Cow<'a, Foo>", Some("Foo")),
            ("(A, B)", None),
            ("[u8; 4]", Some("@[u8]")),
        ] {
            assert_eq!(type_path(text).as_deref(), expected, "{text}");
        }
    }
}

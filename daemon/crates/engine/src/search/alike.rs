//! What is alike: the same method with the same signature in several implementations, of which an answer shows one.
//!
//! Implementations differ in what stands before a name (modifiers, receivers, return types), and agree in what stands from
//! the name on. Constructors are alike by their nature, and not folded.

use codemem_core::compose::clip;
use codemem_core::unit::SymbolKind;

/// Most places that are named; further ones are counted.
const MAX_PLACES: usize = 4;

/// Longest label, in bytes.
const MAX_LABEL: usize = 120;

/// Methods that make an instance, in languages that do not call them like their type.
const CONSTRUCTORS: [&str; 7] = [
    "__init__",
    "__new__",
    "__construct",
    "constructor",
    "initialize",
    "init",
    "new",
];

/// Where a definition is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// As hits have it.
    pub path: String,
    /// First line, from 1 on.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// With its enclosing names.
    pub name: String,
}

/// The same method with the same signature in other implementations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alike {
    /// Some of them, in the order in which they were found.
    pub places: Vec<Place>,
    /// Further ones.
    pub left_out: usize,
}

impl Alike {
    pub(crate) fn add(&mut self, place: Place) {
        if self.places.len() < MAX_PLACES {
            self.places.push(place);
        } else {
            self.left_out += 1;
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() + self.left_out
    }

    /// What a line says of them: `and 3 more with this signature: a.py:4 b.py:9 …`. Empty when there are none.
    pub(super) fn line(&self) -> String {
        if self.len() == 0 {
            return String::new();
        }
        let places = self
            .places
            .iter()
            .map(|place| format!(" {}:{}", place.path, place.start_line));
        let more = if self.left_out > 0 { " …" } else { "" };
        let places: String = places.collect();
        format!("and {} more with this signature:{places}{more}", self.len())
    }
}

/// What makes methods alike.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key {
    language: String,
    declared: String,
}

impl Key {
    /// The key of a method; `None` for whatever else, which stands for itself. `name` may be qualified.
    pub(crate) fn of(language: &str, kind: &str, name: &str, signature: &str) -> Option<Self> {
        let own = own(name);
        if kind != SymbolKind::Method.as_str() || CONSTRUCTORS.contains(&own) {
            return None;
        }
        Some(Self {
            language: language.to_owned(),
            declared: declared(own, signature)?,
        })
    }
}

/// A qualified name with what its signature has behind it, in one line: `Cart.add(self, price)`.
pub(super) fn label(name: &str, signature: &str) -> String {
    let own = own(name);
    let Some(declared) = declared(own, signature) else {
        return name.to_owned();
    };
    let label = format!("{name}{}", &declared[own.len()..]);
    match clip(&label, MAX_LABEL) {
        cut if cut.len() < label.len() => format!("{cut}…"),
        _ => label,
    }
}

/// What a qualified name ends with.
fn own(name: &str) -> &str {
    name.rsplit(['.', ':', '#', '\\', '/']).next().unwrap_or(name)
}

/// A signature from the name on, without what opens the body.
fn declared(own: &str, signature: &str) -> Option<String> {
    if own.is_empty() {
        return None;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let stands_alone = |&(at, _): &(usize, &str)| {
        !signature[..at].ends_with(is_word) && !signature[at + own.len()..].starts_with(is_word)
    };
    let mut found = signature
        .match_indices(own)
        .filter(stands_alone)
        .map(|(at, _)| at)
        .peekable();
    let first = *found.peek()?;
    // A name may be that of a type before it, as well.
    let called = found.find(|at| signature[at + own.len()..].trim_start().starts_with(['(', '<', '[']));
    let from = &signature[called.unwrap_or(first)..];
    let folded: Vec<&str> = from.split_whitespace().collect();
    let folded = folded.join(" ");
    // Where a list of parameters has its lines.
    let folded = folded.replace("( ", "(").replace(", )", ")").replace(" )", ")");
    Some(folded.trim_end_matches([' ', '{', ':', ';', '=']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implementations_agree_from_the_name_on() {
        for (language, name, signature, other_name, other) in [
            (
                "python",
                "A.close",
                "def close(self) -> None:",
                "B.close",
                "async def close(self)  -> None",
            ),
            (
                "go",
                "A.Close",
                "func (a *A) Close() error {",
                "B.Close",
                "func (b B) Close() error",
            ),
            (
                "java",
                "A.get",
                "@Override public T get(String name)",
                "B.get",
                "Object get(\n  String name);",
            ),
            (
                "rust",
                "A::next",
                "fn next(&mut self) -> Option<Self::Item>",
                "B::next",
                "pub fn next(&mut self) -> Option<Self::Item> {",
            ),
            (
                "cpp",
                "A::at",
                "int at::at(int) const",
                "b::at",
                "virtual long at(int) const",
            ),
            ("ruby", "A#close", "def close", "B#close", "def close"),
        ] {
            let (one, other) = (
                Key::of(language, "method", name, signature),
                Key::of(language, "method", other_name, other),
            );
            assert!(one.is_some() && one == other, "{one:?} {other:?}");
            assert_ne!(one, Key::of("other", "method", other_name, signature));
        }
    }

    #[test]
    fn what_differs_or_is_no_method_stands_for_itself() {
        let key = |name, signature| Key::of("python", "method", name, signature);
        assert_ne!(
            key("A.close", "def close(self)"),
            key("B.close", "def close(self, force)")
        );
        assert_ne!(key("A.close", "def close(self)"), key("B.open", "def open(self)"));
        for (kind, name, signature) in [
            ("function", "main", "def main()"),
            ("class", "A", "class A:"),
            ("method", "A.__init__", "def __init__(self)"),
            ("method", "A.close", ""),
            ("method", "A.close", "def closed(self)"),
            ("method", "", "def closed(self)"),
        ] {
            assert_eq!(Key::of("python", kind, name, signature), None, "{kind} {name}");
        }
    }

    #[test]
    fn labels_are_names_with_their_parameters() {
        for (name, signature, expected) in [
            (
                "Cart.add",
                "def add(self, price: Price) -> None:",
                "Cart.add(self, price: Price) -> None",
            ),
            (
                "Server::run",
                "pub async fn run(\n    &self,\n) -> Result<()> {",
                "Server::run(&self) -> Result<()>",
            ),
            ("Cart", "class Cart(Base):", "Cart(Base)"),
            ("Cart", "", "Cart"),
        ] {
            assert_eq!(label(name, signature), expected);
        }
        let long = label("f", &format!("def f({})", "ü, ".repeat(100)));
        assert!(long.len() <= MAX_LABEL + 3 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn places_beyond_a_few_are_counted() {
        let mut alike = Alike::default();
        assert_eq!(alike.line(), "");
        for n in 1..=6 {
            alike.add(Place {
                path: "a.py".to_owned(),
                start_line: n,
                end_line: n,
                name: "A.close".to_owned(),
            });
        }
        assert_eq!(
            alike.line(),
            "and 6 more with this signature: a.py:1 a.py:2 a.py:3 a.py:4 …"
        );
    }
}

//! Handles: what names some code in an answer, short enough to stand for its location.

use codemem_core::ids::ContentHash;

/// Hexadecimal digits of a content's hash in a handle: one in 65,536 changed files passes for unchanged.
const HASH_DIGITS: usize = 4;

/// What some code is asked for by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Handle<'h> {
    pub(super) path: &'h str,
    pub(super) place: Place<'h>,
}

/// Where in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place<'h> {
    /// First and last line, and how the hash of the file began.
    Lines(u32, u32, Option<&'h str>),
    /// A definition by its name.
    Symbol(&'h str),
}

/// Names some lines of a file as it stands.
pub(super) fn name(path: &str, start: u32, end: u32, hash: ContentHash) -> String {
    format!("{path}:{start}-{end}@{}", digits(hash))
}

/// As much of a hash as handles have.
pub(super) fn digits(hash: ContentHash) -> String {
    let mut text = hash.to_hex();
    text.truncate(HASH_DIGITS);
    text
}

impl<'h> Handle<'h> {
    /// Reads `path:start-end@hash`, `path:start-end`, `path:line` or `path#symbol`. Paths may have any of these marks.
    pub(super) fn parse(text: &'h str) -> Option<Self> {
        let text = text.trim();
        if let Some((path, lines)) = text.rsplit_once(':')
            && let Some(place) = lines_of(lines)
            && !path.is_empty()
        {
            return Some(Self { path, place });
        }
        let (path, symbol) = text.split_once('#')?;
        let is_named = !path.is_empty() && !symbol.is_empty();
        is_named.then_some(Self {
            path,
            place: Place::Symbol(symbol),
        })
    }
}

fn lines_of(text: &str) -> Option<Place<'_>> {
    let (lines, hash) = match text.split_once('@') {
        Some((lines, hash)) => (lines, Some(hash)),
        None => (text, None),
    };
    let is_hash = |hash: &str| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_hexdigit());
    if hash.is_some_and(|hash| !is_hash(hash)) {
        return None;
    }
    let (start, end) = lines.split_once('-').unwrap_or((lines, lines));
    let (start, end): (u32, u32) = (start.parse().ok()?, end.parse().ok()?);
    (start > 0 && end >= start).then_some(Place::Lines(start, end, hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::Hash128;

    #[test]
    fn what_is_understood() {
        let table = [
            (
                "src/a.rs:3-9@3f2a",
                Some(("src/a.rs", Place::Lines(3, 9, Some("3f2a")))),
            ),
            (" src/a.rs:3-9 ", Some(("src/a.rs", Place::Lines(3, 9, None)))),
            ("src/a.rs:3", Some(("src/a.rs", Place::Lines(3, 3, None)))),
            ("src/a.rs:3@3f2a", Some(("src/a.rs", Place::Lines(3, 3, Some("3f2a"))))),
            ("a:b/c@d#e.rs:7", Some(("a:b/c@d#e.rs", Place::Lines(7, 7, None)))),
            ("src/a.rs#Server::run", Some(("src/a.rs", Place::Symbol("Server::run")))),
            ("src/a.rs#9:9", Some(("src/a.rs#9", Place::Lines(9, 9, None)))),
            ("src/a.rs", None),
            ("src/a.rs:0", None),
            ("src/a.rs:9-3", None),
            ("src/a.rs:3-9@xyz", None),
            (":3", None),
            ("#a", None),
            ("a#", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(path, place)| Handle { path, place });
            assert_eq!(Handle::parse(text), expected, "{text}");
        }
        let name = name("src/a.rs", 3, 9, Hash128([0x3f; 16]));
        assert_eq!(name, "src/a.rs:3-9@3f3f");
        assert!(Handle::parse(&name).is_some());
    }
}

//! Where the patterns of a query can begin: which kinds of node are worth handing to it.
//!
//! A query that looks for definitions has nothing to say about most nodes of a tree. Walking the tree and asking it
//! about the few that a pattern can begin at gives the same matches in half the time of letting it look at all.

use tree_sitter::{Language, Query};

/// What begins at each kind of node, by kind id.
#[derive(Debug)]
pub(crate) struct Roots(Vec<Begins>);

/// What begins at a kind of node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begins {
    /// No pattern.
    Nothing,
    /// `(kind) @comment` and no other pattern.
    Comment,
    /// `(kind) @attribute` and no other pattern.
    Attribute,
    /// Patterns that only the query can decide.
    Patterns,
}

impl Roots {
    /// The roots of a compiled query with this source. `None` when a pattern of it can begin at kinds that its text does
    /// not name: at wildcards, supertypes, errors, or several siblings at once.
    pub(crate) fn of(language: &Language, query: &Query, source: &str) -> Option<Self> {
        let mut begins = vec![Begins::Nothing; language.node_kind_count()];
        for index in 0..query.pattern_count() {
            if !query.is_pattern_rooted(index) {
                return None;
            }
            let pattern = &source[query.start_byte_for_pattern(index)..query.end_byte_for_pattern(index)];
            let mut names = Vec::new();
            let rest = heads(pattern, &mut names)?;
            let what = match rest.trim() {
                "@comment" => Begins::Comment,
                "@attribute" => Begins::Attribute,
                _ => Begins::Patterns,
            };
            for (name, is_bare) in names {
                let id = language.id_for_node_kind(name, true);
                let slot = begins.get_mut(id as usize).filter(|_| id != 0)?;
                if language.node_kind_is_supertype(id) {
                    return None;
                }
                *slot = if is_bare && *slot == Begins::Nothing {
                    what
                } else {
                    Begins::Patterns
                };
            }
        }
        Some(Self(begins))
    }

    /// What begins at a node of this kind.
    pub(crate) fn at(&self, kind_id: u16) -> Begins {
        // The ids of errors are beyond the table.
        self.0.get(kind_id as usize).copied().unwrap_or(Begins::Nothing)
    }
}

/// Collects the kinds that a pattern can begin at, each with whether nothing is asked but the kind, and returns what
/// follows its closing bracket. `None` when the kinds cannot be told.
fn heads<'s>(pattern: &'s str, names: &mut Vec<(&'s str, bool)>) -> Option<&'s str> {
    let pattern = skip_blank(pattern);
    let end = closing(pattern)?;
    let inside = skip_blank(&pattern[1..end]);
    if pattern.starts_with('[') {
        let mut rest = inside;
        while !rest.is_empty() {
            let begun = names.len();
            let after = skip_blank(heads(rest, names)?);
            rest = skip_captures(after);
            // What captures by itself does not only ask for a kind.
            let is_bare = rest.len() == after.len();
            names[begun..].iter_mut().for_each(|name| name.1 &= is_bare);
        }
    } else if inside.starts_with(['(', '[']) {
        // A pattern and its predicates.
        let begun = names.len();
        heads(inside, names)?;
        names[begun..].iter_mut().for_each(|name| name.1 = false);
    } else {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
        let (name, rest) = inside.split_at(length);
        if ["", "_", "ERROR", "MISSING"].contains(&name) || rest.starts_with('/') {
            return None;
        }
        names.push((name, rest.trim().is_empty()));
    }
    Some(&pattern[end + 1..])
}

/// The text from its first character that is neither white space nor in a comment.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix(';') {
            Some(comment) => text = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => return text,
        }
    }
}

/// The text after the captures that it begins with.
fn skip_captures(mut text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    while let Some(capture) = text.strip_prefix('@') {
        text = skip_blank(capture.trim_start_matches(is_name));
    }
    text
}

/// Where the bracket closes that the text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let (mut in_string, mut in_comment, mut is_escaped) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' => in_comment = false,
            _ if in_comment => {}
            b'\\' if in_string => is_escaped = !is_escaped,
            b'"' if !is_escaped => in_string = !in_string,
            _ if in_string => is_escaped = false,
            b';' => in_comment = true,
            b'(' | b'[' => depth += 1,
            b')' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;
    use crate::lines::Lines;
    use crate::{harvest, languages, parse};
    use std::path::Path;
    use tree_sitter::{Parser, QueryCursor};

    #[test]
    fn a_walk_finds_what_the_query_finds_by_itself() {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
        let (mut parser, mut cursor) = (Parser::new(), QueryCursor::new());
        let mut n_compared = 0;
        let mut not_walked = Vec::new();
        for language in languages::ALL {
            let mut grammar = Grammar::built_in(language, None).expect("compiles");
            if grammar.roots.take().is_none() {
                not_walked.push(language.name);
            }
            for sample in std::fs::read_dir(&samples).expect("samples").flatten() {
                let path = sample.path();
                let is_ours = |names: &[&str], name: Option<&std::ffi::OsStr>| {
                    name.and_then(|name| name.to_str())
                        .is_some_and(|name| names.contains(&name))
                };
                if !is_ours(language.extensions, path.extension()) && !is_ours(language.file_names, path.file_name()) {
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("text");
                let lines = Lines::new(&text);
                let tree = parse::parse(&mut parser, &grammar.parser_language, &text).expect("parses");
                let mut found = |grammar: &Grammar| {
                    format!(
                        "{:#?}",
                        harvest::harvest(&mut cursor, grammar, tree.root_node(), &text, &lines)
                    )
                };
                let whole = found(&grammar);
                let walking = Grammar::built_in(language, None).expect("compiles");
                assert_eq!(found(&walking), whole, "{}", path.display());
                n_compared += 1;
            }
        }
        assert!(n_compared > 20, "{n_compared}");
        assert_eq!(not_walked, [""; 0], "these take twice as long");
    }

    #[test]
    fn heads_of_patterns() {
        for (pattern, expected, rest) in [
            ("(comment) @comment", Some(vec![("comment", true)]), " @comment"),
            ("(a b: (c) @x) @y", Some(vec![("a", false)]), " @y"),
            (
                "; first\n[(a) (b (c))] @attribute",
                Some(vec![("a", true), ("b", false)]),
                " @attribute",
            ),
            ("((a) @x (#eq? @x \")\"))", Some(vec![("a", false)]), ""),
            (
                "([ (a b: (_) @n) @x (c) @comment ])",
                Some(vec![("a", false), ("c", false)]),
                "",
            ),
            ("[(a)+ (b)] @x", None, ""),
            ("(_ (a)) @x", None, ""),
            ("[(a) \"b\"] @x", None, ""),
            ("(a/b) @x", None, ""),
            ("(ERROR) @x", None, ""),
        ] {
            let mut names = Vec::new();
            let found = heads(pattern, &mut names);
            assert_eq!(found.map(|_| names), expected, "{pattern}");
            assert_eq!(found.unwrap_or_default(), rest, "{pattern}");
        }
    }
}

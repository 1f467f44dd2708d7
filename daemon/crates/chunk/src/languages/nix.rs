//! Nix.

use crate::language::{Candidate, Language};
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static NIX: Language = Language {
    name: "nix",
    extensions: &["nix"],
    interpreters: &["nix-shell"],
    grammar: || tree_sitter_nix::LANGUAGE.into(),
    // The crate does not carry the grammar's tags query, which knows functions only.
    query: QUERY,
    name_node,
    split_name,
    refine,
    body,
    doc_markers: &["/**"],
    ..Language::BASE
};

/// Everything is an attribute. What is handed to a function as a set of them is an argument list.
const QUERY: &str = r"
(binding attrpath: (attrpath) @name) @definition.variable
(binding attrpath: (attrpath) @name expression: (function_expression)) @definition.function
(apply_expression argument: [(attrset_expression) (rec_attrset_expression)] @local)
(comment) @comment
";

/// Drops names that are computed.
fn name_node(path: Node<'_>) -> Option<Node<'_>> {
    let last = path.named_child((path.named_child_count() as u32).checked_sub(1)?)?;
    (last.kind() != "interpolation").then_some(path)
}

/// `options.services."my.site"` is `my.site` in `options.services`.
fn split_name(path: &str) -> (&str, &str) {
    if let Some(rest) = path.strip_suffix('"') {
        let open = rest.rfind('"').unwrap_or(0);
        return (rest[..open].trim_end_matches('.'), rest[open..].trim_start_matches('"'));
    }
    path.rsplit_once('.').unwrap_or(("", path))
}

/// Functions count wherever they are, values only at the top.
fn refine(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    match (candidate.kind, candidate.parent) {
        (SymbolKind::Variable, Some(_)) => None,
        (SymbolKind::Method, _) => Some(SymbolKind::Function),
        (kind, _) => Some(kind),
    }
}

/// A function is cut after its last parameter, a value after its first line.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let value = node.child_by_field_name("expression")?;
    let mut result = value;
    while result.kind() == "function_expression" {
        result = result.child_by_field_name("body")?;
    }
    if result != value {
        return Some(result.start_byte()..node.end_byte());
    }
    let first_line = source[value.byte_range()].find('\n')?;
    Some(value.start_byte() + first_line..node.end_byte())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_at_their_last_attribute() {
        for (written, expected) in [
            ("double", ("", "double")),
            ("options.services.depot", ("options.services", "depot")),
            ("sites.\"example.org\"", ("sites", "example.org")),
            ("\"a b\"", ("", "a b")),
            ("a.\"b\".c", ("a.\"b\"", "c")),
        ] {
            assert_eq!(split_name(written), expected, "{written}");
        }
    }
}

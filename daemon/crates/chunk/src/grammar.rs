//! A language ready for use: its grammar, and its queries compiled into one.
//!
//! The captures that mean something:
//!
//! | capture | meaning |
//! |---|---|
//! | `@definition.KIND` | a whole definition; `@name` must be in the same pattern, `@scope` may be |
//! | `@declaration.KIND` | the same, but it gives way to a definition of the same name in the file |
//! | `@name` | the name; matches whose names end at the same byte are one definition, of the kind that our pattern gives it |
//! | `@scope` | what qualifies the name although it does not enclose it (a method's receiver) |
//! | `@comment`, `@attribute` | belong to the definition directly below |
//! | `@docstring` | documents the definition around it |
//!
//! Patterns of a tags query that define nothing (`@reference.call` and its like) are left out before the query is
//! compiled, and so cost nothing.

use crate::error::ChunkError;
use crate::language::{Label, Language};
use codemem_core::unit::SymbolKind;
use tree_sitter::Query;

/// A compiled language.
#[derive(Debug)]
pub(crate) struct Grammar {
    pub(crate) language: &'static Language,
    pub(crate) parser_language: tree_sitter::Language,
    pub(crate) query: Query,
    /// By capture index.
    pub(crate) roles: Vec<Role>,
    /// The first pattern that is ours; those before it are the tags queries'.
    pub(crate) first_own: usize,
}

/// What a capture means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    Definition(Label),
    Declaration(Label),
    Name,
    Scope,
    Comment,
    Attribute,
    Docstring,
    Ignored,
}

impl Grammar {
    /// Compiles a language's queries. Takes 10 to 60 ms: do it when the first file of the language comes.
    pub(crate) fn compile(language: &'static Language) -> Result<Self, ChunkError> {
        let parser_language = (language.grammar)();
        let (source, n_tags) = source(language);
        let query = Query::new(&parser_language, &source).map_err(|source| ChunkError::Query {
            language: language.name,
            source,
        })?;
        let roles = query.capture_names().iter().map(|name| role(language, name));
        Ok(Self {
            language,
            parser_language,
            roles: roles.collect::<Result<_, _>>()?,
            first_own: (0..query.pattern_count())
                .take_while(|&index| query.start_byte_for_pattern(index) < n_tags)
                .count(),
            query,
        })
    }
}

/// Whether the linked tree-sitter can run a language's grammar.
pub(crate) fn check(language: &'static Language) -> Result<(), ChunkError> {
    let checked = tree_sitter::Parser::new().set_language(&(language.grammar)());
    checked.map_err(|source| ChunkError::Grammar {
        language: language.name,
        source,
    })
}

/// The patterns that matter: those of the tags queries that define something and are not replaced, and ours, which begin
/// at the byte returned.
///
/// Left out before compiling rather than switched off after it, because tree-sitter's analysis of a query takes longer
/// the more patterns there are.
fn source(language: &Language) -> (String, usize) {
    let mut source = String::new();
    for tags in language.tags {
        let tags = without_doc_steps(tags);
        let wanted = patterns(&tags).filter(|pattern| {
            pattern.contains("@definition.") && !language.replaced.iter().any(|head| pattern.starts_with(head))
        });
        wanted.for_each(|pattern| {
            source.push_str(pattern);
            source.push('\n');
        });
    }
    let n_tags = source.len();
    source.push_str(language.query);
    (source, n_tags)
}

/// The patterns of a query, each with the captures that follow its last bracket.
fn patterns(query: &str) -> impl Iterator<Item = &str> {
    let mut rest = query;
    std::iter::from_fn(move || {
        let mut depth = 0_usize;
        let mut start = None;
        let mut end = None;
        let mut in_string = false;
        let mut in_comment = false;
        let mut is_escaped = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'\n' => in_comment = false,
                _ if in_comment => {}
                b'\\' if in_string => is_escaped = !is_escaped,
                b'"' if !is_escaped => in_string = !in_string,
                _ if in_string => is_escaped = false,
                b';' => in_comment = true,
                b'(' | b'[' => {
                    if depth == 0 && start.is_some() {
                        end = Some(at);
                        break;
                    }
                    start = start.or(Some(at));
                    depth += 1;
                }
                b')' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let pattern = &rest[start?..end.unwrap_or(rest.len())];
        rest = &rest[end.unwrap_or(rest.len())..];
        Some(pattern)
    })
}

fn role(language: &'static Language, capture: &str) -> Result<Role, ChunkError> {
    let unknown = || ChunkError::Capture {
        language: language.name,
        capture: capture.to_owned(),
    };
    Ok(match capture {
        "name" => Role::Name,
        "scope" => Role::Scope,
        "comment" => Role::Comment,
        "attribute" => Role::Attribute,
        "docstring" => Role::Docstring,
        _ if capture.starts_with('_') || capture.starts_with("local.") => Role::Ignored,
        _ => {
            if let Some(name) = capture.strip_prefix("definition.") {
                Role::Definition(label(language, name).ok_or_else(unknown)?)
            } else if let Some(name) = capture.strip_prefix("declaration.") {
                Role::Declaration(label(language, name).ok_or_else(unknown)?)
            } else {
                return Err(unknown());
            }
        }
    })
}

fn label(language: &'static Language, name: &str) -> Option<Label> {
    let own = language.labels.iter().find(|label| label.name == name).copied();
    own.or_else(|| {
        let kind = SymbolKind::parse(name)?;
        Some(Label {
            name: kind.as_str(),
            kind,
            joint: language.separator,
            prefixes: false,
        })
    })
}

/// A tags query without the steps that look for comments before a definition.
///
/// Comments are attached by position, for all languages alike; a pattern that begins with any number of comments
/// starts anew at each of them, which is slow in files full of them.
fn without_doc_steps(tags: &str) -> String {
    let is_step = |line: &&str| {
        let line = line.trim();
        let directive = ["(#strip!", "(#select-adjacent!", "(#set-adjacent!"];
        line == "(comment)* @doc" || line == "." || directive.iter().any(|head| line.starts_with(head))
    };
    let mut text = String::with_capacity(tags.len() + 1);
    for line in tags.lines() {
        if is_step(&line) {
            // A directive may close its pattern on the same line.
            let opened = line.matches('(').count();
            let closed = line.matches(')').count();
            if !line.contains('"') && closed > opened {
                text.push_str(&")".repeat(closed - opened));
            }
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::languages;

    #[test]
    fn every_replaced_head_replaces_a_pattern() {
        for language in languages::ALL {
            let tags: String = language.tags.iter().map(|tags| without_doc_steps(tags)).collect();
            for head in language.replaced {
                assert!(tags.contains(head), "{}: {head}", language.name);
            }
        }
    }

    #[test]
    fn every_language_compiles_and_leaves_references_out() {
        for language in languages::ALL {
            check(language).expect("loads");
            let grammar = Grammar::compile(language).expect("compiles");
            let names = grammar.query.capture_names();
            assert!(
                names.iter().all(|name| !name.starts_with("reference.")),
                "{}",
                language.name
            );
            assert!(names.contains(&"name"), "{}", language.name);
        }
    }

    #[test]
    fn a_query_falls_into_its_patterns() {
        let query = "; (comment)\n(a b: \")(\" @x) @definition.y\n\n[(c) (d)] @z ; (e)\n((f) (#eq? @x \"\\\"(\"))";
        let found: Vec<_> = patterns(query).map(str::trim_end).collect();
        assert_eq!(
            found,
            [
                "(a b: \")(\" @x) @definition.y",
                "[(c) (d)] @z ; (e)",
                "((f) (#eq? @x \"\\\"(\"))"
            ]
        );
    }
}

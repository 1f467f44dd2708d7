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
//! | `@local` | variables inside it are nobody's business |
//! | `@documentation` | a string inside an `@attribute` that documents the definition below |
//! | `@public`, `@private`, `@protected` | a name that is said to be so, of what is defined beside it |
//! | `@section` | a word that says so of what follows, up to the end of what it stands in |
//! | `@hidden` | what is directly inside is nobody else's |
//! | `@exports` | a sign that the file says what others may use, so that the rest is its own |
//!
//! Patterns of a tags query that define nothing (`@reference.call` and its like) are left out before the query is
//! compiled, and so cost nothing.

use crate::error::ChunkError;
use crate::harvest::Harvest;
use crate::language::{Label, Language};
use crate::lines::Lines;
use crate::roots::Roots;
use crate::user_query::UserQuery;
use codemem_core::unit::{SymbolKind, Visibility};
use tree_sitter::Query;

/// A compiled language.
#[derive(Debug)]
pub(crate) struct Grammar {
    pub(crate) language: &'static Language,
    pub(crate) parser_language: tree_sitter::Language,
    pub(crate) query: Query,
    /// By capture index.
    pub(crate) roles: Vec<Role>,
    /// Where its patterns can begin; `None` when that may be anywhere.
    pub(crate) roots: Option<Roots>,
    /// The first pattern that is ours; those before it are the tags queries'.
    first_own: usize,
    /// The first pattern that is the user's.
    first_users: usize,
}

/// Whose pattern something is, the later ones having the say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Author {
    /// A tags query that a grammar brings along.
    Grammar,
    /// Ours.
    Own,
    /// The user's.
    User,
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
    Documentation,
    Local,
    /// A name of that visibility.
    Spoken(Visibility),
    Section,
    Hidden,
    Exports,
    Ignored,
}

/// What a query is made of, in this order.
pub(crate) struct Parts<'a> {
    /// The stable name, for messages.
    pub(crate) name: &'a str,
    /// Tags queries.
    pub(crate) tags: &'a [&'a str],
    /// Our own patterns.
    pub(crate) own: &'a str,
    /// The user's, which may take the place of all others.
    pub(crate) user: Option<&'a UserQuery>,
    /// Whether captures that mean nothing here are passed over: so they are in tags queries written for others.
    pub(crate) is_lenient: bool,
}

impl Grammar {
    /// Compiles a built-in language's queries. Takes 10 to 60 ms: do it when the first file of the language comes.
    pub(crate) fn built_in(language: &'static Language, user: Option<&UserQuery>) -> Result<Self, ChunkError> {
        let parts = Parts {
            name: language.name,
            tags: language.tags,
            own: language.query,
            user,
            is_lenient: false,
        };
        Self::compile(language, (language.grammar)(), &parts)
    }

    /// Compiles the parts of a query for a grammar, to be read by the rules of `language`.
    pub(crate) fn compile(
        language: &'static Language,
        parser_language: tree_sitter::Language,
        parts: &Parts<'_>,
    ) -> Result<Self, ChunkError> {
        let source = Source::of(language, parts);
        let query = Query::new(&parser_language, &source.text).map_err(|source| ChunkError::Query {
            language: parts.name.to_owned(),
            source,
        })?;
        let roles = query
            .capture_names()
            .iter()
            .map(|capture| match role(language, capture) {
                None if parts.is_lenient => Ok(Role::Ignored),
                role => role.ok_or_else(|| ChunkError::Capture {
                    language: parts.name.to_owned(),
                    capture: (*capture).to_owned(),
                }),
            });
        let n_before = |byte: usize| {
            let is_before = |&index: &usize| query.start_byte_for_pattern(index) < byte;
            (0..query.pattern_count()).take_while(is_before).count()
        };
        Ok(Self {
            language,
            roles: roles.collect::<Result<_, _>>()?,
            roots: Roots::of(&parser_language, &query, &source.text),
            first_own: n_before(source.own_from),
            first_users: n_before(source.users_from),
            parser_language,
            query,
        })
    }

    /// What reads a text in the place of parser and query; nothing once the user's query has a pattern.
    pub(crate) fn scan(&self) -> Option<fn(&str, &Lines) -> Harvest> {
        let asks = self.query.pattern_count() > self.first_users;
        self.language.scan.filter(|_| !asks)
    }

    /// Whose a pattern is.
    pub(crate) fn author(&self, pattern_index: usize) -> Author {
        if pattern_index >= self.first_users {
            Author::User
        } else if pattern_index >= self.first_own {
            Author::Own
        } else {
            Author::Grammar
        }
    }
}

/// Whether the linked tree-sitter can run a language's grammar.
pub(crate) fn check(language: &'static Language) -> Result<(), ChunkError> {
    let checked = tree_sitter::Parser::new().set_language(&(language.grammar)());
    checked.map_err(|source| ChunkError::Grammar {
        language: language.name.to_owned(),
        source,
    })
}

/// The text of a query, and where whose patterns begin.
struct Source {
    text: String,
    own_from: usize,
    users_from: usize,
}

impl Source {
    /// The patterns that matter: those of the tags queries that define something and are not replaced, ours, the user's.
    ///
    /// What does not matter is left out before compiling rather than switched off after it, because tree-sitter's
    /// analysis of a query takes longer the more patterns there are.
    fn of(language: &Language, parts: &Parts<'_>) -> Self {
        let mut text = String::new();
        let is_replaced = parts.user.is_some_and(|user| user.replaces);
        for tags in parts.tags.iter().filter(|_| !is_replaced) {
            let tags = without_doc_steps(tags);
            let wanted = patterns(&tags).filter(|pattern| {
                pattern.contains("@definition.") && !language.replaced.iter().any(|head| pattern.starts_with(head))
            });
            wanted.for_each(|pattern| {
                text.push_str(pattern);
                text.push('\n');
            });
        }
        let own_from = text.len();
        if !is_replaced {
            text.push_str(parts.own);
            text.push('\n');
        }
        let users_from = text.len();
        if let Some(user) = parts.user {
            text.push_str(&without_doc_steps(&user.text));
        }
        Self {
            text,
            own_from,
            users_from,
        }
    }
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

/// What a capture means; `None` when it means nothing here.
pub(crate) fn role(language: &'static Language, capture: &str) -> Option<Role> {
    Some(match capture {
        "name" => Role::Name,
        "scope" => Role::Scope,
        "comment" => Role::Comment,
        "attribute" => Role::Attribute,
        "docstring" => Role::Docstring,
        "documentation" => Role::Documentation,
        "local" => Role::Local,
        "public" => Role::Spoken(Visibility::Public),
        "private" => Role::Spoken(Visibility::Private),
        "protected" => Role::Spoken(Visibility::Protected),
        "section" => Role::Section,
        "hidden" => Role::Hidden,
        "exports" => Role::Exports,
        // What tags queries say besides.
        "doc" | "reference" | "definition" => Role::Ignored,
        _ if ["_", "local.", "reference."]
            .iter()
            .any(|head| capture.starts_with(head)) =>
        {
            Role::Ignored
        }
        _ => {
            if let Some(name) = capture.strip_prefix("definition.") {
                Role::Definition(label(language, name)?)
            } else {
                Role::Declaration(label(language, capture.strip_prefix("declaration.")?)?)
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
            let grammar = Grammar::built_in(language, None).expect("compiles");
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
    fn a_pattern_of_the_users_switches_a_scanner_off() {
        for (text, is_on) in [
            ("", true),
            ("; codemem: replace\n", true),
            ("(create_table) @definition.struct\n", false),
            ("; codemem: replace\n(create_table) @definition.struct\n", false),
        ] {
            let query = UserQuery::new("sql".to_owned(), "sql.scm".into(), text);
            let language = languages::ALL.iter().find(|language| language.name == "sql");
            let grammar = Grammar::built_in(language.expect("built in"), Some(&query)).expect("compiles");
            assert_eq!(grammar.scan().is_some(), is_on, "{text}");
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

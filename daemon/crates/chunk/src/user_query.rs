//! Queries of the user's own: `NAME.scm` in the configuration directory.
//!
//! Adds to what a language defines, or takes the place of it. A query that does not hold for its grammar is reported and
//! left out; what would have been read without it is read.

use crate::grammar;
use crate::language::Language;
use std::path::PathBuf;
use tree_sitter::{Query, QueryError, QueryErrorKind};

/// The first line of a query that takes the place of the built-in one.
const REPLACE: &str = "codemem: replace";

/// A query file as read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UserQuery {
    /// The language it is for.
    pub(crate) language: String,
    /// Where it stands, for messages.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) text: String,
    /// Whether it replaces the built-in query instead of extending it.
    pub(crate) replaces: bool,
}

impl UserQuery {
    pub(crate) fn new(language: String, path: PathBuf, text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let first = text.lines().next().unwrap_or_default();
        let replaces = first.trim().trim_start_matches(';').trim() == REPLACE && first.trim_start().starts_with(';');
        Self {
            language,
            path,
            text,
            replaces,
        }
    }

    /// Why it cannot be used, naming file and line; `None` when it can.
    pub(crate) fn problem(
        &self,
        language: &'static Language,
        parser_language: &tree_sitter::Language,
    ) -> Option<String> {
        let (line, reason) = match Query::new(parser_language, &self.text) {
            Err(error) => (error.row + 1, reason(&error)),
            Ok(query) => {
                let unknown = |capture: &&&str| grammar::role(language, capture).is_none();
                let capture = query.capture_names().iter().find(unknown)?;
                let marked = format!("@{capture}");
                let line = self.text.lines().position(|line| line.contains(&marked));
                (line.unwrap_or(0) + 1, format!("`{marked}` means nothing here"))
            }
        };
        Some(format!("`{}` line {line}: {reason}", self.path.display()))
    }
}

fn reason(error: &QueryError) -> String {
    let name = error.message.trim_matches('"');
    match error.kind {
        QueryErrorKind::Syntax => "this is not a query".to_owned(),
        QueryErrorKind::NodeType => format!("the grammar has no node `{name}`"),
        QueryErrorKind::Field => format!("the grammar has no field `{name}`"),
        QueryErrorKind::Capture => format!("nothing is captured as `@{name}`"),
        QueryErrorKind::Predicate => error.message.clone(),
        QueryErrorKind::Structure => "the grammar never nests nodes like this".to_owned(),
        QueryErrorKind::Language => "the grammar is of another generation".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::languages;

    fn query(text: &str) -> UserQuery {
        UserQuery::new("rust".to_owned(), "/q/rust.scm".into(), text)
    }

    #[test]
    fn the_first_line_says_whether_a_query_replaces() {
        for (text, expected) in [
            ("; codemem: replace\n(x)", true),
            (";;codemem: replace", true),
            ("\u{feff}; codemem: replace\n", true),
            ("codemem: replace", false),
            ("; codemem: replaced\n", false),
            ("\n; codemem: replace\n", false),
            ("", false),
        ] {
            assert_eq!(query(text).replaces, expected, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_hold_is_told_with_its_line() {
        let rust = languages::ALL.iter().find(|language| language.name == "rust");
        let rust = rust.expect("compiled in");
        for (text, expected) in [
            ("(struct_item) @comment", None),
            (
                "(let_declaration pattern: (_) @name) @definition.variable\n(line_comment) @doc",
                None,
            ),
            (
                "\n\n(no_such_node) @comment",
                Some("`/q/rust.scm` line 3: the grammar has no node `no_such_node`"),
            ),
            (
                "(struct_item nosuch: (_) @name)",
                Some("`/q/rust.scm` line 1: the grammar has no field `nosuch`"),
            ),
            ("(struct_item\n", Some("`/q/rust.scm` line 2: this is not a query")),
            (
                "; one\n(struct_item name: (_) @name) @definition.thing",
                Some("`/q/rust.scm` line 2: `@definition.thing` means nothing here"),
            ),
        ] {
            let problem = query(text).problem(rust, &(rust.grammar)());
            assert_eq!(problem.as_deref(), expected, "{text:?}");
        }
    }
}

//! What a file creates, from its statements.
//!
//! A statement ends at its semicolon, which says little in dialects whose routines hold statements of their own: those end
//! where the block does that they begin, at a `GO` or a lone `/`, or at the delimiter that the file set.

use super::token::{Kind, Token, Tokens};
use crate::harvest::{Found, Harvest};
use crate::lines::Lines;
use codemem_core::unit::SymbolKind;
use std::ops::Range;

/// Words that may stand between `CREATE` and what is created.
const MAX_MODIFIERS: usize = 24;

/// Reads the definitions and comments of a file.
pub(super) fn scan(text: &str, lines: &Lines) -> Harvest {
    let mut harvest = Harvest::default();
    let (comments, tokens): (Vec<Token>, Vec<Token>) = Tokens::new(text).partition(|token| token.kind == Kind::Comment);
    for comment in comments {
        harvest.add_comment(comment.span, text, lines);
    }
    let mut scanner = Scanner {
        text,
        lines,
        tokens,
        position: 0,
        delimiter: None,
        has_batches: false,
    };
    scanner.has_batches = (0..scanner.tokens.len()).any(|index| scanner.is_batch_end(index));
    while let Some(found) = scanner.next_definition() {
        harvest.definitions.push(found);
    }
    harvest.settle();
    harvest
}

struct Scanner<'a> {
    text: &'a str,
    lines: &'a Lines,
    /// All but comments.
    tokens: Vec<Token>,
    position: usize,
    /// What ends statements besides a semicolon.
    delimiter: Option<&'a str>,
    /// Whether the file is cut by `GO` or `/` on lines of their own.
    has_batches: bool,
}

/// What is being created.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Created {
    /// Ends at its semicolon.
    Plain(SymbolKind),
    /// May hold statements.
    Routine,
    /// Holds routines.
    Package,
}

impl Scanner<'_> {
    fn next_definition(&mut self) -> Option<Found> {
        while self.position < self.tokens.len() {
            let start = self.position;
            self.position += 1;
            if self.is(start, "DELIMITER") && self.begins_line(start) {
                self.set_delimiter(start);
            } else if self.is(start, "CREATE")
                && !self.is_granted(start)
                && let Some(found) = self.creation(start)
            {
                return Some(found);
            }
        }
        None
    }

    /// Reads `CREATE … KIND NAME …` to its end.
    fn creation(&mut self, start: usize) -> Option<Found> {
        let (created, mut at) = self.created(start + 1)?;
        for word in ["BODY", "CONCURRENTLY", "IF", "NOT", "EXISTS"] {
            at += usize::from(self.is(at, word));
        }
        let mut names = vec![self.name(at)?];
        while self.sign(at + 1) == Some(b'.') && self.name(at + 2).is_some() {
            at += 2;
            names.extend(self.name(at));
        }
        let name = names.pop()?;
        let end = match created {
            Created::Plain(_) => self.plain_end(at + 1, created),
            Created::Routine => self.routine_end(at + 1),
            Created::Package => self.batch_end(at + 1),
        };
        self.position = end;
        let span = self.tokens[start].span.start..self.tokens[end - 1].span.end;
        let kind = match created {
            Created::Plain(kind) => kind,
            Created::Routine => SymbolKind::Function,
            Created::Package => SymbolKind::Module,
        };
        let body = self.body(created, at + 1, end).filter(|body| body.start >= name.end);
        let scope = names
            .first()
            .map(|first| first.start..names.last().map_or(first.end, |last| last.end));
        Some(Found::scanned(kind, span, name, scope, body, self.lines))
    }

    /// What is created, and where its name may be.
    fn created(&self, from: usize) -> Option<(Created, usize)> {
        for at in from..(from + MAX_MODIFIERS).min(self.tokens.len()) {
            if self.is_batch_end(at) || self.sign(at).is_some_and(|sign| matches!(sign, b';' | b'(' | b',')) {
                return None;
            }
            let created = match self.upper(at).as_str() {
                "TABLE" => Created::Plain(SymbolKind::Struct),
                "VIEW" | "TYPE" | "DOMAIN" => Created::Plain(SymbolKind::Type),
                "INDEX" | "SEQUENCE" | "SYNONYM" => Created::Plain(SymbolKind::Variable),
                "SCHEMA" if !self.is(at + 1, "COLLECTION") => Created::Plain(SymbolKind::Module),
                "AGGREGATE" if !self.is(at + 1, "FUNCTION") => Created::Plain(SymbolKind::Function),
                "FUNCTION" | "PROCEDURE" | "PROC" | "TRIGGER" => Created::Routine,
                "PACKAGE" => Created::Package,
                // A trigger of its own kind; but also a modifier: `CREATE EVENT TRIGGER`.
                "EVENT"
                    if !["TRIGGER", "SESSION", "NOTIFICATION"]
                        .iter()
                        .any(|word| self.is(at + 1, word)) =>
                {
                    Created::Routine
                }
                // What can be created besides, with names that might be taken for what is above.
                "USER" | "ROLE" | "LOGIN" | "DATABASE" | "EXTENSION" | "POLICY" | "RULE" | "CAST" | "OPERATOR"
                | "SERVER" | "PUBLICATION" | "SUBSCRIPTION" | "STATISTICS" | "SESSION" | "NOTIFICATION"
                | "COLLECTION" | "AS" | "ON" | "FOR" => return None,
                _ => continue,
            };
            return Some((created, at + 1));
        }
        None
    }

    /// Whether a `CREATE` is a privilege rather than a statement.
    fn is_granted(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        ["GRANT", "REVOKE", "DENY"].iter().any(|word| self.is(before, word)) || self.sign(before) == Some(b',')
    }

    /// The end of a statement that holds no others: its semicolon, the batch's end, or the next statement.
    fn plain_end(&self, from: usize, created: Created) -> usize {
        let mut depth = 0_usize;
        for at in from..self.tokens.len() {
            match self.sign(at) {
                Some(b'(') => depth += 1,
                Some(b')') => depth = depth.saturating_sub(1),
                Some(b';') if depth == 0 => return at,
                _ => {}
            }
            // A schema may be followed by what it holds without a semicolon between them.
            let is_next =
                self.is(at, "CREATE") && (self.begins_line(at) || created == Created::Plain(SymbolKind::Module));
            let is_other = depth == 0 && self.begins_line(at) && self.begins_statement(at);
            if is_next && depth == 0 || is_other || self.is_batch_end(at) || self.is_delimiter(at) {
                return at;
            }
        }
        self.tokens.len()
    }

    /// The end of a routine.
    fn routine_end(&self, from: usize) -> usize {
        if self.has_batches || self.delimiter.is_some() {
            return self.batch_end(from);
        }
        let mut depth = 0_usize;
        // Declarations before the block end with semicolons of their own.
        let mut declares = false;
        for at in from..self.tokens.len() {
            if self.sign(at) == Some(b';') && depth == 0 && !declares {
                return at;
            }
            if self.tokens[at].kind != Kind::Word {
                continue;
            }
            if at > from && self.is(at, "CREATE") && self.begins_line(at) && (depth == 0 || self.column(at) == 0) {
                return at;
            }
            let is_after_end = self.is(at - 1, "END");
            match self.upper(at).as_str() {
                "IS" | "AS" if depth == 0 => declares = self.begins_declarations(at),
                "BEGIN" if !self.begins_transaction(at) => (depth, declares) = (depth + 1, false),
                "CASE" if !is_after_end => depth += 1,
                "END" if !self.ends_other(at) => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// The end of the batch: a `GO` or `/` on its own, a delimiter, or where the file forgets them, what no routine can
    /// create.
    fn batch_end(&self, from: usize) -> usize {
        let is_end = |&at: &usize| self.is_batch_end(at) || self.is_delimiter(at) || self.begins_routine(at);
        (from..self.tokens.len()).find(is_end).unwrap_or(self.tokens.len())
    }

    /// Whether a word begins a statement that no definition holds, where nothing else ends the one before it.
    fn begins_statement(&self, at: usize) -> bool {
        const WORDS: [&str; 14] = [
            "ALTER", "COMMENT", "DECLARE", "DELETE", "DROP", "EXEC", "EXECUTE", "GRANT", "INSERT", "PRINT", "SET",
            "TRUNCATE", "UPDATE", "USE",
        ];
        WORDS.iter().any(|word| self.is(at, word))
    }

    /// Whether a routine or a view is created from the first column on.
    fn begins_routine(&self, at: usize) -> bool {
        let is_statement = self.is(at, "CREATE") && self.column(at) == 0;
        is_statement
            && self.created(at + 1).is_some_and(|(created, _)| {
                matches!(
                    created,
                    Created::Routine | Created::Package | Created::Plain(SymbolKind::Type)
                )
            })
    }

    /// Whether declarations follow an `IS` or `AS`, and then a block.
    fn begins_declarations(&self, at: usize) -> bool {
        let next = self.tokens.get(at + 1).map(|token| token.kind);
        let is_declared = matches!(next, Some(Kind::Word | Kind::Quoted));
        let is_statement = self.begins_statement(at + 1)
            || ["BEGIN", "IF", "MERGE", "RETURN", "SELECT", "TABLE", "WITH"]
                .iter()
                .any(|word| self.is(at + 1, word));
        // A name or a type: `trigger ON t REFERENCING NEW TABLE AS inserted`.
        is_declared && !is_statement && (self.begins_line(at) || self.begins_line(at + 1))
    }

    fn begins_transaction(&self, at: usize) -> bool {
        self.sign(at + 1) == Some(b';') || ["TRAN", "TRANSACTION", "WORK"].iter().any(|word| self.is(at + 1, word))
    }

    /// `END IF` and its like end what is not counted.
    fn ends_other(&self, at: usize) -> bool {
        let others = ["IF", "LOOP", "WHILE", "REPEAT", "FOR", "CONVERSATION"];
        others.iter().any(|word| self.is(at + 1, word))
    }

    /// What the signature leaves out.
    fn body(&self, created: Created, from: usize, end: usize) -> Option<Range<usize>> {
        let stop = self.tokens.get(end - 1)?.span.end;
        for at in from..end {
            let token = &self.tokens[at];
            let begins = match created {
                Created::Plain(SymbolKind::Struct) => token.kind == Kind::Sign && self.sign(at) == Some(b'('),
                Created::Plain(_) | Created::Package => self.is(at, "AS") && !self.is(at + 1, "ENUM"),
                // What follows the text of a function says more of it.
                Created::Routine if token.kind == Kind::String && token.span.len() > 2 && self.is(at - 1, "AS") => {
                    return Some(self.tokens[at - 1].span.start..token.span.end);
                }
                Created::Routine => {
                    self.is(at, "BEGIN") || (self.is(at, "AS") || self.is(at, "IS")) && self.begins_code(at + 1)
                }
            };
            if begins {
                return Some(token.span.start..stop);
            }
        }
        None
    }

    /// Whether what follows an `AS` is the routine rather than the name of something in its head.
    fn begins_code(&self, at: usize) -> bool {
        self.begins_line(at)
            || ["BEGIN", "SELECT", "RETURN", "DECLARE", "SET"]
                .iter()
                .any(|word| self.is(at, word))
    }

    fn set_delimiter(&mut self, at: usize) {
        let line = self.lines.at(self.tokens[at].span.start);
        let rest = self.lines.bytes(line..line + 1);
        let delimiter = self.text[self.tokens[at].span.end..rest.end].trim();
        self.delimiter = (!matches!(delimiter, "" | ";")).then_some(delimiter);
        // The line is not a statement.
        while self
            .tokens
            .get(self.position)
            .is_some_and(|token| token.span.start < rest.end)
        {
            self.position += 1;
        }
    }

    /// `GO` or `/` alone on its line.
    fn is_batch_end(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let is_mark = self.is(at, "GO") || self.sign(at) == Some(b'/');
        is_mark && {
            let line = self.lines.at(token.span.start);
            let rest = self.text[self.lines.bytes(line..line + 1)].trim();
            rest.len() == token.span.len()
                || rest.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().len() == token.span.len()
        }
    }

    fn is_delimiter(&self, at: usize) -> bool {
        self.delimiter
            .is_some_and(|delimiter| self.text[self.tokens[at].span.start..].starts_with(delimiter))
    }

    /// Whether a token is that word, in any case.
    fn is(&self, at: usize, word: &str) -> bool {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word);
        token.is_some_and(|token| self.text[token.span.clone()].eq_ignore_ascii_case(word))
    }

    /// A word in capitals; empty for what is no word.
    fn upper(&self, at: usize) -> String {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word);
        token.map_or_else(String::new, |token| self.text[token.span.clone()].to_ascii_uppercase())
    }

    fn sign(&self, at: usize) -> Option<u8> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Sign)?;
        self.text.as_bytes().get(token.span.start).copied()
    }

    /// The name at a token, if it may be one.
    fn name(&self, at: usize) -> Option<Range<usize>> {
        let token = self.tokens.get(at)?;
        let is_name = match token.kind {
            Kind::Word => !["ON", "AS", "IS", "FOR", "USING", "SET", "AUTHORIZATION"]
                .iter()
                .any(|word| self.is(at, word)),
            Kind::Quoted => true,
            Kind::String | Kind::Comment | Kind::Sign => false,
        };
        is_name.then(|| token.span.clone())
    }

    fn begins_line(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| {
            let line = self.lines.start(self.lines.at(token.span.start));
            self.text[line..token.span.start].trim_ascii().is_empty()
        })
    }

    /// The white space before a token that begins its line.
    fn column(&self, at: usize) -> usize {
        let start = self.tokens[at].span.start;
        start - self.lines.start(self.lines.at(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, kind, first and last line of everything that a text creates.
    fn created(text: &str) -> Vec<(&str, &'static str, usize, usize)> {
        let harvest = scan(text, &Lines::new(text));
        let of = |found: &Found| {
            (
                &text[found.name.clone()],
                found.label.name,
                found.first_line + 1,
                found.last_line + 1,
            )
        };
        harvest.definitions.iter().map(of).collect()
    }

    #[test]
    fn statements_end_at_their_semicolon() {
        for (text, expected) in [
            ("create table a (b int);\n", vec![("a", "struct", 1, 1)]),
            (
                "create temp view a as\n  select ';';\nselect 1;",
                vec![("a", "type", 1, 2)],
            ),
            ("create index on a (b);", vec![]),
            (
                "create unique index concurrently if not exists a on b (c);",
                vec![("a", "variable", 1, 1)],
            ),
            (
                "create schema a\n  create table b (c int);",
                vec![("a", "module", 1, 1), ("b", "struct", 2, 2)],
            ),
            ("grant create table, create view to b;", vec![]),
            ("create user a; create event session b on server;", vec![]),
            (
                "/* create table a */ -- create table b\nselect 'create table c';",
                vec![],
            ),
            ("create table", vec![]),
        ] {
            assert_eq!(created(text), expected, "{text}");
        }
    }

    #[test]
    fn routines_reach_over_their_statements() {
        for (text, expected) in [
            (
                "create function a() returns int as $$\nbegin\n  return 1;\nend\n$$ language plpgsql;\ncreate table b (c int);",
                vec![("a", "function", 1, 5), ("b", "struct", 6, 6)],
            ),
            (
                "create trigger a after insert on b begin\n  select case when 1 then 2 end;\n  delete from c;\nend;\nselect 1;",
                vec![("a", "function", 1, 4)],
            ),
            (
                "create procedure a(b date)\nis\n  c number;\nbegin\n  if 1 then\n    null;\n  end if;\nend a;\ncreate view d as select 1;",
                vec![("a", "function", 1, 8), ("d", "type", 9, 9)],
            ),
            (
                "create function a() returns int\nbegin atomic\n  select 1;\nend;\nselect 2;",
                vec![("a", "function", 1, 4)],
            ),
            (
                "create procedure a as 'select 1; select 2' language sql;\nselect 3;",
                vec![("a", "function", 1, 1)],
            ),
        ] {
            assert_eq!(created(text), expected, "{text}");
        }
    }

    #[test]
    fn batches_and_delimiters_end_what_is_before_them() {
        for (text, expected) in [
            (
                "create or alter proc dbo.a @b int as\nset nocount on;\nselect @b;\ngo\ncreate table [c d] (e int)\nGO 5\n",
                vec![("a", "function", 1, 3), ("[c d]", "struct", 5, 5)],
            ),
            (
                "DELIMITER $$\ncreate definer=`root`@`%` procedure `a`()\nbegin\n  select 1;\nend$$\nDELIMITER ;\ncreate table b (c int);",
                vec![("`a`", "function", 2, 5), ("b", "struct", 7, 7)],
            ),
            (
                "create package body a as\n  procedure b is begin null; end;\nend a;\n/\ncreate view c as select 1;\n/\n",
                vec![("a", "module", 1, 3), ("c", "type", 5, 5)],
            ),
            (
                "create table a (b int)\ncreate table c (d int)\ninsert into c values (1)\n",
                vec![("a", "struct", 1, 1), ("c", "struct", 2, 2)],
            ),
        ] {
            assert_eq!(created(text), expected, "{text}");
        }
    }
}

//! Trying a grammar before it is installed.
//!
//! A library that does not fit can take down the process that loads it, so a process of its own does: the daemon's
//! program, told to do nothing else.

use super::process::run;
use super::{AddedGrammar, GrammarError, TAGS_FILE, Toolchain, read_query};
use crate::{parse, table};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest that the trial may take. It parses a few lines.
const CAP: Duration = Duration::from_secs(20);

/// Texts to try it on: nothing, something like code, something like prose, something like neither.
const TEXTS: [&str; 4] = [
    "",
    "def f(a, b):\n    return [a, {\"b\": 1}] # c\n\nclass X { int y = 2; } /* z */\n",
    "# Title\n\n- some words, and *more*\n\n[section]\nkey = value\n",
    "((([[[{{{\"'`\\\u{fffd}\u{0}<<<\n\t;;;\r\n--- %% $$ @@ größe ✓\n",
];

/// Loads the grammar of a language from a directory, parses a few lines with it and compiles its tags query.
///
/// Runs code of the library. The error says why it cannot be used.
pub fn check_grammar(language: &str, directory: &Path) -> Result<(), GrammarError> {
    let tags = directory.join(TAGS_FILE);
    let added = AddedGrammar {
        name: language.to_owned(),
        directory: directory.to_path_buf(),
        fingerprint: String::new(),
        tags: if tags.exists() {
            read_query(&tags).map_err(|source| GrammarError::Read { path: tags, source })?
        } else {
            String::new()
        },
    };
    let refused = |reason: String| GrammarError::Refused(reason);
    let parser_language = added.load().map_err(|error| refused(error.to_string()))?;
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&parser_language)
        .map_err(|error| refused(error.to_string()))?;
    for text in TEXTS {
        if let Some(tree) = parse::parse(&mut parser, &parser_language, text) {
            let whole = tree.root_node().byte_range();
            if whole.end > text.len() {
                return Err(refused("it reads beyond the end of a text".to_owned()));
            }
        }
    }
    match table::compile(&added, parser_language, None) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
            Err(refused(format!("its tags query does not fit: {error}{reason}")))
        }
    }
}

/// The same in a process of its own.
pub(super) fn check_apart(tools: &Toolchain, language: &str, directory: &Path) -> Result<(), GrammarError> {
    let mut command = Command::new(&tools.checker);
    command
        .arg("--check-grammar")
        .arg(directory)
        .arg("--language")
        .arg(language);
    let ended = run(&mut command, CAP)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(match ended.status.signal() {
        Some(signal) => GrammarError::Crashed(format!("ended by signal {signal}")),
        None if ended.said.is_empty() => GrammarError::Crashed(format!("ended with {}", ended.status)),
        None => GrammarError::Refused(ended.said),
    })
}

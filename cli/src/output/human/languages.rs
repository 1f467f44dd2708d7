//! What can be read, and what came of adding and removing.

use super::clean;
use codemem_proto::v1;

/// Columns of the list of names that are only recognised.
const WIDTH: usize = 100;

/// The languages whose grammar is here, one a line, and the names of the others.
pub(crate) fn languages(languages: &[v1::Language]) -> String {
    let here = || languages.iter().filter(|language| language.available);
    let width = here()
        .map(|language| language.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for language in here() {
        let depth = if language.symbols { "symbols" } else { "lines  " };
        let added = if language.origin == "added" { "(added) " } else { "" };
        let line = format!(
            "{:width$}  {depth}  {added}{}",
            language.name,
            language.extensions.join(" ")
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let others: Vec<&str> = languages
        .iter()
        .filter(|language| !language.available)
        .map(|language| language.name.as_str())
        .collect();
    if !others.is_empty() {
        text.push_str("\nrecognised and cut by lines; `codemem languages add NAME` adds a grammar:\n");
        text.push_str(&wrapped(&others));
    }
    text
}

fn wrapped(names: &[&str]) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for name in names {
        if column > 0 && column + 1 + name.len() > WIDTH {
            text.push('\n');
            column = 0;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(name);
        column += name.len();
    }
    text.push('\n');
    text
}

/// That a grammar is in use from now on.
pub(crate) fn language_added(name: &str, added: &v1::AddLanguageResponse) -> String {
    let name = clean(name);
    if added.symbols {
        return format!("added `{name}`\n");
    }
    format!(
        "added `{name}`, which brings no tags query: its files stay line chunks until there is one in {}\n",
        clean(&added.query)
    )
}

/// That it is not.
pub(crate) fn language_removed(name: &str) -> String {
    format!(
        "removed `{}`; its files become line chunks with the next pass\n",
        clean(name)
    )
}

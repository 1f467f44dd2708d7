//! Git's configuration file, as far as a repository's own says something: sections, keys, values.
//!
//! Reads `config` of the common directory and nothing else: what is set up for a user, for the system or for one worktree is
//! not looked at, `include` and `includeIf` are not followed, and `url.*.insteadOf` is not applied. A line that git would
//! refuse is passed over.

use crate::git;
use std::path::Path;

/// Largest configuration file read, in bytes: people write some hundred.
const MAX_CONFIG: u64 = 1024 * 1024;

/// One setting.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    /// In lower case.
    section: String,
    /// As written, or in lower case where it was written the old way: `[section.subsection]`.
    subsection: Option<String>,
    /// In lower case.
    key: String,
    value: String,
}

/// What a configuration file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Config {
    entries: Vec<Entry>,
}

impl Config {
    /// The configuration of the repository whose common directory this is. One that cannot be read says nothing.
    pub(crate) fn of(common: &Path) -> Self {
        let text = git::text(&common.join("config"), MAX_CONFIG);
        text.map(|text| Self::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &str) -> Self {
        let mut parser = Parser {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            section: None,
            entries: Vec::new(),
        };
        while parser.step() {}
        Self {
            entries: parser.entries,
        }
    }

    /// What a key in a section without a subsection says, both in lower case; its last word counts.
    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&str> {
        let said = self.entries.iter().rev().find(|entry| entry.is(section, None, key));
        said.map(|entry| entry.value.as_str())
    }

    /// Where the repository's `origin` is fetched from: the first address since an empty one, which begins the list anew.
    pub(crate) fn origin(&self) -> Option<&str> {
        let entries = self.entries.iter();
        let addresses = entries.filter(|entry| entry.is("remote", Some("origin"), "url"));
        addresses.fold(None, |first, entry| match entry.value.as_str() {
            "" => None,
            url => first.or(Some(url)),
        })
    }
}

impl Entry {
    fn is(&self, section: &str, subsection: Option<&str>, key: &str) -> bool {
        self.section == section && self.subsection.as_deref() == subsection && self.key == key
    }
}

/// What is still to be read, and what has been.
struct Parser<'a> {
    rest: &'a str,
    /// Of the lines that follow; none before the first header, and after one that is not understood.
    section: Option<(String, Option<String>)>,
    entries: Vec<Entry>,
}

impl Parser<'_> {
    /// Reads one header or one setting; false at the end.
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            None => return false,
            Some('#' | ';') => self.skip_line(),
            Some('[') => {
                self.section = self.header();
                if self.section.is_none() {
                    self.skip_line();
                }
            }
            Some(_) => self.setting(),
        }
        true
    }

    fn skip_line(&mut self) {
        self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
    }

    /// `[section]`, `[section "subsection"]` or `[section.subsection]`. Takes nothing where it is none of them.
    fn header(&mut self) -> Option<(String, Option<String>)> {
        let inside = self.rest.strip_prefix('[')?;
        let end = inside.find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.')))?;
        let (name, mut rest) = inside.split_at(end);
        let name = name.to_ascii_lowercase();
        let quoted = rest.trim_start_matches([' ', '\t']);
        let mut subsection = None;
        if let Some(text) = quoted.strip_prefix('"') {
            let (written, after) = quoted_name(text)?;
            (subsection, rest) = (Some(written), after);
        }
        self.rest = rest.strip_prefix(']')?;
        if name.is_empty() {
            return None;
        }
        Some(match (subsection, name.split_once('.')) {
            (None, Some((section, subsection))) => (section.to_owned(), Some(subsection.to_owned())),
            (subsection, _) => (name, subsection),
        })
    }

    /// `key = value`, or a key alone, which is true.
    fn setting(&mut self) {
        let end = self
            .rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
        let (key, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let rest = rest.trim_start_matches([' ', '\t']);
        let value = if let Some(text) = rest.strip_prefix('=') {
            let (value, rest) = value(text);
            self.rest = rest;
            value
        } else {
            let is_alone = rest.is_empty() || rest.starts_with(['\r', '\n', '#', ';']);
            self.rest = rest;
            self.skip_line();
            is_alone.then(|| "true".to_owned())
        };
        if let (Some((section, subsection)), Some(value), false) = (&self.section, value, key.is_empty()) {
            self.entries.push(Entry {
                section: section.clone(),
                subsection: subsection.clone(),
                key: key.to_ascii_lowercase(),
                value,
            });
        }
    }
}

/// What stands before the closing quote of a subsection's name, and what follows that quote.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, &text[place + 1..])),
            '\n' => return None,
            '\\' => name.push(letters.next()?.1),
            _ => name.push(letter),
        }
    }
    None
}

/// The value that a text begins with, none where git would refuse it, and what follows its line.
fn value(text: &str) -> (Option<String>, &str) {
    let mut value = String::new();
    // Blanks count between words only.
    let mut kept = 0;
    let (mut is_quoted, mut is_valid) = (false, true);
    let mut letters = text.char_indices();
    let mut end = text.len();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\n' => {
                end = place + 1;
                break;
            }
            '#' | ';' if !is_quoted => {
                end = text[place..].find('\n').map_or(text.len(), |line| place + line + 1);
                break;
            }
            '"' => {
                is_quoted = !is_quoted;
                kept = value.len();
            }
            '\\' => {
                let mut escaped = letters.next().map(|(_, letter)| letter);
                if escaped == Some('\r') && text[place + 2..].starts_with('\n') {
                    escaped = letters.next().map(|(_, letter)| letter);
                }
                match escaped {
                    // Goes on in the next line.
                    Some('\n') => continue,
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('b') => drop(value.pop()),
                    Some(letter @ ('"' | '\\')) => value.push(letter),
                    Some(_) | None => is_valid = false,
                }
                kept = value.len();
            }
            ' ' | '\t' | '\r' if !is_quoted => {
                if !value.is_empty() {
                    value.push(letter);
                }
            }
            _ => {
                value.push(letter);
                kept = value.len();
            }
        }
    }
    value.truncate(kept);
    ((is_valid && !is_quoted).then_some(value), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_its_section_and_its_last_word_counts() {
        let config = "[core]\n\tfileMode = false # here\n[extensions]\n\tobjectFormat = \"sha256\"\n[ Core ]\nbare\n[CORE]\nBare\n";
        let config = Config::parse(config);
        for (section, key, expected) in [
            ("core", "filemode", Some("false")),
            ("core", "bare", Some("true")),
            ("extensions", "objectformat", Some("sha256")),
            ("extensions", "filemode", None),
            ("remote", "url", None),
        ] {
            assert_eq!(config.value(section, key), expected, "{section}.{key}");
        }
        let twice = "[core]\nfilemode = false\n[core \"sub\"]\nfilemode = no\n[core]filemode=true";
        assert_eq!(Config::parse(twice).value("core", "filemode"), Some("true"));
    }

    #[test]
    fn the_origin_is_read_as_git_reads_it() {
        for (text, expected) in [
            ("[remote \"origin\"]\n\turl = /srv/a b.git\n", Some("/srv/a b.git")),
            ("\u{feff}[Remote \"origin\"] URL=a\r\n", Some("a")),
            ("[remote.Origin]\nurl = a", Some("a")),
            ("[remote \"Origin\"]\nurl = a", None),
            ("[remote \"or\\igin\"]\nurl = a", Some("a")),
            ("[remote \"origin\"]\nurl = \"a # b\" # c", Some("a # b")),
            ("[remote \"origin\"]\nurl = a\\\n  b ; c", Some("a  b")),
            ("[remote \"origin\"]\nurl = a\\tb\\\\c\\\"", Some("a\tb\\c\"")),
            ("[remote \"origin\"]\nurl = a\nurl = b", Some("a")),
            ("[remote \"origin\"]\nurl = a\nurl =\nurl = b", Some("b")),
            ("[remote \"origin\"]\nurl = a\nurl =", None),
            ("[remote \"origin\"]\nurl = \"a\nurl = b", Some("b")),
            ("[remote \"origin\"]\nurl = a\\x\nurl = b", Some("b")),
            ("[remote \"origin\"]\n# url = a\n;url = b\nurl = c", Some("c")),
            ("[remote \"origin\"]\npushurl = a\nfetch = +x:y", None),
            ("[remote \"origin\"\nurl = a", None),
            ("url = a\n[]\nurl = b\n[remote]\nurl = c", None),
            ("[remote \"origin\"]\nurl what = a\nurl = b", Some("b")),
            ("[remote \"origin\"]\n= a\n\"\nurl = b", Some("b")),
            ("[include]\npath = other\n", None),
            ("", None),
        ] {
            assert_eq!(Config::parse(text).origin(), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_much(text in "[\\[\\]\"\\\\ \t\r\n#;=.a-e\u{e4}]{0,60}") {
            drop(Config::parse(&text));
        }
    }
}

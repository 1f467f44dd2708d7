//! Which language a file is in.
//!
//! By its name, its extension, the folder it lies in, its first line, and its content where several languages share an
//! extension; what is not one of the compiled-in languages is named by the language pack, which knows some 370.

mod tables;
#[cfg(test)]
mod tests;

use crate::language::Language;
use codemem_core::path::RepoPath;
use std::collections::HashMap;
use tables::{EXTENSIONS, FIRST_WORDS, FOLDERS, NAMED_FILES};
use tree_sitter_language_pack::{
    detect_language_from_content, detect_language_from_extension, detect_language_from_path,
};

/// What was found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detected {
    /// The language at that index of the table: its grammar is compiled in.
    Known(usize),
    /// A language by name only.
    Named(&'static str),
    /// Nothing recognises it.
    Unknown,
}

/// Lines looked at to tell languages apart that share an extension.
const LINES_READ: usize = 2_000;

/// The tables by which a language is found.
#[derive(Debug)]
pub(crate) struct Detector {
    extensions: HashMap<&'static str, usize>,
    file_names: HashMap<&'static str, usize>,
    interpreters: HashMap<&'static str, usize>,
    names: HashMap<&'static str, usize>,
}

impl Detector {
    /// Reads the tables of the languages.
    pub(crate) fn new(languages: &[&'static Language]) -> Self {
        let index = |of: fn(&Language) -> &'static [&'static str]| {
            let entries = languages.iter().enumerate();
            entries
                .flat_map(|(index, language)| of(language).iter().map(move |key| (*key, index)))
                .collect()
        };
        Self {
            extensions: index(|language| language.extensions),
            file_names: index(|language| language.file_names),
            interpreters: index(|language| language.interpreters),
            names: languages
                .iter()
                .enumerate()
                .map(|(index, language)| (language.name, index))
                .collect(),
        }
    }

    /// Names the language of a file.
    pub(crate) fn detect(&self, path: &RepoPath, text: &str) -> Detected {
        let file_name = path.file_name();
        if let Some(detected) = self.by_file_name(file_name) {
            return detected;
        }
        let by_path = detect_language_from_path(path.as_str());
        // `page.rs.html`: the pack knows more of the name than its last extension.
        let is_compound = |name: &&str| {
            let by_extension = path.extension().and_then(detect_language_from_extension);
            path.extension().is_some() && by_extension != Some(*name)
        };
        if let Some(name) = by_path.filter(is_compound) {
            return self.named(name);
        }
        if let Some(extension) = path.extension()
            && let Some(detected) = self.by_extension(path, extension, text)
        {
            return detected;
        }
        if let Some(name) = by_path {
            return self.named(name);
        }
        if let Some(detected) = self.by_first_line(text) {
            return detected;
        }
        // `Dockerfile.dev`, `Makefile.am`.
        let stem = file_name.split('.').next().unwrap_or(file_name);
        self.by_file_name(stem).unwrap_or(Detected::Unknown)
    }

    fn by_file_name(&self, file_name: &str) -> Option<Detected> {
        if let Some(&index) = self.file_names.get(file_name) {
            return Some(Detected::Known(index));
        }
        let named = NAMED_FILES.iter().find(|(name, _)| *name == file_name);
        named.map(|(_, name)| self.named(name))
    }

    /// By an extension that a compiled-in language or one of our tables has.
    fn by_extension(&self, path: &RepoPath, extension: &str, text: &str) -> Option<Detected> {
        let lower = extension.to_ascii_lowercase();
        let in_folder = |folder: &str| path.as_str().split('/').rev().skip(1).any(|part| part == folder);
        let folder = FOLDERS
            .iter()
            .find(|(folder, extension, _)| *extension == lower && in_folder(folder));
        if let Some((.., name)) = folder {
            return Some(self.named(name));
        }
        let by_words = FIRST_WORDS
            .iter()
            .find(|(extension, _, words)| *extension == lower && begins_with_any(text, words));
        if let Some((_, name, _)) = by_words {
            return Some(self.named(name));
        }
        let exact = self.extensions.get(extension);
        if let Some(&index) = exact.or_else(|| self.extensions.get(lower.as_str())) {
            // Qt translations.
            let is_xml = lower == "ts" && (text.starts_with("<?xml") || text.starts_with("<!DOCTYPE"));
            return Some(if is_xml {
                self.named("xml")
            } else {
                Detected::Known(index)
            });
        }
        let more = EXTENSIONS.iter().find(|(extension, _)| *extension == lower);
        more.map(|(_, name)| self.named(name))
    }

    fn by_first_line(&self, text: &str) -> Option<Detected> {
        if let Some(&index) = interpreter(text).and_then(|program| self.interpreters.get(program)) {
            return Some(Detected::Known(index));
        }
        detect_language_from_content(text).map(|name| self.named(name))
    }

    fn named(&self, name: &'static str) -> Detected {
        self.names
            .get(name)
            .map_or(Detected::Named(name), |&index| Detected::Known(index))
    }
}

/// Whether a line outside of block comments begins with one of these words.
fn begins_with_any(text: &str, words: &[&str]) -> bool {
    let mut in_comment = false;
    text.lines().take(LINES_READ).map(str::trim_start).any(|line| {
        let is_code = !in_comment;
        // Prose in a block comment may begin a line with any of these words.
        let opened = line.rfind("/*");
        let closed = line.rfind("*/");
        in_comment = if in_comment { closed.is_none() } else { opened > closed };
        is_code && words.iter().any(|head| line.starts_with(head))
    })
}

/// The program that a script's first line names, without path and version.
fn interpreter(text: &str) -> Option<&str> {
    let line = text.trim_start_matches('\u{feff}').strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_ascii_whitespace();
    let mut program = words.next()?.rsplit('/').next()?;
    if program == "env" {
        program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        program = program.rsplit('/').next()?;
    }
    Some(program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

//! Which language a file is in.
//!
//! By its name, its extension, its first line, and for `.h` its content; what is not one of the compiled-in
//! languages is named by the language pack, which knows some 370 by extension.

use crate::language::Language;
use codemem_core::path::RepoPath;
use std::collections::HashMap;

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

/// Names of files without an extension that the language pack does not know by path.
const NAMED_FILES: [(&str, &str); 10] = [
    ("CMakeLists.txt", "cmake"),
    ("Containerfile", "dockerfile"),
    ("Dockerfile", "dockerfile"),
    ("GNUmakefile", "make"),
    ("Jenkinsfile", "groovy"),
    ("Justfile", "just"),
    ("Makefile", "make"),
    ("go.mod", "gomod"),
    ("justfile", "just"),
    ("makefile", "make"),
];

/// Lines of a header looked at to tell C++ from C.
const HEADER_LINES: usize = 2_000;

/// How lines begin that only C++ has.
const CPP_LINES: [&str; 15] = [
    "class ",
    "namespace ",
    "template<",
    "template <",
    "public:",
    "private:",
    "protected:",
    "using ",
    "virtual ",
    "constexpr ",
    "explicit ",
    "inline namespace ",
    "static constexpr ",
    "enum class ",
    "friend ",
];

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
        if let Some(&index) = self.file_names.get(file_name) {
            return Detected::Known(index);
        }
        if let Some(index) = path.extension().and_then(|extension| self.by_extension(extension)) {
            return self.by_content(index, path, text);
        }
        if let Some(&(_, name)) = NAMED_FILES.iter().find(|(name, _)| *name == file_name) {
            return Detected::Named(name);
        }
        if let Some(name) = tree_sitter_language_pack::detect_language_from_path(path.as_str()) {
            return self
                .names
                .get(name)
                .map_or(Detected::Named(name), |&index| Detected::Known(index));
        }
        if let Some(index) = interpreter(text).and_then(|program| self.interpreters.get(program)) {
            return Detected::Known(*index);
        }
        let stem = file_name.split('.').next().unwrap_or(file_name);
        let by_stem = NAMED_FILES.iter().find(|(name, _)| *name == stem);
        by_stem.map_or(Detected::Unknown, |(_, name)| Detected::Named(name))
    }

    fn by_extension(&self, extension: &str) -> Option<usize> {
        let exact = self.extensions.get(extension).copied();
        exact.or_else(|| self.extensions.get(extension.to_ascii_lowercase().as_str()).copied())
    }

    /// Where an extension is shared, the content decides.
    fn by_content(&self, index: usize, path: &RepoPath, text: &str) -> Detected {
        match path.extension() {
            Some("h") if is_cpp(text) => self
                .names
                .get("cpp")
                .map_or(Detected::Known(index), |&cpp| Detected::Known(cpp)),
            // Qt translations.
            Some("ts") if text.starts_with("<?xml") || text.starts_with("<!DOCTYPE") => Detected::Named("xml"),
            _ => Detected::Known(index),
        }
    }
}

fn is_cpp(text: &str) -> bool {
    let mut in_comment = false;
    text.lines().take(HEADER_LINES).map(str::trim_start).any(|line| {
        let is_code = !in_comment;
        // Prose in a block comment may begin a line with any of these words.
        let opened = line.rfind("/*");
        let closed = line.rfind("*/");
        in_comment = if in_comment { closed.is_none() } else { opened > closed };
        is_code && CPP_LINES.iter().any(|head| line.starts_with(head))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::languages;

    fn name(path: &str, text: &str) -> &'static str {
        let path = RepoPath::new(path).expect("valid");
        match Detector::new(languages::ALL).detect(&path, text) {
            Detected::Known(index) => languages::ALL[index].name,
            Detected::Named(name) => name,
            Detected::Unknown => "text",
        }
    }

    #[test]
    fn paths() {
        for (path, expected) in [
            ("src/main.rs", "rust"),
            ("a.py", "python"),
            ("a.pyi", "python"),
            ("A.PY", "python"),
            ("a.js", "javascript"),
            ("a.jsx", "javascript"),
            ("a.mjs", "javascript"),
            ("a.cjs", "javascript"),
            ("a.ts", "typescript"),
            ("a.d.ts", "typescript"),
            ("a.mts", "typescript"),
            ("a.cts", "typescript"),
            ("a.tsx", "tsx"),
            ("a.go", "go"),
            ("A.java", "java"),
            ("a.c", "c"),
            ("a.C", "cpp"),
            ("a.cc", "cpp"),
            ("a.cpp", "cpp"),
            ("a.cxx", "cpp"),
            ("a.hh", "cpp"),
            ("a.hpp", "cpp"),
            ("a.ipp", "cpp"),
            ("A.cs", "csharp"),
            ("a.rb", "ruby"),
            ("Rakefile", "ruby"),
            ("Gemfile", "ruby"),
            ("a.gemspec", "ruby"),
            ("a.php", "php"),
            ("a.sh", "bash"),
            (".bashrc", "bash"),
            ("PKGBUILD", "bash"),
            ("README.md", "markdown"),
            ("Cargo.toml", "toml"),
            ("a.kt", "kotlin"),
            ("Makefile", "make"),
            ("Dockerfile", "dockerfile"),
            ("Dockerfile.dev", "dockerfile"),
            ("LICENSE", "text"),
            ("notes.xyz123", "text"),
        ] {
            assert_eq!(name(path, ""), expected, "{path}");
        }
    }

    #[test]
    fn contents() {
        for (path, text, expected) in [
            ("run", "#!/usr/bin/env python3\n", "python"),
            ("run", "#!/usr/bin/python3.11 -u\n", "python"),
            ("run", "#!/bin/sh\n", "bash"),
            ("run", "#!/usr/bin/env -S bash -e\n", "bash"),
            ("run", "#!/usr/bin/env node\n", "javascript"),
            ("run", "#!/usr/bin/env ruby\n", "ruby"),
            ("run", "#!/usr/bin/php\n", "php"),
            ("run", "#!/usr/bin/env\n", "text"),
            ("run", "\u{feff}#!/bin/bash\n", "bash"),
            ("a.h", "#ifndef A\nint f(void);\n", "c"),
            ("a.h", "/*\nclass of things\nusing words\n*/\nint f(void);\n", "c"),
            ("a.h", "#pragma once\nnamespace a {\nclass B;\n}\n", "cpp"),
            ("a.h", "#pragma once\n  template <typename T> T f();\n", "cpp"),
            ("de.ts", "<?xml version=\"1.0\"?>\n", "xml"),
        ] {
            assert_eq!(name(path, text), expected, "{path} {text:?}");
        }
    }
}

//! Tables of paths and contents, and every language of the pack.

use super::*;
use crate::{languages, pack};

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
        ("build.gradle.kts", "kotlin"),
        ("A.scala", "scala"),
        ("build.sbt", "scala"),
        ("script.sc", "scala"),
        ("a.swift", "swift"),
        ("a.dart", "dart"),
        ("a.zig", "zig"),
        ("a.lua", "lua"),
        ("a-1.0.rockspec", "lua"),
        (".luacheckrc", "lua"),
        ("a.R", "r"),
        ("a.r", "r"),
        (".Rprofile", "r"),
        ("Makefile", "make"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("Makefile.am", "make"),
        ("main.tf", "hcl"),
        ("package.json", "json"),
        ("compose.yml", "yaml"),
        ("index.html", "html"),
        ("site.css", "css"),
        ("site.scss", "scss"),
        ("api.proto", "proto"),
        (".gitignore", "gitignore"),
        (".env", "dotenv"),
        ("go.mod", "gomod"),
        ("schema.graphql", "graphql"),
        ("queries/tags.scm", "query"),
        ("lib/main.scm", "scheme"),
        ("test/corpus/a.txt", "test"),
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
        ("a.h", "#import <A.h>\n@interface B\n@end\n", "objc"),
        ("a.m", "@implementation B\n@end\n", "objc"),
        ("a.m", "% adds\nfunction y = f(x)\n", "matlab"),
        ("a.pl", "use strict;\n", "perl"),
        ("a.pl", ":- module(a, []).\n", "prolog"),
        ("a.v", "module adder(input a);\nendmodule\n", "verilog"),
        ("a.v", "fn main() {}\n", "v"),
        ("a.wgsl", "#import bevy_pbr::mesh\n", "wgsl_bevy"),
        ("run", "#!/usr/bin/perl -w\n", "perl"),
        ("run", "#!/usr/bin/make -f\n", "make"),
    ] {
        assert_eq!(name(path, text), expected, "{path} {text:?}");
    }
}

/// Languages of the pack that no file is recognised as, and why.
const UNREACHED: [(&str, &str); 14] = [
    ("angular", "its templates are HTML files"),
    ("comment", "stands inside of other languages"),
    ("doxygen", "stands inside of other languages"),
    ("gstlaunch", "command lines, not files"),
    ("javadoc", "stands inside of other languages"),
    ("jsdoc", "stands inside of other languages"),
    ("luadoc", "stands inside of other languages"),
    ("luap", "stands inside of other languages"),
    ("markdown_inline", "stands inside of Markdown"),
    ("norg_meta", "stands inside of Norg"),
    ("phpdoc", "stands inside of other languages"),
    ("printf", "stands inside of other languages"),
    ("regex", "stands inside of other languages"),
    ("styled", "stands inside of other languages"),
];

/// Languages of the pack whose files one of ours reads.
const READ_AS: [(&str, &str); 2] = [("terraform", "hcl"), ("zsh", "bash")];

/// One file of each language that neither an extension of the pack's nor a name of our tables finds.
const SAMPLES: [(&str, &str); 7] = [
    ("dotenv", ".env"),
    ("kitty", "kitty.conf"),
    ("query", "queries/tags.scm"),
    ("rshtml", "page.rs.html"),
    ("test", "test/corpus/a.txt"),
    ("verilog", "a.v"),
    ("wgsl_bevy", "a.wgsl"),
];

#[test]
fn every_language_of_the_pack_is_found_by_a_path_or_it_is_said_why_not() {
    for language in pack::all() {
        let wanted = language.name();
        let by_extension = language.extensions().map(|extension| format!("x.{extension}"));
        let by_name = NAMED_FILES.iter().filter(|(_, name)| *name == wanted);
        let more = EXTENSIONS.iter().filter(|(_, name)| *name == wanted);
        let sampled = SAMPLES.iter().filter(|(name, _)| *name == wanted);
        let own = languages::ALL.iter().filter(|ours| ours.name == wanted);
        let paths: Vec<String> = by_extension
            .chain(by_name.map(|(file, _)| (*file).to_owned()))
            .chain(more.map(|(extension, _)| format!("x.{extension}")))
            .chain(sampled.map(|(_, path)| (*path).to_owned()))
            .chain(own.flat_map(|ours| ours.extensions.iter().map(|extension| format!("x.{extension}"))))
            .collect();
        let words = FIRST_WORDS.iter().find(|(_, name, _)| *name == wanted);
        let text = words.map_or_else(String::new, |(.., words)| format!("{}x\n", words[0]));
        let found: Vec<&str> = paths.iter().map(|path| name(path, &text)).collect();
        let read_as = READ_AS.iter().find(|(name, _)| *name == wanted);
        if let Some((_, ours)) = read_as {
            assert!(
                found.contains(ours) && !found.contains(&wanted),
                "{wanted}: {paths:?} {found:?}"
            );
        } else if UNREACHED.iter().any(|(name, _)| *name == wanted) {
            assert!(!found.contains(&wanted), "{wanted} is reached after all");
        } else {
            assert!(found.contains(&wanted), "{wanted}: {paths:?} {found:?}");
        }
    }
}

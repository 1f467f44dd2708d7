//! Documents and data: what of them is worth a symbol, and what is a table.

use crate::common::{check, extract};
use codemem_core::unit::Extraction;
use std::fmt::Write as _;

fn read(path: &str, text: &str) -> Extraction {
    let extraction = extract(path, text.as_bytes()).expect("a text");
    check(text, &extraction);
    assert!(!extraction.has_errors, "{path}");
    extraction
}

fn names(extraction: &Extraction) -> Vec<&str> {
    extraction
        .symbols
        .iter()
        .map(|symbol| symbol.qualified_name.as_str())
        .collect()
}

#[test]
fn tables_define_nothing_however_they_are_written() {
    const KEYS: usize = 10_000;
    let rows = |row: &dyn Fn(usize) -> String| (0..KEYS).map(row).collect::<Vec<_>>();
    let flat = format!("{{\n{}\n}}\n", rows(&|n| format!("  \"key{n}\": {n}")).join(",\n"));
    assert_eq!(names(&read("flat.json", &flat)), Vec::<&str>::new());
    let yaml = rows(&|n| format!("key{n}: {n}\n")).concat();
    assert_eq!(names(&read("flat.yaml", &yaml)), Vec::<&str>::new());
    let toml = rows(&|n| format!("key{n} = {n}\n")).concat();
    assert_eq!(names(&read("flat.toml", &toml)), Vec::<&str>::new());
    // Below a few keys, only these are left.
    let nested = rows(&|n| format!("    \"key{n}\": {{}}")).join(",\n");
    let nested = format!("{{\n  \"version\": 1,\n  \"rows\": {{\n{nested}\n  }}\n}}\n");
    assert_eq!(names(&read("nested.json", &nested)), ["version", "rows"]);
    // An array has no names.
    let array = format!("[\n{}\n]\n", rows(&|n| format!("  {{\"id\": {n}}}")).join(",\n"));
    assert_eq!(names(&read("array.json", &array)), Vec::<&str>::new());
}

#[test]
fn data_is_cut_into_chunks_of_some_fifty_lines() {
    let text: String = (0..600).fold(String::new(), |mut text, n| {
        writeln!(text, "key{n}: {n}").expect("strings take anything");
        text
    });
    for path in ["a.yaml", "a.toml"] {
        let text = if path == "a.toml" {
            text.replace(": ", " = ")
        } else {
            text.clone()
        };
        let longest = read(path, &text).chunks.iter().map(|chunk| chunk.lines.len()).max();
        assert!(
            longest.is_some_and(|lines| (20..=80).contains(&lines)),
            "{path}: {longest:?}"
        );
    }
}

#[test]
fn sections_follow_headings_of_both_kinds_and_never_cross() {
    let text = "\
Title
=====

Words.

## First ##

Text.

Under
-----

# Second

More
----

# Third
";
    let extraction = read("a.md", text);
    let found: Vec<_> = extraction
        .symbols
        .iter()
        .map(|symbol| (symbol.qualified_name.as_str(), symbol.lines.start, symbol.lines.end))
        .collect();
    let named = |name: &str| found.iter().find(|(qualified, ..)| qualified.ends_with(name)).copied();
    assert_eq!(found.len(), 6, "{found:?}");
    for name in ["Title", "First", "Under", "Second", "More", "Third"] {
        assert!(named(name).is_some(), "{name} in {found:?}");
    }
    let more = named("More").map(|(qualified, ..)| qualified);
    assert_eq!(more, Some("Title > Second > More"));
}

#[test]
fn an_empty_document_is_one() {
    for path in [
        "a.json",
        "a.yaml",
        "a.toml",
        "a.md",
        "a.html",
        "a.css",
        "Makefile",
        "a.tf",
        "a.proto",
        "Dockerfile",
    ] {
        for text in ["", "\n", "\n\n  \n"] {
            let extraction = extract(path, text.as_bytes()).expect("a text");
            check(text, &extraction);
            assert!(extraction.symbols.is_empty(), "{path} {text:?}");
        }
    }
}

//! What holds for any text.

use crate::common::{check, extract, extractor, samples};
use codemem_core::ports::Extractor as _;
use proptest::prelude::*;

/// An extension per language, and two without a grammar.
const EXTENSIONS: [&str; 38] = [
    "rs", "py", "js", "ts", "tsx", "go", "java", "c", "cpp", "cs", "rb", "php", "sh", "md", "txt", "kt", "scala",
    "swift", "dart", "zig", "lua", "r", "ex", "hs", "ml", "mli", "jl", "erl", "sql", "nix", "html", "css", "json",
    "yaml", "toml", "tf", "proto", "mk",
];

/// Pieces of which files of many shapes are made.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ \t]{0,8}[a-z(){};:=,.\"'#/* ]{0,60}",
        2 => Just(String::new()),
        1 => Just("fn f() {".to_owned()),
        1 => Just("}".to_owned()),
        1 => Just("class A {".to_owned()),
        1 => Just("def f(x):".to_owned()),
        1 => Just("/* größe ✓".to_owned()),
        1 => Just("*/".to_owned()),
        1 => Just("# Überschrift".to_owned()),
        1 => "[a-z]{200,900}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(line(), 0..160),
        prop_oneof![Just("\n"), Just("\r\n")],
        any::<bool>(),
    )
        .prop_map(|(lines, ending, ends)| {
            let mut text = lines.join(ending);
            if ends {
                text.push_str(ending);
            }
            text
        })
}

/// A change to a sample: cut out, doubled or overwritten at a place.
#[derive(Clone, Debug)]
enum Mutation {
    Remove(usize, usize),
    Double(usize, usize),
    Write(usize, String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), 1_usize..200).prop_map(|(at, n)| Mutation::Remove(at, n)),
        (any::<usize>(), 1_usize..2_000).prop_map(|(at, n)| Mutation::Double(at, n)),
        (any::<usize>(), "[(){}\\[\\]<>;:\"'`#/*\n\r ä✓\u{feff}]{1,6}")
            .prop_map(|(at, text)| Mutation::Write(at, text)),
    ]
}

fn apply(text: &mut String, mutation: Mutation) {
    let place = |text: &str, at: usize| text.floor_char_boundary(at % (text.len() + 1));
    match mutation {
        Mutation::Remove(at, n) => {
            let start = place(text, at);
            let end = text.floor_char_boundary((start + n).min(text.len())).max(start);
            text.replace_range(start..end, "");
        }
        Mutation::Double(at, n) => {
            let start = place(text, at);
            let end = text.floor_char_boundary((start + n).min(text.len())).max(start);
            let piece = text[start..end].to_owned();
            text.insert_str(end, &piece);
        }
        Mutation::Write(at, piece) => {
            let start = place(text, at);
            text.insert_str(start, &piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_covered_exactly_once(text in text(), extension in prop::sample::select(&EXTENSIONS[..])) {
        if let Ok(extraction) = extract(&format!("file.{extension}"), text.as_bytes()) {
            check(&text, &extraction);
        }
    }

    #[test]
    fn mutated_samples_are_covered_exactly_once(
        sample in prop::sample::select(samples()),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let (name, bytes) = sample;
        let mut text = String::from_utf8(bytes).expect("samples are UTF-8");
        for mutation in mutations {
            apply(&mut text, mutation);
        }
        if let Ok(extraction) = extract(&name, text.as_bytes()) {
            check(&text, &extraction);
            let again = extract(&name, text.as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(&extraction));
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(extraction) = extract("file.py", &bytes) {
            check(&codemem_chunk::decode(&bytes), &extraction);
        }
    }
}

#[test]
fn threads_agree() {
    let expected: Vec<_> = samples().iter().map(|(name, bytes)| extract(name, bytes)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let found: Vec<_> = samples().iter().map(|(name, bytes)| extract(name, bytes)).collect();
                assert_eq!(found, expected);
            });
        }
    });
}

#[test]
fn the_version_is_the_constant() {
    assert_eq!(extractor().version(), codemem_chunk::EXTRACTOR_VERSION);
}

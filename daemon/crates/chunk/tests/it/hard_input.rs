//! Files made to hurt, and files that are merely unusual.

use crate::common::{MAX_FILE_BYTES, check, extract, samples};
use codemem_core::skip::SkipReason;
use codemem_core::unit::SymbolKind;

/// Levels of nesting. A recursive walk of the tree would need more stack than a thread has.
const LEVELS: usize = 5_000;

#[test]
fn assignments_are_no_nesting() {
    let text = "x <- f(1)\n".repeat(20_000) + "last <- function(a) a\n";
    let extraction = extract("a.r", text.as_bytes()).expect("code");
    check(&text, &extraction);
    assert!(extraction.symbols.iter().any(|symbol| symbol.name == "last"));
}

#[test]
fn deep_nesting_is_survived() {
    let nested = |open: &str, middle: &str, close: &str| open.repeat(LEVELS) + middle + &close.repeat(LEVELS);
    for (path, text) in [
        ("a.rs", format!("fn f() {{ {} }}\n", nested("(\n", "1", ")"))),
        ("b.rs", nested("mod a {\n", "fn f() {}\n", "}\n")),
        ("a.js", nested("function f() {\n", "g()\n", "}\n")),
        ("b.js", format!("x = {};\n", nested("{a:\n", "1", "}"))),
        ("a.ts", nested("namespace a {\n", "export class B {}\n", "}\n")),
        ("a.c", format!("int f(void) {{\n{}}}\n", nested("{\n", "g();", "}\n"))),
        ("a.cpp", nested("namespace a {\n", "class B {};\n", "}\n")),
        ("a.java", nested("class A {\n", "void f() {}\n", "}\n")),
        ("a.cs", nested("class A {\n", "void f() {}\n", "}\n")),
        (
            "a.go",
            format!("package a\nfunc f() {{\n{}}}\n", nested("if x {\n", "g()\n", "}\n")),
        ),
        ("a.rb", nested("module A\n", "def f; end\n", "end\n")),
        ("a.php", format!("<?php\n{};\n", nested("(\n", "1", ")"))),
        ("a.sh", nested("f() {\n", "echo\n", "}\n")),
        ("a.tsx", format!("const a = {};\n", nested("<a>\n", "text", "</a>\n"))),
        ("a.ex", nested("defmodule A do\n", "def f, do: 1\n", "end\n")),
        ("a.hs", format!("f = {}\n", nested("(\n", "1", ")"))),
        ("a.ml", nested("module A = struct\n", "let f x = x\n", "end\n")),
        ("a.mli", nested("module A : sig\n", "val f : int\n", "end\n")),
        ("a.jl", nested("module A\n", "f(x) = x\n", "end\n")),
        ("a.erl", format!("f() -> {}.\n", nested("{\n", "a", "}"))),
        ("a.nix", format!("{}\n", nested("{ a =\n", "1", "; }"))),
        ("a.sql", format!("select {};\n", nested("(\n", "1", ")"))),
        ("a.kt", nested("class A {\n", "fun f() {}\n", "}\n")),
        ("a.scala", nested("object A {\n", "def f = 1\n", "}\n")),
        ("a.swift", nested("struct A {\n", "func f() {}\n", "}\n")),
        ("a.dart", nested("void f() {\n", "g();\n", "}\n")),
        ("a.zig", nested("const A = struct {\n", "fn f() void {}\n", "};\n")),
        ("a.lua", nested("local function f()\n", "g()\n", "end\n")),
        ("b.lua", format!("return {}\n", nested("{ a =\n", "1", "}"))),
        ("a.r", nested("f <- function() {\n", "g()\n", "}\n")),
        ("b.r", nested("f(a =\n", "1", ")")),
        ("a.json", nested("{\"a\":\n", "1", "}\n")),
        ("b.json", nested("[\n", "1", "]\n")),
        ("a.yaml", nested("[\n", "1", "]\n")),
        ("a.html", nested("<div id=\"a\">\n", "text", "</div>\n")),
        ("a.css", nested("a {\n", "color: red;", "}\n")),
        ("a.tf", nested("a \"b\" {\n", "c = 1\n", "}\n")),
        ("a.proto", nested("message A {\n", "string b = 1;", "}\n")),
        ("a.toml", format!("a = {}\n", nested("[\n", "1", "]\n"))),
        ("a.md", format!("{}text\n", "> ".repeat(LEVELS))),
        (
            "b.md",
            (1..250)
                .flat_map(|level| ["  ".repeat(level), "- a\n".to_owned()])
                .collect(),
        ),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(&text, &extraction);
    }
    // Python's own limit is 100 levels of indentation; here the file grows with the square of the levels.
    let python: String = (0..400)
        .flat_map(|level| [" ".repeat(level), "def f():\n".to_owned()])
        .collect();
    let extraction = extract("a.py", python.as_bytes()).expect("code");
    check(&python, &extraction);
}

#[test]
fn brackets_without_end_become_line_chunks() {
    // The parser would take the better part of a minute for each.
    for (path, open) in [("a.c", "(((\n"), ("a.py", "[\n"), ("a.sh", "$(\n"), ("a.cpp", "a<\n")] {
        let text = open.repeat(200_000);
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(&text, &extraction);
        assert!(extraction.has_errors && extraction.symbols.is_empty());
    }
}

#[test]
fn a_line_of_ten_megabytes_is_minified_at_once() {
    let line = vec![b'x'; 10 << 20];
    assert_eq!(extract("a.js", &line), Err(SkipReason::Minified));
    assert_eq!(extract("a.txt", &line), Err(SkipReason::Minified));
}

#[test]
fn a_file_over_the_limit_is_too_large() {
    let bytes = vec![b'\n'; MAX_FILE_BYTES as usize + 1];
    assert_eq!(extract("a.py", &bytes), Err(SkipReason::TooLarge));
}

#[test]
fn an_empty_file_has_no_chunks() {
    for path in ["a.rs", "a.md", "a"] {
        let extraction = extract(path, b"").expect("text");
        assert!(extraction.chunks.is_empty() && extraction.symbols.is_empty(), "{path}");
    }
    let extraction = extract("a.rs", b"\n\n").expect("text");
    check("\n\n", &extraction);
    assert_eq!(extraction.chunks.len(), 1);
}

#[test]
fn latin_1_is_read_with_its_structure() {
    let bytes = b"# Gr\xf6\xdfe\ndef gr\xfc\xdfe(a):\n    \"\"\"Sagt gr\xfc\xdf Gott.\"\"\"\n    return a\n\n\nclass Later:\n    pass\n";
    let extraction = extract("a.py", bytes).expect("text");
    let text = codemem_chunk::decode(bytes);
    check(&text, &extraction);
    let later = extraction
        .symbols
        .iter()
        .find(|symbol| symbol.name == "Later")
        .expect("found");
    assert_eq!((later.lines.start, later.lines.end), (7, 8));
}

#[test]
fn line_ends_make_no_difference() {
    for (name, bytes) in samples() {
        let unix = String::from_utf8(bytes).expect("samples are UTF-8");
        let dos = unix.replace('\n', "\r\n");
        let open = unix.trim_end().to_owned();
        let expected = extract(&name, unix.as_bytes()).expect("code");
        for text in [&dos, &open] {
            let found = extract(&name, text.as_bytes()).expect("code");
            check(text, &found);
            assert_eq!(found.symbols, expected.symbols, "{name}");
            assert_eq!(found.leading_comment, expected.leading_comment, "{name}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_obstacle() {
    let text = "\u{feff}\"\"\"Says what.\"\"\"\n\n\ndef f():\n    pass\n";
    let extraction = extract("a.py", text.as_bytes()).expect("text");
    check(text, &extraction);
    assert_eq!(extraction.leading_comment.as_deref(), Some("Says what."));
    assert_eq!(extraction.symbols.len(), 1);
}

#[test]
fn what_parses_is_kept_when_the_rest_does_not() {
    let text = "fn good() {}\n\nfn bad( { ] =>\n\nstruct Fine { a: u32 }\n\nfn also_good() {}\n";
    let extraction = extract("a.rs", text.as_bytes()).expect("text");
    check(text, &extraction);
    assert!(extraction.has_errors);
    assert!(extraction.symbols.iter().any(|symbol| symbol.name == "good"));
}

#[test]
fn half_a_file_is_read_when_the_other_half_is_broken() {
    // Each defines and calls something, then breaks, then does both again.
    for (path, text) in [
        (
            "a.py",
            "def first():\n    before()\n\ndef broken(x)\n    x = = 3\n  y +\n\ndef last():\n    after()\n",
        ),
        (
            "a.ts",
            "function first() { before(); }\n\nclass Broken { method( { = } ]\n}\n\nfunction last() { after(); }\n",
        ),
        (
            "a.js",
            "function first() { before(); }\n\nconst broken = { a: , b = };\n\nfunction last() { after(); }\n",
        ),
        (
            "a.rs",
            "fn first() { before(); }\n\nfn broken( { let = 3 }\n\nfn last() { after(); }\n",
        ),
        (
            "a.go",
            "package a\n\nfunc first() { before() }\n\nfunc broken( { x := }\n\nfunc last() { after() }\n",
        ),
        (
            "A.java",
            "class A {\n  void first() { before(); }\n\n  void broken( { int = ; }\n\n  void last() { after(); }\n}\n",
        ),
        (
            "a.cs",
            "class A {\n  void First() { before(); }\n\n  void Broken() { int = ; }\n\n  void Last() { after(); }\n}\n",
        ),
        (
            "a.rb",
            "def first\n  before(1)\nend\n\ndef broken(=\nend\n\ndef last\n  after(1)\nend\n",
        ),
        (
            "a.php",
            "<?php\nfunction first() { before(); }\n\nfunction broken() { $x = ; }\n\nfunction last() { after(); }\n",
        ),
        (
            "a.c",
            "void first(void) { before(); }\n\nvoid broken(void) { int = ; }\n\nvoid last(void) { after(); }\n",
        ),
        (
            "a.kt",
            "fun first() { before() }\n\nfun broken() { x = = 1 }\n\nfun last() { after() }\n",
        ),
        (
            "a.swift",
            "func first() { before() }\n\nfunc broken() { let = }\n\nfunc last() { after() }\n",
        ),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(text, &extraction);
        assert!(extraction.has_errors, "{path}");
        let has_symbol = |name: &str| extraction.symbols.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        let has_use = |name: &str| extraction.references.uses.iter().any(|one| one.name == name);
        assert!(
            has_symbol("first") && has_symbol("last"),
            "{path}: {:?}",
            extraction.symbols
        );
        assert!(
            has_use("before") && has_use("after"),
            "{path}: {:?}",
            extraction.references.uses
        );
    }
}

#[test]
fn what_a_grammar_stumbles_over_is_mended() {
    let kotlin = "class Before {\n    fun one() {}\n}\n\n@JvmInline\npublic value class Result<out T>\n\
                  @PublishedApi internal constructor(val holder: Any?) {\n    fun getOrNull(): T? = null\n}\n\n\
                  class After {\n    fun two() {}\n}\n";
    let csharp = "class A {\n    void One() {\n#if X\n        if (a) {\n#else\n        if (b) {\n#endif\n        }\n    }\n    \
                  void Two() { }\n}\n";
    for (path, text, names) in [
        (
            "a.kt",
            kotlin,
            &["Before", "one", "Result", "getOrNull", "After", "two"][..],
        ),
        ("a.cs", csharp, &["A", "One", "Two"][..]),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(text, &extraction);
        for name in names {
            assert!(
                extraction.symbols.iter().any(|one| one.name == *name),
                "{path}: {name} of {:?}",
                extraction.symbols
            );
        }
    }
}

#[test]
fn oversized_units_are_cut_and_tiny_ones_joined() {
    let small = |index: usize| format!("    def get_{index}(self):\n        return {index}\n\n");
    let large = |index: usize| {
        let line = "        self.value = compute_something_of_length(self.value, 1234567890)\n";
        format!("    def large_{index}(self):\n{}\n", line.repeat(60))
    };
    let text = format!(
        "class Big:\n{}{}{}",
        (0..40).map(small).collect::<String>(),
        large(1),
        large(2)
    );
    let extraction = extract("a.py", text.as_bytes()).expect("code");
    check(&text, &extraction);
    let sizes: Vec<_> = extraction.chunks.iter().map(|chunk| chunk.bytes.len()).collect();
    assert!(sizes.iter().all(|&size| (300..=2_700).contains(&size)), "{sizes:?}");
    assert_eq!(extraction.symbols[0].kind, SymbolKind::Class);
    // The getters' chunks show the class, the pieces of a large method the method.
    let shown = |index: u32| &extraction.symbols[index as usize].qualified_name;
    let names: Vec<_> = extraction
        .chunks
        .iter()
        .filter_map(|chunk| chunk.symbol.map(shown))
        .collect();
    assert_eq!(names.len(), sizes.len());
    assert_eq!(names.first().map(|name| name.as_str()), Some("Big"), "{names:?}");
    assert_eq!(
        names.iter().filter(|name| **name == "Big.large_1").count(),
        3,
        "{names:?}"
    );
}

#[test]
fn many_comments_and_many_definitions_take_linear_time() {
    // Either would take minutes if any step looked at all neighbours of each.
    let comments = "// a comment\n".repeat(100_000) + "function last() {}\n";
    let extraction = extract("a.js", comments.as_bytes()).expect("code");
    check(&comments, &extraction);
    assert_eq!(extraction.symbols.len(), 1);
    let lines: Vec<_> = (0..50_000)
        .map(|index| format!("int f{index}(void) {{ return {index}; }}\n"))
        .collect();
    let functions = lines.concat();
    let extraction = extract("a.c", functions.as_bytes()).expect("code");
    check(&functions, &extraction);
    assert_eq!(extraction.symbols.len(), 50_000);
}

#[test]
fn pieces_of_functions_and_lists_of_names_take_linear_time() {
    let repeated = |piece: &str, n: usize| piece.repeat(n);
    let names: Vec<_> = (0..20_000).map(|index| format!("a{index},\n  ")).collect();
    let names = names.concat();
    for (path, text, n_symbols) in [
        ("a.erl", repeated("f(X) -> X;\n", 20_000) + "f(_) -> ok.\n", 1),
        (
            "a.hs",
            "f :: Int -> Int\n".to_owned() + &repeated("f 1 = 1\n", 20_000),
            1,
        ),
        ("b.hs", format!("{names}b :: Int\n"), 20_001),
        (
            "a.ex",
            format!("defmodule A do\n{}end\n", repeated("  def f(x), do: x\n", 20_000)),
            2,
        ),
        ("a.mli", repeated("val f : int\n(** Why. *)\n\n", 20_000), 20_000),
        // Openings that nothing closes.
        ("a.sql", repeated("/* \n$a$ \ncreate \n", 20_000), 0),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(&text, &extraction);
        assert_eq!(extraction.symbols.len(), n_symbols, "{path}");
    }
}

#[test]
fn what_calls_make_in_ruby_is_named() {
    let text = "class Shop\n  attr_reader :items, :names\n  delegate :size, to: :items\n  define_method(:close) { 1 }\n  alias_method :shut, :close\n  \
                def open = attr_reader(:no)\nend\n";
    let extraction = extract("a.rb", text.as_bytes()).expect("code");
    check(text, &extraction);
    let names: Vec<_> = extraction
        .symbols
        .iter()
        .map(|one| (one.qualified_name.as_str(), one.kind))
        .collect();
    let expected = [
        ("Shop", SymbolKind::Class),
        ("Shop#items", SymbolKind::Field),
        ("Shop#names", SymbolKind::Field),
        ("Shop#size", SymbolKind::Field),
        ("Shop#close", SymbolKind::Method),
        ("Shop#shut", SymbolKind::Method),
        ("Shop#open", SymbolKind::Method),
    ];
    assert_eq!(names, expected);
}

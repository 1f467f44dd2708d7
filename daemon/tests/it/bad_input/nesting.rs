//! Nesting beyond reason, of code and of directories.

use crate::sandbox::{self, assert_serves, found};
use std::fs;
use std::time::{Duration, Instant};

/// Levels of nesting. A recursive walk would need more stack than a thread has.
const LEVELS: usize = 5_000;

/// Longest that the whole pass may take, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn five_thousand_levels_of_code_are_survived_in_every_language() {
    let sandbox = sandbox::lexical();
    let nested = |open: &str, middle: &str, close: &str| open.repeat(LEVELS) + middle + &close.repeat(LEVELS);
    let files = [
        ("a.rs", nested("mod a {\n", "fn nestedrust() {}\n", "}\n")),
        ("a.js", nested("function f() {\n", "nested_js()\n", "}\n")),
        ("a.ts", nested("namespace a {\n", "export class NestedTs {}\n", "}\n")),
        (
            "a.c",
            format!("int f(void) {{\n{}}}\n", nested("{\n", "nested_c();", "}\n")),
        ),
        ("a.cpp", nested("namespace a {\n", "class NestedCpp {};\n", "}\n")),
        ("a.java", nested("class A {\n", "void nestedJava() {}\n", "}\n")),
        (
            "a.go",
            format!(
                "package a\nfunc f() {{\n{}}}\n",
                nested("if x {\n", "nestedGo()\n", "}\n")
            ),
        ),
        ("a.rb", nested("module A\n", "def nested_rb; end\n", "end\n")),
        ("a.php", format!("<?php\n$nestedphp = {};\n", nested("(\n", "1", ")\n"))),
        ("a.sh", nested("f() {\n", "nested_sh\n", "}\n")),
        ("a.json", nested("[\n", "\"nested_json\"\n", "]\n")),
        ("a.html", nested("<div>\n", "nested_html\n", "</div>\n")),
        ("a.lua", nested("do\n", "nested_lua()\n", "end\n")),
        ("a.hs", format!("x = {}\n", nested("(\n ", "nestedhs", "\n )"))),
        ("a.md", nested("> ", "nested_md", "\n")),
    ];
    for (path, text) in &files {
        sandbox.write(path, text);
    }
    sandbox.write("after.py", "def afterthem():\n    pass\n");
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let began = Instant::now();
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(index["skipped"]["failed"].is_null(), "{index}");
    let n_minified = index["skipped"]["minified"].as_u64().unwrap_or_default();
    assert_eq!(
        index["files"].as_u64(),
        Some(files.len() as u64 + 1 - n_minified),
        "{index}"
    );
    assert!(n_minified <= 1, "only the quotes of Markdown are one line: {index}");
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "afterthem"), ["after.py"]);
    assert_eq!(found(&sandbox, "nestedrust"), ["a.rs"], "what is inside is found");
    assert_serves(&sandbox, pid);
}

#[test]
fn directories_are_listed_as_deep_as_a_path_has_a_name() {
    let sandbox = sandbox::lexical();
    let deep = "d/".repeat(400);
    sandbox.write(&format!("{deep}deep.py"), "def fardown():\n    pass\n");
    // No program can open what has a longer path than the system takes: one that works from directory to
    // directory made it.
    let name = "l".repeat(250);
    let mut directory = fs::File::open(sandbox.tree()).expect("open");
    for _ in 0..17 {
        let (mode, flags) = (rustix::fs::Mode::RWXU, rustix::fs::OFlags::DIRECTORY);
        rustix::fs::mkdirat(&directory, &name, mode).expect("create");
        let inner = rustix::fs::openat(&directory, &name, flags, rustix::fs::Mode::empty()).expect("open");
        directory = fs::File::from(inner);
    }
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["skipped"]["unreadable"].as_u64()),
        (Some(1), Some(1)),
        "{index}"
    );
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "fardown"), [format!("{deep}deep.py")]);
    assert_serves(&sandbox, pid);
}

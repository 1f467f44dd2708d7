//! Input that nobody means to give.

use crate::sandbox;

#[test]
fn paths_that_are_no_project_are_refused_with_advice() {
    let sandbox = sandbox::lexical();
    sandbox.write("file.txt", "text");
    let file = sandbox.tree().join("file.txt");
    let home = sandbox.path("home");
    for (path, expected) in [
        ("/no/such/place", "no such directory"),
        (file.to_str().expect("UTF-8"), "not a directory"),
        ("/", "refusing"),
        (home.to_str().expect("UTF-8"), "refusing"),
    ] {
        let answer = sandbox.codemem(["index", path, "--wait-lexical"]);
        assert!(matches!(answer.code, 2 | 4), "{path}: {answer:?}");
        assert!(
            answer.stderr.contains(expected) && answer.stderr.contains("hint:"),
            "{path}: {answer:?}"
        );
        assert!(answer.stdout.is_empty(), "{answer:?}");
    }
    let forced = sandbox.codemem(["index", home.to_str().expect("UTF-8"), "--wait-lexical", "--force"]);
    forced.success();
    let status = sandbox.codemem(["status", "--json"]).json();
    assert_eq!(
        status["repositories"].as_array().map(Vec::len),
        Some(1),
        "only what was forced is registered"
    );
}

#[test]
fn an_empty_repository_is_an_index_of_nothing() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait", "--json"]).json();
    assert_eq!(
        (
            index["files"].as_u64(),
            index["chunks"].as_u64(),
            index["vectors"].as_u64()
        ),
        (Some(0), Some(0), Some(0))
    );
    let answer = sandbox.codemem(["search", "--repo", tree, "--json", "anything"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON even when nothing was found");
    assert_eq!(answer["hits"].as_array().map(Vec::len), Some(0));
}

#[test]
fn odd_files_are_skipped_and_counted() {
    let sandbox = sandbox::lexical();
    sandbox.write("good.py", "def good():\n    pass\n");
    sandbox.write("latin1.py", b"# caf\xe9\ndef latin():\n    pass\n");
    sandbox.write("binary.py", b"def\0bin():\n    pass\n");
    sandbox.write("long.js", format!("var x = \"{}\";\n", "x".repeat(900_000)));
    sandbox.write("huge.js", "x".repeat(10 * 1024 * 1024));
    sandbox.write("Cargo.lock", "[[package]]\n");
    sandbox.write("empty.py", "");
    sandbox.write(
        "nested.json",
        format!("{}{}\n", "[".repeat(5_000), "]".repeat(5_000)).replace("[[[[[[[[[[", "[[[[[[[[[[\n"),
    );
    sandbox.write(
        "nested.js",
        format!("x = {}1{};\n", "(\n".repeat(5_000), ")\n".repeat(5_000)),
    );
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    let skipped = &index["skipped"];
    assert_eq!(
        (
            skipped["binary"].as_u64(),
            skipped["minified"].as_u64(),
            skipped["too_large"].as_u64(),
            skipped["generated"].as_u64()
        ),
        (Some(1), Some(1), Some(1), Some(1)),
        "{index}"
    );
    assert!(skipped["failed"].is_null(), "{index}");
    let answer = sandbox.codemem(["search", "--repo", tree, "--json", "latin"]).json();
    assert_eq!(
        answer["hits"][0]["path"], "latin1.py",
        "invalid UTF-8 in a comment does not hide a file"
    );
}

#[test]
fn useless_queries_are_answered_or_refused_with_advice() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    sandbox.codemem(["index", tree, "--wait-lexical"]).success();
    for empty in ["", "   "] {
        let answer = sandbox.codemem(["search", "--repo", tree, "--", empty]);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.stderr.contains("hint:"), "{answer:?}");
    }
    let long = "router ".repeat(10_000);
    for odd in ["--dashes", "?", "the of and", "\u{1}\u{2}", "маршрут", long.as_str()] {
        let answer = sandbox.codemem(["search", "--repo", tree, "--json", "--", odd]);
        assert!(matches!(answer.code, 0 | 1), "{odd:.20}: {answer:?}");
    }
    let unknown = sandbox.codemem(["search", "--repo", tree, "--lang", "klingon", "router"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(
        unknown.stderr.contains("python"),
        "it says which languages there are: {unknown:?}"
    );
    let elsewhere = sandbox.codemem(["search", "--repo", "/usr", "router"]);
    assert_ne!(elsewhere.code, 0);
    assert!(elsewhere.stderr.contains("codemem index"), "{elsewhere:?}");
}

#[test]
fn links_are_not_followed() {
    let sandbox = sandbox::lexical();
    let outside = sandbox.path("home/secret.py");
    std::fs::write(&outside, "def secret_outside():\n    pass\n").expect("write");
    sandbox.write("inside.py", "def inside():\n    pass\n");
    std::os::unix::fs::symlink(&outside, sandbox.path("tree/link.py")).expect("symlink");
    std::os::unix::fs::symlink(sandbox.path("tree"), sandbox.path("tree/loop")).expect("symlink");
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["skipped"]["not_a_file"].as_u64()),
        (Some(1), Some(2)),
        "{index}"
    );
    assert_eq!(sandbox.codemem(["search", "--repo", tree, "secret_outside"]).code, 1);
}

//! The receipt of an answer: what git says, what is not read yet, how changes are noticed, on every surface.

use super::project::git;
use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// Longer than any debounce, poll or count.
const PATIENCE: Duration = Duration::from_mins(1);

fn search(sandbox: &Sandbox, word: &str) -> Value {
    let answer = sandbox.codemem(["search", "--json", "--", word]);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn root_status(sandbox: &Sandbox) -> Value {
    sandbox.codemem(["status", "--json"]).json()["repositories"][0].clone()
}

fn indexed() -> Sandbox {
    let sandbox = sandbox::lexical();
    sandbox.write("src/bilby.rs", "pub fn bilby() {}\n");
    sandbox
}

fn index(sandbox: &Sandbox) {
    sandbox.codemem(["index", "--wait-lexical"]).success();
}

#[test]
fn an_answer_says_what_it_rests_on_wherever_it_is_asked_for() {
    let sandbox = indexed();
    let tree = sandbox.tree();
    git(&tree, &["init", "-q", "-b", "main"]);
    git(&tree, &["add", "."]);
    git(&tree, &["commit", "-qm", "first"]);
    index(&sandbox);
    // The count of what git would call modified may come a moment after the pass.
    let settled = |receipt: &Value, n_dirty: u64| {
        receipt["dirty"] == n_dirty && receipt["pending"] == 0 && receipt["rescanning"] == false
    };
    wait_until("a clean tree", PATIENCE, || {
        settled(&search(&sandbox, "bilby")["freshness"], 0)
    });
    let receipt = search(&sandbox, "bilby")["freshness"].clone();
    assert_eq!(
        (&receipt["branch"], receipt["commit"].as_str().map(str::len)),
        (&json!("main"), Some(40)),
        "{receipt}"
    );
    assert!(
        ["events", "polling"].contains(&receipt["watching"].as_str().expect("text")),
        "{receipt}"
    );
    assert!(
        receipt["checked_at"].as_str().is_some_and(|at| at.ends_with('Z')),
        "{receipt}"
    );

    fs::write(tree.join("src/bilby.rs"), "pub fn quokka() {}\n").expect("file");
    fs::write(tree.join("src/new.rs"), "pub fn numbat() {}\n").expect("file");
    wait_until("both edits", PATIENCE, || {
        let found = |word| !search(&sandbox, word)["hits"].as_array().expect("hits").is_empty();
        found("quokka") && found("numbat") && settled(&search(&sandbox, "quokka")["freshness"], 2)
    });
    git(&tree, &["checkout", "-q", "-b", "fix"]);
    wait_until("the other branch", PATIENCE, || {
        search(&sandbox, "quokka")["freshness"]["branch"] == "fix"
    });
    wait_until("rest", PATIENCE, || settled(&root_status(&sandbox)["freshness"], 2));

    let status = sandbox.codemem(["status"]);
    let status = status.success();
    for part in ["fix@", "2 modified", "compared with its files"] {
        assert!(status.contains(part), "{part}: {status}");
    }
    let person = sandbox.codemem(["search", "quokka"]);
    assert!(
        person.stderr.contains("fix@") && person.stderr.contains("2 modified"),
        "{}",
        person.stderr
    );
    assert!(!sandbox.codemem(["search", "-q", "quokka"]).stderr.contains("fix@"));
    let mut session = Session::start(&sandbox, true);
    let (failed, answer) = session.tool("search_code", &json!({"query": "quokka"}));
    let last = answer.lines().last().expect("a line");
    assert!(
        !failed && last.contains("; fix@") && last.contains("2 modified"),
        "{answer}"
    );
    let (_, answer) = session.tool("index_status", &json!({}));
    assert!(answer.contains("fix@") && answer.contains("2 modified"), "{answer}");
    session.end();
    // What is staged does not count, and staging writes no file of the tree.
    git(&tree, &["add", "src/new.rs"]);
    wait_until("one file less", PATIENCE, || {
        settled(&root_status(&sandbox)["freshness"], 1)
    });
}

#[test]
fn outside_git_nothing_is_made_up() {
    let sandbox = indexed();
    index(&sandbox);
    let receipt = search(&sandbox, "bilby")["freshness"].clone();
    assert_eq!(
        (&receipt["branch"], &receipt["commit"], &receipt["dirty"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let person = sandbox.codemem(["search", "bilby"]);
    assert!(!person.stderr.contains('@'), "{}", person.stderr);
}

//! What is saved is found without anybody asking for an index, whatever was done to the tree.

use super::project::git;
use super::state::{found, index};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use std::fs;
use std::time::Duration;

/// Longest that a change may take to be found on a busy machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// Waits until a word is found in that file and in no other, or nowhere.
#[track_caller]
fn wait(sandbox: &Sandbox, word: &str, path: Option<&str>) {
    let expected: Vec<String> = path.iter().map(|path| (*path).to_owned()).collect();
    wait_until(&format!("`{word}` in {expected:?}"), PATIENCE, || {
        found(sandbox, &sandbox.tree(), word) == expected
    });
}

/// A tree that was indexed once.
fn indexed() -> Sandbox {
    let sandbox = sandbox::lexical();
    sandbox.write("src/one.py", "def bilby():\n    return 1\n");
    sandbox.write("src/two.py", "def quoll():\n    return 1\n");
    index(&sandbox, &sandbox.tree());
    wait(&sandbox, "bilby", Some("src/one.py"));
    sandbox
}

#[test]
fn files_that_are_saved_deleted_and_renamed_are_followed() {
    let sandbox = indexed();
    sandbox.write("src/two.py", "def numbat():\n    return 1\n");
    wait(&sandbox, "numbat", Some("src/two.py"));
    wait(&sandbox, "quoll", None);
    sandbox.write("src/deep/er/new.py", "def wombat():\n    return 1\n");
    wait(&sandbox, "wombat", Some("src/deep/er/new.py"));
    // As editors save.
    sandbox.write("src/.two.py.tmp", "def potoroo():\n    return 1\n");
    fs::rename(
        sandbox.tree().join("src/.two.py.tmp"),
        sandbox.tree().join("src/two.py"),
    )
    .expect("renamed");
    wait(&sandbox, "potoroo", Some("src/two.py"));
    fs::rename(sandbox.tree().join("src/deep"), sandbox.tree().join("lib")).expect("renamed");
    wait(&sandbox, "wombat", Some("lib/er/new.py"));
    fs::remove_file(sandbox.tree().join("src/one.py")).expect("removed");
    wait(&sandbox, "bilby", None);
    fs::remove_dir_all(sandbox.tree().join("lib")).expect("removed");
    wait(&sandbox, "wombat", None);
}

#[test]
fn rules_that_change_are_followed() {
    let sandbox = indexed();
    sandbox.write(".codememignore", "two.py\n");
    wait(&sandbox, "quoll", None);
    sandbox.write("src/two.py", "def numbat():\n    return 1\n");
    sandbox.write("src/after.py", "def wombat():\n    return 1\n");
    wait(&sandbox, "wombat", Some("src/after.py"));
    wait(&sandbox, "numbat", None);
    fs::remove_file(sandbox.tree().join(".codememignore")).expect("removed");
    wait(&sandbox, "numbat", Some("src/two.py"));
}

#[test]
fn a_checkout_is_followed() {
    let sandbox = sandbox::lexical();
    let root = sandbox.tree();
    git(&root, &["init", "-q", "-b", "main"]);
    sandbox.write("main.py", "def bilby():\n    return 1\n");
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "main"]);
    git(&root, &["checkout", "-qb", "side"]);
    git(&root, &["mv", "main.py", "side.py"]);
    sandbox.write("side.py", "def quoll():\n    return 1\n");
    git(&root, &["commit", "-qam", "side"]);
    index(&sandbox, &root);
    wait(&sandbox, "quoll", Some("side.py"));
    for _ in 0..2 {
        git(&root, &["checkout", "-q", "main"]);
        wait(&sandbox, "bilby", Some("main.py"));
        wait(&sandbox, "quoll", None);
        git(&root, &["checkout", "-q", "side"]);
        wait(&sandbox, "quoll", Some("side.py"));
        wait(&sandbox, "bilby", None);
    }
    let receipt = || {
        let answer = sandbox.codemem(["search", "--json", "--", "quoll"]);
        let answer: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
        answer["freshness"].clone()
    };
    wait_until("the branch", PATIENCE, || {
        receipt()["branch"] == "side" && receipt()["rescanning"] == false
    });
}

#[test]
fn a_root_that_is_deleted_and_made_again_is_followed() {
    let sandbox = indexed();
    let root = sandbox.tree();
    fs::remove_dir_all(&root).expect("removed");
    fs::create_dir(&root).expect("created");
    sandbox.write("again.py", "def wombat():\n    return 1\n");
    wait(&sandbox, "wombat", Some("again.py"));
    wait(&sandbox, "bilby", None);
    sandbox.write("again.py", "def numbat():\n    return 1\n");
    wait(&sandbox, "numbat", Some("again.py"));
}

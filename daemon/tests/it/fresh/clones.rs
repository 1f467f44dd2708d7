//! Two clones of one repository share an index as worktrees do, and are two projects all the same.

use super::project::git;
use super::state::{self, PATIENCE, found, index, text};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module whose names begin with a word.
fn module(word: &str) -> String {
    let mut code = String::new();
    for n in 0..6 {
        writeln!(code, "def {word}_{n}(left, right):\n    \"\"\"Joins {word} {n}.\"\"\"").expect("written");
        code.push_str("    return left\n\n\n");
    }
    code
}

/// A repository of `n_files` modules with one commit.
fn upstream(sandbox: &Sandbox, n_files: usize) -> PathBuf {
    let root = sandbox.tree();
    for n in 0..n_files {
        sandbox.write(&format!("src/module_{n}.py"), module(&format!("wombat{n}")));
    }
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "first"]);
    root
}

fn clone(sandbox: &Sandbox, from: &Path, name: &str) -> PathBuf {
    let place = sandbox.path(name);
    git(&sandbox.path("."), &["clone", "-q", text(from), text(&place)]);
    place
}

fn explain(sandbox: &Sandbox, path: &Path) -> Value {
    sandbox.codemem(["project", "explain", text(path), "--json"]).json()
}

/// Whether a word is found in a file; parts of its name may be found in others as well.
fn has(sandbox: &Sandbox, root: &Path, word: &str, path: &str) -> bool {
    found(sandbox, root, word).iter().any(|found| found == path)
}

fn status_of(sandbox: &Sandbox, root: &Path) -> Value {
    let status = sandbox.codemem(["status", "--json"]).json();
    let roots = status["repositories"].as_array().expect("a list").clone();
    let of_root = |found: &Value| found["root"] == text(root);
    roots.into_iter().find(of_root).expect("it is registered")
}

#[test]
fn a_clone_of_a_clone_costs_its_manifest_and_has_a_life_of_its_own() {
    let sandbox = sandbox::lexical();
    let root = upstream(&sandbox, 30);
    let first = index(&sandbox, &root);
    let one = clone(&sandbox, &root, "one");
    let two = clone(&sandbox, &one, "two");
    for clone in [&one, &two] {
        assert_eq!(index(&sandbox, clone)["chunks"], first["chunks"]);
    }
    let cut = state::chunks_cut(&sandbox);
    assert_eq!(
        cut.iter().sum::<u64>(),
        first["chunks"].as_u64().expect("a number"),
        "{cut:?}"
    );
    assert_eq!(state::stores(&sandbox).len(), 1);
    // One index, three projects.
    let told: Vec<Value> = [&root, &one, &two].map(|root| explain(&sandbox, root)).into();
    for (answer, rule) in told.iter().zip(["own", "local_origin", "local_origin"]) {
        let group = &answer["index_group"];
        assert_eq!(group["rule"], rule, "{answer:#}");
        assert_eq!(group["key"], told[0]["index_group"]["key"], "{answer:#}");
        assert_eq!(group["roots"].as_array().map(Vec::len), Some(3), "{answer:#}");
        assert_eq!(answer["project_roots"].as_array().map(Vec::len), Some(1), "{answer:#}");
    }
    let because = told[2]["index_group"]["because"]
        .as_str()
        .expect("a sentence")
        .to_owned();
    let way = format!(
        "cloned from `{}/.git`, which was cloned from `{}/.git`",
        one.display(),
        root.display()
    );
    assert_eq!(because, way);
    let shown = sandbox.codemem(["project", "explain", text(&two)]);
    let shown = shown.success();
    assert!(shown.contains(", shared by 3 registered roots: cloned from"), "{shown}");

    // Each has its own branch, edits and rules, and is watched for them.
    git(&two, &["checkout", "-qb", "other"]);
    fs::write(two.join("src/module_3.py"), module("potoroo")).expect("written");
    fs::write(one.join(".gitignore"), "module_5.py\n").expect("written");
    git(&one, &["rm", "-q", "--cached", "src/module_5.py"]);
    let settled = || {
        has(&sandbox, &two, "potoroo_1", "src/module_3.py")
            && !has(&sandbox, &one, "wombat5_1", "src/module_5.py")
            && status_of(&sandbox, &two)["freshness"]["branch"] == "other"
    };
    wait_until("both clones are followed", PATIENCE, settled);
    assert_eq!(status_of(&sandbox, &one)["freshness"]["branch"], "main");
    for (root, word, path, expected) in [
        (&one, "potoroo_1", "src/module_3.py", false),
        (&one, "wombat3_1", "src/module_3.py", true),
        (&two, "wombat3_1", "src/module_3.py", false),
        (&two, "wombat5_1", "src/module_5.py", true),
        (&root, "potoroo_1", "src/module_3.py", false),
        (&root, "wombat5_1", "src/module_5.py", true),
    ] {
        assert_eq!(
            has(&sandbox, root, word, path),
            expected,
            "{word} in {}",
            root.display()
        );
    }

    // One that is deleted takes what it alone had; the last one takes the index.
    fs::remove_dir_all(&two).expect("deleted");
    let report = sandbox.codemem(["prune", "--json"]).json();
    assert_eq!(report["roots"], serde_json::json!([text(&two)]), "{report}");
    assert_eq!(report["contents"], 1, "{report}");
    assert!(has(&sandbox, &root, "wombat3_1", "src/module_3.py"));
    sandbox.codemem(["remove", text(&root)]).success();
    assert!(has(&sandbox, &one, "wombat3_1", "src/module_3.py"));
    state::stop(&sandbox);
    state::sound_but_for_garbage(&sandbox);
    sandbox.codemem(["remove", text(&one)]).success();
    assert!(state::stores(&sandbox).is_empty());
}

#[test]
fn two_clones_that_are_indexed_at_once_are_cut_once() {
    let sandbox = sandbox::lexical();
    let root = upstream(&sandbox, 60);
    let clones = ["one", "two"].map(|name| clone(&sandbox, &root, name));
    sandbox.codemem(["daemon", "start"]).success();
    let chunks: Vec<Value> = std::thread::scope(|scope| {
        let both = clones
            .each_ref()
            .map(|clone| scope.spawn(|| index(&sandbox, clone)["chunks"].clone()));
        both.map(|one| one.join().expect("indexed")).into()
    });
    assert_eq!(chunks[0], chunks[1]);
    let cut = state::chunks_cut(&sandbox);
    assert_eq!(
        cut.iter().sum::<u64>(),
        chunks[0].as_u64().expect("a number"),
        "{cut:?}"
    );
    state::stop(&sandbox);
    state::sound(&sandbox);
}

#[test]
fn a_clone_is_not_embedded_again() {
    let sandbox = sandbox::with_model();
    let root = upstream(&sandbox, 2);
    let first = sandbox.codemem(["index", text(&root), "--wait", "--json"]).json();
    assert!(
        first["chunks"].as_u64() > Some(0) && first["vectors"] == first["chunks"],
        "{first}"
    );
    // What has a vector from now on had it before.
    state::stop(&sandbox);
    fs::remove_file(sandbox.path("data/models")).expect("unlinked");
    let other = clone(&sandbox, &root, "other");
    let second = index(&sandbox, &other);
    assert_eq!(second["vectors"], first["vectors"], "{second}");
}

#[test]
fn an_index_from_before_is_found_again_and_no_secret_is_kept() {
    let sandbox = sandbox::lexical();
    let root = upstream(&sandbox, 5);
    let chunks = index(&sandbox, &root)["chunks"].as_u64().expect("a number");
    state::stop(&sandbox);
    // As a program left it for which a repository was a project.
    let script = "import sqlite3, sys
registry = sqlite3.connect(sys.argv[1])
registry.executescript('''BEGIN;
    CREATE TABLE old (path TEXT NOT NULL PRIMARY KEY, repository TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO old SELECT path, repository FROM roots; DROP TABLE roots; ALTER TABLE old RENAME TO roots;
    PRAGMA user_version = 1; COMMIT;''')
registry.close()";
    let registry = sandbox.path("data/index/registry.db");
    fs::remove_file(registry.with_file_name("registry.db.seal")).expect("a seal");
    let run = Command::new("python3").args(["-c", script]).arg(&registry).output();
    let run = run.expect("python runs");
    assert!(run.status.success(), "{run:?}");
    git(
        &root,
        &[
            "remote",
            "add",
            "origin",
            "https://me:hunter2@example.org:443/Owner/repo.git",
        ],
    );

    let other = sandbox.path("other");
    fs::create_dir(&other).expect("made");
    git(&other, &["init", "-q", "-b", "main"]);
    git(&other, &["remote", "add", "origin", "git@example.org:Owner/repo"]);
    fs::create_dir(other.join("src")).expect("made");
    for n in 0..5 {
        let path = format!("src/module_{n}.py");
        fs::copy(root.join(&path), other.join(&path)).expect("copied");
    }
    index(&sandbox, &root);
    index(&sandbox, &other);
    assert_eq!(state::chunks_cut(&sandbox).iter().sum::<u64>(), chunks);
    assert_eq!(state::stores(&sandbox).len(), 1);
    let told = explain(&sandbox, &root);
    let group = &told["index_group"];
    assert_eq!(
        (&group["rule"], &group["name"]),
        (&"origin".into(), &"example.org/Owner/repo".into())
    );
    assert!(
        group["because"]
            .as_str()
            .is_some_and(|because| because.contains("stays there")),
        "{group:#}"
    );
    state::stop(&sandbox);
    let kept = [registry.clone(), registry.with_file_name("roots.json")].map(|path| fs::read(path).expect("readable"));
    for text in [told.to_string().into_bytes(), sandbox.log().into_bytes()]
        .iter()
        .chain(&kept)
    {
        assert!(!text.windows(7).any(|bytes| bytes == b"hunter2"));
    }
    state::sound(&sandbox);
}

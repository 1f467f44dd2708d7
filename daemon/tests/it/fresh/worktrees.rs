//! Worktrees and branches share what they have in common, and nothing else.

use super::project::git;
use super::state::{self, chunks_cut, found, index, text};
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A module whose names begin with a word.
fn module(word: &str, n_functions: usize) -> String {
    let mut code = String::new();
    for n in 0..n_functions {
        writeln!(
            code,
            "def {word}_{n}(left, right):\n    \"\"\"Joins {word} {n} to the rest.\"\"\""
        )
        .expect("written");
        for line in 0..14 {
            writeln!(code, "    left = right.{word}_{line}(left, {n}) + {line}").expect("written");
        }
        code.push_str("    return left\n\n\n");
    }
    code
}

/// A repository with one commit of these files.
fn repository(sandbox: &Sandbox, files: &[(String, String)]) -> PathBuf {
    let root = sandbox.tree();
    for (path, code) in files {
        sandbox.write(path, code);
    }
    git(&root, &["init", "-q", "-b", "main"]);
    commit(&root);
    root
}

fn commit(root: &Path) {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "more"]);
}

/// Takes the model away: what has a vector from now on had it before.
fn forget_the_model(sandbox: &Sandbox) {
    state::stop(sandbox);
    fs::remove_file(sandbox.path("data/models")).expect("unlinked");
}

fn has_all_vectors(counts: &Value) -> bool {
    counts["vectors"] == counts["chunks"] && counts["chunks"].as_u64() > Some(0)
}

#[test]
fn a_second_worktree_of_a_commit_costs_nothing_but_its_manifest() {
    let sandbox = sandbox::lexical();
    let files: Vec<_> = (0..120)
        .map(|n| {
            (
                format!("src/part_{}/module_{n}.py", n % 9),
                module(&format!("wombat{n}"), 40),
            )
        })
        .collect();
    let root = repository(&sandbox, &files);
    let first = index(&sandbox, &root);
    state::stop(&sandbox);
    let one = state::disk_bytes(&sandbox.path("data/index"));
    let side = sandbox.path("side");
    git(&root, &["worktree", "add", "-q", "--detach", text(&side)]);
    let second = index(&sandbox, &side);
    for name in ["files", "chunks", "symbols"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    let cut = chunks_cut(&sandbox);
    assert_eq!(cut.first().copied(), first["chunks"].as_u64(), "{cut:?}");
    assert_eq!(cut[1..].iter().sum::<u64>(), 0, "nothing is cut again: {cut:?}");
    assert_eq!(found(&sandbox, &side, "wombat77_3")[0], "src/part_5/module_77.py");
    state::stop(&sandbox);
    let both = state::disk_bytes(&sandbox.path("data/index"));
    // Without vectors, which are most of an index: with them it is a fifth of this share.
    assert!((both - one) * 100 <= one, "{one} for one, {both} for both");
    state::sound(&sandbox);
}

#[test]
fn a_second_worktree_and_a_branch_that_comes_back_are_not_embedded_again() {
    let sandbox = sandbox::with_model();
    let words = ["wombat", "bilby", "numbat", "dunnart"].into_iter().enumerate();
    let files: Vec<_> = words
        .map(|(n, word)| (format!("module_{n}.py"), module(word, 2)))
        .collect();
    let root = repository(&sandbox, &files);
    let wait = |root: &Path| sandbox.codemem(["index", text(root), "--wait", "--json"]).json();
    assert!(has_all_vectors(&wait(&root)));
    git(&root, &["checkout", "-qb", "other"]);
    for (n, word) in [(2, "quokka"), (3, "potoroo"), (4, "bettong")] {
        sandbox.write(&format!("module_{n}.py"), module(word, 2));
    }
    // The same lines under another name: its chunks are known, its summary is not.
    git(&root, &["mv", "module_1.py", "moved.py"]);
    commit(&root);
    assert!(has_all_vectors(&wait(&root)));

    forget_the_model(&sandbox);
    let before = chunks_cut(&sandbox).len();
    for (branch, word, absent) in [("main", "numbat", "quokka"), ("other", "quokka", "numbat")] {
        git(&root, &["checkout", "-q", branch]);
        let counts = index(&sandbox, &root);
        assert!(has_all_vectors(&counts), "{branch}: {counts}");
        assert_eq!(found(&sandbox, &root, word)[0], "module_2.py");
        assert!(found(&sandbox, &root, absent).is_empty(), "{branch} does not have it");
    }
    let side = sandbox.path("side");
    git(&root, &["worktree", "add", "-q", text(&side), "main"]);
    let counts = index(&sandbox, &side);
    assert!(has_all_vectors(&counts), "{counts}");
    let cut = chunks_cut(&sandbox);
    assert_eq!(cut[before..].iter().sum::<u64>(), 0, "nothing is cut again: {cut:?}");
    // Every file has its summary's vector as well.
    let status = sandbox.codemem(["status", "--json"]).json();
    let problems = status["repositories"].as_array().expect("roots").iter();
    assert!(problems.count() == 2, "{status}");
    state::stop(&sandbox);
    state::sound_but_for_garbage(&sandbox);
}

#[test]
fn a_search_in_one_worktree_never_shows_content_of_another() {
    let sandbox = sandbox::lexical();
    let shared = [
        ("shared.py".to_owned(), module("shared", 3)),
        ("own.py".to_owned(), module("numbat", 3)),
    ];
    let root = repository(&sandbox, &shared);
    let side = sandbox.path("side");
    git(&root, &["worktree", "add", "-q", "-b", "side", text(&side)]);
    fs::write(side.join("own.py"), module("potoroo", 3)).expect("written");
    // The same path and another content there; the same content at another path.
    fs::rename(side.join("shared.py"), side.join("renamed.py")).expect("renamed");
    fs::write(side.join("extra.py"), module("dunnart", 3)).expect("written");
    for root in [&root, &side] {
        index(&sandbox, root);
    }
    for (at, word, expected) in [
        (&root, "numbat_1", &["own.py"][..]),
        (&root, "potoroo_1", &[]),
        (&root, "dunnart_1", &[]),
        (&root, "shared_1", &["shared.py"]),
        (&root, "renamed", &[]),
        (&side, "potoroo_1", &["own.py"]),
        (&side, "numbat_1", &[]),
        (&side, "dunnart_1", &["extra.py"]),
        (&side, "shared_1", &["renamed.py"]),
    ] {
        assert_eq!(found(&sandbox, at, word), expected, "{word} in {}", at.display());
    }
    // Also where it has just gone from one and stays in the other.
    fs::remove_file(root.join("own.py")).expect("deleted");
    fs::write(side.join("own.py"), module("numbat", 3)).expect("written");
    for root in [&root, &side] {
        index(&sandbox, root);
    }
    assert!(found(&sandbox, &root, "numbat_1").is_empty());
    assert_eq!(found(&sandbox, &side, "numbat_1"), ["own.py"]);
}

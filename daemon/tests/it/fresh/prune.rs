//! `codemem prune`: what is counted is what goes, what goes leaves the disk, and who works goes on.

use super::project::git;
use super::state::{self, PATIENCE, found, index, text};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

fn prune(sandbox: &Sandbox, dry_run: bool) -> Value {
    let mut args = vec!["prune", "--json"];
    args.extend(dry_run.then_some("--dry-run"));
    sandbox.codemem(args).json()
}

/// Everything of an answer that must be the same when it is only counted.
fn counts(answer: &Value) -> Vec<Value> {
    let names = ["roots", "contents", "vectors", "worktrees", "orphans"];
    names.map(|name| answer[name].clone()).to_vec()
}

/// Counts, prunes, compares; what was pruned.
fn pruned(sandbox: &Sandbox) -> Value {
    let counted = prune(sandbox, true);
    let report = prune(sandbox, false);
    assert_eq!(counts(&counted), counts(&report));
    let left = prune(sandbox, true);
    assert_eq!(left["roots"], serde_json::json!([]), "{left}");
    assert!(counts(&left)[1..].iter().all(|count| *count == 0), "{left}");
    report
}

/// A module of functions that no other module has.
fn module(name: &str) -> String {
    let mut code = String::new();
    for n in 0..12 {
        writeln!(
            code,
            "def {name}_{n}(left, right):\n    \"\"\"Joins {name} {n} to the rest.\"\"\""
        )
        .expect("written");
        for line in 0..10 {
            writeln!(code, "    left = right.{name}_{line}(left, {n})").expect("written");
        }
        code.push_str("    return left\n\n\n");
    }
    code
}

/// Two roots of one repository, the second a git worktree with files of its own.
fn worktrees(sandbox: &Sandbox, n_files: usize) -> (PathBuf, PathBuf) {
    let root = sandbox.tree();
    sandbox.write("shared.py", module("shared"));
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "first"]);
    let side = root.parent().expect("a parent").join("side");
    git(&root, &["worktree", "add", "-q", "-b", "side", text(&side)]);
    for n in 0..n_files {
        fs::write(side.join(format!("only_{n}.py")), module(&format!("quokka{n}"))).expect("written");
    }
    (root, side)
}

#[test]
fn a_deleted_worktree_goes_with_what_only_it_held_and_the_disk_comes_back() {
    let sandbox = sandbox::lexical();
    let (root, side) = worktrees(&sandbox, 150);
    index(&sandbox, &root);
    state::stop(&sandbox);
    let small = state::disk_bytes(&sandbox.path("data/index"));
    index(&sandbox, &side);
    let large = state::disk_bytes(&sandbox.path("data/index"));
    assert_eq!(found(&sandbox, &side, "quokka7_3")[0], "only_7.py");
    git(&root, &["worktree", "remove", "--force", text(&side)]);
    let report = pruned(&sandbox);
    assert_eq!(report["roots"], serde_json::json!([text(&side)]));
    assert_eq!(report["contents"], 150, "{report}");
    let roots = sandbox.codemem(["status", "--json"]).json()["repositories"].clone();
    assert_eq!(roots.as_array().map(Vec::len), Some(1), "{roots}");
    assert_eq!(found(&sandbox, &root, "shared_3")[0], "shared.py");
    state::stop(&sandbox);
    let left = state::disk_bytes(&sandbox.path("data/index"));
    assert!(
        left < small + (large - small) / 4,
        "{small} with one, {large} with both, {left} left"
    );
    state::sound(&sandbox);
}

#[test]
fn vectors_are_counted_and_go_too() {
    let sandbox = sandbox::with_model();
    let (root, side) = worktrees(&sandbox, 2);
    for root in [&root, &side] {
        sandbox.codemem(["index", text(root), "--wait"]).success();
    }
    fs::remove_dir_all(&side).expect("deleted");
    let report = pruned(&sandbox);
    assert_eq!(report["contents"], 2, "{report}");
    assert!(report["vectors"].as_u64() > Some(4), "summaries and chunks: {report}");
    // What both held is still there with its vectors.
    let index = sandbox.codemem(["index", text(&root), "--wait", "--json"]).json();
    assert_eq!(index["vectors"], index["chunks"], "{index}");
    state::stop(&sandbox);
    state::sound(&sandbox);
}

#[test]
fn a_root_whose_disk_may_be_missing_is_kept() {
    let sandbox = sandbox::lexical();
    // A disk, as far as anybody can tell once it is detached: an empty directory, as it was before.
    let disk = sandbox.path("disk");
    let away = sandbox.path("elsewhere");
    let detach = || {
        fs::rename(&disk, &away).expect("detached");
        fs::create_dir(&disk).expect("made");
        let place = File::open(&disk).expect("opened");
        place.set_modified(SystemTime::UNIX_EPOCH).expect("set");
    };
    let attach = || {
        fs::remove_dir(&disk).expect("hidden");
        fs::rename(&away, &disk).expect("attached");
    };
    let root = disk.join("work");
    fs::create_dir_all(&root).expect("made");
    fs::write(root.join("a.py"), module("numbat")).expect("written");
    index(&sandbox, &root);
    detach();
    let report = pruned(&sandbox);
    assert_eq!(
        (&report["roots"], &report["missing"], &report["contents"]),
        (&serde_json::json!([]), &serde_json::json!([text(&root)]), &0.into())
    );
    attach();
    assert_eq!(found(&sandbox, &root, "numbat_3"), ["a.py"]);
    // Deleted from the attached disk it leaves an empty directory as well, but a changed one.
    fs::remove_dir_all(&root).expect("deleted");
    assert_eq!(pruned(&sandbox)["roots"], serde_json::json!([text(&root)]));
    // By its name it can be forgotten also while it is away.
    fs::create_dir(&root).expect("made");
    fs::write(root.join("a.py"), module("numbat")).expect("written");
    index(&sandbox, &root);
    detach();
    sandbox.codemem(["remove", text(&root)]).success();
    assert_eq!(state::stores(&sandbox), [] as [&Path; 0]);
}

#[test]
fn a_worktree_that_was_deleted_from_a_directory_of_its_own_is_gone() {
    let sandbox = sandbox::lexical();
    let (root, _) = worktrees(&sandbox, 0);
    let place = sandbox.path("places");
    fs::create_dir(&place).expect("made");
    let alone = place.join("alone");
    git(&root, &["worktree", "add", "-q", "--detach", text(&alone)]);
    for root in [&root, &alone] {
        index(&sandbox, root);
    }
    // What it leaves is an empty directory, which was changed since the worktree was registered.
    fs::remove_dir_all(&alone).expect("deleted");
    let report = pruned(&sandbox);
    assert_eq!(
        (&report["roots"], &report["missing"]),
        (&serde_json::json!([text(&alone)]), &serde_json::json!([]))
    );
}

#[test]
fn pruning_while_a_pass_runs_waits_for_it_and_searches_go_on() {
    let sandbox = sandbox::lexical();
    let root = sandbox.tree();
    sandbox.write("stays.py", module("bilby"));
    sandbox.write("goes.py", module("potoroo"));
    index(&sandbox, &root);
    fs::remove_file(root.join("goes.py")).expect("deleted");
    for n in 0..300 {
        sandbox.write(&format!("many/module_{n}.py"), module(&format!("dunnart{n}")));
    }
    let mut indexing = sandbox.spawn(["index", text(&root)]);
    let mut pruning = sandbox.spawn(["prune", "--json"]);
    let mut n_answers = 0;
    wait_until("both to end", PATIENCE, || {
        assert_eq!(found(&sandbox, &root, "bilby_3")[0], "stays.py", "while they run");
        n_answers += 1;
        let ended = |child: &mut std::process::Child| child.try_wait().expect("waited").is_some();
        ended(&mut indexing) && ended(&mut pruning)
    });
    assert!(n_answers > 0);
    for child in [indexing, pruning] {
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(found(&sandbox, &root, "dunnart299_3")[0], "many/module_299.py");
    pruned(&sandbox);
    state::stop(&sandbox);
    state::sound(&sandbox);
}

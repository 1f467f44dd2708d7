//! `codemem project explain`: from a path to its project, over working trees that git itself made.

use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs git where nobody's settings count.
pub(super) fn git(directory: &Path, args: &[&str]) {
    let run = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=t", "-c", "user.email=t@t"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git runs");
    assert!(
        run.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn explain(sandbox: &Sandbox, path: &Path) -> Value {
    let path = path.to_str().expect("UTF-8");
    sandbox.codemem(["project", "explain", path, "--json"]).json()
}

fn index(sandbox: &Sandbox, root: &Path) {
    let root = root.to_str().expect("UTF-8");
    sandbox.codemem(["index", root, "--wait-lexical"]).success();
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` in {value:#}"))
}

/// A repository with one commit.
fn repository(directory: &Path) {
    fs::create_dir_all(directory.join("src")).expect("directories");
    fs::write(directory.join("src/wombat.rs"), "pub fn wombat() {}\n").expect("file");
    git(directory, &["init", "-q", "-b", "main"]);
    git(directory, &["add", "."]);
    git(directory, &["commit", "-qm", "first"]);
}

#[test]
fn every_kind_of_directory_has_its_rule() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    let at = |path: &str| tree.join(path);
    repository(&at("origin"));
    repository(&at("main"));
    let origin = at("origin").display().to_string();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &origin,
        "lib",
    ];
    git(&at("main"), &add);
    git(&at("main"), &["worktree", "add", "-q", "-b", "fix", "../linked"]);
    git(&tree, &["clone", "-q", "--bare", "origin", "bare.git"]);
    git(&at("bare.git"), &["worktree", "add", "-q", "../of-bare", "main"]);
    fs::create_dir_all(at("apart")).expect("directory");
    git(
        &at("apart"),
        &["init", "-q", "-b", "main", "--separate-git-dir", "../apart.git"],
    );
    for path in ["notes/sub", "plain"] {
        fs::create_dir_all(at(path)).expect("directory");
    }
    fs::write(at("notes/a.md"), "# Wallaby\n").expect("file");
    index(&sandbox, &at("notes"));

    let mut projects = Vec::new();
    for (path, rule, worktree, inside, repository, branch) in [
        ("main", "git", "main", "", "main/.git", Some("main")),
        ("main/src", "git", "main", "src", "main/.git", Some("main")),
        (
            "linked/src",
            "linked_worktree",
            "linked",
            "src",
            "main/.git",
            Some("fix"),
        ),
        (
            "main/lib",
            "submodule",
            "main/lib",
            "",
            "main/.git/modules/lib",
            Some("main"),
        ),
        (
            "apart",
            "separate_git_directory",
            "apart",
            "",
            "apart.git",
            Some("main"),
        ),
        ("of-bare", "linked_worktree", "of-bare", "", "bare.git", Some("main")),
        ("bare.git", "directory", "bare.git", "", "bare.git", None),
        ("notes/sub", "inside_root", "notes", "sub", "notes", None),
        ("plain", "directory", "plain", "", "plain", None),
    ] {
        let told = explain(&sandbox, &at(path));
        assert_eq!(text(&told, "rule"), rule, "{path}: {told:#}");
        assert_eq!(
            text(&told, "worktree"),
            at(worktree).to_str().expect("UTF-8"),
            "{told:#}"
        );
        assert_eq!(text(&told, "inside"), inside, "{told:#}");
        assert_eq!(
            text(&told, "repository"),
            at(repository).to_str().expect("UTF-8"),
            "{told:#}"
        );
        assert_eq!(told["branch"].as_str(), branch, "{told:#}");
        assert_eq!(
            (text(&told, "found"), &told["problem"]),
            ("directory", &Value::Null),
            "{told:#}"
        );
        assert!(!told["trail"].as_array().expect("a list").is_empty(), "{told:#}");
        projects.push((path, text(&told, "project").to_owned()));
    }
    let of = |path: &str| projects.iter().find(|(of, _)| *of == path).map(|(_, key)| key.clone());
    for (one, other) in [("main", "main/src"), ("main", "linked/src"), ("bare.git", "of-bare")] {
        assert_eq!(of(one), of(other), "{one} and {other} are one project");
    }
    let mut different: Vec<_> = ["main", "main/lib", "apart", "bare.git", "notes/sub", "plain"]
        .map(of)
        .into();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 6, "{projects:?}");

    // The files that were read on the way.
    let linked = explain(&sandbox, &at("linked"));
    let trail = linked["trail"].as_array().expect("a list");
    let read: Vec<&str> = trail.iter().map(|step| text(step, "path")).collect();
    let private = at("main/.git/worktrees/linked");
    let expected = [at("linked/.git"), private.join("HEAD"), private.join("commondir")];
    assert_eq!(read, expected.each_ref().map(|path| path.to_str().expect("UTF-8")));
    assert!(
        text(&trail[0], "found").contains(private.to_str().expect("UTF-8")),
        "{linked:#}"
    );
}

#[test]
fn index_search_and_memories_agree_with_what_is_told() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    let (main, linked) = (tree.join("main"), tree.join("linked"));
    repository(&main);
    git(&main, &["worktree", "add", "-q", "-b", "fix", "../linked"]);
    index(&sandbox, &main);
    let told = explain(&sandbox, &main.join("src/wombat.rs"));
    assert_eq!(text(&told, "found"), "file");
    assert_eq!(text(&told, "directory"), main.join("src").to_str().expect("UTF-8"));
    assert_eq!(
        (text(&told, "root"), &told["indexed"]),
        (main.to_str().expect("UTF-8"), &Value::Bool(true))
    );
    // Another working tree of the project, which nobody has registered.
    let told = explain(&sandbox, &linked);
    assert_eq!((&told["root"], &told["indexed"]), (&Value::Null, &Value::Bool(false)));
    assert_eq!(
        told["project_roots"],
        serde_json::json!([main.to_str().expect("UTF-8")])
    );
    index(&sandbox, &linked);
    let told = explain(&sandbox, &linked);
    assert_eq!(text(&told, "root"), linked.to_str().expect("UTF-8"));
    assert_eq!(told["project_roots"].as_array().expect("a list").len(), 2);
    // A memory of one is one of the other.
    assert_eq!(told["memories"], 0);
    let at_main = ["--project", main.to_str().expect("UTF-8")];
    let add = [
        "memory",
        "add",
        "--level",
        "PROJECT_CONTEXT",
        at_main[0],
        at_main[1],
        "--",
        "wombats dig",
    ];
    sandbox.codemem(add).success();
    assert_eq!(explain(&sandbox, &linked)["memories"], 1);
    assert_eq!(
        explain(&sandbox, &tree)["memories"],
        0,
        "the directory around them is another project"
    );
    // A person sees the same.
    let shown = sandbox.codemem(["project", "explain", linked.to_str().expect("UTF-8")]);
    let shown = shown.success();
    for part in [
        "a linked worktree",
        "fix@",
        "indexed",
        "1 memory of the project, which has 2 registered roots",
        "commondir",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn what_is_broken_or_gone_is_told_as_it_is_found() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    let at = |path: &str| tree.join(path);
    // Nothing there: the nearest directory tells.
    let told = explain(&sandbox, &at("no/such/place"));
    assert_eq!((text(&told, "found"), text(&told, "rule")), ("missing", "directory"));
    assert_eq!(text(&told, "directory"), tree.to_str().expect("UTF-8"));
    // What does not count as a repository, and what that means.
    for (name, content, expected) in [
        ("nonsense", Some("what is this\n"), "does not begin with `gitdir:`"),
        ("dangling", Some("gitdir: ../nowhere/.git\n"), "../nowhere/.git"),
        ("hollow", None, "no such file, so this is no repository"),
    ] {
        let entry = at(name).join(".git");
        fs::create_dir_all(at(name)).expect("directory");
        match content {
            Some(content) => fs::write(&entry, content).expect("file"),
            None => fs::create_dir(&entry).expect("directory"),
        }
        let told = explain(&sandbox, &at(name));
        assert_eq!(text(&told, "rule"), "directory", "{told:#}");
        assert!(told["trail"].to_string().contains(expected), "{told:#}");
        let problem = text(&told, "problem");
        assert!(
            problem.contains(entry.to_str().expect("UTF-8")) && problem.contains("`git status`"),
            "{problem}"
        );
    }
    // A commit without a branch, and a head that says nothing.
    repository(&at("detached"));
    git(&at("detached"), &["checkout", "-q", "--detach"]);
    let told = explain(&sandbox, &at("detached"));
    assert_eq!(
        (&told["branch"], text(&told, "commit").len()),
        (&Value::Null, 40),
        "{told:#}"
    );
    assert!(told["trail"].to_string().contains("detached"), "{told:#}");
    fs::write(at("detached/.git/HEAD"), "\u{0}\u{1}\u{2}").expect("file");
    let told = explain(&sandbox, &at("detached"));
    assert_eq!(
        (text(&told, "rule"), &told["commit"]),
        ("git", &Value::Null),
        "{told:#}"
    );
    // Registered, and then something else.
    for name in ["gone", "late"] {
        fs::create_dir(at(name)).expect("directory");
        fs::write(at(name).join("a.md"), "# Numbat\n").expect("file");
        index(&sandbox, &at(name));
    }
    fs::remove_dir_all(at("gone")).expect("removed");
    let told = explain(&sandbox, &at("gone/sub"));
    assert_eq!(
        (text(&told, "found"), text(&told, "rule")),
        ("missing", "registered"),
        "{told:#}"
    );
    assert_eq!(text(&told, "root"), at("gone").to_str().expect("UTF-8"));
    assert!(text(&told, "problem").contains("`codemem prune`"), "{told:#}");
    git(&at("late"), &["init", "-q"]);
    let told = explain(&sandbox, &at("late"));
    assert_eq!(text(&told, "rule"), "git", "{told:#}");
    assert!(text(&told, "problem").contains("`codemem remove"), "{told:#}");
    // No answer at all for what is no absolute path to the daemon: the command line makes it one.
    let here = sandbox.codemem(["project", "explain", "--json"]).json();
    assert_eq!(text(&here, "path"), tree.to_str().expect("UTF-8"));
}

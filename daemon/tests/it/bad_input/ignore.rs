//! What is left out of a tree, and what is not.

use crate::sandbox::{self, assert_serves, found};
use codemem_testkit::Sandbox;
use std::fs;

fn index(sandbox: &Sandbox, root: &str) -> serde_json::Value {
    sandbox.codemem(["index", root, "--wait-lexical", "--json"]).json()
}

/// A file that defines a function of that name.
fn define(sandbox: &Sandbox, path: &str, name: &str) {
    sandbox.write(path, format!("def {name}():\n    pass\n"));
}

#[test]
fn every_kind_of_rule_is_kept_and_nobody_elses() {
    let sandbox = sandbox::lexical();
    // The user's own settings are not read: the answer must not depend on whose daemon it is.
    let home = sandbox.path("home");
    fs::create_dir_all(home.join(".config/git")).expect("create");
    fs::write(home.join(".config/git/ignore"), "*.py\n").expect("write");
    fs::write(home.join("excludes"), "*.py\n").expect("write");
    let gitconfig = format!("[core]\n\texcludesFile = {}\n", home.join("excludes").display());
    fs::write(home.join(".gitconfig"), gitconfig).expect("write");
    // Nor is what stands above a tree that is no part of a repository.
    fs::write(sandbox.path(".gitignore"), "*\n").expect("write");
    fs::write(sandbox.path(".codememignore"), "*\n").expect("write");
    sandbox.write(
        ".gitignore",
        "by_git.py\nbuild/\n*.gen.py\n!kept.gen.py\n/top_only.py\nagain.py\n",
    );
    sandbox.write(".git/info/exclude", "by_exclude.py\n");
    sandbox.write(".ignore", "by_ignore.py\n!again.py\n");
    sandbox.write(".codememignore", "by_codemem.py\n");
    sandbox.write("sub/.gitignore", "!by_git.py\n");
    for (path, name) in [
        ("plain.py", "wordplain"),
        ("by_git.py", "wordgit"),
        ("by_exclude.py", "wordexclude"),
        ("by_ignore.py", "wordignore"),
        ("by_codemem.py", "wordcodemem"),
        ("build/kept.gen.py", "wordbuild"),
        ("x.gen.py", "wordgenerated"),
        ("kept.gen.py", "wordkept"),
        ("top_only.py", "wordtop"),
        ("sub/top_only.py", "wordbelow"),
        ("sub/by_git.py", "wordback"),
        ("again.py", "wordagain"),
        ("node_modules/m/index.py", "wordmodules"),
        (".hidden/a.py", "wordhidden"),
    ] {
        define(&sandbox, path, name);
    }
    let tree = sandbox.tree();
    let shown = tree.to_str().expect("UTF-8");
    index(&sandbox, shown);
    let pid = sandbox.daemon_pid();
    let expect = |words: &[(&str, &[&str])]| {
        for (word, expected) in words {
            assert_eq!(found(&sandbox, word), *expected, "{word}");
        }
    };
    expect(&[
        ("wordplain", &["plain.py"]),
        ("wordgit", &[]),
        ("wordignore", &[]),
        ("wordcodemem", &[]),
        ("wordbuild", &[]),
        ("wordgenerated", &[]),
        ("wordkept", &["kept.gen.py"]),
        ("wordtop", &[]),
        ("wordbelow", &["sub/top_only.py"]),
        ("wordback", &["sub/by_git.py"]),
        ("wordagain", &["again.py"]),
        ("wordmodules", &[]),
        ("wordhidden", &[".hidden/a.py"]),
        // There is no repository yet, so its exclude file is none.
        ("wordexclude", &["by_exclude.py"]),
    ]);
    // Rules that change count from the next pass on.
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    sandbox.write(".gitignore", "plain.py\n");
    index(&sandbox, shown);
    expect(&[("wordexclude", &[]), ("wordplain", &[]), ("wordgit", &["by_git.py"])]);
    // A directory of the repository is a root of its own under the same rules.
    define(&sandbox, "sub/plain.py", "wordinner");
    let sub = tree.join("sub");
    let inner = index(&sandbox, sub.to_str().expect("UTF-8"));
    // .gitignore, top_only.py and by_git.py; plain.py is left out from above.
    assert_eq!(inner["files"].as_u64(), Some(3), "{inner}");
    assert_serves(&sandbox, pid);
}

#[test]
fn a_repository_inside_is_part_of_the_tree_with_rules_of_its_own() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    sandbox.write(".gitignore", "*.out.py\n/left_out/\n");
    sandbox.write(".codememignore", "private.py\n");
    // A clone that the outer repository knows nothing of.
    sandbox.write("clone/.git/HEAD", "ref: refs/heads/main\n");
    sandbox.write("clone/.git/info/exclude", "local.py\n");
    sandbox.write("clone/.gitignore", "own.py\n");
    // A submodule.
    sandbox.write(".git/modules/module/HEAD", "ref: refs/heads/main\n");
    sandbox.write(".git/modules/module/info/exclude", "local.py\n");
    sandbox.write("module/.git", "gitdir: ../.git/modules/module\n");
    // One that the outer rules leave out whole.
    sandbox.write("left_out/.git/HEAD", "ref: refs/heads/main\n");
    // Another worktree of this repository: the same code in another state.
    sandbox.write(".git/worktrees/side/HEAD", "ref: refs/heads/side\n");
    sandbox.write(".git/worktrees/side/commondir", "../..\n");
    sandbox.write(
        "side/.git",
        format!("gitdir: {}\n", tree.join(".git/worktrees/side").display()),
    );
    // A file of git's that leads nowhere makes no repository.
    sandbox.write("broken/.git", "gitdir: /no/such/place\n");
    for (path, name) in [
        ("a.py", "wordouter"),
        ("a.out.py", "wordouterrule"),
        ("clone/a.out.py", "wordclone"),
        ("clone/own.py", "wordown"),
        ("clone/local.py", "wordlocal"),
        ("clone/private.py", "wordprivate"),
        ("module/a.out.py", "wordmodule"),
        ("module/local.py", "wordmodulelocal"),
        ("left_out/a.py", "wordleftout"),
        ("side/a.py", "wordside"),
        ("broken/a.py", "wordbroken"),
        ("broken/a.out.py", "wordbrokenout"),
    ] {
        define(&sandbox, path, name);
    }
    index(&sandbox, tree.to_str().expect("UTF-8"));
    let pid = sandbox.daemon_pid();
    for (word, expected) in [
        ("wordouter", &["a.py"][..]),
        ("wordouterrule", &[]),
        ("wordclone", &["clone/a.out.py"]),
        ("wordown", &[]),
        ("wordlocal", &[]),
        ("wordprivate", &[]),
        ("wordmodule", &["module/a.out.py"]),
        ("wordmodulelocal", &[]),
        ("wordleftout", &[]),
        ("wordside", &[]),
        ("wordbroken", &["broken/a.py"]),
        ("wordbrokenout", &[]),
    ] {
        assert_eq!(found(&sandbox, word), expected, "{word}");
    }
    // Given as a root, the other worktree is indexed like any.
    let side = index(&sandbox, tree.join("side").to_str().expect("UTF-8"));
    assert_eq!(side["files"].as_u64(), Some(1), "{side}");
    assert_serves(&sandbox, pid);
}

#[test]
fn a_megabyte_of_rules_is_kept() {
    let sandbox = sandbox::lexical();
    let rules: Vec<String> = (0..34_000).map(|n| format!("out_{n}/gen*_{n}?/*.tmp\n")).collect();
    let mut rules = rules.concat();
    rules.push_str("last.py\n\\\n[\n\u{0}\n!\n");
    rules.push_str(&"x".repeat(100_000));
    assert!(rules.len() > 1_000_000, "{}", rules.len());
    sandbox.write(".gitignore", &rules);
    define(&sandbox, "kept.py", "wordkept");
    define(&sandbox, "last.py", "wordlast");
    sandbox.write("out_33999/generated_339991/a.tmp", "wordfirst\n");
    index(&sandbox, sandbox.tree().to_str().expect("UTF-8"));
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "wordkept"), ["kept.py"]);
    assert_eq!(found(&sandbox, "wordlast"), Vec::<String>::new());
    assert_eq!(found(&sandbox, "wordfirst"), Vec::<String>::new());
    assert_serves(&sandbox, pid);
}

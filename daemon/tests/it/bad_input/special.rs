//! Files that are none, too large, too many, or changing while they are read.

use crate::sandbox::{self, assert_serves, found};
use rustix::fs::{CWD, FileType, Mode, mkfifoat, mknodat};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let pid = sandbox.daemon_pid();
    assert_eq!(
        found(&sandbox, "latin"),
        ["latin1.py"],
        "invalid UTF-8 in a comment does not hide a file"
    );
    assert_serves(&sandbox, pid);
}

#[test]
fn what_is_no_file_is_never_opened() {
    let sandbox = sandbox::lexical();
    // What stands where a file stood is searched before it is noticed.
    fs::write(sandbox.config_file(), "offline = true\nwatch = false\n").expect("write the configuration");
    let tree = sandbox.tree();
    let fifo = |path: &str| mkfifoat(CWD, tree.join(path), Mode::RUSR | Mode::WUSR).expect("make a pipe");
    sandbox.write("good.py", "def besidepipes():\n    pass\n");
    sandbox.write("sub/inner.py", "def insidepipes():\n    pass\n");
    sandbox.write("nested/.git/info/exclude", "");
    fs::remove_file(tree.join("nested/.git/info/exclude")).expect("remove");
    // Opening any of these would wait for a writer that never comes.
    for path in [
        "pipe.py",
        ".gitignore",
        "sub/.ignore",
        "sub/.codememignore",
        "nested/.git/HEAD",
    ] {
        fifo(path);
    }
    fifo("nested/.git/info/exclude");
    let mut n_special = 4;
    let _listener = UnixListener::bind(tree.join("socket.py")).expect("bind");
    n_special += 1;
    let device = rustix::fs::makedev(1, 5);
    if mknodat(CWD, tree.join("zero.py"), FileType::CharacterDevice, Mode::RUSR, device).is_ok() {
        n_special += 1;
    }
    let shown = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", shown, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["skipped"]["not_a_file"].as_u64()),
        (Some(2), Some(n_special)),
        "{index}"
    );
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "besidepipes"), ["good.py"]);
    // A pipe takes the place of a file that was indexed: the answer does not wait for it either.
    fs::remove_file(tree.join("good.py")).expect("remove");
    fifo("good.py");
    let answer = sandbox.codemem(["search", "--repo", shown, "besidepipes"]);
    assert!(answer.success().contains("changed since it was indexed"), "{answer:?}");
    // And of git's own file.
    fs::create_dir(tree.join(".git")).expect("create");
    fifo(".git/HEAD");
    sandbox.codemem(["index", shown, "--wait-lexical"]).success();
    assert_eq!(found(&sandbox, "besidepipes"), Vec::<String>::new());
    assert_eq!(found(&sandbox, "insidepipes"), ["sub/inner.py"]);
    assert_serves(&sandbox, pid);
}

#[test]
fn links_lead_nowhere_not_even_when_they_take_a_files_place() {
    let sandbox = sandbox::lexical();
    // What stands where a file stood is searched before it is noticed.
    fs::write(sandbox.config_file(), "offline = true\nwatch = false\n").expect("write the configuration");
    let outside = sandbox.path("home");
    for path in ["secret.py", "inside.py"] {
        fs::write(outside.join(path), "def secretoutside():\n    return 'hunter2'\n").expect("write");
    }
    sandbox.write("top.py", "def atthetop():\n    pass\n");
    sandbox.write("sub/inside.py", "def insidesub():\n    pass\n");
    let tree = sandbox.tree();
    symlink(outside.join("secret.py"), tree.join("link.py")).expect("symlink");
    symlink(&outside, tree.join("out")).expect("symlink");
    symlink(&tree, tree.join("loop")).expect("symlink");
    symlink("loop2", tree.join("loop2")).expect("symlink");
    symlink("nowhere", tree.join("dangling.py")).expect("symlink");
    // Rules from elsewhere are not the tree's.
    fs::write(outside.join("rules"), "*\n").expect("write");
    symlink(outside.join("rules"), tree.join(".gitignore")).expect("symlink");
    let shown = tree.to_str().expect("UTF-8");
    let index = || sandbox.codemem(["index", shown, "--wait-lexical", "--json"]).json();
    let first = index();
    assert_eq!(
        (first["files"].as_u64(), first["skipped"]["not_a_file"].as_u64()),
        (Some(2), Some(6)),
        "{first}"
    );
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "secretoutside"), Vec::<String>::new());
    // A directory and a file become links to files of the same name, and are searched before the next pass.
    fs::rename(tree.join("sub"), sandbox.path("old")).expect("move away");
    symlink(&outside, tree.join("sub")).expect("symlink");
    fs::remove_file(tree.join("top.py")).expect("remove");
    symlink(outside.join("secret.py"), tree.join("top.py")).expect("symlink");
    for (word, path) in [("insidesub", "sub/inside.py"), ("atthetop", "top.py")] {
        let answer = sandbox.codemem(["search", "--repo", shown, word]);
        assert!(answer.success().contains(path), "{answer:?}");
        assert!(answer.stdout.contains("changed since it was indexed"), "{answer:?}");
        assert!(!answer.stdout.contains("hunter2"), "{answer:?}");
    }
    let second = index();
    assert_eq!(
        (second["files"].as_u64(), second["skipped"]["not_a_file"].as_u64()),
        (Some(0), Some(8)),
        "{second}"
    );
    // The root itself becomes a link.
    let moved = sandbox.path("moved");
    fs::rename(&tree, &moved).expect("move away");
    symlink(&outside, &tree).expect("symlink");
    let answer = sandbox.codemem(["search", "--repo", shown, "secretoutside"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(answer.stderr.contains("is not indexed"), "{answer:?}");
    assert_serves(&sandbox, pid);
}

#[test]
fn sizes_and_numbers_beyond_reason() {
    let sandbox = sandbox::lexical();
    let sparse = |path: &str| {
        let file = fs::File::create(sandbox.path("tree").join(path)).expect("create");
        file.set_len(10 * 1024 * 1024 * 1024).expect("ten gigabytes of nothing");
    };
    sandbox.write("sub/kept.py", "def besidegiants():\n    pass\n");
    sparse("giant.py");
    // Rules of that size are none, and their reading ends.
    sparse("sub/.gitignore");
    sandbox.write(".gitignore", "*.tmp\n");
    for n in 0..50_000 {
        let name = if n % 100 == 0 {
            format!("many/kept_{n}.txt")
        } else {
            format!("many/{n}.tmp")
        };
        sandbox.write(&name, format!("kept_{n}\n"));
    }
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["skipped"]["too_large"].as_u64()),
        (Some(502), Some(2)),
        "{index}"
    );
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "besidegiants"), ["sub/kept.py"]);
    assert_eq!(found(&sandbox, "kept_49900")[0], "many/kept_49900.txt");
    assert_serves(&sandbox, pid);
}

#[test]
fn files_that_grow_and_shrink_while_they_are_read_settle() {
    let sandbox = sandbox::lexical();
    let line = |n: usize| format!("def passing_{n}():\n    return {n}\n\n\n");
    sandbox.write("steady.py", "def stays():\n    pass\n");
    let done = AtomicBool::new(false);
    let tree = sandbox.tree();
    let shown = tree.to_str().expect("UTF-8");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                // From nothing to past the limit and back.
                let text = line(n).repeat([0, 1, 400, 40_000][n % 4]);
                fs::write(tree.join(format!("moving_{}.py", n % 3)), text).expect("write");
                n += 1;
            }
        });
        for _ in 0..4 {
            sandbox.codemem(["index", shown, "--wait-lexical"]).success();
        }
        done.store(true, Ordering::Relaxed);
    });
    let settled = ["settledfirst", "settledsecond", "settledthird"];
    for (n, name) in settled.iter().enumerate() {
        sandbox.write(&format!("moving_{n}.py"), format!("def {name}():\n    pass\n"));
    }
    let index = sandbox.codemem(["index", shown, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), &index["skipped"]),
        (Some(4), &serde_json::json!({}))
    );
    let pid = sandbox.daemon_pid();
    for (n, name) in settled.iter().enumerate() {
        assert_eq!(found(&sandbox, name), [format!("moving_{n}.py")]);
    }
    assert_eq!(found(&sandbox, "stays"), ["steady.py"]);
    assert_serves(&sandbox, pid);
}

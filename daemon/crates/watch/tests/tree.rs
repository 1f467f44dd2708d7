//! Scanning, reading and identity on real directories.

use codemem_core::path::RepoPath;
use codemem_core::ports::{PortErrorKind, ScanEntry, SourceTree};
use codemem_core::skip::SkipReason;
use codemem_watch::WorkingTree;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;

const LIMIT: u64 = 1_000;

fn write(root: &Path, path: &str, text: &str) {
    let full = root.join(path);
    fs::create_dir_all(full.parent().expect("has a parent")).expect("create directory");
    fs::write(full, text).expect("write file");
}

fn scan(root: &Path) -> (Vec<String>, Vec<(String, SkipReason)>) {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    WorkingTree
        .scan(root, LIMIT, &mut |entry| {
            match entry {
                ScanEntry::File(path, _) => files.push(path.to_string()),
                ScanEntry::Skipped(path, reason) => skipped.push((path, reason)),
            }
            ControlFlow::Continue(())
        })
        .expect("scan");
    files.sort();
    skipped.sort();
    (files, skipped)
}

fn temp() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("temp dir");
    let root = dir.path().canonicalize().expect("canonical");
    (dir, root)
}

#[test]
fn a_scan_lists_what_is_not_ignored_and_counts_what_is_left_out() {
    let (_dir, root) = temp();
    write(&root, "src/a.rs", "fn a() {}");
    write(&root, ".github/ci.yml", "on: push");
    write(&root, ".gitignore", "*.log\n/out/\n");
    write(&root, ".codememignore", "secret/\n");
    write(&root, "x.log", "");
    write(&root, "out/b.rs", "");
    write(&root, "secret/c.rs", "");
    write(&root, "node_modules/m/index.js", "");
    write(&root, ".git/HEAD", "ref: refs/heads/main");
    write(&root, "big.txt", &"x".repeat(2_000));
    symlink(root.join("src"), root.join("link")).expect("symlink");
    let (files, skipped) = scan(&root);
    assert_eq!(files, [".codememignore", ".github/ci.yml", ".gitignore", "src/a.rs"]);
    assert_eq!(
        skipped,
        [
            ("big.txt".to_owned(), SkipReason::TooLarge),
            ("link".to_owned(), SkipReason::NotAFile)
        ]
    );
}

#[test]
fn a_name_that_is_not_utf8_is_counted() {
    use std::os::unix::ffi::OsStrExt as _;
    let (_dir, root) = temp();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"bad\xff.rs")), "fn a() {}").expect("write");
    let (files, skipped) = scan(&root);
    assert!(files.is_empty());
    assert_eq!(
        skipped.iter().map(|(_, reason)| *reason).collect::<Vec<_>>(),
        [SkipReason::BadName]
    );
}

#[test]
fn a_read_never_leaves_the_root_and_keeps_the_limit() {
    let (_dir, root) = temp();
    let (_other, outside) = temp();
    write(&outside, "secret.txt", "secret");
    write(&root, "a.txt", "hello");
    write(&root, "big.txt", &"x".repeat(2_000));
    symlink(&outside, root.join("out")).expect("symlink");
    let read = |path: &str| WorkingTree.read(&root, &RepoPath::new(path).expect("valid"), LIMIT);
    assert_eq!(read("a.txt").expect("read"), b"hello");
    assert_eq!(read("out/secret.txt").expect_err("escapes").kind, PortErrorKind::Denied);
    assert_eq!(read("gone.txt").expect_err("missing").kind, PortErrorKind::NotFound);
    assert!(read("big.txt").is_err());
}

#[test]
fn of_what_is_no_text_only_the_first_bytes_are_read() {
    let (_dir, root) = temp();
    let large = 30_000;
    for (path, text) in [
        ("a.txt", "hello".to_owned()),
        ("empty.txt", String::new()),
        ("whole.txt", "x".repeat(large)),
        ("too_large.txt", "x".repeat(large + 1)),
        ("binary.txt", format!("{}\0", "x".repeat(8_000))),
        ("large.bin", format!("\0{}", "x".repeat(3 * large))),
        ("late.txt", format!("{}\0", "x".repeat(10_000))),
    ] {
        write(&root, path, &text);
    }
    let read = |path: &str| WorkingTree.read_text(&root, &RepoPath::new(path).expect("valid"), large as u64);
    let n_read = |path: &str| read(path).expect("read").map(|bytes| bytes.len());
    assert_eq!(read("a.txt").expect("read").as_deref(), Some(&b"hello"[..]));
    assert_eq!((n_read("empty.txt"), n_read("whole.txt")), (Some(0), Some(large)));
    assert_eq!((n_read("binary.txt"), n_read("large.bin")), (None, None));
    assert_eq!(n_read("late.txt"), Some(10_001), "as git sees it");
    assert!(read("too_large.txt").is_err());
    assert_eq!(read("gone.txt").expect_err("missing").kind, PortErrorKind::NotFound);
}

#[test]
fn a_root_is_a_directory_that_exists() {
    let (_dir, root) = temp();
    write(&root, "file", "");
    assert_eq!(
        WorkingTree.identify(&root.join("gone")).expect_err("missing").kind,
        PortErrorKind::NotFound
    );
    assert!(
        WorkingTree
            .identify(&root.join("file"))
            .expect_err("a file")
            .to_string()
            .starts_with("not a directory")
    );
    let identity = WorkingTree.identify(&root.join(".")).expect("identify");
    assert_eq!(
        (identity.root, identity.repository, identity.git_top),
        (root.clone(), root, None)
    );
}

#[test]
fn worktrees_and_sub_directories_belong_to_one_repository() {
    let (_dir, base) = temp();
    write(&base, "main/.git/HEAD", "ref: refs/heads/main\n");
    write(&base, "main/.git/refs/heads/main", &format!("{}\n", "a".repeat(40)));
    write(
        &base,
        "main/.git/packed-refs",
        &format!("# pack-refs\n{} refs/heads/topic\n", "b".repeat(40)),
    );
    write(&base, "main/.git/worktrees/side/HEAD", "ref: refs/heads/topic\n");
    write(&base, "main/.git/worktrees/side/commondir", "../..\n");
    write(&base, "main/src/a.rs", "");
    write(
        &base,
        "side/.git",
        &format!("gitdir: {}\n", base.join("main/.git/worktrees/side").display()),
    );
    let common = base.join("main/.git");
    for root in ["main", "main/src", "side"] {
        assert_eq!(
            WorkingTree.identify(&base.join(root)).expect("identify").repository,
            common,
            "{root}"
        );
    }
    let head = WorkingTree.head(&base.join("main/src")).expect("head");
    assert_eq!(
        (head.branch.as_deref(), head.commit),
        (Some("main"), Some("a".repeat(40)))
    );
    let head = WorkingTree.head(&base.join("side")).expect("head");
    assert_eq!(
        (head.branch.as_deref(), head.commit),
        (Some("topic"), Some("b".repeat(40)))
    );
}

#[test]
fn names_that_are_not_utf8_are_told_apart() {
    use std::os::unix::ffi::OsStrExt as _;
    let (_dir, root) = temp();
    for name in [&b"bad\xff.rs"[..], b"bad\xfe.rs"] {
        fs::write(root.join(std::ffi::OsStr::from_bytes(name)), "").expect("write");
    }
    let (_, skipped) = scan(&root);
    let shown: Vec<_> = skipped.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(shown, ["bad\\xfe.rs", "bad\\xff.rs"]);
}

#[test]
fn what_turns_into_a_link_after_it_was_listed_is_not_read() {
    let (_dir, root) = temp();
    let (_other, outside) = temp();
    for path in ["a.txt", "sub/a.txt", "deep/er/a.txt"] {
        write(&root, path, "ours");
    }
    write(&outside, "a.txt", "theirs");
    write(&outside, "er/a.txt", "theirs");
    assert_eq!(scan(&root).0.len(), 3);
    fs::remove_file(root.join("a.txt")).expect("remove");
    symlink(outside.join("a.txt"), root.join("a.txt")).expect("symlink");
    for path in ["sub", "deep"] {
        fs::remove_dir_all(root.join(path)).expect("remove");
        symlink(&outside, root.join(path)).expect("symlink");
    }
    for path in ["a.txt", "sub/a.txt", "deep/er/a.txt"] {
        let read = WorkingTree.read(&root, &RepoPath::new(path).expect("valid"), LIMIT);
        assert_eq!(read.expect_err("a link").kind, PortErrorKind::Denied, "{path}");
    }
}

#[test]
fn a_link_in_the_place_of_the_root_is_not_the_root() {
    let (_dir, base) = temp();
    let (_other, outside) = temp();
    write(&outside, "a.txt", "theirs");
    let root = base.join("root");
    symlink(&outside, &root).expect("symlink");
    let failed = WorkingTree.scan(&root, LIMIT, &mut |entry| panic!("{entry:?}"));
    assert_eq!(failed.expect_err("a link").kind, PortErrorKind::Denied);
    let read = WorkingTree.read(&root, &RepoPath::new("a.txt").expect("valid"), LIMIT);
    assert_eq!(read.expect_err("a link").kind, PortErrorKind::Unavailable);
}

#[test]
fn a_root_that_vanishes_while_it_is_listed_is_no_shorter_list() {
    for replaced in [false, true] {
        let (_dir, base) = temp();
        let root = base.join("root");
        for n in 0..20 {
            write(&root, &format!("{n}/a.txt"), "x");
        }
        let mut n_files = 0;
        let failed = WorkingTree.scan(&root, LIMIT, &mut |_| {
            n_files += 1;
            if n_files == 5 {
                fs::remove_dir_all(&root).expect("remove");
                if replaced {
                    fs::create_dir(&root).expect("create");
                }
            }
            ControlFlow::Continue(())
        });
        assert_eq!(failed.expect_err("gone").kind, PortErrorKind::NotFound);
        assert_eq!(n_files, 5);
    }
}

#[test]
fn a_directory_that_vanishes_while_the_root_is_listed_is_not_missed() {
    let (_dir, root) = temp();
    for n in 0..20 {
        write(&root, &format!("{n}/a.txt"), "x");
    }
    let mut files = Vec::new();
    WorkingTree
        .scan(&root, LIMIT, &mut |entry| {
            if files.is_empty() {
                for n in 0..20 {
                    fs::remove_dir_all(root.join(n.to_string())).expect("remove");
                }
            }
            files.push(entry);
            ControlFlow::Continue(())
        })
        .expect("the root is there");
    assert_eq!(files.len(), 1, "{files:?}");
}

#[test]
fn only_one_directory_is_open_at_a_time() {
    let (_dir, root) = temp();
    write(&root, &format!("{}a.txt", "d/".repeat(900)), "x");
    let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = open();
    let mut most = 0;
    WorkingTree
        .scan(&root, LIMIT, &mut |_| {
            most = most.max(open());
            ControlFlow::Continue(())
        })
        .expect("scan");
    // Other tests open files meanwhile.
    assert!(most < before + 100, "{before} before, {most} at most");
}

#[test]
fn rules_above_a_root_count_up_to_the_top_of_its_worktree() {
    let (_dir, base) = temp();
    write(&base, ".gitignore", "*.far\n");
    write(&base, ".codememignore", "*.far\n");
    write(&base, "repo/.git/HEAD", "ref: refs/heads/main\n");
    write(&base, "repo/.git/info/exclude", "*.local\n");
    write(&base, "repo/.gitignore", "*.top\n/sub/inner/anchored\n");
    write(&base, "repo/sub/.codememignore", "*.own\n");
    for name in ["a.far", "a.local", "a.top", "a.own", "anchored", "kept.txt"] {
        write(&base, &format!("repo/sub/inner/{name}"), "x");
        write(&base, &format!("plain/{name}"), "x");
    }
    assert_eq!(scan(&base.join("repo/sub/inner")).0, ["a.far", "kept.txt"]);
    let plain = ["a.far", "a.local", "a.own", "a.top", "anchored", "kept.txt"];
    assert_eq!(scan(&base.join("plain")).0, plain, "outside git nothing above counts");
}

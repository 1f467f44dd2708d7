//! Counting what git would call modified or untracked, against git itself.

use codemem_core::ports::SourceTree as _;
use codemem_watch::WorkingTree;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

struct Repository {
    _directory: tempfile::TempDir,
    root: PathBuf,
}

impl Repository {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temp dir");
        let root = directory.path().canonicalize().expect("canonical");
        let repository = Self {
            _directory: directory,
            root,
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.root, args)
    }

    fn write(&self, path: &str, text: &str) {
        let full = self.root.join(path);
        fs::create_dir_all(full.parent().expect("has a parent")).expect("create directory");
        fs::write(full, text).expect("write file");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "x"]);
    }

    /// What both say of a directory.
    #[track_caller]
    fn check(&self, below: &str, expected: u64) {
        // First, because git repairs the times in its index.
        let ours = WorkingTree.dirty(&self.root.join(below));
        let status = self.git(&[
            "status",
            "--porcelain",
            "--untracked-files=all",
            "--",
            if below.is_empty() { "." } else { below },
        ]);
        assert_eq!(ours, Some(status.lines().count() as u64), "{status}");
        assert_eq!(ours, Some(expected), "{status}");
    }
}

fn git(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"])
        .args(["-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A tree with one of everything that git tracks.
fn sample() -> Repository {
    let repository = Repository::new();
    for n in 0..30 {
        repository.write(&format!("src/{n}/file_{n}.rs"), &format!("fn f{n}() {{}}\n"));
    }
    repository.write("run.sh", "#!/bin/sh\n");
    repository.write("empty", "");
    repository.write("docs/a much longer path, with spaces/ünïcode.md", "text\r\n");
    repository.write(".gitignore", "*.log\n/target/\n");
    repository.write("tracked.log", "tracked although it is ignored");
    symlink("src", repository.root.join("link")).expect("symlink");
    repository.git(&["add", "--force", "tracked.log"]);
    repository.commit();
    repository
}

/// Everything that can happen to a tree, and how many files it changes.
fn change(repository: &Repository) -> u64 {
    let root = &repository.root;
    repository.write("src/0/file_0.rs", "fn longer_than_before() {}\n");
    repository.write("src/1/file_1.rs", "fn g1() {}\n");
    fs::remove_file(root.join("src/2/file_2.rs")).expect("remove");
    fs::remove_dir_all(root.join("src/3")).expect("remove");
    fs::set_permissions(root.join("run.sh"), PermissionsExt::from_mode(0o755)).expect("chmod");
    fs::remove_file(root.join("link")).expect("remove");
    symlink("doc", root.join("link")).expect("symlink");
    fs::remove_file(root.join("src/4/file_4.rs")).expect("remove");
    symlink("../0/file_0.rs", root.join("src/4/file_4.rs")).expect("symlink");
    repository.write("tracked.log", "modified although it is ignored");
    repository.write("empty", "no more");
    fs::rename(root.join("src/6"), root.join("src/moved")).expect("rename");
    // Not modified: written with what it held, and given another time.
    repository.write("src/5/file_5.rs", "fn f5() {}\n");
    // Untracked and ignored.
    repository.write("new/nested/deep.rs", "");
    repository.write("new/other.rs", "");
    symlink("nowhere", root.join("new/link")).expect("symlink");
    repository.write("new/x.log", "");
    repository.write("target/debug/out", "");
    14
}

#[test]
fn the_count_is_gits() {
    for version in ["2", "3", "4"] {
        let repository = sample();
        repository.git(&["update-index", "--index-version", version]);
        repository.check("", 0);
        let n_changed = change(&repository);
        repository.check("", n_changed);
        repository.check("src", 7);
        repository.check("src/1", 1);
        repository.check("docs", 0);
        repository.check("new", 3);
        // Once git has looked, its index says so of every file.
        repository.check("", n_changed);
        repository.commit();
        repository.check("", 0);
    }
}

#[test]
fn a_change_that_leaves_no_trace_but_its_moment_is_seen() {
    let repository = Repository::new();
    repository.write("a", "one");
    repository.commit();
    let (file, index) = (repository.root.join("a"), repository.root.join(".git/index"));
    let moment = fs::metadata(&file)
        .and_then(|metadata| metadata.modified())
        .expect("a time");
    repository.write("a", "two");
    // All within one tick of the clock of files: as if the index had been written in between.
    for path in [&file, &index] {
        let opened = fs::File::options().append(true).open(path).expect("open");
        opened.set_modified(moment).expect("set the time");
    }
    repository.check("", 1);
}

#[test]
fn modes_do_not_count_where_they_are_not_kept() {
    let repository = sample();
    repository.git(&["config", "core.fileMode", "false"]);
    fs::set_permissions(repository.root.join("run.sh"), PermissionsExt::from_mode(0o755)).expect("chmod");
    repository.check("", 0);
}

#[test]
fn what_git_was_told_not_to_look_at_does_not_count() {
    let repository = sample();
    repository.git(&["update-index", "--skip-worktree", "src/0/file_0.rs"]);
    repository.git(&["update-index", "--assume-unchanged", "src/1/file_1.rs"]);
    repository.write("src/1/file_1.rs", "changed");
    fs::remove_file(repository.root.join("src/0/file_0.rs")).expect("remove");
    repository.check("", 0);
    repository.write("announced.rs", "");
    repository.git(&["add", "--intent-to-add", "announced.rs"]);
    repository.check("", 1);
}

#[test]
fn a_merge_that_waits_counts_each_file_once() {
    let repository = Repository::new();
    repository.write("a", "base\n");
    repository.commit();
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.write("a", "side\n");
    repository.commit();
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("a", "main\n");
    repository.commit();
    let merge = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "merge", "--quiet", "side"])
        .current_dir(&repository.root)
        .output()
        .expect("git runs");
    assert!(!merge.status.success(), "the sides do not fit");
    repository.check("", 1);
}

#[test]
fn other_repositories_inside_count_as_git_counts_them() {
    let library = sample();
    let repository = sample();
    let from = library.root.to_str().expect("UTF-8");
    repository.git(&["submodule", "--quiet", "add", from, "library"]);
    repository.commit();
    repository.check("", 0);
    git(&repository.root, &["clone", "--quiet", from, "clone"]);
    repository.check("", 1);
    assert_eq!(WorkingTree.dirty(&repository.root.join("library")), Some(0));
    repository.write("library/new.rs", "");
    assert_eq!(WorkingTree.dirty(&repository.root.join("library")), Some(1));
    // Git counts a submodule that was changed; codemem leaves that to the submodule.
    assert_eq!(WorkingTree.dirty(&repository.root), Some(1));
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() {
    let repository = sample();
    repository.git(&["worktree", "add", "--quiet", "side"]);
    repository.write("side/src/0/file_0.rs", "changed, and longer than before");
    assert_eq!(WorkingTree.dirty(&repository.root.join("side")), Some(1));
    assert_eq!(
        WorkingTree.dirty(&repository.root),
        Some(0),
        "it is no part of the other"
    );
}

#[test]
fn what_is_not_understood_is_not_counted() {
    let plain = tempfile::tempdir().expect("temp dir");
    assert_eq!(
        WorkingTree.dirty(&plain.path().canonicalize().expect("canonical")),
        None
    );
    let repository = Repository::new();
    repository.write("a", "");
    repository.check("", 1);
    repository.commit();
    repository.git(&["update-index", "--split-index"]);
    assert_eq!(WorkingTree.dirty(&repository.root), None);
    repository.git(&["update-index", "--no-split-index"]);
    repository.check("", 0);
    fs::write(repository.root.join(".git/index"), "DIRC, but no index").expect("write");
    assert_eq!(WorkingTree.dirty(&repository.root), None);
    let other = tempfile::tempdir().expect("temp dir");
    git(other.path(), &["init", "--quiet", "--object-format=sha256"]);
    assert_eq!(
        WorkingTree.dirty(&other.path().canonicalize().expect("canonical")),
        None
    );
}

//! What git and the clock do to a tree: nothing of it may cost an answer or the daemon.

use super::project::git;
use super::state::{self, found, index, text};
use crate::sandbox;
use codemem_testkit::Sandbox;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A repository with two commits, of `wombat` and of `numbat`.
fn repository(sandbox: &Sandbox) -> PathBuf {
    let root = sandbox.tree();
    git(&root, &["init", "-q", "-b", "main"]);
    for word in ["wombat", "numbat"] {
        sandbox.write("animal.py", format!("def {word}():\n    return 1\n"));
        git(&root, &["add", "."]);
        git(&root, &["commit", "-qm", word]);
    }
    root
}

fn has(sandbox: &Sandbox, root: &Path, word: &str) -> bool {
    !found(sandbox, root, word).is_empty()
}

#[test]
fn a_detached_head_is_a_head() {
    let sandbox = sandbox::lexical();
    let root = repository(&sandbox);
    git(&root, &["checkout", "-q", "--detach", "HEAD~1"]);
    index(&sandbox, &root);
    assert!(has(&sandbox, &root, "wombat") && !has(&sandbox, &root, "numbat"));
    git(&root, &["checkout", "-q", "main"]);
    index(&sandbox, &root);
    assert!(has(&sandbox, &root, "numbat") && !has(&sandbox, &root, "wombat"));
}

#[test]
fn a_bare_repository_is_a_directory_like_any_other() {
    let sandbox = sandbox::lexical();
    let root = repository(&sandbox);
    let bare = sandbox.path("bare.git");
    git(&root, &["clone", "-q", "--bare", ".", text(&bare)]);
    let answer = sandbox.codemem(["index", text(&bare), "--wait-lexical", "--json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(!has(&sandbox, &bare, "numbat"), "objects are no source");
    // A worktree of it is one.
    let side = sandbox.path("side");
    git(&bare, &["worktree", "add", "-q", text(&side), "main"]);
    index(&sandbox, &side);
    assert!(has(&sandbox, &side, "numbat"));
    assert!(!has(&sandbox, &bare, "numbat"));
}

#[test]
fn a_corrupt_git_directory_costs_git_and_not_the_files() {
    for damage in [
        |root: &Path| fs::write(root.join(".git/HEAD"), [0xff; 4_096]),
        |root: &Path| fs::remove_file(root.join(".git/HEAD")),
        |root: &Path| fs::write(root.join(".git/index"), b"DIRC not at all"),
        |root: &Path| fs::write(root.join(".git/HEAD"), "ref: refs/heads/../../../../etc/passwd\n"),
        |root: &Path| {
            fs::remove_dir_all(root.join(".git"))?;
            fs::write(root.join(".git"), "gitdir: /nowhere/at/all\n")
        },
        |root: &Path| {
            fs::remove_dir_all(root.join(".git"))?;
            fs::write(root.join(".git"), "gitdir: .git\n")
        },
    ] {
        let sandbox = sandbox::lexical();
        let root = repository(&sandbox);
        index(&sandbox, &root);
        damage(&root).expect("damaged");
        sandbox.write("late.py", "def quokka():\n    return 2\n");
        index(&sandbox, &root);
        assert_eq!(found(&sandbox, &root, "quokka"), ["late.py"]);
        assert_eq!(found(&sandbox, &root, "numbat"), ["animal.py"]);
        sandbox.codemem(["status"]).success();
    }
}

#[test]
fn times_of_the_future_and_of_the_past_hide_no_edit() {
    let sandbox = sandbox::lexical();
    let root = sandbox.tree();
    let hour = Duration::from_hours(1);
    sandbox.write("animal.py", "");
    let now = fs::metadata(root.join("animal.py")).and_then(|file| file.modified());
    let now = now.expect("a file has a time");
    let times = [
        now + 48 * hour,
        now - 48 * hour,
        SystemTime::UNIX_EPOCH,
        now + 1_000 * hour,
        now,
    ];
    let mut before = None;
    // Of one length: only the time could tell.
    for (word, time) in ["bilby", "koala", "dingo", "galah", "tapir"].into_iter().zip(times) {
        sandbox.write("animal.py", format!("def {word}():\n    return 1\n"));
        let file = File::options()
            .write(true)
            .open(root.join("animal.py"))
            .expect("opened");
        file.set_modified(time).expect("set");
        index(&sandbox, &root);
        assert!(has(&sandbox, &root, word), "{word}");
        assert!(before.is_none_or(|before| !has(&sandbox, &root, before)), "{before:?}");
        before = Some(word);
    }
    // Edited twice at the same moment of the future.
    for word in ["mouse", "horse"] {
        sandbox.write("animal.py", format!("def {word}():\n    return 1\n"));
        let file = File::options()
            .write(true)
            .open(root.join("animal.py"))
            .expect("opened");
        file.set_modified(now + 48 * hour).expect("set");
        index(&sandbox, &root);
        assert!(has(&sandbox, &root, word), "{word}");
    }
}

/// The same beside the directory that commands run in, which must stay.
fn repository_at(root: &Path, file: &str, word: &str) {
    fs::create_dir_all(root).expect("made");
    git(root, &["init", "-q", "-b", "main"]);
    fs::write(root.join(file), format!("def {word}():\n    return 1\n")).expect("written");
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", word]);
}

#[test]
fn a_root_that_is_deleted_and_made_again_is_followed() {
    let sandbox = sandbox::lexical();
    let root = sandbox.path("work");
    repository_at(&root, "animal.py", "numbat");
    index(&sandbox, &root);
    let pid = sandbox.daemon_pid();
    fs::remove_dir_all(&root).expect("deleted");
    let answer = sandbox.codemem(["index", text(&root), "--wait-lexical"]);
    assert_ne!(answer.code, 0, "there is nothing to be indexed: {answer:?}");
    fs::create_dir(&root).expect("made");
    fs::write(root.join("again.py"), "def potoroo():\n    return 3\n").expect("written");
    index(&sandbox, &root);
    assert_eq!(found(&sandbox, &root, "potoroo"), ["again.py"]);
    assert!(!has(&sandbox, &root, "numbat"), "it is another tree now, outside git");
    repository_at(&root, "animal.py", "numbat");
    index(&sandbox, &root);
    assert_eq!(found(&sandbox, &root, "numbat"), ["animal.py"]);
    sandbox::assert_serves(&sandbox, pid);
    sandbox.codemem(["prune"]).success();
    state::stop(&sandbox);
    assert_eq!(state::stores(&sandbox).len(), 1, "one of its identities is left");
    state::sound(&sandbox);
}

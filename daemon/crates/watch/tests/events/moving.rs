//! Git that moves.

use crate::support::{PATIENCE, Watched, git, options};
use codemem_core::ports::Hint;
use codemem_testkit::wait_until;
use codemem_watch::WatchOptions;
use std::fs;

/// A repository on `main` whose branch `side` has other files.
fn two_branches() -> Watched {
    let watched = Watched::repository(100);
    watched.git(&["checkout", "--quiet", "-b", "side"]);
    for n in 0..100 {
        watched.write(&format!("src/{}/{n}.rs", n % 10), "another content");
    }
    watched.commit();
    watched.git(&["checkout", "--quiet", "main"]);
    watched
}

#[test]
fn a_checkout_is_one_move() {
    for recursive in [false, true] {
        let mut watched = two_branches();
        watched.watch_with(WatchOptions { recursive, ..options() });
        watched.git(&["checkout", "--quiet", "side"]);
        watched.wait_for(&Hint::Head);
        watched.settle();
        for n in 0..100 {
            let path = format!("src/{}/{n}.rs", n % 10);
            assert!(watched.is_hinted(&path) || watched.count(&Hint::Anything) > 0, "{path}");
        }
        assert_eq!(watched.count(&Hint::Head), 1, "{:?}", watched.hints().len());
        watched.forget();
        watched.git(&["checkout", "--quiet", "--detach"]);
        watched.wait_for(&Hint::Head);
    }
}

#[test]
fn commits_move_and_looking_does_not() {
    let mut watched = Watched::repository(3);
    watched.git(&["checkout", "--quiet", "-b", "deep/er/branch"]);
    watched.watch();
    watched.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    watched.wait_for(&Hint::Head);
    watched.forget();
    watched.git(&["pack-refs", "--all"]);
    watched.git(&["status"]);
    watched.git(&["log"]);
    watched.git(&["branch", "unrelated"]);
    watched.settle();
    assert_eq!(watched.hinted(), [""; 0]);
    watched.git(&["commit", "--quiet", "--allow-empty", "--message", "two"]);
    watched.wait_for(&Hint::Head);
}

#[test]
fn what_is_added_to_the_index_is_about_no_file() {
    let mut watched = Watched::repository(3);
    watched.write("new.rs", "x");
    watched.watch();
    watched.git(&["add", "new.rs"]);
    watched.wait_for(&Hint::Index);
    watched.settle();
    assert_eq!(watched.hinted(), [""; 0]);
    assert_eq!(watched.count(&Hint::Head) + watched.count(&Hint::Anything), 0);
}

#[test]
fn a_rebase_moves_a_few_times_at_most() {
    let mut watched = Watched::repository(3);
    watched.git(&["checkout", "--quiet", "-b", "side"]);
    for n in 0..20 {
        watched.write(&format!("side_{n}.rs"), "x");
        watched.commit();
    }
    watched.git(&["checkout", "--quiet", "main"]);
    watched.write("main.rs", "x");
    watched.commit();
    watched.git(&["checkout", "--quiet", "side"]);
    watched.watch();
    watched.git(&["rebase", "--quiet", "main"]);
    watched.wait_for(&Hint::Head);
    watched.wait("main.rs");
    watched.settle();
    let n_moves = watched.count(&Hint::Head);
    assert!(n_moves < 10, "{n_moves} moves for 20 commits");
}

#[test]
fn a_stash_is_hinted_at_by_its_files() {
    let mut watched = Watched::repository(3);
    watched.write("src/1/1.rs", "changed");
    watched.watch();
    watched.git(&["stash", "push", "--quiet"]);
    watched.wait("src/1/1.rs");
    watched.settle();
    watched.forget();
    watched.git(&["stash", "pop", "--quiet"]);
    watched.wait("src/1/1.rs");
}

#[test]
fn a_linked_worktree_moves_by_itself() {
    let mut watched = Watched::repository(3);
    let (main, side) = (watched.root().to_path_buf(), watched.outside().join("side"));
    git(
        &main,
        &[
            "worktree",
            "add",
            "--quiet",
            "-b",
            "side",
            side.to_str().expect("UTF-8"),
        ],
    );
    watched.watch_at(&side, options());
    git(&main, &["commit", "--quiet", "--allow-empty", "--message", "on main"]);
    watched.settle();
    assert_eq!(watched.hinted(), [""; 0], "another worktree moved");
    git(&side, &["commit", "--quiet", "--allow-empty", "--message", "on side"]);
    watched.wait_for(&Hint::Head);
    watched.forget();
    git(&side, &["checkout", "--quiet", "--detach"]);
    watched.wait_for(&Hint::Head);
}

#[test]
fn a_worktree_inside_its_bare_repository_is_watched() {
    let mut watched = Watched::new();
    let bare = watched.outside().join("bare");
    watched.write("a.rs", "x");
    watched.git(&["init", "--quiet", "--initial-branch=main"]);
    watched.commit();
    let bare_path = bare.to_str().expect("UTF-8");
    watched.git(&["clone", "--quiet", "--bare", ".", bare_path]);
    git(&bare, &["worktree", "add", "--quiet", "main"]);
    watched.watch_at(&bare.join("main"), options());
    watched.write("a.rs", "y");
    watched.wait("a.rs");
}

#[test]
fn hints_wait_for_gits_lock_but_not_for_ever() {
    let mut watched = Watched::repository(3);
    watched.watch();
    let lock = watched.path(".git/index.lock");
    fs::write(&lock, "").expect("write");
    watched.write("src/1/1.rs", "half done");
    watched.write("src/2/2.rs", "half done");
    // A lock that a killed git left.
    watched.wait("src/1/1.rs");
    assert!(watched.is_hinted("src/2/2.rs"), "all at once");
    watched.forget();
    watched.write("src/1/1.rs", "later");
    watched.settle();
    assert!(watched.is_hinted("src/1/1.rs"));
    fs::remove_file(&lock).expect("remove");
}

#[test]
fn a_repository_that_is_made_is_a_move() {
    let mut watched = Watched::new();
    watched.watch();
    watched.git(&["init", "--quiet", "--initial-branch=main"]);
    wait_until("a move", PATIENCE, || watched.count(&Hint::Head) > 0);
    watched.settle();
    watched.forget();
    watched.commit();
    watched.wait_for(&Hint::Head);
}

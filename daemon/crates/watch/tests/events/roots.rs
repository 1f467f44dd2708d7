//! Roots that go, come back, or are moved away.

use crate::support::{PATIENCE, Watched};
use codemem_core::ports::{Hint, Watching};
use codemem_testkit::wait_until;
use std::fs;

#[test]
fn a_root_that_is_deleted_is_waited_for() {
    let mut watched = Watched::new();
    watched.write("src/a.rs", "x");
    watched.watch();
    fs::remove_dir_all(watched.root()).expect("remove");
    watched.wait_for(&Hint::Anything);
    wait_until(
        "that it is known",
        PATIENCE,
        || matches!(watched.watching(), Watching::Polling { reason, .. } if reason.contains("gone")),
    );
    watched.forget();
    watched.write("src/b.rs", "x");
    watched.wait_for(&Hint::Anything);
    wait_until("events", PATIENCE, || watched.n_directories() == Some(2));
    watched.write("src/b.rs", "y");
    watched.wait("src/b.rs");
}

#[test]
fn a_root_that_is_made_again_at_once_is_watched() {
    let mut watched = Watched::new();
    watched.write("src/a.rs", "x");
    watched.watch();
    // The new directory often gets the number of the old one.
    for n in 0..4 {
        fs::remove_dir_all(watched.root()).expect("remove");
        watched.write("src/a.rs", &"y".repeat(n));
        watched.settle();
        watched.forget();
        watched.write("src/a.rs", "z");
        watched.wait("src/a.rs");
    }
}

#[test]
fn a_root_in_the_place_of_another_is_watched() {
    let mut watched = Watched::new();
    watched.write("a.rs", "x");
    watched.watch();
    let (aside, next) = (watched.outside().join("aside"), watched.outside().join("next"));
    fs::create_dir_all(next.join("src")).expect("create");
    fs::rename(watched.root(), &aside).expect("rename");
    fs::rename(&next, watched.root()).expect("rename");
    watched.wait_for(&Hint::Anything);
    wait_until("events", PATIENCE, || watched.n_directories() == Some(2));
    watched.settle();
    watched.forget();
    fs::write(aside.join("a.rs"), "not ours any more").expect("write");
    watched.write("src/b.rs", "x");
    watched.wait("src/b.rs");
    assert!(!watched.is_hinted("a.rs"));
}

#[test]
fn a_directory_above_the_root_that_is_moved_is_noticed() {
    let mut watched = Watched::new();
    watched.write("deep/root/a.rs", "x");
    let (above, root) = (watched.path("deep"), watched.path("deep/root"));
    let aside = watched.outside().join("aside");
    watched.watch_at(&root, crate::support::options());
    fs::rename(&above, &aside).expect("rename");
    watched.wait_for(&Hint::Anything);
    watched.forget();
    fs::rename(&aside, &above).expect("rename");
    watched.wait_for(&Hint::Anything);
    wait_until("events", PATIENCE, || watched.n_directories() == Some(1));
    watched.write("a.rs", "y");
    watched.wait("a.rs");
}

#[test]
fn a_root_that_is_not_there_yet_is_waited_for() {
    let mut watched = Watched::new();
    fs::remove_dir(watched.root()).expect("remove");
    watched.watch();
    assert!(matches!(watched.watching(), Watching::Polling { .. }));
    watched.write("a.rs", "x");
    watched.wait_for(&Hint::Anything);
    wait_until("events", PATIENCE, || watched.n_directories() == Some(1));
}

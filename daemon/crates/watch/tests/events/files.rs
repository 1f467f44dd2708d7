//! Files and directories that are written, come, go and get other names.

use crate::support::{Watched, options};
use codemem_watch::WatchOptions;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// Once watched directory by directory, and once by the system as a whole.
fn both(test: impl Fn(Watched, WatchOptions)) {
    for recursive in [false, true] {
        test(Watched::new(), WatchOptions { recursive, ..options() });
    }
}

#[test]
fn a_saved_file_is_hinted_at() {
    both(|mut watched, options| {
        watched.write("src/deep/a.rs", "one");
        watched.write("b.rs", "one");
        watched.watch_with(options);
        watched.write("src/deep/a.rs", "two");
        watched.wait("src/deep/a.rs");
        assert!(!watched.is_hinted("b.rs"));
        // As editors save: another file takes the name.
        watched.write(".b.rs.swp", "two");
        fs::rename(watched.path(".b.rs.swp"), watched.path("b.rs")).expect("rename");
        watched.wait("b.rs");
        watched.write("new.rs", "new");
        watched.wait("new.rs");
    });
}

#[test]
fn what_goes_or_gets_another_name_is_hinted_at() {
    both(|mut watched, options| {
        for path in ["a.rs", "b.rs", "old/deep/c.rs", "gone/deep/d.rs", "out/e.rs"] {
            watched.write(path, "x");
        }
        let elsewhere = watched.outside().join("elsewhere");
        watched.watch_with(options);
        fs::remove_file(watched.path("a.rs")).expect("remove");
        watched.wait("a.rs");
        fs::rename(watched.path("b.rs"), watched.path("bb.rs")).expect("rename");
        watched.wait("b.rs");
        watched.wait("bb.rs");
        fs::rename(watched.path("old"), watched.path("new")).expect("rename");
        watched.wait("old/deep/c.rs");
        watched.wait("new/deep/c.rs");
        fs::remove_dir_all(watched.path("gone")).expect("remove");
        watched.wait("gone/deep/d.rs");
        fs::rename(watched.path("out"), &elsewhere).expect("rename");
        watched.wait("out/e.rs");
        watched.settle();
        watched.forget();
        fs::write(elsewhere.join("e.rs"), "not ours any more").expect("write");
        watched.settle();
        assert_eq!(watched.hinted(), [""; 0]);
        fs::rename(&elsewhere, watched.path("back")).expect("rename");
        watched.wait("back/e.rs");
    });
}

#[test]
fn a_directory_that_appears_is_watched_with_all_that_it_holds() {
    both(|mut watched, options| {
        let elsewhere = watched.outside().join("elsewhere");
        fs::create_dir_all(elsewhere.join("deep/er")).expect("create");
        watched.watch_with(options);
        assert_eq!(watched.n_directories(), Some(1));
        watched.write("one/two/three/a.rs", "x");
        watched.wait("one/two/three/a.rs");
        fs::rename(&elsewhere, watched.path("moved")).expect("rename");
        watched.wait("moved/deep/er");
        watched.settle();
        assert_eq!(watched.n_directories(), Some(7));
        watched.forget();
        watched.write("one/two/three/a.rs", "again");
        watched.wait("one/two/three/a.rs");
        watched.write("moved/deep/er/b.rs", "x");
        watched.wait("moved/deep/er/b.rs");
        fs::rename(watched.path("one"), watched.path("uno")).expect("rename");
        watched.wait("uno/two/three/a.rs");
        watched.settle();
        watched.forget();
        watched.write("uno/two/three/a.rs", "once more");
        watched.wait("uno/two/three/a.rs");
        fs::remove_dir_all(watched.path("moved")).expect("remove");
        watched.settle();
        assert_eq!(watched.n_directories(), Some(4));
    });
}

#[test]
fn a_directory_and_a_file_may_take_each_others_name() {
    both(|mut watched, options| {
        watched.write("thing/a.rs", "x");
        watched.write("other", "x");
        watched.watch_with(options);
        fs::remove_dir_all(watched.path("thing")).expect("remove");
        watched.write("thing", "now a file");
        watched.wait("thing");
        fs::remove_file(watched.path("other")).expect("remove");
        watched.write("other/b.rs", "x");
        watched.wait("other/b.rs");
        watched.settle();
        watched.forget();
        watched.write("other/b.rs", "again");
        watched.wait("other/b.rs");
        assert_eq!(watched.n_directories(), Some(2));
    });
}

#[test]
fn directories_that_swap_names_stay_watched() {
    let mut watched = Watched::new();
    watched.write("a/in/one.rs", "x");
    watched.write("b/in/two.rs", "x");
    watched.watch();
    for (from, to) in [("a", "c"), ("b", "a"), ("c", "b")] {
        fs::rename(watched.path(from), watched.path(to)).expect("rename");
    }
    watched.wait("a/in/two.rs");
    watched.wait("b/in/one.rs");
    watched.settle();
    watched.forget();
    watched.write("a/in/two.rs", "y");
    watched.wait("a/in/two.rs");
    watched.write("b/in/one.rs", "y");
    watched.wait("b/in/one.rs");
    assert!(!watched.is_hinted("a/in/one.rs") && !watched.is_hinted("b/in/two.rs"));
}

#[test]
fn what_changes_nothing_is_no_hint() {
    both(|mut watched, options| {
        watched.write("src/a.rs", "x");
        symlink("src", watched.path("link")).expect("symlink");
        watched.watch_with(options);
        fs::read(watched.path("src/a.rs")).expect("read");
        drop(File::open(watched.path("src")).expect("open"));
        assert_eq!(fs::read_dir(watched.path("src")).expect("list").count(), 1);
        fs::set_permissions(watched.path("src"), Permissions::from_mode(0o700)).expect("chmod");
        fs::set_permissions(watched.root(), Permissions::from_mode(0o700)).expect("chmod");
        watched.settle();
        assert_eq!(watched.hinted(), [""; 0]);
        fs::set_permissions(watched.path("src/a.rs"), Permissions::from_mode(0o700)).expect("chmod");
        watched.wait("src/a.rs");
        assert!(!watched.is_hinted("link/a.rs"), "links are not followed");
    });
}

#[test]
fn nothing_is_hinted_at_once_nobody_watches() {
    let mut watched = Watched::new();
    watched.watch();
    watched.write("a.rs", "x");
    watched.wait("a.rs");
    let before = watched.hints().len();
    watched.stop();
    watched.write("b.rs", "x");
    // The thread has ended when the watch is gone.
    assert_eq!(watched.hints().len(), before);
}

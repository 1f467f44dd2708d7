//! What is left out is not watched, and what rules change is.

use crate::support::{Watched, options};
use codemem_core::ports::Hint;
use codemem_watch::WatchOptions;
use std::fs;

#[test]
fn what_is_left_out_is_neither_watched_nor_hinted_at() {
    for recursive in [false, true] {
        let mut watched = Watched::repository(3);
        watched.write(".gitignore", "*.log\n/target/\n");
        watched.write("src/a.rs", "x");
        for n in 0..300 {
            watched.write(&format!("target/{n}/out"), "x");
            watched.write(&format!("node_modules/{n}/index.js"), "x");
        }
        watched.watch_with(WatchOptions { recursive, ..options() });
        assert_eq!(watched.n_directories(), Some(5), "the root, src and what is in it");
        watched.write("target/1/out", "y");
        watched.write("target/new/out", "y");
        watched.write("node_modules/1/index.js", "y");
        watched.write("src/noise.log", "y");
        watched.write(".git/notes", "y");
        watched.settle();
        assert_eq!(watched.hinted(), [""; 0], "recursive: {recursive}");
        fs::remove_dir_all(watched.path("node_modules")).expect("remove");
        fs::remove_file(watched.path("src/noise.log")).expect("remove");
        watched.write("src/a.rs", "y");
        watched.settle();
        assert!(watched.is_hinted("src/a.rs") && !watched.is_hinted("src/noise.log"));
        assert_eq!(watched.n_directories(), Some(5));
    }
}

#[test]
fn rules_that_change_are_followed() {
    for recursive in [false, true] {
        let mut watched = Watched::repository(0);
        for path in ["src/a.rs", "gen/deep/b.rs", "own/c.rs", "far/d.rs"] {
            watched.write(path, "x");
        }
        watched.watch_with(WatchOptions { recursive, ..options() });
        assert_eq!(watched.n_directories(), Some(6));
        for (file, text, n_directories) in [
            (".gitignore", "/gen/\n", 4),
            (".codememignore", "/own/\n", 3),
            (".ignore", "/far/\n!/own/\n", 2),
            (".git/info/exclude", "/src/\n", 1),
            (".git/info/exclude", "", 2),
            (".ignore", "!/gen/\n", 5),
            (".codememignore", "", 6),
        ] {
            watched.forget();
            watched.write(file, text);
            watched.wait_for(&Hint::Anything);
            assert_eq!(watched.n_directories(), Some(n_directories), "{file}: {text}");
        }
        watched.settle();
        watched.forget();
        watched.write("gen/deep/b.rs", "y");
        watched.wait("gen/deep/b.rs");
        fs::remove_file(watched.path(".ignore")).expect("remove");
        watched.wait_for(&Hint::Anything);
        watched.forget();
        watched.write("gen/deep/b.rs", "z");
        watched.settle();
        assert_eq!(watched.hinted(), [""; 0]);
    }
}

#[test]
fn rules_above_a_root_are_followed() {
    let mut watched = Watched::repository(0);
    watched.write("sub/inner/gen/a.rs", "x");
    let (top, inner) = (watched.root().to_path_buf(), watched.path("sub/inner"));
    watched.watch_at(&inner, options());
    assert_eq!(watched.n_directories(), Some(2));
    for (path, n_directories) in [("sub/.gitignore", 1), (".ignore", 2)] {
        watched.forget();
        let rule = if n_directories == 1 { "gen/\n" } else { "!gen/\n" };
        fs::write(top.join(path), rule).expect("write");
        watched.wait_for(&Hint::Anything);
        assert_eq!(watched.n_directories(), Some(n_directories), "{path}");
    }
    watched.forget();
    fs::write(top.join("sub/other.rs"), "not below the root").expect("write");
    watched.settle();
    assert_eq!(watched.hinted(), [""; 0]);
}

#[test]
fn a_repository_that_begins_or_ends_takes_its_rules_along() {
    let mut watched = Watched::new();
    watched.write("lib/.gitignore", "gen/\n");
    watched.write("lib/gen/a.rs", "x");
    watched.watch();
    watched.git(&["init", "--quiet", "lib"]);
    watched.wait_for(&Hint::Anything);
    watched.settle();
    watched.forget();
    fs::write(watched.path("lib/.git/info/exclude"), "*.tmp\n").expect("write");
    watched.wait_for(&Hint::Anything);
    watched.settle();
    watched.write("lib/a.tmp", "x");
    watched.settle();
    assert!(!watched.is_hinted("lib/a.tmp"));
    fs::remove_dir_all(watched.path("lib/.git")).expect("remove");
    watched.settle();
    watched.write("lib/a.tmp", "y");
    watched.wait("lib/a.tmp");
}

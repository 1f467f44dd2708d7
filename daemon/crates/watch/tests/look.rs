//! Looking at some paths gives what a scan of the whole root gives there.

use codemem_core::ports::{ScanEntry, SourceTree};
use codemem_watch::WorkingTree;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const LIMIT: u64 = 20;

/// Names that rules name, that are never entered, and that begin like another.
const NAMES: [&str; 8] = ["a", "b", "a-b", "a.log", "out", "node_modules", "keep.log", "c"];

const RULES: [&str; 9] = ["*.log", "!keep.log", "/out", "out/", "a/b", "b/**", "!b/c", "/c/*", "*"];

/// One thing to make in a tree, at a path.
#[derive(Clone, Debug)]
enum Thing {
    File(usize),
    Directory,
    Link,
    Rules(&'static str, Vec<usize>),
    Repository(Vec<usize>),
    Worktree,
}

fn path() -> impl Strategy<Value = PathBuf> {
    vec(0..NAMES.len(), 0..4).prop_map(|names| names.into_iter().map(|name| NAMES[name]).collect())
}

fn thing() -> impl Strategy<Value = Thing> {
    let rules = || vec(0..RULES.len(), 1..3);
    prop_oneof![
        8 => (0_usize..40).prop_map(Thing::File),
        2 => Just(Thing::Directory),
        1 => Just(Thing::Link),
        3 => (0_usize..3, rules()).prop_map(|(name, rules)| {
            Thing::Rules([".gitignore", ".ignore", ".codememignore"][name], rules)
        }),
        1 => rules().prop_map(Thing::Repository),
        2 => Just(Thing::Worktree),
    ]
}

fn text(rules: &[usize]) -> String {
    let lines: Vec<&str> = rules.iter().map(|rule| RULES[*rule]).collect();
    lines.join("\n")
}

/// Makes what can be made: a file in the place of a directory stays.
fn make(base: &Path, root: &Path, path: &Path, thing: &Thing) {
    let full = root.join(path);
    let directory = match thing {
        Thing::File(_) | Thing::Link => full.parent(),
        Thing::Directory | Thing::Rules(..) | Thing::Repository(_) | Thing::Worktree => Some(full.as_path()),
    };
    drop(directory.map(fs::create_dir_all));
    match thing {
        Thing::Directory => {}
        Thing::File(size) => drop(fs::write(&full, "x".repeat(*size))),
        Thing::Link => drop(symlink(base, &full)),
        Thing::Rules(name, rules) => drop(fs::write(full.join(name), text(rules))),
        Thing::Repository(rules) => {
            drop(fs::create_dir_all(full.join(".git/info")));
            drop(fs::write(full.join(".git/HEAD"), "ref: refs/heads/main\n"));
            drop(fs::write(full.join(".git/info/exclude"), text(rules)));
        }
        Thing::Worktree => {
            let git = base.join(".git/worktrees/side");
            drop(fs::create_dir_all(&git));
            drop(fs::write(git.join("HEAD"), "ref: refs/heads/side\n"));
            drop(fs::write(git.join("commondir"), "../..\n"));
            drop(fs::write(full.join(".git"), format!("gitdir: {}\n", git.display())));
        }
    }
}

fn sorted(listing: impl FnOnce(&mut dyn FnMut(ScanEntry) -> ControlFlow<()>)) -> Vec<String> {
    let mut entries = Vec::new();
    listing(&mut |entry| {
        entries.push(format!("{entry:?}"));
        ControlFlow::Continue(())
    });
    entries.sort();
    entries
}

fn shown(entry: &ScanEntry) -> &str {
    match entry {
        ScanEntry::File(path, _) => path.as_str(),
        ScanEntry::Skipped(path, _) => path,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_look_is_a_scan_of_the_paths(
        things in vec((path(), thing()), 1..30),
        below_top in prop::bool::ANY,
        picks in vec(any::<Index>(), 1..6),
        others in vec(path(), 0..3),
    ) {
        let dir = tempfile::tempdir().expect("temp dir");
        let base = dir.path().canonicalize().expect("canonical");
        make(&base, &base, Path::new(""), &Thing::Repository(vec![0]));
        for (path, thing) in &things {
            make(&base, &base, path, thing);
        }
        // Most of them are there, and below what decides about them.
        let made = picks.iter().map(|pick| pick.get(&things).0.clone());
        let made = made.map(|path| if below_top { path.strip_prefix("a").map(Path::to_path_buf).unwrap_or(path) } else { path });
        let paths: Vec<PathBuf> = made.chain(others).collect();
        let root = if below_top { base.join("a") } else { base };
        prop_assume!(fs::symlink_metadata(&root).is_ok_and(|metadata| metadata.is_dir()));
        let found = sorted(|sink| WorkingTree.look(&root, &paths, LIMIT, sink).expect("look"));
        let expected = sorted(|sink| {
            let mut wanted = |entry: ScanEntry| {
                if paths.iter().any(|path| Path::new(shown(&entry)).starts_with(path)) {
                    sink(entry)
                } else {
                    ControlFlow::Continue(())
                }
            };
            WorkingTree.scan(&root, LIMIT, &mut wanted).expect("scan");
        });
        prop_assert_eq!(found, expected);
    }
}

fn look(root: &Path, paths: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    sorted(|sink| WorkingTree.look(root, &paths, LIMIT, sink).expect("look"))
}

#[test]
fn a_path_is_reported_once_and_nothing_outside_the_root() {
    let dir = tempfile::tempdir().expect("temp dir");
    let base = dir.path().canonicalize().expect("canonical");
    fs::create_dir_all(base.join("root/sub")).expect("create");
    fs::write(base.join("secret"), "x").expect("write");
    fs::write(base.join("root/sub/a"), "x").expect("write");
    let root = base.join("root");
    assert_eq!(look(&root, &["sub", "sub/a", "sub/a", "sub/./a", "", "."]).len(), 1);
    assert!(
        look(
            &root,
            &["../secret", "sub/../../secret", "/etc/passwd", "gone/a", "sub/a/b"]
        )
        .is_empty()
    );
    fs::remove_dir_all(&root).expect("remove");
    assert!(
        WorkingTree
            .look(&root, &["sub".into()], LIMIT, &mut |_| ControlFlow::Continue(()))
            .is_err()
    );
}

#[test]
fn nothing_is_reported_below_what_a_scan_does_not_enter() {
    let dir = tempfile::tempdir().expect("temp dir");
    let root = dir.path().canonicalize().expect("canonical");
    make(&root, &root, Path::new(""), &Thing::Repository(Vec::new()));
    make(&root, &root, Path::new("side"), &Thing::Worktree);
    make(&root, &root, Path::new(""), &Thing::Rules(".ignore", vec![3]));
    symlink("kept", root.join("link")).expect("symlink");
    for path in ["side/a", "out/a", "node_modules/a", "kept/a"] {
        make(&root, &root, Path::new(path), &Thing::File(1));
    }
    for path in ["side/a", "side", "out/a", "node_modules/a", ".git/HEAD", "link/a"] {
        assert_eq!(look(&root, &[path]), [""; 0], "{path}");
    }
    assert_eq!(look(&root, &["kept/a"]).len(), 1);
}

#[test]
fn a_look_ends_when_the_sink_has_enough() {
    let dir = tempfile::tempdir().expect("temp dir");
    let root = dir.path().canonicalize().expect("canonical");
    for name in ["a", "b", "c"] {
        fs::write(root.join(name), "x").expect("write");
    }
    let mut n_entries = 0;
    let paths = ["a", "b", "c"].map(PathBuf::from);
    let mut one = |_| {
        n_entries += 1;
        ControlFlow::Break(())
    };
    WorkingTree.look(&root, &paths, LIMIT, &mut one).expect("look");
    assert_eq!(n_entries, 1);
}

#[test]
fn a_look_opens_nothing_but_what_leads_to_the_paths() {
    let dir = tempfile::tempdir().expect("temp dir");
    let root = dir.path().canonicalize().expect("canonical");
    fs::create_dir_all(root.join("sub/deep")).expect("create");
    fs::create_dir_all(root.join("other")).expect("create");
    fs::write(root.join("sub/deep/a"), "x").expect("write");
    // Rules that would leave everything out are read only where they count.
    fs::write(root.join("other/.gitignore"), "*\n").expect("write");
    let accessed = |path: &str| {
        fs::metadata(root.join(path))
            .and_then(|metadata| metadata.accessed())
            .expect("metadata")
    };
    let before = accessed("other/.gitignore");
    assert_eq!(look(&root, &["sub/deep/a"]).len(), 1);
    assert_eq!(accessed("other/.gitignore"), before);
}

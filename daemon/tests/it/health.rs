//! Stores that were damaged: found, set aside, made anew, reported; and what is sound stays.

pub(crate) mod disk;
mod model;

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest that anything over a small tree may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What an index answers, which must not depend on how it came to be.
fn answers(sandbox: &Sandbox, tree: &Path) -> Vec<Value> {
    [
        "RouteNotFound",
        "idle sessions",
        "try again with growing pauses",
        "ConnectionPool",
    ]
    .map(|query| {
        let answer = sandbox.codemem(["search", "--repo", text(tree), "--limit", "5", "--json", query]);
        serde_json::from_str::<Value>(&answer.stdout).unwrap_or_default()["hits"].clone()
    })
    .to_vec()
}

fn status(sandbox: &Sandbox, tree: &Path) -> Value {
    let status = sandbox.codemem(["status", "--json"]).json();
    let rows = status["repositories"].as_array().cloned().unwrap_or_default();
    let row = rows.into_iter().find(|row| row["root"] == text(tree));
    row.unwrap_or_else(|| panic!("{} is registered: {status}", tree.display()))
}

fn problem(sandbox: &Sandbox, tree: &Path) -> String {
    status(sandbox, tree)["problem"].as_str().expect("a text").to_owned()
}

/// The directory of stores that were made after those in `others`.
fn stores(sandbox: &Sandbox, others: &[PathBuf]) -> PathBuf {
    let entries = fs::read_dir(sandbox.path("data/index")).expect("listed");
    let mut found = entries.map(|entry| entry.expect("entry").path());
    found
        .find(|path| path.join("catalog.db").exists() && !others.contains(path))
        .expect("a repository's stores")
}

fn set_aside(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("listed");
    let names = entries.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".damaged-")).collect()
}

/// The largest file below a directory: where the data is.
fn largest(directory: &Path) -> PathBuf {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(place).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                files.push((fs::metadata(&path).expect("there").len(), path));
            }
        }
    }
    files.sort();
    files.pop().expect("a file").1
}

fn flip(path: &Path) {
    let file = File::options().read(true).write(true).open(path).expect("opened");
    let middle = file.metadata().expect("there").len() / 2;
    let mut bytes = [0; 64];
    let n_read = file.read_at(&mut bytes, middle).expect("read");
    for byte in &mut bytes {
        *byte = !*byte;
    }
    file.write_all_at(&bytes[..n_read], middle).expect("written");
}

fn stop(sandbox: &Sandbox) {
    sandbox.codemem(["daemon", "stop"]).success();
    wait_until("the daemon to be gone", PATIENCE, || sandbox.daemon_pid().is_none());
}

type Damage = fn(&Path);

#[test]
fn a_damaged_store_is_made_anew_alone_and_said_until_the_user_indexes_again() {
    let sandbox = sandbox::with_model();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox.codemem(["index", text(&tree), "--wait"]).success();
    let mine = stores(&sandbox, &[]);
    let other = sandbox.path("home/other");
    fs::create_dir(&other).expect("made");
    fs::write(other.join("beside.py"), "def beside():\n    pass\n").expect("written");
    sandbox.codemem(["index", text(&other), "--wait"]).success();
    let beside = stores(&sandbox, std::slice::from_ref(&mine));
    let expected = answers(&sandbox, &tree);
    let vectors = status(&sandbox, &tree)["vectors"].clone();
    assert!(vectors.as_u64() > Some(0));
    let identity = |directory: &Path| {
        let inode = |name: &str| fs::metadata(directory.join(name)).expect("there").ino();
        (inode("catalog.db"), inode("vectors/vectors.json"))
    };
    let untouched = identity(&beside);

    let table: [(&str, &str, Damage); 3] = [
        ("lexical index", "lexical.damaged-", |mine| {
            flip(&largest(&mine.join("lexical")));
        }),
        ("vector index", "vectors.damaged-", |mine| {
            flip(&largest(&mine.join("vectors/chunks/segments")));
        }),
        ("catalog", "catalog.db.damaged-", |mine| flip(&mine.join("catalog.db"))),
    ];
    for (store, kept, damage) in table {
        stop(&sandbox);
        let before = identity(&mine);
        damage(&mine);
        sandbox.codemem(["daemon", "start"]).success();
        wait_until("the answers of before", PATIENCE, || {
            status(&sandbox, &tree)["vectors"] == vectors && answers(&sandbox, &tree) == expected
        });
        let said = problem(&sandbox, &tree);
        assert!(
            said.contains(&format!("the {store} was damaged")) && said.contains(kept),
            "{said}"
        );
        assert!(
            set_aside(&mine).iter().any(|name| name.starts_with(kept)),
            "{:?}",
            set_aside(&mine)
        );
        let now = identity(&mine);
        assert_eq!(now.0 == before.0, store != "catalog", "{store}");
        assert_eq!(
            now.1 == before.1,
            store == "lexical index",
            "{store}: vectors that are sound are not made again"
        );
        assert!(
            sandbox.log().contains(kept),
            "the log names the {store} that was set aside"
        );
        sandbox.codemem(["index", text(&tree), "--wait"]).success();
        assert_eq!(problem(&sandbox, &tree), "", "{store}: the user knows");
        assert_eq!(
            (identity(&beside), set_aside(&beside)),
            (untouched, Vec::new()),
            "{store}"
        );
    }
    assert_eq!(set_aside(&mine).len(), 3, "one of each is kept: {:?}", set_aside(&mine));
}

#[test]
fn a_catalog_damaged_under_a_running_daemon_is_noticed_and_made_anew() {
    let sandbox = sandbox::lexical();
    // An edit alone may never come by a damaged page; a pass reads the manifest.
    fs::write(sandbox.config_file(), "offline = true\nwatch = false\n").expect("configured");
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox.codemem(["index", text(&tree), "--wait-lexical"]).success();
    let expected = answers(&sandbox, &tree);
    let pid = sandbox.daemon_pid();
    let catalog = stores(&sandbox, &[]).join("catalog.db");
    let log = catalog.with_file_name("catalog.db-wal");
    // In place, as a bad disk does it: the daemon has the files open.
    for path in [&catalog, &log] {
        let file = File::options().write(true).open(path).expect("opened");
        let length = file.metadata().expect("there").len() as usize;
        file.write_all_at(&vec![0xA5; length], 0).expect("written");
    }
    sandbox.write("late.py", "def arrived_late():\n    pass\n");
    wait_until("the new file to be found", PATIENCE, || {
        let _problem_or_not = sandbox.codemem(["index", text(&tree), "--wait-lexical"]);
        sandbox.codemem(["search", "--repo", text(&tree), "arrived_late"]).code == 0
    });
    fs::remove_file(tree.join("late.py")).expect("deleted");
    sandbox.codemem(["index", text(&tree), "--wait-lexical"]).success();
    assert_eq!(answers(&sandbox, &tree), expected);
    assert_eq!(sandbox.daemon_pid(), pid, "the daemon went on");
    assert!(sandbox.log().contains("catalog.db.damaged-"), "{}", sandbox.log());
}

#[test]
fn a_damaged_list_of_roots_forgets_no_root() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox.codemem(["index", text(&tree), "--wait-lexical"]).success();
    let expected = answers(&sandbox, &tree);
    let catalog = stores(&sandbox, &[]).join("catalog.db");
    let inode = fs::metadata(&catalog).expect("there").ino();
    for killed in [false, true] {
        if killed {
            sandbox.kill_daemon();
        } else {
            stop(&sandbox);
        }
        fs::write(sandbox.path("data/index/registry.db"), "garbage ".repeat(2_000)).expect("written");
        let _log = fs::remove_file(sandbox.path("data/index/registry.db-wal"));
        sandbox.codemem(["daemon", "start"]).success();
        let said = problem(&sandbox, &tree);
        assert!(said.contains("the list of roots was damaged"), "{said}");
        wait_until("the answers of before", PATIENCE, || {
            answers(&sandbox, &tree) == expected
        });
    }
    assert_eq!(
        fs::metadata(&catalog).expect("there").ino(),
        inode,
        "its index was not touched"
    );
}

#[test]
fn a_catalog_of_a_newer_codemem_is_refused_and_left_alone() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox.codemem(["index", text(&tree), "--wait-lexical"]).success();
    stop(&sandbox);
    let mine = stores(&sandbox, &[]);
    let mut bytes = fs::read(mine.join("catalog.db")).expect("readable");
    // The schema's version stands at byte 60 of a database.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(mine.join("catalog.db"), &bytes).expect("written");
    sandbox.codemem(["daemon", "start"]).success();
    let answer = sandbox.codemem(["index", text(&tree), "--wait-lexical"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(
        problem(&sandbox, &tree).contains("update codemem"),
        "{}",
        problem(&sandbox, &tree)
    );
    assert_eq!(set_aside(&mine), Vec::<String>::new());
    let found = fs::read(mine.join("catalog.db")).expect("readable");
    assert_eq!(found[60..64], 99_u32.to_be_bytes(), "nobody wrote to it");
}

//! Roots and paths: which are refused, what cannot be read, what goes away.

use crate::sandbox::{self, assert_serves, client, found, wait};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::{IndexRootRequest, IndexRootResult, Phase, SearchRequest, StatusRequest, WaitFor};
use codemem_testkit::{Sandbox, where_permissions_bind};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn paths_that_are_no_project_are_refused_with_advice() {
    let sandbox = sandbox::lexical();
    sandbox.write("file.txt", "text");
    let file = sandbox.tree().join("file.txt");
    let home = sandbox.path("home");
    for (path, code, expected) in [
        ("/no/such/place", 2, "no such directory"),
        (file.to_str().expect("UTF-8"), 2, "not a directory"),
        ("/", 2, "refusing"),
        (home.to_str().expect("UTF-8"), 2, "refusing"),
    ] {
        let answer = sandbox.codemem(["index", path, "--wait-lexical"]);
        assert_eq!(answer.code, code, "{path}: {answer:?}");
        assert!(
            answer.stderr.contains(expected) && answer.stderr.contains("hint:"),
            "{path}: {answer:?}"
        );
        assert!(answer.stdout.is_empty(), "{answer:?}");
    }
    let forced = sandbox.codemem(["index", home.to_str().expect("UTF-8"), "--wait-lexical", "--force"]);
    forced.success();
    let status = sandbox.codemem(["status", "--json"]).json();
    assert_eq!(
        status["repositories"].as_array().map(Vec::len),
        Some(1),
        "only what was forced is registered"
    );
}

#[test]
fn an_empty_repository_is_an_index_of_nothing() {
    let sandbox = sandbox::lexical();
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait", "--json"]).json();
    assert_eq!(
        (
            index["files"].as_u64(),
            index["chunks"].as_u64(),
            index["vectors"].as_u64()
        ),
        (Some(0), Some(0), Some(0))
    );
    let answer = sandbox.codemem(["search", "--repo", tree, "--json", "anything"]);
    assert_eq!(answer.code, 1, "{answer:?}");
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON even when nothing was found");
    assert_eq!(answer["hits"].as_array().map(Vec::len), Some(0));
}

#[test]
fn one_root_has_many_spellings() {
    let sandbox = sandbox::lexical();
    sandbox.write("sub/a.py", "def spelled():\n    pass\n");
    sandbox.write("odd\nname/b.py", "def in_odd_name():\n    pass\n");
    let tree = sandbox.tree();
    let shown = tree.to_str().expect("UTF-8");
    std::os::unix::fs::symlink(&tree, sandbox.path("by_link")).expect("symlink");
    let by_link = sandbox.path("by_link");
    let slash = format!("{shown}//");
    // Commands run inside the tree.
    for spelling in [
        ".",
        "sub/..",
        "../tree/",
        "./sub/.././",
        &slash,
        by_link.to_str().expect("UTF-8"),
    ] {
        sandbox.codemem(["index", spelling, "--wait-lexical"]).success();
        let answer = sandbox.codemem(["search", "--repo", spelling, "spelled"]);
        assert!(answer.success().contains("sub/a.py"), "{spelling}: {answer:?}");
    }
    let roots = || {
        let status = sandbox.codemem(["status", "--json"]).json();
        let roots = status["repositories"].as_array().cloned().unwrap_or_default();
        let mut roots: Vec<String> = roots.iter().map(|root| root["root"].to_string()).collect();
        roots.sort();
        roots
    };
    assert_eq!(roots(), [format!("{shown:?}")]);
    let pid = sandbox.daemon_pid();
    let odd = format!("{shown}/odd\nname");
    sandbox.codemem(["index", &odd, "--wait-lexical"]).success();
    assert_eq!(roots(), [format!("{shown:?}"), serde_json::json!(odd).to_string()]);
    let status = sandbox.codemem(["status"]);
    assert!(
        status.success().contains("odd\u{fffd}name"),
        "one root, one line: {status:?}"
    );
    // What leaves a root by a directory that is not there is outside all the same.
    let outside = format!("{shown}/gone/../../home");
    let answer = sandbox.codemem(["search", "--repo", &outside, "spelled"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(answer.stderr.contains("codemem index"), "{answer:?}");
    sandbox.codemem(["remove", &format!("{shown}/sub/../")]).success();
    assert_eq!(roots().len(), 1);
    assert_serves(&sandbox, pid);
}

#[test]
fn paths_over_the_wire_are_checked_by_the_daemon() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    let long = format!("/{}", "x".repeat(5_000));
    // Three bytes a character, and each byte takes three on the wire.
    let other_script = format!("/{}", "路/".repeat(1_000));
    wait(async {
        let mut client = client(&sandbox).await;
        for (root, expected) in [
            ("", ErrorKind::Usage),
            ("tree", ErrorKind::Usage),
            ("./tree", ErrorKind::Usage),
            ("../../etc", ErrorKind::Usage),
            ("/tmp\0/x", ErrorKind::Usage),
            (&long, ErrorKind::Usage),
            ("/no/such\nplace", ErrorKind::NotRegistered),
            (&other_script, ErrorKind::NotRegistered),
        ] {
            let request = SearchRequest {
                query: "x".to_owned(),
                roots: vec![root.to_owned()],
                ..SearchRequest::default()
            };
            let status = client.search.search(request).await.expect_err("refused");
            let error = WireError::from_status(&status);
            assert_eq!(error.kind, expected, "{root:.20}: {error:?}");
            assert!(error.hint.is_some(), "{error:?}");
            let request = IndexRootRequest {
                root: root.to_owned(),
                ..IndexRootRequest::default()
            };
            let status = client.index.index_root(request).await.expect_err("refused");
            assert_eq!(
                WireError::from_status(&status).kind,
                ErrorKind::Usage,
                "{root:.20}: {status:?}"
            );
            if !root.is_empty() {
                let root = root.to_owned();
                let status = client.daemon.status(StatusRequest { root }).await.expect_err("refused");
                assert_eq!(WireError::from_status(&status).kind, expected, "{status:?}");
            }
        }
    });
    assert_serves(&sandbox, pid);
}

#[test]
fn what_may_not_be_read_is_counted_and_hides_nothing_else() {
    where_permissions_bind(|bound| {
        let sandbox = sandbox::lexical();
        sandbox.write("good.py", "def readable():\n    pass\n");
        sandbox.write("secret.py", "def unreadablefile():\n    pass\n");
        sandbox.write("locked/inner.py", "def unreadabledirectory():\n    pass\n");
        sandbox.write("sub/.gitignore", "*.log\n");
        sandbox.write("sub/a.log", "log_line\n");
        let tree = sandbox.tree();
        let shown = tree.to_str().expect("UTF-8");
        let mode = |path: &str, mode: u32| {
            fs::set_permissions(tree.join(path), fs::Permissions::from_mode(mode)).expect("change the mode");
        };
        for path in ["secret.py", "locked", "sub/.gitignore"] {
            mode(path, 0);
        }
        let codemem = |args: &[&str]| sandbox.run(sandbox.command("codemem").current_dir("/").args(args));
        let index = || codemem(&["index", shown, "--wait-lexical", "--json"]);
        let first = index().json();
        let pid = sandbox.daemon_pid();
        // Rules that cannot be read leave nothing out.
        let expected = if bound { (Some(2), Some(3)) } else { (Some(4), None) };
        assert_eq!(
            (first["files"].as_u64(), first["skipped"]["unreadable"].as_u64()),
            expected,
            "bound by permissions: {bound}; {first}"
        );
        assert_eq!(found(&sandbox, "readable")[0], "good.py");
        if bound {
            assert_eq!(found(&sandbox, "unreadablefile"), Vec::<String>::new());
            assert_eq!(found(&sandbox, "unreadabledirectory"), Vec::<String>::new());
        }
        for (path, bits) in [("secret.py", 0o600), ("locked", 0o700), ("sub/.gitignore", 0o600)] {
            mode(path, bits);
        }
        let second = index().json();
        assert_eq!(
            (second["files"].as_u64(), &second["skipped"]),
            (Some(4), &serde_json::json!({}))
        );
        assert_eq!(found(&sandbox, "unreadabledirectory"), ["locked/inner.py"]);
        // The root itself: what is known of it stays.
        mode("", 0);
        let third = index();
        if bound {
            assert_eq!(third.code, 4, "{third:?}");
            assert!(
                third.stderr.contains("cannot open") && third.stderr.contains("hint: check that you may read"),
                "{third:?}"
            );
        }
        mode("", 0o700);
        assert_eq!(found(&sandbox, "unreadabledirectory"), ["locked/inner.py"]);
        assert_serves(&sandbox, pid);
    });
}

/// Files enough for a pass to be caught in the middle.
const FILES: u64 = 1_500;

fn fill(sandbox: &Sandbox) {
    for n in 0..FILES {
        let mut text = format!("def long_lived_{n}():\n");
        for line in 0..40 {
            writeln!(text, "    value_{line} = long_lived_{n}(value_{line})").expect("a string takes everything");
        }
        sandbox.write(&format!("p{}/m{n}.py", n % 9), text);
    }
}

/// Reads every file again and takes the root away when the first of them are read.
async fn index_without_root(sandbox: &Sandbox, tree: &Path, take_away: impl FnOnce()) -> IndexRootResult {
    let request = IndexRootRequest {
        root: tree.to_string_lossy().into_owned(),
        wait: WaitFor::Lexical.into(),
        force: true,
    };
    let mut index = client(sandbox).await.index;
    let mut events = index.index_root(request).await.expect("begins").into_inner();
    let mut take_away = Some(take_away);
    while let Some(event) = events.message().await.expect("an event") {
        match event.event.expect("known") {
            Event::Progress(progress) if progress.phase() == Phase::Lexical => {
                if let Some(take_away) = take_away.take() {
                    take_away();
                }
            }
            Event::Progress(_) => {}
            Event::Result(result) => {
                assert!(take_away.is_none(), "the pass was over before the root went");
                return result;
            }
        }
    }
    panic!("no result");
}

#[test]
fn a_root_that_goes_away_during_a_pass_loses_nothing() {
    let sandbox = sandbox::lexical();
    fill(&sandbox);
    let tree = sandbox.tree();
    let shown = tree.to_str().expect("UTF-8");
    sandbox.codemem(["index", shown, "--wait-lexical"]).success();
    let pid = sandbox.daemon_pid();
    // Where commands run otherwise is what goes away.
    let codemem = |args: &[&str]| sandbox.run(sandbox.command("codemem").current_dir("/").args(args));
    let away = sandbox.path("away");
    let take_away = || fs::rename(&tree, &away).expect("move away");
    let replace = || {
        take_away();
        fs::write(&tree, "a file").expect("write");
    };
    for (step, expected) in [
        (&take_away as &dyn Fn(), "no such directory"),
        (&replace, "not a directory"),
    ] {
        let result = wait(index_without_root(&sandbox, &tree, step));
        assert!(result.problem.contains(expected), "{result:?}");
        assert_eq!(result.files, FILES, "{result:?}");
        let status = codemem(&["status"]);
        assert!(status.success().contains(expected), "{status:?}");
        // What was known is still found; only its lines cannot be shown.
        let answer = codemem(&["search", "--repo", shown, "long_lived_1499"]);
        assert!(
            answer.success().contains("m1499.py") && answer.stdout.contains("changed since it was indexed"),
            "{answer:?}"
        );
        let again = codemem(&["index", shown, "--wait-lexical"]);
        assert_eq!(again.code, 2, "{again:?}");
        assert!(again.stderr.contains(expected), "{again:?}");
        if tree.is_file() {
            fs::remove_file(&tree).expect("remove");
        }
        fs::rename(&away, &tree).expect("bring back");
        let index = sandbox.codemem(["index", shown, "--wait-lexical", "--json"]).json();
        assert_eq!(index["files"].as_u64(), Some(FILES), "{index}");
    }
    let answer = sandbox.codemem(["search", "--repo", shown, "--limit", "1", "long_lived_1499"]);
    assert!(!answer.success().contains("changed since"), "{answer:?}");
    assert_serves(&sandbox, pid);
}

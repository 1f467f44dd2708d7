//! A runtime directory that somebody else could have made.

use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::Sandbox;
use rustix::fs::{AtFlags, CWD, chownat};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Asserts that the daemon and every way to it refuse the directory, and leave nothing in it.
fn assert_refused(sandbox: &Sandbox, directory: &Path, what: &str, remedy: &str) {
    let listed = || fs::read_dir(directory).map_or(0, Iterator::count);
    let before = listed();
    let program = |binary: &str, args: &[&str]| {
        let mut command = sandbox.command(binary);
        command.env("CODEMEM_RUNTIME_DIR", directory).args(args);
        sandbox.run(&mut command)
    };
    for (binary, args) in [
        ("codemem", &["status"][..]),
        ("codemem", &["search", "anything"]),
        ("codemem", &["index", "."]),
        ("codemem", &["daemon", "start"]),
        ("codemem", &["daemon", "stop"]),
        ("codemem", &["daemon", "restart"]),
        ("codemem", &["daemon", "run"]),
        ("codememd", &[]),
    ] {
        let answer = program(binary, args);
        assert_eq!(answer.code, 3, "{what}: {binary} {args:?}: {answer:?}");
        assert!(answer.stderr.contains(what), "{binary} {args:?}: {answer:?}");
        assert!(answer.stderr.contains(remedy), "{binary} {args:?}: {answer:?}");
        assert!(answer.stdout.is_empty(), "{answer:?}");
    }
    let mut session = Session::with(sandbox, false, |command| {
        command.env("CODEMEM_RUNTIME_DIR", directory);
    });
    let (is_error, text) = session.tool("search_code", &json!({"query": "anything"}));
    assert!(is_error && text.contains(what) && text.contains(remedy), "{text}");
    session.end();
    assert_eq!(listed(), before, "{what}: nothing was made in it");
}

#[test]
fn a_directory_that_others_may_enter() {
    let sandbox = sandbox::lexical();
    let open = sandbox.path("open");
    fs::create_dir(&open).expect("create");
    for mode in [0o777, 0o1777, 0o750, 0o701] {
        fs::set_permissions(&open, fs::Permissions::from_mode(mode)).expect("open it");
        assert_refused(
            &sandbox,
            &open,
            "open to others",
            &format!("chmod 700 {}", open.display()),
        );
    }
    // The remedy works.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o700)).expect("close it");
    let with = |args: &[&str]| {
        let mut command = sandbox.command("codemem");
        sandbox.run(command.env("CODEMEM_RUNTIME_DIR", &open).args(args))
    };
    with(&["status"]).success();
    with(&["daemon", "stop"]).success();
}

#[test]
fn a_link_and_a_file() {
    let sandbox = sandbox::lexical();
    let good = sandbox.path("good");
    fs::create_dir(&good).expect("create");
    fs::set_permissions(&good, fs::Permissions::from_mode(0o700)).expect("private");
    for (name, target) in [("link", &good), ("dangling", &sandbox.path("nowhere"))] {
        let link = sandbox.path(name);
        symlink(target, &link).expect("symlink");
        assert_refused(
            &sandbox,
            &link,
            "symbolic link",
            &format!("remove `{}`", link.display()),
        );
    }
    let file = sandbox.path("file");
    fs::write(&file, "").expect("write");
    assert_refused(
        &sandbox,
        &file,
        "not a directory",
        &format!("remove `{}`", file.display()),
    );
    assert_refused(
        &sandbox,
        Path::new("relative"),
        "not an absolute path",
        "CODEMEM_RUNTIME_DIR",
    );
    let long = sandbox.path("l".repeat(90));
    assert_refused(&sandbox, &long, "too long", "CODEMEM_RUNTIME_DIR");
}

#[test]
fn a_directory_of_somebody_else() {
    let sandbox = sandbox::lexical();
    let foreign = if rustix::process::geteuid().is_root() {
        let foreign = sandbox.path("foreign");
        fs::create_dir(&foreign).expect("create");
        fs::set_permissions(&foreign, fs::Permissions::from_mode(0o700)).expect("private");
        let nobody = rustix::fs::Uid::from_raw(65534);
        chownat(CWD, &foreign, Some(nobody), None, AtFlags::empty()).expect("give away");
        foreign
    } else {
        // Root's, on every system.
        "/usr".into()
    };
    assert_refused(
        &sandbox,
        &foreign,
        "belongs to user",
        "set CODEMEM_RUNTIME_DIR to a directory of your own",
    );
}

#[test]
fn what_shells_run_while_they_start_needs_no_directory() {
    let sandbox = sandbox::lexical();
    let mut completions = sandbox.command("codemem");
    completions
        .env("CODEMEM_RUNTIME_DIR", "relative")
        .args(["completions", "bash"]);
    assert!(sandbox.run(&mut completions).success().contains("complete "));
}

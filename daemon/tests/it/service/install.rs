//! `codemem service install` and `uninstall`: what they write, run and take away.

use super::units::verify;
use super::{OBEDIENT, UNREACHABLE, codemem, systemctl, units};
use crate::sandbox;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a directory.
fn tree(directory: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("read entry").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn install_enables_valid_units_and_uninstall_leaves_nothing() {
    let sandbox = sandbox::lexical();
    // Notes as well whether a daemon is there meanwhile.
    systemctl(
        &sandbox,
        &format!("{OBEDIENT}\n[ ! -S \"$run/daemon.sock\" ] || echo '(lives)' >> \"$log\""),
    );
    let dry = codemem(&sandbox, &["service", "install", "--hardened", "--dry-run"]);
    assert!(
        dry.success().contains("would run") && dry.stdout.contains("ExecStart="),
        "{dry:?}"
    );
    assert!(
        !units(&sandbox).exists() && !sandbox.path("systemctl.log").exists(),
        "it only shows"
    );

    // What a client started must make room for the service.
    sandbox.codemem(["daemon", "start"]).success();
    fs::create_dir_all(units(&sandbox)).expect("create");
    fs::write(
        units(&sandbox).join("other.service"),
        "[Service]\nExecStart=/bin/true\n",
    )
    .expect("write");
    let before = tree(&sandbox.path("home"));
    let installed = codemem(&sandbox, &["service", "install", "--hardened", "--json"]).json();
    let outcomes = |report: &Value| -> Vec<String> {
        let files = report["files"].as_array().expect("files");
        let outcome = |file: &Value| file["outcome"].as_str().expect("an outcome").to_owned();
        files.iter().map(outcome).collect()
    };
    assert_eq!(outcomes(&installed), ["written"; 3], "{installed}");
    let log = fs::read_to_string(sandbox.path("systemctl.log")).expect("it was run");
    assert_eq!(
        log, "--user daemon-reload\n(lives)\n--user enable codemem.socket\n(lives)\n--user start codemem.socket\n",
        "between its end and the start no client may start another"
    );
    assert_eq!(sandbox.daemon_pid(), None, "the client's daemon has ended");

    let socket = units(&sandbox).join("codemem.socket");
    let service = units(&sandbox).join("codemem.service");
    verify(&sandbox, &[socket.clone(), service.clone()]);
    let text = fs::read_to_string(&service).expect("readable");
    let program = sandbox.command("codememd").get_program().to_string_lossy().into_owned();
    assert!(text.contains(&format!("ExecStart={program} --managed\n")), "{text}");
    let listens = format!("ListenStream={}\n", sandbox.path("run/daemon.sock").display());
    assert!(
        fs::read_to_string(&socket).expect("readable").contains(&listens),
        "where clients look"
    );

    let again = codemem(&sandbox, &["service", "install", "--json"]).json();
    assert_eq!(outcomes(&again), ["unchanged"; 3], "{again}");
    let status = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(
        (
            &status["installed"],
            &status["in_charge"],
            &status["is_current"],
            &status["daemon"]
        ),
        (&Value::Bool(true), &Value::Bool(true), &Value::Bool(true), &Value::Null),
        "{status}"
    );

    let removed = codemem(&sandbox, &["service", "uninstall", "--json"]).json();
    assert_eq!(outcomes(&removed), ["removed"; 3], "{removed}");
    assert_eq!(tree(&sandbox.path("home")), before, "exactly what was written is gone");
    let nothing = codemem(&sandbox, &["service", "uninstall", "--json"]).json();
    assert_eq!(outcomes(&nothing), ["absent"; 3], "{nothing}");
}

#[test]
fn without_a_manager_the_rest_is_said_and_clients_help_themselves() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, UNREACHABLE);
    let installed = codemem(&sandbox, &["service", "install", "--now"]);
    let left: Vec<&str> = installed
        .success()
        .lines()
        .filter(|line| line.starts_with("left to do"))
        .collect();
    assert_eq!(left.len(), 3, "{installed:?}");
    assert!(
        left[0].contains("systemctl --user daemon-reload  (Failed to connect to bus: No medium found)")
            && left[1].ends_with("systemctl --user enable codemem.socket")
            && left[2].ends_with("systemctl --user start codemem.socket"),
        "{left:?}"
    );
    codemem(&sandbox, &["status"]).success();
    let status = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(
        (&status["in_charge"], &status["enabled"]),
        (&Value::Bool(false), &"unknown".into()),
        "{status}"
    );
    assert_eq!(status["daemon"]["managed"], false, "{status}");
    let removed = codemem(&sandbox, &["service", "uninstall"]);
    assert!(
        removed
            .success()
            .contains("systemctl --user stop codemem.socket codemem.service"),
        "{removed:?}"
    );
    assert!(!units(&sandbox).join("codemem.socket").exists());
}

#[test]
fn what_others_wrote_is_theirs() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    fs::create_dir_all(units(&sandbox)).expect("create");
    let service = units(&sandbox).join("codemem.service");
    fs::write(&service, "[Service]\nExecStart=/bin/true\n").expect("write");
    let refused = codemem(&sandbox, &["service", "install"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("codemem.service") && refused.stderr.contains("--force"),
        "{refused:?}"
    );
    assert!(!units(&sandbox).join("codemem.socket").exists(), "all or nothing");
    let kept = codemem(&sandbox, &["service", "uninstall"]);
    assert!(kept.success().contains("kept, not ours"), "{kept:?}");
    assert!(service.exists());
    codemem(&sandbox, &["service", "install", "--force"]).success();
    assert!(fs::read_to_string(&service).expect("readable").contains("codememd"));
}

#[test]
fn what_is_not_started_is_said_and_what_is_not_carried_over_too() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    sandbox.codemem(["daemon", "start"]).success();
    let installed = codemem(&sandbox, &["service", "install", "--no-start"]);
    assert!(
        installed
            .success()
            .contains("left to do      codemem service install  ("),
        "{installed:?}"
    );
    let log = fs::read_to_string(sandbox.path("systemctl.log")).expect("it was run");
    assert_eq!(log, "--user daemon-reload\n--user enable codemem.socket\n");
    assert!(sandbox.daemon_pid().is_some(), "nothing ended");

    let mut install = sandbox.command("codemem");
    install
        .env("CODEMEM_OFFLINE", "1")
        .args(["service", "install", "--dry-run"]);
    let told = sandbox.run(&mut install);
    assert!(
        told.stderr.contains("CODEMEM_OFFLINE") && told.stderr.contains("config.toml"),
        "{told:?}"
    );
    assert!(
        !told.stderr.contains("CODEMEM_DATA_DIR"),
        "that is carried over: {told:?}"
    );
}

//! What clients do where a service is in charge.

use super::manager::pid;
use super::{OBEDIENT, PATIENCE, codemem, systemctl};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use rustix::process::{Signal, kill_process};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

#[test]
#[cfg(target_os = "linux")]
fn clients_leave_starting_to_an_enabled_service() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    codemem(&sandbox, &["service", "install"]).success();
    for line in [&["status"][..], &["daemon", "start"], &["daemon", "run"]] {
        let refused = codemem(&sandbox, line);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(
            refused.stderr.contains("`systemctl --user restart codemem.socket`"),
            "{refused:?}"
        );
    }
    assert!(!sandbox.path("run/daemon.lock").exists(), "nothing was started");
    assert!(codemem(&sandbox, &["daemon", "stop"]).success().contains("not running"));

    let Some(mut service) = activated_by_systemd(&sandbox) else {
        // Passing the socket is tested above without systemd's helper.
        return;
    };
    let status = codemem(&sandbox, &["status", "--json"]).json();
    assert_eq!(status["daemon"]["pid"], service.id(), "connecting started it: {status}");
    let seen = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(seen["daemon"]["managed"], true, "{seen}");
    kill_process(pid(&service), Signal::TERM).expect("signal");
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn clients_quote_why_a_service_does_not_start() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    codemem(&sandbox, &["service", "install"]).success();
    fs::write(sandbox.config_file(), "no_such_key = 1\n").expect("write");
    let Some(mut service) = activated_by_systemd(&sandbox) else {
        // That it is kept, and that clients read it, is tested without systemd's helper.
        return;
    };
    let unasked = codemem(&sandbox, &["--no-autostart", "status"]);
    assert!(unasked.stderr.contains("not running"), "{unasked:?}");
    assert_eq!(service.try_wait().expect("asked"), None, "nobody connected");
    let failed = codemem(&sandbox, &["status"]);
    assert_eq!(
        (failed.code, service.wait().expect("it ends").code()),
        (3, Some(3)),
        "{failed:?}"
    );
    assert!(
        failed.stderr.contains("no_such_key") && failed.stderr.contains("hint:"),
        "{failed:?}"
    );
    assert!(!failed.stderr.contains("daemon run"), "{failed:?}");
}

/// systemd's own helper, which listens where clients look and becomes the daemon when one connects;
/// `None` where it is not installed.
fn activated_by_systemd(sandbox: &Sandbox) -> Option<Child> {
    let run = sandbox.path("run");
    fs::create_dir_all(&run).expect("create");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("private");
    let daemon = sandbox.command("codememd");
    let variables: Vec<_> = daemon
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let mut command = Command::new("systemd-socket-activate");
    command.env_clear().envs(variables.iter().copied());
    command.arg("--listen").arg(run.join("daemon.sock"));
    for (name, _) in &variables {
        command.arg("--setenv").arg(name);
    }
    let child = command
        .arg(daemon.get_program())
        .arg("--managed")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{error}"),
    };
    wait_until("systemd's helper to listen", PATIENCE, || {
        run.join("daemon.sock").exists()
    });
    Some(child)
}

//! What a service manager says in the environment stays between it and the daemon.

use super::manager::{Manager, pid, words};
use super::{codemem, executable};
use crate::sandbox;
use rustix::process::{Signal, kill_process};
use std::fs;

#[test]
fn child_processes_of_a_service_know_nothing_of_its_manager() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "").expect("write");
    let seen = sandbox.path("seen");
    let python = sandbox.path("python");
    executable(&python, &format!("#!/bin/sh\nenv > '{}'\nexit 1\n", seen.display()));
    let manager = Manager::new(&sandbox);
    let child = manager.start(&sandbox, |command| {
        command.env("CODEMEM_PYTHON", &python);
    });
    let setup = codemem(&sandbox, &["setup"]);
    assert_ne!(setup.code, 0, "there is no such Python: {setup:?}");
    let environment = fs::read_to_string(seen).expect("the daemon ran it");
    assert!(environment.contains("CODEMEM_DATA_DIR="), "{environment}");
    for name in ["LISTEN_", "NOTIFY_SOCKET", "WATCHDOG_"] {
        assert!(!environment.contains(name), "{environment}");
    }
    kill_process(pid(&child), Signal::TERM).expect("signal");
    words(child);
}

#[test]
fn a_daemon_that_a_client_starts_knows_nothing_of_the_clients_manager() {
    let sandbox = sandbox::lexical();
    let (seen, program) = (sandbox.path("seen"), sandbox.path("codememd"));
    executable(&program, &format!("#!/bin/sh\nenv > '{}'\nexit 9\n", seen.display()));
    let mut client = sandbox.command("codemem");
    client.env("CODEMEM_DAEMON", &program).arg("status");
    let said = [
        ("NOTIFY_SOCKET", "/run/notify"),
        ("WATCHDOG_USEC", "1000"),
        ("WATCHDOG_PID", "1"),
        ("LISTEN_FDS", "1"),
        ("LISTEN_PID", "1"),
        ("LISTEN_FDNAMES", "a"),
    ];
    let output = client.envs(said).output().expect("run codemem");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let environment = fs::read_to_string(seen).expect("it was started");
    assert!(environment.contains("CODEMEM_RUNTIME_DIR="), "{environment}");
    for (name, _) in said {
        assert!(!environment.contains(name), "{environment}");
    }
}

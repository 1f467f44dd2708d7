//! The files that are shipped and installed, as systemd and launchd read them.

use crate::sandbox;
use codemem_testkit::Sandbox;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Asserts that systemd has nothing to say about these units. Where its checker is not installed, at
/// least their structure holds.
pub(super) fn verify(sandbox: &Sandbox, files: &[PathBuf]) {
    let runtime = sandbox.path("verify");
    fs::create_dir_all(&runtime).expect("create");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .args(files)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", sandbox.path("home"))
        .env("XDG_RUNTIME_DIR", runtime)
        .output();
    match output {
        Ok(Output { status, stdout, stderr }) => {
            let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
            // It ends well whatever keys it does not know: what it says is what counts.
            assert!(status.success() && said.is_empty(), "{status}: {said}");
        }
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
    }
    for file in files {
        let text = fs::read_to_string(file).expect("readable");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let is_section = ["[Unit]", "[Service]", "[Socket]", "[Install]"].contains(&line);
            let is_key = line
                .split_once('=')
                .is_some_and(|(key, value)| key.chars().all(|c| c.is_ascii_alphabetic()) && !value.is_empty());
            assert!(is_section || is_key, "{}: {line}", file.display());
        }
    }
}

#[test]
fn the_shipped_units_are_valid() {
    let sandbox = sandbox::lexical();
    let program = sandbox.command("codememd").get_program().to_owned();
    fs::create_dir_all(sandbox.path("home/.cargo/bin")).expect("create");
    symlink(program, sandbox.path("home/.cargo/bin/codememd")).expect("link");
    let directory = sandbox.path("units");
    fs::create_dir_all(directory.join("codemem.service.d")).expect("create");
    let names = [
        "codemem.socket",
        "codemem.service",
        "codemem.service.d/50-hardening.conf",
    ];
    for name in names {
        fs::copy(shipped("systemd").join(name), directory.join(name)).expect("copy");
    }
    verify(&sandbox, &[directory.join(names[0]), directory.join(names[1])]);
    let socket = fs::read_to_string(directory.join(names[0])).expect("readable");
    assert!(
        socket.contains("\nListenStream=%t/codemem/daemon.sock\n"),
        "where clients look"
    );

    let agent = fs::read_to_string(shipped("launchd/dev.codemem.daemon.plist")).expect("readable");
    for key in [
        "<key>SockPathMode</key>\n            <integer>384</integer>",
        "<key>SuccessfulExit</key>\n        <false/>",
    ] {
        assert!(agent.contains(key), "{key}");
    }
    let python = Command::new("python3")
        .args([
            "-c",
            "import plistlib, sys; print(plistlib.loads(sys.argv[1].encode())['Label'])",
            &agent,
        ])
        .output();
    if let Ok(python) = python {
        assert_eq!(
            String::from_utf8_lossy(&python.stdout),
            "dev.codemem.daemon\n",
            "{python:?}"
        );
    }
}

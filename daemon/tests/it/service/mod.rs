//! The daemon as a service: units that systemd accepts, a socket that was passed, a manager that is told.
//!
//! No test reaches a real service manager: `systemctl` is a script of the test's, so that a developer's
//! own service survives.

mod activation;
mod clients;
mod environment;
mod install;
mod manager;
mod units;

use codemem_testkit::{Answer, Sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file has a directory")).expect("create");
    fs::write(path, text).expect("write");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("make it executable");
}

/// A `systemctl` that writes down what it is asked, and links what is enabled, as the real one does.
fn systemctl(sandbox: &Sandbox, body: &str) {
    let text = format!(
        "#!/bin/sh\nlog='{log}'\necho \"$*\" >> \"$log\"\nunits='{units}' run='{run}'\n{body}\n",
        log = sandbox.path("systemctl.log").display(),
        run = sandbox.path("run").display(),
        units = units(sandbox).display(),
    );
    executable(&sandbox.path("bin/systemctl"), &text);
}

const OBEDIENT: &str = r#"case "$*" in
*" enable "*) mkdir -p "$units/sockets.target.wants"; ln -sfn "$units/codemem.socket" "$units/sockets.target.wants/codemem.socket";;
*" disable "*) rm -f "$units/sockets.target.wants/codemem.socket"; rmdir "$units/sockets.target.wants";;
esac"#;

const UNREACHABLE: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

fn units(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("home/.config/systemd/user")
}

/// `codemem` with the script above in the place of `systemctl`.
fn codemem(sandbox: &Sandbox, args: &[&str]) -> Answer {
    let mut path = sandbox.path("bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output = sandbox.command("codemem").env("PATH", path).args(args).output();
    Answer::of(&output.expect("run codemem"))
}

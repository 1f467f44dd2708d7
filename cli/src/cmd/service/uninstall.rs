//! `codemem service uninstall`: stop the service and remove what install wrote, and nothing else.

use super::files::{self, Present};
use super::manager::Steps;
use super::units;
use crate::error::{CliError, Exit};
use crate::output::json::{FileOutcome, ServiceFile, ServiceReport};
use crate::output::{Output, human};
use codemem_client::service::{Action, Manager, SERVICE_UNIT, SOCKET_UNIT, Service};
use std::path::Path;

const RELOAD: &str = "systemctl --user daemon-reload";

pub(super) fn run(service: &Service, output: &mut Output) -> Result<Exit, CliError> {
    let manager = service.manager();
    let paths = units::all_files(service);
    let is_ours = |path: &Path| files::look(path).map(|present| matches!(present, Present::Ours(_)));
    let mut steps = Steps::new(false);
    let mut unheard = None;
    if is_ours(&service.socket_file())? {
        // Before the files go: the manager reads in them what to stop.
        match manager {
            Manager::Systemd => {
                let disable = format!("systemctl --user disable --now {SOCKET_UNIT} {SERVICE_UNIT}");
                unheard = steps.run_or_say(&disable).err();
            }
            Manager::Launchd => steps.try_run(&manager.command(Action::Stop)),
        }
    }
    let mut removed = Vec::new();
    for path in &paths {
        let outcome = files::remove(path)?;
        removed.push(ServiceFile {
            path: path.display().to_string(),
            outcome,
            text: None,
        });
    }
    if manager == Manager::Systemd {
        tidy(service);
        if let Some(said) = unheard {
            // There is nothing left to disable, but a manager that could not be reached may still run it.
            steps.leave(&manager.command(Action::Stop), &said);
            steps.leave(RELOAD, "");
        } else if removed.iter().any(|file| file.outcome == FileOutcome::Removed) {
            steps.run(RELOAD);
        }
    }
    let report = ServiceReport {
        manager: human::manager_name(manager),
        dry_run: false,
        program: None,
        files: removed,
        steps: steps.finish(),
    };
    output.answer(|style| human::service_report(&report, style), || &report)?;
    Ok(Exit::Success)
}

/// Removes what enabling left where no manager could do it, and a directory that only we needed.
fn tidy(service: &Service) {
    let directory = service.directory();
    for (unit, target) in [(SOCKET_UNIT, "sockets.target"), (SERVICE_UNIT, "default.target")] {
        let file = directory.join(unit);
        if !file.exists() {
            files::remove_link(&directory.join(format!("{target}.wants")).join(unit), &file);
        }
    }
    if let Some(drop_ins) = units::hardening_file(service).parent() {
        // One with other files in it is not empty, and stays.
        let _not_empty = std::fs::remove_dir(drop_ins);
    }
}

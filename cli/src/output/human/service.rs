//! How the daemon stands with systemd or launchd, for a person.

use super::{Style, clean};
use crate::output::json::{FileOutcome, FileState, ServiceReport, ServiceStatus, StepOutcome};
use codemem_client::service::Manager;
use std::fmt::Write as _;

/// The manager's name.
pub(crate) fn manager_name(manager: Manager) -> &'static str {
    match manager {
        Manager::Systemd => "systemd",
        Manager::Launchd => "launchd",
    }
}

/// What was done and what is left, one a line.
pub(crate) fn service_report(report: &ServiceReport, style: Style) -> String {
    let mut text = String::new();
    for file in &report.files {
        let word = match (file.outcome, report.dry_run) {
            (FileOutcome::Written, true) => "would write",
            (FileOutcome::Replaced, true) => "would replace",
            (FileOutcome::Written, false) => "wrote",
            (FileOutcome::Replaced, false) => "replaced",
            (FileOutcome::Unchanged, _) => "unchanged",
            (FileOutcome::Removed, _) => "removed",
            (FileOutcome::Absent, _) => "not there",
            (FileOutcome::Kept, _) => "kept, not ours",
        };
        let _ = writeln!(text, "{word:14}  {}", style.subject(&clean(&file.path)));
        for line in file.text.iter().flat_map(|text| text.lines()) {
            let _ = writeln!(text, "    {}", style.dim(&clean(line)));
        }
    }
    for step in &report.steps {
        let word = match (step.outcome, report.dry_run) {
            (StepOutcome::Done, _) => "ran",
            (StepOutcome::ToDo, true) => "would run",
            (StepOutcome::ToDo, false) => "left to do",
        };
        let said = if step.said.is_empty() {
            String::new()
        } else {
            format!("  ({})", clean(&step.said))
        };
        let _ = writeln!(text, "{word:14}  {}{said}", clean(&step.command));
    }
    text
}

/// How the service stands.
pub(crate) fn service_status(status: &ServiceStatus, style: Style) -> String {
    let yes = |yes| if yes { "yes" } else { "no" };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{} {value}", style.dim(&format!("{name:9}")));
    };
    line("manager", status.manager);
    line("installed", yes(status.installed));
    line("enabled", &clean(&status.enabled));
    line(
        "socket",
        &format!("{}, {}", clean(&status.socket), clean(&status.listens_on)),
    );
    line("service", &clean(&status.service));
    line("in charge", yes(status.in_charge));
    if let Some(program) = &status.program {
        let whose = if status.is_current {
            ""
        } else {
            " (not this installation's)"
        };
        line("program", &format!("{}{whose}", clean(program)));
    }
    match &status.daemon {
        Some(daemon) => {
            let whose = if daemon.managed {
                "the service's"
            } else {
                "started by a client"
            };
            line(
                "daemon",
                &format!("{} in process {}, {whose}", clean(&daemon.version), daemon.pid),
            );
        }
        None => line("daemon", "not running"),
    }
    for file in &status.files {
        let word = match file.state {
            FileState::Missing => continue,
            FileState::Ours => "ours",
            FileState::Foreign => "foreign",
        };
        line("file", &format!("{} ({word})", clean(&file.path)));
    }
    text
}

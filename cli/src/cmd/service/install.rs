//! `codemem service install`: write the units of the running installation, and enable them.

use super::manager::{self, Steps};
use super::units::{self, Installation};
use super::{files, files::Present};
use crate::args::ServiceInstallArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::json::{FileOutcome, ServiceFile, ServiceReport, Step, StepOutcome};
use crate::output::{Output, human};
use codemem_client::ConnectError;
use codemem_client::service::{Action, Manager, SERVICE_UNIT, SOCKET_UNIT, Service};
use codemem_proto::dirs::Directories;
use codemem_proto::env::Variable;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Starts what was only enabled. No command of the manager's: it ends a daemon that a client started first.
const START: &str = "codemem service install";

const WHY_START: &str = "it listens from the next login on, or from this command on";

pub(super) async fn run(
    context: &Context,
    service: &Service,
    args: &ServiceInstallArgs,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let manager = service.manager();
    let program = context.launcher.program()?;
    let directories = Directories::locate(&context.env)?;
    let rendezvous = context.connector().rendezvous();
    let installation = Installation {
        program: &program,
        env: &context.env,
        rendezvous,
        directories: &directories,
    };
    // What was hardened stays so: installing again is how paths are brought up to date.
    let was_hardened = matches!(files::look(&units::hardening_file(service))?, Present::Ours(_));
    let hardened = manager == Manager::Systemd && (args.hardened || was_hardened);
    let units = units::render(service, &installation, hardened)?;
    let outcomes = units
        .iter()
        .map(|unit| files::plan(unit, args.force))
        .collect::<Result<Vec<_>, _>>()?;
    if !args.dry_run {
        for (unit, outcome) in units.iter().zip(&outcomes) {
            if *outcome != FileOutcome::Unchanged {
                files::write(unit)?;
            }
        }
        if hardened {
            make_writable(&installation)?;
        }
    }
    let replaced = outcomes.contains(&FileOutcome::Replaced);
    let starts = args.now || !args.no_start;
    let mut steps = Steps::new(args.dry_run);
    match manager {
        Manager::Systemd => systemd(context, &mut steps, starts, replaced).await?,
        Manager::Launchd => {
            // launchd makes no directories for its sockets.
            if !args.dry_run {
                rendezvous.prepare()?;
            }
            launchd(context, &mut steps, service, starts, replaced).await?;
        }
    }
    let report = ServiceReport {
        manager: human::manager_name(manager),
        dry_run: args.dry_run,
        program: Some(program.display().to_string()),
        files: units
            .into_iter()
            .zip(outcomes)
            .map(|(unit, outcome)| ServiceFile {
                path: unit.path.display().to_string(),
                outcome,
                text: args.dry_run.then_some(unit.text),
            })
            .collect(),
        steps: steps.finish(),
    };
    output.answer(|style| human::service_report(&report, style), || &report)?;
    if starts && !args.dry_run && report.steps.iter().any(is_broken) {
        output.note("until the rest is done, clients go on starting the daemon themselves");
    }
    remarks(&installation, &report, output);
    Ok(Exit::Success)
}

async fn systemd(context: &Context, steps: &mut Steps, starts: bool, replaced: bool) -> Result<(), CliError> {
    steps.run("systemctl --user daemon-reload");
    // First, so that no client starts another daemon after the one that runs has ended.
    steps.run(&format!("systemctl --user enable {SOCKET_UNIT}"));
    if starts {
        end_unmanaged(context, steps).await?;
        steps.run(&format!("systemctl --user start {SOCKET_UNIT}"));
        if replaced {
            steps.run(&format!("systemctl --user try-restart {SOCKET_UNIT} {SERVICE_UNIT}"));
        }
    } else if steps.is_unbroken() {
        steps.leave(START, WHY_START);
    }
    Ok(())
}

async fn launchd(
    context: &Context,
    steps: &mut Steps,
    service: &Service,
    starts: bool,
    replaced: bool,
) -> Result<(), CliError> {
    if !starts {
        steps.leave(START, WHY_START);
        return Ok(());
    }
    steps.run(&format!("launchctl enable {}", Manager::job()));
    end_unmanaged(context, steps).await?;
    if replaced {
        steps.try_run(&Manager::Launchd.command(Action::Stop));
    }
    let file = manager::word(&service.socket_file());
    steps.run(&format!("launchctl bootstrap {} {file}", Manager::domain()));
    Ok(())
}

/// A daemon that a client started would keep the lock from the service, and lose its socket to it.
async fn end_unmanaged(context: &Context, steps: &Steps) -> Result<(), CliError> {
    if steps.may_act() {
        match context.connector().stop("codemem service install").await {
            // A managed one is the service already.
            Ok(_) | Err(ConnectError::Managed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The restricted daemon cannot make the directories that it may write.
fn make_writable(installation: &Installation<'_>) -> Result<(), CliError> {
    installation.writable().into_iter().try_for_each(|path: &Path| {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| CliError::Unit {
            action: "create",
            path: path.to_owned(),
            source,
        })
    })
}

fn is_broken(step: &Step) -> bool {
    step.outcome == StepOutcome::ToDo && !step.said.is_empty()
}

fn remarks(installation: &Installation<'_>, report: &ServiceReport, output: &mut Output) {
    for variable in units::left_behind(installation.env) {
        output.note(&format!(
            "the service does not see {}: put what it sets into {}",
            variable.name(),
            installation.directories.config_file().display()
        ));
    }
    let is_known = [Variable::RuntimeDir, Variable::XdgRuntimeDir]
        .into_iter()
        .any(|variable| installation.env.get(variable).is_some());
    if report.manager == "systemd" && !is_known {
        output.note(&format!(
            "this shell does not set XDG_RUNTIME_DIR: without it, clients look in {} and not where the service listens",
            installation.rendezvous.directory().display()
        ));
    }
}

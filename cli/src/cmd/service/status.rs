//! `codemem service status`: what is installed, what the manager says of it, which daemon runs. Changes
//! nothing, and starts nothing: a socket of a service is connected to only where its daemon lives.

use super::files::{self, Present};
use super::{manager, units};
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::json::{FileState, ServiceDaemon, ServiceStatus, StatusFile};
use crate::output::{Output, human};
use codemem_client::service::{Manager, SERVICE_UNIT, SOCKET_UNIT, Service};
use codemem_proto::rendezvous::FileLock;
use std::fs;

pub(super) async fn run(context: &Context, service: &Service, output: &mut Output) -> Result<Exit, CliError> {
    let manager = service.manager();
    let current = context.launcher.program().ok();
    let mut program = None;
    let mut seen = Vec::new();
    for path in units::all_files(service) {
        let present = files::look(&path)?;
        let text = match &present {
            Present::Ours(text) => Some(text.clone()),
            // A package's or the user's own counts as well, it is only not ours to change.
            Present::Foreign => fs::read_to_string(&path).ok(),
            Present::Missing => None,
        };
        program = program.or_else(|| units::program_of(manager, &text?));
        seen.push(StatusFile {
            path: path.display().to_string(),
            state: match present {
                Present::Missing => FileState::Missing,
                Present::Ours(_) => FileState::Ours,
                Present::Foreign => FileState::Foreign,
            },
        });
    }
    let rendezvous = context.connector().rendezvous();
    let (enabled, socket, daemon_unit) = asked(manager);
    let status = ServiceStatus {
        manager: human::manager_name(manager),
        installed: service.socket_file().symlink_metadata().is_ok(),
        in_charge: service.is_in_charge_of(rendezvous),
        enabled,
        socket,
        service: daemon_unit,
        is_current: program.is_some() && program == current,
        program: program.map(|program| program.display().to_string()),
        files: seen,
        listens_on: rendezvous.socket().display().to_string(),
        daemon: daemon(context).await?,
    };
    output.answer(|style| human::service_status(&status, style), || &status)?;
    if status.installed && !status.is_current {
        output
            .note("the service does not start the daemon of this installation; `codemem service install` changes that");
    }
    Ok(Exit::Success)
}

/// What the manager says: whether the socket is enabled, how the socket does, how the daemon does.
fn asked(manager: Manager) -> (String, String, String) {
    let unknown = || "unknown".to_owned();
    let ask = |line: String| manager::answer(&line).unwrap_or_else(unknown);
    match manager {
        Manager::Systemd => (
            ask(format!("systemctl --user is-enabled {SOCKET_UNIT}")),
            ask(format!("systemctl --user is-active {SOCKET_UNIT}")),
            ask(format!("systemctl --user is-active {SERVICE_UNIT}")),
        ),
        Manager::Launchd => match manager::answer(&format!("launchctl print {}", Manager::job())) {
            Some(job) => {
                let state = job.lines().find_map(|line| line.trim().strip_prefix("state = "));
                let state = state.map_or_else(unknown, str::to_owned);
                ("enabled".to_owned(), "active".to_owned(), state)
            }
            None => (unknown(), "inactive".to_owned(), unknown()),
        },
    }
}

async fn daemon(context: &Context) -> Result<Option<ServiceDaemon>, CliError> {
    let lock = context.connector().rendezvous().daemon_lock();
    if !lock.exists() || FileLock::is_free(&lock).map_err(codemem_client::ConnectError::from)? {
        return Ok(None);
    }
    let client = context.connector().find().await?;
    Ok(client.map(|client| {
        let hello = client.hello();
        ServiceDaemon {
            pid: hello.pid,
            version: hello.version.clone(),
            managed: hello.managed,
        }
    }))
}

//! `codemem daemon`: its life and its log. These are about the daemon itself, so `--no-autostart`
//! does not keep `start` and `restart` from starting it.

mod log_level;
mod logs;

pub(crate) use logs::Level;

use crate::args::DaemonCommand;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_client::ConnectError;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

pub(super) async fn run(context: &Context, command: DaemonCommand, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        DaemonCommand::Start => start(context, output).await,
        DaemonCommand::Stop => stop(context, output).await,
        DaemonCommand::Restart => {
            context.connector().stop("codemem daemon restart").await?;
            start(context, output).await
        }
        DaemonCommand::Run => foreground(context),
        DaemonCommand::Logs(args) => logs::run(context, &args, output).await,
        DaemonCommand::LogLevel(args) => log_level::run(context, args, output).await,
    }
}

async fn start(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let client = context.starting_connector().connect().await?;
    let hello = client.hello();
    output.answer(
        |_| human::running(hello, client.was_started()),
        || json::Running {
            pid: hello.pid,
            version: hello.version.clone(),
            started: client.was_started(),
        },
    )?;
    Ok(Exit::Success)
}

async fn stop(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let stopped = context.connector().stop("codemem daemon stop").await?;
    output.answer(|_| human::stopped(stopped).to_owned(), || json::Stopped { stopped })?;
    Ok(Exit::Success)
}

/// Becomes the daemon; returns only when that fails. Beside a service it would take what is the service's:
/// the lock, or even the socket.
fn foreground(context: &Context) -> Result<Exit, CliError> {
    if context.connector().is_service() {
        return Err(ConnectError::IsService.into());
    }
    let program = context.launcher.program()?;
    let source = Command::new(&program).exec();
    Err(CliError::Exec { program, source })
}

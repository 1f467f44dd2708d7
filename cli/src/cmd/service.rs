//! `codemem service`: hand the daemon over to systemd or launchd, take it back, say how it stands.
//!
//! Only files that carry our mark are written over or removed. The manager's own tools are run for
//! everything that is its business; what they cannot do here is said with the command that does it.

mod files;
mod install;
mod manager;
mod status;
mod uninstall;
mod units;

use crate::args::ServiceCommand;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::Output;
use codemem_client::service::Service;
use codemem_proto::dirs::DirectoriesError;

pub(super) async fn run(context: &Context, command: ServiceCommand, output: &mut Output) -> Result<Exit, CliError> {
    let service = Service::of_user(&context.env).ok_or(DirectoriesError::NoHome)?;
    match command {
        ServiceCommand::Install(args) => install::run(context, &service, &args, output).await,
        ServiceCommand::Uninstall => uninstall::run(&service, output),
        ServiceCommand::Status => status::run(context, &service, output).await,
    }
}

#[cfg(test)]
mod tests;

//! `codemem status`: everything the daemon knows about itself and its repositories.

use super::{bounded, now_ms};
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::StatusRequest;

pub(super) async fn run(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connect().await?;
    let status = client
        .daemon
        .status(bounded(StatusRequest::default()))
        .await?
        .into_inner();
    let now = now_ms();
    output.answer(
        |style| human::status(&status, now, style),
        || json::Status::from(status.clone()),
    )?;
    Ok(Exit::Success)
}

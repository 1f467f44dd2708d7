//! `codemem status`: everything the daemon knows about itself and its repositories.

use super::bounded;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::StatusRequest;
use std::time::{SystemTime, UNIX_EPOCH};

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: a person reads how long ago something was"
)]
pub(super) async fn run(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connect().await?;
    let status = client
        .daemon
        .status(bounded(StatusRequest::default()))
        .await?
        .into_inner();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    output.answer(
        |style| human::status(&status, now.as_secs(), style),
        || json::Status::from(status.clone()),
    )?;
    Ok(Exit::Success)
}

//! `codemem daemon log-level`: what the running daemon logs, until it is reset or ends.

use crate::args::LogLevelArgs;
use crate::cmd::bounded;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, json};
use codemem_proto::v1::SetLogRequest;

pub(super) async fn run(context: &Context, args: LogLevelArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connector().connect().await?;
    // Empty means the configured one; clap lets nothing pass that sets neither.
    let filter = args.filter.unwrap_or_default();
    let answer = client
        .config
        .set_log(bounded(SetLogRequest { filter }))
        .await?
        .into_inner();
    output.answer(
        |_| {
            format!(
                "the log follows `{}`; configured is `{}`\n",
                answer.filter, answer.configured
            )
        },
        || json::LogLevel {
            filter: answer.filter.clone(),
            configured: answer.configured.clone(),
        },
    )?;
    Ok(Exit::Success)
}

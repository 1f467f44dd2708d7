//! `codemem memory stats`: how much is remembered, where, and whether the store is well.

use super::{bounded, caller};
use crate::args::memory::StatsArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::MemoryStatsRequest;

pub(super) async fn run(context: &Context, args: &StatsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = MemoryStatsRequest {
        caller: Some(caller(&args.who)?),
    };
    let mut client = context.connect().await?;
    let answer = client.memory.stats(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::memory_stats(&answer, style),
        || json::MemoryStats::from(answer.clone()),
    )?;
    if !answer.problem.is_empty() {
        output.warn(&answer.problem);
        return Ok(Exit::Data);
    }
    Ok(Exit::Success)
}

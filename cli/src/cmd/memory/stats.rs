//! `codemem memory stats`: how much is remembered, where, and whether the store is well.

use super::{bounded, caller};
use crate::args::memory::StatsArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::MemoryStatsRequest;

pub(super) async fn run(context: &Context, args: &StatsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let caller = caller(&args.who)?;
    let request = MemoryStatsRequest {
        caller: Some(caller.clone()),
    };
    let mut client = context.connect().await?;
    let answer = client.memory.stats(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::memory_stats(&answer, &caller, style),
        || json::MemoryStats::new(answer.clone(), caller.project.clone()),
    )?;
    if !answer.problem.is_empty() {
        output.warn(&answer.problem);
        return Ok(Exit::Data);
    }
    Ok(Exit::Success)
}

//! `codemem memory get`: one memory whole, with its former versions where they are asked for.

use super::{bounded, caller};
use crate::args::memory::GetArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::GetMemoryRequest;

pub(super) async fn run(context: &Context, args: GetArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = GetMemoryRequest {
        caller: Some(caller(&args.who)?),
        id: args.id,
        history: args.history,
    };
    let mut client = context.connect().await?;
    let answer = client.memory.get(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::memory_with_history(&answer, style),
        || json::MemoryWithHistory::from(answer.clone()),
    )?;
    Ok(Exit::Success)
}

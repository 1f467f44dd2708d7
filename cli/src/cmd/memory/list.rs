//! `codemem memory list`: one memory a line, newest first.

use super::{bounded, caller, filter};
use crate::args::memory::ListArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{ListMemoriesRequest, MemoryState};

pub(super) async fn run(context: &Context, args: ListArgs, output: &mut Output) -> Result<Exit, CliError> {
    let states = args.states.into_iter().map(MemoryState::from);
    let request = ListMemoriesRequest {
        caller: Some(caller(&args.who)?),
        filter: Some(filter(args.filter)),
        states: states.map(i32::from).collect(),
        limit: args.limit,
        after: args.after.unwrap_or_default(),
    };
    let mut client = context.connect().await?;
    let answer = client.memory.list(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::memories(&answer.memories, style),
        || json::MemoryList::from(answer.clone()),
    )?;
    output.note(&human::memory_count(&answer));
    Ok(output.exit_of(answer.memories.is_empty()))
}

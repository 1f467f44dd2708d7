//! `codemem memory find`: memories on stdout, what they rest on on stderr.

use super::{bounded, caller, filter};
use crate::args::memory::FindArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::FindMemoriesRequest;

pub(super) async fn run(context: &Context, args: FindArgs, output: &mut Output) -> Result<Exit, CliError> {
    let query = args.query.join(" ");
    if query.trim().is_empty() {
        return Err(CliError::Usage {
            message: "the query is empty".to_owned(),
            hint: "say what to look for, as in `codemem memory find \"which database did we choose\"`; `codemem memory list` \
                   lists everything"
                .to_owned(),
        });
    }
    let request = FindMemoriesRequest {
        caller: Some(caller(&args.who)?),
        query,
        filter: Some(filter(args.filter)),
        limit: args.limit,
        token_budget: args.budget.unwrap_or_default(),
        no_gate: args.no_gate,
        no_floor: args.no_floor,
        explain: args.explain,
    };
    let mut client = context.connect().await?;
    let answer = client.memory.find(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::found_memories(&answer, style),
        || json::FoundMemories::from(answer.clone()),
    )?;
    output.note(&human::memory_receipt(&answer));
    Ok(output.exit_of(answer.hits.is_empty() && answer.more.is_empty()))
}

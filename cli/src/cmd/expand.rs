//! `codemem expand`: the code that handles name, on stdout.

use super::bounded;
use super::search::roots;
use crate::args::ExpandArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::ExpandRequest;

pub(super) async fn run(context: &Context, args: ExpandArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = ExpandRequest {
        handles: args.handles,
        roots: roots(&args.repo, args.all)?,
        all: args.all,
        budget: args.budget,
    };
    let mut client = context.connect().await?;
    let answer = client.search.expand(bounded(request)).await?.into_inner();
    let exit = if answer.expanded.iter().all(|expanded| !expanded.problem.is_empty()) {
        Exit::NothingFound
    } else {
        Exit::Success
    };
    output.answer(
        |style| human::expanded(&answer, style),
        || json::Expanded::from(answer.clone()),
    )?;
    Ok(exit)
}

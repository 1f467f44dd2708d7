//! `codemem map`: the symbols that a repository turns around, on stdout.

use super::{bounded, now_ms};
use crate::args::graph::MapArgs;
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::MapRequest;

pub(super) async fn run(context: &Context, args: &MapArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = MapRequest {
        path: wire_path_or_here(args.repo.as_deref())?,
        budget: args.budget,
    };
    let mut client = context.connect().await?;
    let answer = client.graph.map(bounded(request)).await?.into_inner();
    let exit = if answer.symbols.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Success
    };
    output.answer(|style| human::map(&answer, style), || json::Map::from(answer.clone()))?;
    if let Some(freshness) = human::ground(answer.ground.as_ref(), now_ms()) {
        output.aside(&freshness);
    }
    Ok(exit)
}

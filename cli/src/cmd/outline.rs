//! `codemem outline`: what a file or a folder defines, on stdout.

use super::{bounded, now_ms};
use crate::args::graph::OutlineArgs;
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::OutlineRequest;

pub(super) async fn run(context: &Context, args: &OutlineArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = OutlineRequest {
        path: wire_path_or_here(args.path.as_deref())?,
        budget: args.budget,
    };
    let mut client = context.connect().await?;
    let answer = client.graph.outline(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::outline(&answer, style),
        || json::Outline::from(answer.clone()),
    )?;
    if let Some(freshness) = human::ground(answer.ground.as_ref(), now_ms()) {
        output.aside(&freshness);
    }
    Ok(Exit::Success)
}

//! `codemem symbol`: a symbol and one question about it, on stdout.

use super::{bounded, now_ms};
use crate::args::graph::{AskArgs, SymbolArgs};
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{Ask, SymbolRequest};

pub(super) async fn run(context: &Context, args: SymbolArgs, output: &mut Output) -> Result<Exit, CliError> {
    let ask = asked(&args.ask);
    let request = SymbolRequest {
        name: args.name,
        root: wire_path_or_here(args.repo.as_deref())?,
        ask: ask.into(),
        depth: args.depth.unwrap_or_default(),
        limit: args.limit,
        offset: args.offset,
    };
    let mut client = context.connect().await?;
    let answer = client.graph.symbol(bounded(request)).await?.into_inner();
    let exit = if answer.definitions.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Success
    };
    output.answer(
        |style| human::symbol(&answer, ask, style),
        || json::SymbolAnswer::new(answer.clone(), ask),
    )?;
    if let Some(line) = human::symbol_receipt(&answer, ask) {
        output.note(&line);
    }
    if let Some(freshness) = human::ground(answer.ground.as_ref(), now_ms()) {
        output.aside(&freshness);
    }
    Ok(exit)
}

fn asked(args: &AskArgs) -> Ask {
    match args {
        AskArgs { callers: true, .. } => Ask::Callers,
        AskArgs { callees: true, .. } => Ask::Callees,
        AskArgs { references: true, .. } => Ask::References,
        AskArgs { impact: true, .. } => Ask::Impact,
        AskArgs {
            implementations: true, ..
        } => Ask::Implementations,
        AskArgs { .. } => Ask::Definition,
    }
}

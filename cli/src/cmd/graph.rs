//! `codemem graph export`: a symbol's neighbourhood, for other programs.

use super::bounded;
use crate::args::graph::{ExportArgs, GraphCommand, GraphFormat};
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{Ask, SymbolRequest};

/// Most edges in either direction.
const MAX_EDGES: u32 = 5_000;

pub(super) async fn run(context: &Context, command: GraphCommand, output: &mut Output) -> Result<Exit, CliError> {
    let GraphCommand::Export(args) = command;
    let ExportArgs {
        name,
        repo,
        format,
        depth,
    } = args;
    let request = |ask: Ask| -> Result<SymbolRequest, CliError> {
        Ok(SymbolRequest {
            name: name.clone(),
            root: wire_path_or_here(repo.as_deref())?,
            ask: ask.into(),
            depth,
            limit: MAX_EDGES,
            offset: 0,
        })
    };
    let mut client = context.connect().await?;
    let callers = client.graph.symbol(bounded(request(Ask::Callers)?)).await?.into_inner();
    let callees = client.graph.symbol(bounded(request(Ask::Callees)?)).await?.into_inner();
    let exit = if callers.definitions.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Success
    };
    let graph = json::Graph::new(&callers, &callees);
    match format {
        GraphFormat::Json => output.line(&graph)?,
        GraphFormat::Dot => output.answer(|_| human::dot(&graph), || graph.clone())?,
    }
    Ok(exit)
}

//! `codemem project`: which project a path belongs to.

use super::bounded;
use crate::args::{ExplainArgs, ProjectCommand};
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::ExplainProjectRequest;

pub(super) async fn run(context: &Context, command: ProjectCommand, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        ProjectCommand::Explain(args) => explain(context, &args, output).await,
    }
}

async fn explain(context: &Context, args: &ExplainArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = ExplainProjectRequest {
        path: wire_path_or_here(args.path.as_deref())?,
    };
    let mut client = context.connect().await?;
    let answer = client.index.explain_project(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::project(&answer, style),
        || json::Explained::from(answer.clone()),
    )?;
    if !answer.problem.is_empty() {
        output.warn(&answer.problem);
    }
    Ok(Exit::Success)
}

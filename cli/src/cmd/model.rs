//! `codemem model`: the installed models, and making one of a folder.

use super::{bounded, setup};
use crate::args::{ImportArgs, ModelCommand};
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{ImportModelRequest, ListModelsRequest};

pub(super) async fn run(context: &Context, command: ModelCommand, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        ModelCommand::List => list(context, output).await,
        ModelCommand::Import(args) => import(context, args, output).await,
    }
}

async fn list(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connect().await?;
    let answer = client
        .models
        .list_models(bounded(ListModelsRequest {}))
        .await?
        .into_inner();
    output.answer(
        |_| human::models(&answer.models),
        || answer.models.iter().cloned().map(json::Model::from).collect::<Vec<_>>(),
    )?;
    if answer.models.is_empty() {
        output.note("no model is installed; `codemem setup` fetches one");
    }
    Ok(Exit::Success)
}

async fn import(context: &Context, args: ImportArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = ImportModelRequest {
        directory: wire_path(&args.dir)?,
        name: args.name.unwrap_or_default(),
    };
    let mut client = context.connect().await?;
    let events = client.models.import_model(request).await?.into_inner();
    let result = setup::follow(events, output).await?;
    let models: Vec<_> = result.model.into_iter().collect();
    output.answer(
        |_| human::models(&models),
        || models.first().cloned().map(json::Model::from),
    )?;
    Ok(Exit::Success)
}

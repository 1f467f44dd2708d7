//! `codemem setup`: fetch what is missing, and show how far it is.

use crate::args::SetupArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, Progress, human, json};
use codemem_proto::env::Variable;
use codemem_proto::v1::setup_event::Event;
use codemem_proto::v1::{SetupEvent, SetupRequest, SetupResult};
use std::path::Path;
use tonic::Streaming;

pub(super) async fn run(context: &Context, args: SetupArgs, output: &mut Output) -> Result<Exit, CliError> {
    // A daemon that runs already does not see what this shell has set.
    let given = |flag: Option<&Path>, variable| {
        let path = flag.or(context.env.path(variable));
        path.map(wire_path).transpose().map(Option::unwrap_or_default)
    };
    let request = SetupRequest {
        onnxruntime: given(args.onnxruntime.as_deref(), Variable::OnnxRuntime)?,
        model_dir: given(args.model_dir.as_deref(), Variable::ModelDir)?,
    };
    let mut client = context.connect().await?;
    let events = client.models.setup(request).await?.into_inner();
    let result = follow(events, output).await?;
    output.answer(|_| human::setup(&result), || json::Setup::from(result.clone()))?;
    Ok(Exit::Success)
}

/// Shows the progress of a stream and returns its result.
pub(super) async fn follow(mut events: Streaming<SetupEvent>, output: &mut Output) -> Result<SetupResult, CliError> {
    let mut progress = Progress::new(output);
    while let Some(event) = events.message().await? {
        match event.event {
            Some(Event::Progress(step)) => progress.setup(&step),
            Some(Event::Result(result)) => return Ok(result),
            // An event that a newer daemon knows.
            None => {}
        }
    }
    Err(CliError::EndedEarly)
}

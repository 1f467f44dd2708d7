//! `codemem index`: register a directory, bring its index up to date, and show how far it is.
//!
//! Closing the stream does not stop the pass, so Ctrl-C only stops watching.

use crate::args::IndexArgs;
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, Progress, human, json};
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::{IndexRootEvent, IndexRootRequest, IndexRootResult, WaitFor};
use tonic::Streaming;

pub(super) async fn run(context: &Context, args: &IndexArgs, output: &mut Output) -> Result<Exit, CliError> {
    let wait = if args.wait { WaitFor::Vectors } else { WaitFor::Lexical };
    let request = IndexRootRequest {
        root: wire_path_or_here(args.path.as_deref())?,
        wait: wait.into(),
        force: args.force,
    };
    let mut client = context.connect().await?;
    let events = client.index.index_root(request).await?.into_inner();
    let watched = tokio::select! {
        result = follow(events, output) => Some(result?),
        _ = tokio::signal::ctrl_c() => None,
    };
    let Some(result) = watched else {
        output.note("indexing goes on in the background; `codemem status` shows how far it is");
        return Ok(Exit::Interrupted);
    };
    output.answer(
        |style| human::indexed(&result, style),
        || json::Indexed::from(result.clone()),
    )?;
    if !result.problem.is_empty() {
        output.warn(&result.problem);
        return Ok(Exit::Data);
    }
    if result.vectors < result.chunks {
        output.note("vectors follow in the background; `codemem status` shows how far they are");
    }
    Ok(Exit::Success)
}

async fn follow(mut events: Streaming<IndexRootEvent>, output: &mut Output) -> Result<IndexRootResult, CliError> {
    let mut progress = Progress::new(output);
    while let Some(event) = events.message().await? {
        match event.event {
            Some(Event::Progress(now)) => progress.index(&now),
            Some(Event::Result(result)) => return Ok(result),
            // An event that a newer daemon knows.
            None => {}
        }
    }
    Err(CliError::EndedEarly)
}

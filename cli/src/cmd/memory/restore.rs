//! `codemem memory restore`: put a backup in the place of what is stored.

use crate::args::memory::RestoreArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::RestoreMemoriesRequest;

pub(super) async fn run(context: &Context, args: &RestoreArgs, output: &mut Output) -> Result<Exit, CliError> {
    let path = wire_path(&args.file)?;
    let mut client = context.connect().await?;
    // No time limit: a large database takes its time, and a dead daemon is noticed.
    let answer = client
        .memory
        .restore(RestoreMemoriesRequest { path })
        .await?
        .into_inner();
    output.answer(
        |_| human::memory_restored(&answer),
        || json::MemoryRestored {
            memories: answer.memories,
            kept: Some(answer.kept.clone()).filter(|kept| !kept.is_empty()),
        },
    )?;
    output.note("vectors follow in the background; words are searchable now");
    Ok(Exit::Success)
}

//! `codemem remove`: forget a directory and what only it needed.

use crate::args::RemoveArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::RemoveRequest;

pub(super) async fn run(context: &Context, args: &RemoveArgs, output: &mut Output) -> Result<Exit, CliError> {
    let root = wire_path(&args.path)?;
    let mut client = context.connect().await?;
    let request = RemoveRequest { root: root.clone() };
    // No time limit: a large index takes its time, and a dead daemon is noticed.
    let removed = client.index.remove(request).await?.into_inner();
    output.answer(
        |_| human::removed(&root, removed.freed_bytes),
        || json::Removed {
            repo: root.clone(),
            freed_bytes: removed.freed_bytes,
        },
    )?;
    Ok(Exit::Success)
}

//! `codemem prune`: delete what nothing refers to any more, or count it.

use crate::args::PruneArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::PruneRequest;

pub(super) async fn run(context: &Context, args: &PruneArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connect().await?;
    let dry_run = args.dry_run;
    // No time limit: a large index takes its time, and a dead daemon is noticed.
    let pruned = client.index.prune(PruneRequest { dry_run }).await?.into_inner();
    output.answer(
        |_| human::pruned(&pruned, dry_run),
        || json::Pruned::new(pruned.clone(), dry_run),
    )?;
    Ok(Exit::Success)
}

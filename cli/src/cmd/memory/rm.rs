//! `codemem memory rm`: delete a memory and all its versions.

use super::{bounded, caller};
use crate::args::memory::RmArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::DeleteMemoryRequest;

pub(super) async fn run(context: &Context, args: RmArgs, output: &mut Output) -> Result<Exit, CliError> {
    let backup = args.backup.as_deref().map(wire_path).transpose()?;
    let request = DeleteMemoryRequest {
        caller: Some(caller(&args.who)?),
        id: args.id,
        backup: backup.clone().unwrap_or_default(),
    };
    let mut client = context.connect().await?;
    let answer = client.memory.delete(bounded(request)).await?.into_inner();
    let memory = answer.memory.unwrap_or_default();
    output.answer(
        |_| human::deleted_memory(&memory, backup.as_deref()),
        || json::DeletedMemory {
            deleted: memory.id.clone(),
            backup: backup.clone(),
        },
    )?;
    Ok(Exit::Success)
}

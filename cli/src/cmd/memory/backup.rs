//! `codemem memory backup`: copy the database while it is in use.

use crate::args::memory::BackupArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::BackupMemoriesRequest;

pub(super) async fn run(context: &Context, args: &BackupArgs, output: &mut Output) -> Result<Exit, CliError> {
    let path = args.file.as_deref().map(wire_path).transpose()?.unwrap_or_default();
    let mut client = context.connect().await?;
    // No time limit: a large database takes its time, and a dead daemon is noticed.
    let answer = client.memory.backup(BackupMemoriesRequest { path }).await?.into_inner();
    output.answer(
        |_| human::memory_backup(&answer),
        || json::MemoryBackup {
            path: answer.path.clone(),
            memories: answer.memories,
            bytes: answer.bytes,
        },
    )?;
    Ok(Exit::Success)
}

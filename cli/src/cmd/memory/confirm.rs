//! `codemem memory confirm`: a person says that a memory holds.

use super::{bounded, caller};
use crate::args::memory::ConfirmArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::ConfirmMemoryRequest;

pub(super) async fn run(context: &Context, args: ConfirmArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = ConfirmMemoryRequest {
        caller: Some(caller(&args.who)?),
        id: args.id,
    };
    let mut client = context.connect().await?;
    let answer = client.memory.confirm(bounded(request)).await?.into_inner();
    let memory = answer.memory.unwrap_or_default();
    output.answer(
        |_| human::confirmed_memory(&memory),
        || json::Memory::from(memory.clone()),
    )?;
    Ok(Exit::Success)
}

//! `codemem memory add`: the id on stdout, what there is to say about it on stderr.

use super::{bounded, caller, content, now_ms};
use crate::args::memory::AddArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{AddMemoryRequest, ContextLevel, MemoryKind};

pub(super) async fn run(context: &Context, args: AddArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = AddMemoryRequest {
        caller: Some(caller(&args.who)?),
        content: content(&args.content)?,
        context_level: ContextLevel::from(args.level).into(),
        tags: args.tags,
        kind: MemoryKind::from(args.kind).into(),
        anchors: args.anchors,
        supersedes: args.supersedes.unwrap_or_default(),
        expires_at_ms: args.expires.map_or(0, |when| when.ahead(now_ms())),
        redact: args.redact,
    };
    let mut client = context.connect().await?;
    let answer = client.memory.add(bounded(request)).await?.into_inner();
    output.answer(
        |_| format!("{}\n", answer.id),
        || json::AddedMemory::from(answer.clone()),
    )?;
    for remark in human::added_memory(&answer) {
        output.note(&remark);
    }
    Ok(Exit::Success)
}

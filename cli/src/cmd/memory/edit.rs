//! `codemem memory edit`: change what is given; given nothing on a terminal, open the content in the user's editor.

use super::{bounded, caller, content};
use crate::args::memory::EditArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_client::Client;
use codemem_proto::env::{Env, Variable};
use codemem_proto::v1::{EditMemoryRequest, GetMemoryRequest, MemoryKind};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Command;
use tempfile::NamedTempFile;

/// The editor where none is named.
const EDITOR: &str = "vi";

pub(super) async fn run(context: &Context, args: EditArgs, output: &mut Output) -> Result<Exit, CliError> {
    let in_editor = !changes_anything(&args);
    if in_editor && !(output.is_watched() && io::stdin().is_terminal()) {
        return Err(CliError::Usage {
            message: "nothing to change was given".to_owned(),
            hint: format!(
                "give the new content as in `codemem memory edit {} -- CONTENT`, or one of --tag, --no-tags, --kind, \
                 --anchor, --no-anchors",
                args.id
            ),
        });
    }
    let mut request = EditMemoryRequest {
        caller: Some(caller(&args.who)?),
        id: args.id,
        content: None,
        set_tags: args.no_tags || !args.tags.is_empty(),
        tags: args.tags,
        kind: args.kind.map_or(MemoryKind::Unspecified, MemoryKind::from).into(),
        set_anchors: args.no_anchors || !args.anchors.is_empty(),
        anchors: args.anchors,
        version: args.version.unwrap_or_default(),
        redact: args.redact,
    };
    if !args.content.is_empty() {
        request.content = Some(content(&args.content)?);
    }
    let mut client = context.connect().await?;
    let mut draft = None;
    if in_editor {
        draft = open_editor(&context.env, &mut client, &mut request).await?;
        if draft.is_none() {
            output.note("nothing was changed");
            return Ok(Exit::Success);
        }
    }
    let answer = match client.memory.edit(bounded(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            if let Some(Ok((_, path))) = draft.map(NamedTempFile::keep) {
                output.note(&format!("what you wrote is kept in {}", path.display()));
            }
            return Err(status.into());
        }
    };
    let memory = answer.memory.clone().unwrap_or_default();
    output.answer(
        |_| human::edited_memory(&memory),
        || json::EditedMemory::from(answer.clone()),
    )?;
    for remark in human::write_remarks(&answer.redacted, &answer.notes) {
        output.note(&remark);
    }
    Ok(Exit::Success)
}

fn changes_anything(args: &EditArgs) -> bool {
    !args.content.is_empty()
        || !args.tags.is_empty()
        || args.no_tags
        || args.kind.is_some()
        || !args.anchors.is_empty()
        || args.no_anchors
}

/// Has the content edited as it stands, and asks for exactly that to be replaced. `None` when it was left as it is.
async fn open_editor(
    env: &Env,
    client: &mut Client,
    request: &mut EditMemoryRequest,
) -> Result<Option<NamedTempFile>, CliError> {
    let get = GetMemoryRequest {
        caller: request.caller.clone(),
        id: request.id.clone(),
        history: false,
    };
    let memory = client
        .memory
        .get(bounded(get))
        .await?
        .into_inner()
        .memory
        .unwrap_or_default();
    let failed = |source| CliError::Edit { source };
    // Readable by its owner alone.
    let mut file = tempfile::Builder::new()
        .prefix("codemem-memory-")
        .suffix(".md")
        .tempfile()
        .map_err(failed)?;
    file.write_all(memory.content.as_bytes()).map_err(failed)?;
    let editor = [Variable::Visual, Variable::Editor]
        .into_iter()
        .find_map(|variable| env.text(variable));
    edit_file(editor.unwrap_or(EDITOR), file.path()).map_err(failed)?;
    // By name: many editors put another file in its place.
    let text = std::fs::read_to_string(file.path()).map_err(failed)?;
    if text.trim_end() == memory.content.trim_end() {
        return Ok(None);
    }
    request.content = Some(text);
    if request.version == 0 {
        request.version = memory.version;
    }
    Ok(Some(file))
}

/// Runs the editor, whose name may carry arguments, as every program that calls it does.
fn edit_file(editor: &str, file: &Path) -> io::Result<()> {
    let script = format!("{editor} \"$1\"");
    let status = Command::new("sh").args(["-c", &script, "sh"]).arg(file).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("`{editor}` ended with {status}")))
    }
}

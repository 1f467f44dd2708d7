//! `memory_store`: remember something.

use super::{Answer, Arguments, Session, bounded, caller, writing};
use crate::render;
use codemem_client::Client;
use codemem_proto::memory::{KINDS, LEVELS, kind_name, level_name};
use codemem_proto::request::RequestId;
use codemem_proto::v1::{AddMemoryRequest, MemoryKind};
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "memory_store";

const DESCRIPTION: &str =
    "Remember one self-contained fact, decision with its reason, convention or mistake. No secrets.";

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "content": {"type": "string"},
            "level": {
                "type": "string",
                "enum": LEVELS.map(level_name),
                "description": "USER_PREFERENCE: all projects, once the user confirms",
            },
            "kind": {"type": "string", "enum": KINDS.map(kind_name)},
            "tags": {"type": "array", "items": {"type": "string"}},
            "anchors": {"type": "array", "items": {"type": "string"}, "description": "Paths or symbols it is about"},
            "supersedes": {"type": "string"},
            "path": {"type": "string"},
        },
        "required": ["content", "level"],
    });
    writing(NAME, DESCRIPTION, schema, false)
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let allowed = [
        "content",
        "level",
        "kind",
        "tags",
        "anchors",
        "supersedes",
        "path",
        "session",
        "redact",
    ];
    let arguments = Arguments::new(arguments, &allowed)?;
    let content = arguments
        .verbatim("content")?
        .ok_or_else(|| Answer::refusal("`content` is required: what to remember, in one self-contained statement"))?;
    let levels = LEVELS.map(level_name);
    let level = arguments.choice("level", &levels)?.ok_or_else(|| {
        Answer::refusal(format!(
            "`level` is required: {} (about the user, every project), {} (this project) or {} (this session)",
            levels[0], levels[1], levels[2]
        ))
    })?;
    let level = LEVELS.into_iter().find(|known| level_name(*known) == level);
    let kind = arguments.choice("kind", &KINDS.map(kind_name))?;
    let kind = kind.and_then(|name| KINDS.into_iter().find(|known| kind_name(*known) == name));
    let request = AddMemoryRequest {
        caller: Some(caller(session, &arguments)?),
        content: content.to_owned(),
        context_level: level.unwrap_or_default().into(),
        tags: arguments.texts("tags")?,
        kind: kind.unwrap_or(MemoryKind::Unspecified).into(),
        anchors: arguments.texts("anchors")?,
        supersedes: arguments.text("supersedes")?.unwrap_or_default().to_owned(),
        expires_at_ms: 0,
        redact: arguments.switch("redact")?,
    };
    // The same stored twice is stored once, so the call may be repeated.
    let add = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.memory.add(request).await }
    };
    let answer = session.bridge.call(add).await?.into_inner();
    Ok(Answer::of(render::stored(&answer)))
}

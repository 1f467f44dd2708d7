//! `memory_find`: what is remembered that answers a question, or one memory whole by its id.

use super::{Answer, Arguments, Session, bounded, caller, reading};
use crate::render;
use codemem_client::Client;
use codemem_proto::memory::{KINDS, LEVELS, kind_name, level_name};
use codemem_proto::request::RequestId;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1::{FindMemoriesRequest, GetMemoryRequest, MemoryCaller, MemoryFilter};
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "memory_find";

const DESCRIPTION: &str = "Recall decisions, conventions, facts and mistakes that answer a question.";

/// Memories when the agent names no number.
const DEFAULT_LIMIT: u32 = 5;

/// Most memories: more would be noise, and tokens.
pub(super) const MAX_LIMIT: u32 = 20;

/// Tokens of all contents together; the rest is named by its id.
pub(super) const TOKEN_BUDGET: u32 = 800;

/// Characters of an id.
const ID_LENGTH: usize = 16;

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "Question, or an id to read whole"},
            "level": {"type": "string"},
            "limit": {"type": "integer"},
            "path": {"type": "string"},
        },
        "required": ["query"],
    });
    reading(NAME, DESCRIPTION, schema)
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    // The others are for the odd case, and not worth every session's tokens.
    let allowed = ["query", "level", "kind", "tags", "limit", "path", "session"];
    let arguments = Arguments::new(arguments, &allowed)?;
    let query = arguments.text("query")?.ok_or_else(|| {
        Answer::refusal("`query` is required: a question, as in \"which database did we choose and why\", or an id")
    })?;
    let caller = caller(session, &arguments)?;
    let level = arguments.choice("level", &LEVELS.map(level_name))?;
    let kind = arguments.choice("kind", &KINDS.map(kind_name))?;
    let filter = MemoryFilter {
        levels: LEVELS
            .into_iter()
            .filter(|known| level == Some(level_name(*known)))
            .map(i32::from)
            .collect(),
        kinds: KINDS
            .into_iter()
            .filter(|known| kind == Some(kind_name(*known)))
            .map(i32::from)
            .collect(),
        tags: arguments.texts("tags")?,
        ..MemoryFilter::default()
    };
    let limit = arguments.number("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    if is_id(query)
        && let Some(answer) = whole(session, name, &caller, query).await?
    {
        return Ok(answer);
    }
    let request = FindMemoriesRequest {
        caller: Some(caller),
        query: query.to_owned(),
        filter: Some(filter),
        limit,
        token_budget: TOKEN_BUDGET,
        // Whoever asks in so many words has decided that it is worth it.
        no_gate: true,
        no_floor: false,
        explain: false,
    };
    let find = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.memory.find(request).await }
    };
    let answer = session.bridge.call(find).await?.into_inner();
    Ok(Answer::of(render::memories(&answer, true)))
}

fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The memory of that id; `None` when there is none, for it may be something else that is asked about.
async fn whole(session: &Session, name: &RequestId, caller: &MemoryCaller, id: &str) -> Result<Option<Answer>, Answer> {
    let request = GetMemoryRequest {
        caller: Some(caller.clone()),
        id: id.to_owned(),
        history: false,
    };
    let get = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.memory.get(request).await }
    };
    match session.bridge.call(get).await {
        Ok(answer) => Ok(Some(Answer::of(render::memory(
            &answer.into_inner().memory.unwrap_or_default(),
        )))),
        Err(trouble) if trouble.kind == ErrorKind::Usage => Ok(None),
        Err(trouble) => Err(trouble.into()),
    }
}

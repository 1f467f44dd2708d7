//! `memory_delete`: forget a memory for good. Clients ask the user first.

use super::{Answer, Arguments, Session, bounded, caller, writing};
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::v1::DeleteMemoryRequest;
use rmcp::model::{JsonObject, MetaObject, Tool};
use serde_json::{Value, json};

pub(super) const NAME: &str = "memory_delete";

const DESCRIPTION: &str = "Delete a memory and all its versions for good.";

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "string"}},
        "required": ["id"],
    });
    let meta = JsonObject::from_iter([("anthropic/requiresUserInteraction".to_owned(), Value::Bool(true))]);
    writing(NAME, DESCRIPTION, schema, true).with_meta(MetaObject(meta))
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    // The last two are for the odd case, and not worth every session's tokens.
    let arguments = Arguments::new(arguments, &["id", "path", "session"])?;
    let id = arguments
        .text("id")?
        .ok_or_else(|| Answer::refusal("`id` is required, as memory_find shows it"))?;
    let request = DeleteMemoryRequest {
        caller: Some(caller(session, &arguments)?),
        id: id.to_owned(),
        backup: String::new(),
    };
    // Repeated, it finds nothing to delete, and says so.
    let delete = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.memory.delete(request).await }
    };
    let answer = session.bridge.call(delete).await?.into_inner();
    Ok(Answer::of(render::deleted(&answer.memory.unwrap_or_default())))
}

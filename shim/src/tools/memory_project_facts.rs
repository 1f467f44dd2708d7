//! `memory_project_facts`: what is remembered of the project.

use super::memory_find::{MAX_LIMIT, TOKEN_BUDGET};
use super::{Answer, Arguments, Session, bounded, caller, reading};
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::v1::RetrieveProjectFactsRequest;
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "memory_project_facts";

const DESCRIPTION: &str = "What is remembered of this project.";

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string"},
        },
    });
    reading(NAME, DESCRIPTION, schema)
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let arguments = Arguments::new(arguments, &["query", "path"])?;
    let request = RetrieveProjectFactsRequest {
        caller: Some(caller(session, &arguments)?),
        query: arguments.text("query")?.unwrap_or_default().to_owned(),
        limit: MAX_LIMIT,
        token_budget: TOKEN_BUDGET,
    };
    let retrieve = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.memory.retrieve_project_facts(request).await }
    };
    let asked = !request.query.is_empty();
    let answer = session.bridge.call(retrieve).await?.into_inner();
    Ok(Answer::of(render::memories(&answer, asked)))
}

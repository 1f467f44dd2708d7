//! `index_status`: what is indexed of the project, and how far it is.

use super::{Answer, Arguments, Session, bounded, reading};
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1::{StatusRequest, StatusResponse};
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "index_status";

const DESCRIPTION: &str = "Tell how complete and fresh the index is.";

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
        },
    });
    reading(NAME, DESCRIPTION, schema)
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let arguments = Arguments::new(arguments, &["path"])?;
    let place = session
        .project
        .place(arguments.text("path")?)
        .map_err(Answer::refusal)?;
    let request = StatusRequest {
        root: place.path.clone(),
    };
    let status = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.daemon.status(request).await }
    };
    let status = match session.bridge.call(status).await {
        Ok(response) => response.into_inner(),
        Err(trouble) if trouble.kind == ErrorKind::NotRegistered => StatusResponse::default(),
        Err(trouble) => return Err(trouble.into()),
    };
    if status.repositories.is_empty() {
        let remedy = match place.project {
            Some(_) => "search_code begins to index it",
            None => "ask the user to run `codemem index` there",
        };
        return Ok(Answer::of(format!("{} is not indexed; {remedy}.", place.path)));
    }
    Ok(Answer::of(render::status(&status)))
}

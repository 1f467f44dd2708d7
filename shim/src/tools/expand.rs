//! `expand`: the whole of code that `search_code` has named.

use super::{Answer, Arguments, Session, bounded, reading};
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::v1::ExpandRequest;
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "expand";

const DESCRIPTION: &str = "Show the whole of a hit of search_code.";

/// Most tokens that may be asked for: what a client still shows in one piece.
const MAX_BUDGET: u32 = 10_000;

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "handle": {"type": "string", "description": "path:lines@hash, path:line or path#symbol"},
        },
        "required": ["handle"],
    });
    reading(NAME, DESCRIPTION, schema)
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let arguments = Arguments::new(arguments, &["handle", "path", "budget"])?;
    let handles = arguments.texts("handle")?;
    if handles.is_empty() {
        return Err(Answer::refusal(
            "`handle` is required: what search_code named, as in \"src/a.rs:10-42@3f2a\"",
        ));
    }
    let place = session.project.place(arguments.text("path")?);
    let request = ExpandRequest {
        handles,
        roots: vec![place.map_err(Answer::refusal)?.path],
        all: false,
        budget: arguments.number("budget", 1, MAX_BUDGET)?.unwrap_or_default(),
    };
    let expand = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.search.expand(request).await }
    };
    let answer = session.bridge.call(expand).await?.into_inner();
    let (text, has_any) = render::expanded(&answer);
    Ok(if has_any {
        Answer::of(text)
    } else {
        Answer::refusal(text)
    })
}

//! `symbol`: where a symbol is defined, and who uses it.

use super::{Answer, Arguments, Session, bounded, reading};
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::v1::{Ask, SymbolRequest};
use rmcp::model::{JsonObject, Tool};
use serde_json::json;

pub(super) const NAME: &str = "symbol";

const DESCRIPTION: &str = "Show a symbol's definition, callers or impact.";

/// Uses when the agent names no number: what is read before the next question.
const DEFAULT_LIMIT: u32 = 50;

/// Most uses.
const MAX_LIMIT: u32 = 500;

/// Most calls that are followed.
const MAX_DEPTH: u32 = 20;

/// What may be asked about a symbol, beside its definition.
const ASKS: [&str; 5] = ["callers", "callees", "references", "impact", "implementations"];

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "name or Type.name"},
            "ask": {"enum": ASKS},
        },
        "required": ["name"],
    });
    reading(NAME, DESCRIPTION, schema)
}

pub(super) async fn call(session: &Session, request: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let arguments = Arguments::new(arguments, &["name", "ask", "path", "depth", "limit", "offset"])?;
    let name = arguments.text("name")?;
    let name = name.ok_or_else(|| Answer::refusal("`name` is required: a symbol, as in \"Server.listen\""))?;
    let ask = match arguments.choice("ask", &ASKS)? {
        Some("callers") => Ask::Callers,
        Some("callees") => Ask::Callees,
        Some("references") => Ask::References,
        Some("impact") => Ask::Impact,
        Some("implementations") => Ask::Implementations,
        _ => Ask::Definition,
    };
    let place = session
        .project
        .place(arguments.text("path")?)
        .map_err(Answer::refusal)?;
    let asked = SymbolRequest {
        name: name.to_owned(),
        root: place.path,
        ask: ask.into(),
        depth: arguments.number("depth", 1, MAX_DEPTH)?.unwrap_or_default(),
        limit: arguments.number("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
        offset: arguments.number("offset", 0, u32::MAX)?.unwrap_or_default(),
    };
    let find = |mut client: Client| {
        let asked = bounded(asked.clone(), request);
        async move { client.graph.symbol(asked).await }
    };
    let answer = session.bridge.call(find).await?.into_inner();
    Ok(Answer::of(render::symbol(&answer, ask)))
}

//! `search_code`: find code by meaning, words or names.

use super::{Answer, Arguments, Session, bounded, named, reading};
use crate::bridge::Trouble;
use crate::project::Place;
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::{IndexRootRequest, SearchRequest, WaitFor};
use rmcp::model::{JsonObject, MetaObject, Tool};
use serde_json::{Value, json};
use tonic::Status;

pub(super) const NAME: &str = "search_code";

const DESCRIPTION: &str = "Find code in the project by what it does, by words or by symbol name. Ask a short question or \
give identifiers. Answers with ranked path:lines, symbol, signature and snippet.";

/// Hits when the agent names no number.
const DEFAULT_LIMIT: u32 = 10;

/// Most hits: more would be noise, and tokens.
const MAX_LIMIT: u32 = 50;

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "Question, words or identifiers"},
            "path": {"type": "string", "description": "Directory to search; default: the project"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            "language": {"type": "string", "description": "Only this language, e.g. rust"},
            "path_glob": {"type": "string", "description": "Only matching paths, e.g. src/**/*.ts"},
            "format": {"type": "string", "enum": ["text", "json"], "default": "text"},
        },
        "required": ["query"],
    });
    let meta = JsonObject::from_iter([("anthropic/alwaysLoad".to_owned(), Value::Bool(true))]);
    reading(NAME, DESCRIPTION, schema).with_meta(MetaObject(meta))
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    let allowed = ["query", "path", "limit", "language", "path_glob", "format"];
    let arguments = Arguments::new(arguments, &allowed)?;
    let query = arguments.text("query")?.ok_or_else(|| {
        Answer::refusal("`query` is required: a question, words or identifiers, as in \"where are retries counted\"")
    })?;
    let place = session
        .project
        .place(arguments.text("path")?)
        .map_err(Answer::refusal)?;
    let as_json = arguments.choice("format", &["text", "json"])? == Some("json");
    let request = SearchRequest {
        query: query.to_owned(),
        root: place.path.clone(),
        limit: arguments.number("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
        language: arguments.text("language")?.unwrap_or_default().to_owned(),
        path_glob: arguments.text("path_glob")?.unwrap_or_default().to_owned(),
        explain: false,
        session: session.id.clone().unwrap_or_default(),
    };
    let search = |mut client: Client| {
        let request = bounded(request.clone(), name);
        async move { client.search.search(request).await }
    };
    match session.bridge.call(search).await {
        Ok(response) => {
            let answer = response.into_inner();
            Ok(Answer::of(if as_json {
                render::hits_as_json(&answer)
            } else {
                render::hits(&answer, &place.path)
            }))
        }
        Err(trouble) if trouble.kind == ErrorKind::NotRegistered => not_indexed(session, name, &place).await,
        Err(trouble) => Err(trouble.into()),
    }
}

/// Begins to index the session's own project; other directories are for the user to name.
async fn not_indexed(session: &Session, name: &RequestId, place: &Place) -> Result<Answer, Answer> {
    let Some(project) = &place.project else {
        return Err(Answer::refusal(format!(
            "{} is not indexed.\nWhat to do: ask the user to run `codemem index {}`, or search with grep.",
            place.path, place.path
        )));
    };
    begin_indexing(session, name, project).await?;
    Err(Answer::refusal(format!(
        "{project} was not indexed yet, so there is no answer. Indexing has begun just now; most projects can be searched \
         within seconds.\nWhat to do: ask again in a few seconds; index_status tells how far it is."
    )))
}

async fn begin_indexing(session: &Session, name: &RequestId, project: &str) -> Result<(), Trouble> {
    let request = IndexRootRequest {
        root: project.to_owned(),
        wait: WaitFor::Unspecified.into(),
        force: false,
    };
    let index = |mut client: Client| {
        let request = named(request.clone(), name);
        async move {
            let mut events = client.index.index_root(request).await?.into_inner();
            while let Some(event) = events.message().await? {
                if matches!(event.event, Some(Event::Result(_))) {
                    return Ok(());
                }
            }
            Err(Status::unavailable("the daemon ended while it began to index"))
        }
    };
    session.bridge.call(index).await
}

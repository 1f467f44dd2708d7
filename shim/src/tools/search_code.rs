//! `search_code`: find code by meaning, words or names.

use super::{Answer, Arguments, Session, bounded, named, reading};
use crate::bridge::Trouble;
use crate::project::Place;
use crate::render;
use codemem_client::Client;
use codemem_proto::request::RequestId;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::{IndexRootRequest, Mode, SearchRequest, Tests, WaitFor};
use rmcp::model::{JsonObject, MetaObject, Tool};
use serde_json::{Value, json};
use tonic::Status;

pub(super) const NAME: &str = "search_code";

const DESCRIPTION: &str = "Find code by question, words or symbol names: ranked path:lines with the lines that answer.";

/// Hits when the agent names no number.
const DEFAULT_LIMIT: u32 = 10;

/// Most hits: more would be noise, and tokens.
const MAX_LIMIT: u32 = 50;

/// Most tokens of an answer: what a client still shows in one piece.
const MAX_BUDGET: u32 = 10_000;

/// The `path` that means every indexed directory.
const EVERYWHERE: &str = "*";

/// Which files by their role.
const TESTS: [&str; 3] = ["any", "only", "without"];

/// How a query may be read; by its meaning unless another is named.
const MODES: [&str; 3] = ["meaning", "exact", "regex"];

pub(super) fn definition() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "path": {"type": "string", "description": "Directory; * for all indexed"},
            "limit": {"type": "integer"},
            "budget": {"type": "integer"},
            "language": {"type": "string"},
            "path_glob": {"type": "string", "description": "e.g. src/**/*.ts"},
            "mode": {"type": "string", "enum": MODES, "description": "exact, regex: every matching line"},
            "expand": {"type": "boolean", "description": "add callers, calls"},
        },
        "required": ["query"],
    });
    let meta = JsonObject::from_iter([("anthropic/alwaysLoad".to_owned(), Value::Bool(true))]);
    reading(NAME, DESCRIPTION, schema).with_meta(MetaObject(meta))
}

pub(super) async fn call(session: &Session, name: &RequestId, arguments: &JsonObject) -> Result<Answer, Answer> {
    // Some are not in the schema, which costs every session tokens: answers and refusals name them where they help.
    let allowed = [
        "query",
        "path",
        "limit",
        "budget",
        "language",
        "path_glob",
        "kind",
        "tests",
        "mode",
        "offset",
        "format",
        "expand",
    ];
    let arguments = Arguments::new(arguments, &allowed)?;
    let mode = match arguments.choice("mode", &MODES)? {
        Some("exact") => Mode::Exact,
        Some("regex") => Mode::Regex,
        _ => Mode::Meaning,
    };
    let query = if mode == Mode::Meaning {
        arguments.text("query")?
    } else {
        arguments.verbatim("query")?
    };
    let query = query.ok_or_else(|| {
        Answer::refusal("`query` is required: a question, words or identifiers, as in \"where are retries counted\"")
    })?;
    let path = arguments.text("path")?;
    let all = path == Some(EVERYWHERE);
    let place = session.project.place(path.filter(|_| !all)).map_err(Answer::refusal)?;
    let as_json = arguments.choice("format", &["text", "json"])? == Some("json");
    let request = SearchRequest {
        query: query.to_owned(),
        roots: if all { Vec::new() } else { vec![place.path.clone()] },
        all,
        limit: arguments.number("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT),
        languages: arguments.texts("language")?,
        path_globs: arguments.texts("path_glob")?,
        budget: arguments.number("budget", 1, MAX_BUDGET)?.unwrap_or_default(),
        kinds: arguments.texts("kind")?,
        tests: match arguments.choice("tests", &TESTS)? {
            Some("only") => Tests::Only,
            Some("without") => Tests::Without,
            _ => Tests::Any,
        }
        .into(),
        session: session.id.clone().unwrap_or_default(),
        expand: arguments.switch("expand")?,
        mode: mode.into(),
        offset: arguments.number("offset", 0, u32::MAX)?.unwrap_or_default(),
        ..SearchRequest::default()
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

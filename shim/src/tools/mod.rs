//! The tools, one file each: what the agent is told about it, and what it does.

mod arguments;
mod expand;
mod index_status;
mod memory_delete;
mod memory_find;
mod memory_preferences;
mod memory_project_facts;
mod memory_store;
mod search_code;
mod symbol;

use crate::bridge::{Bridge, Trouble};
use crate::project::Project;
use arguments::Arguments;
use codemem_proto::request::RequestId;
use codemem_proto::v1::{MemoryCaller, MemoryOrigin};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use std::time::Duration;
use tonic::Request;

/// Longest wait for an answer: agents give a tool about a minute.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(50);

/// What a tool works with.
pub(crate) struct Session {
    pub(crate) bridge: Bridge,
    pub(crate) project: Project,
    /// The agent's name of this session.
    pub(crate) id: Option<String>,
    /// Begins the names of this session's requests in the daemon's log.
    pub(crate) request: RequestId,
}

/// What a tool says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// The question was not answered; the text says what to do about it.
    pub(crate) is_error: bool,
}

impl Answer {
    fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_error: false,
        }
    }

    pub(crate) fn refusal(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_error: true,
        }
    }
}

impl From<Trouble> for Answer {
    fn from(trouble: Trouble) -> Self {
        Self::refusal(trouble.to_string())
    }
}

/// A tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToolName {
    SearchCode,
    Expand,
    Symbol,
    IndexStatus,
    MemoryStore,
    MemoryFind,
    MemoryPreferences,
    MemoryProjectFacts,
    MemoryDelete,
}

impl ToolName {
    pub(crate) const ALL: [Self; 9] = [
        Self::SearchCode,
        Self::Expand,
        Self::Symbol,
        Self::IndexStatus,
        Self::MemoryStore,
        Self::MemoryFind,
        Self::MemoryPreferences,
        Self::MemoryProjectFacts,
        Self::MemoryDelete,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SearchCode => search_code::NAME,
            Self::Expand => expand::NAME,
            Self::Symbol => symbol::NAME,
            Self::IndexStatus => index_status::NAME,
            Self::MemoryStore => memory_store::NAME,
            Self::MemoryFind => memory_find::NAME,
            Self::MemoryPreferences => memory_preferences::NAME,
            Self::MemoryProjectFacts => memory_project_facts::NAME,
            Self::MemoryDelete => memory_delete::NAME,
        }
    }

    /// Whether it changes what is stored.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::MemoryStore | Self::MemoryDelete => true,
            Self::SearchCode
            | Self::Expand
            | Self::Symbol
            | Self::IndexStatus
            | Self::MemoryFind
            | Self::MemoryPreferences
            | Self::MemoryProjectFacts => false,
        }
    }

    pub(crate) fn definition(self) -> Tool {
        match self {
            Self::SearchCode => search_code::definition(),
            Self::Expand => expand::definition(),
            Self::Symbol => symbol::definition(),
            Self::IndexStatus => index_status::definition(),
            Self::MemoryStore => memory_store::definition(),
            Self::MemoryFind => memory_find::definition(),
            Self::MemoryPreferences => memory_preferences::definition(),
            Self::MemoryProjectFacts => memory_project_facts::definition(),
            Self::MemoryDelete => memory_delete::definition(),
        }
    }

    pub(crate) async fn call(self, session: &Session, request: &RequestId, arguments: &JsonObject) -> Answer {
        let outcome = match self {
            // Its request has many fields, and every call's future would be as large.
            Self::SearchCode => Box::pin(search_code::call(session, request, arguments)).await,
            Self::Expand => expand::call(session, request, arguments).await,
            Self::Symbol => symbol::call(session, request, arguments).await,
            Self::IndexStatus => index_status::call(session, request, arguments).await,
            Self::MemoryStore => memory_store::call(session, request, arguments).await,
            Self::MemoryFind => memory_find::call(session, request, arguments).await,
            Self::MemoryPreferences => memory_preferences::call(session, request, arguments).await,
            Self::MemoryProjectFacts => memory_project_facts::call(session, request, arguments).await,
            Self::MemoryDelete => memory_delete::call(session, request, arguments).await,
        };
        outcome.unwrap_or_else(|refusal| refusal)
    }
}

/// A tool that only reads, which lets a client run several at once.
fn reading(name: &'static str, description: &'static str, schema: serde_json::Value) -> Tool {
    tool(name, description, schema).with_annotations(ToolAnnotations::new().read_only(true))
}

/// A tool that changes what is stored.
fn writing(name: &'static str, description: &'static str, schema: serde_json::Value, destroys: bool) -> Tool {
    tool(name, description, schema).with_annotations(ToolAnnotations::new().read_only(false).destructive(destroys))
}

fn tool(name: &'static str, description: &'static str, schema: serde_json::Value) -> Tool {
    let schema = match schema {
        serde_json::Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(name, description, schema)
}

/// Who asks about memories, from a tool's `path` and `session` or from what the session began with.
fn caller(session: &Session, arguments: &Arguments<'_>) -> Result<MemoryCaller, Answer> {
    let place = session.project.place(arguments.text("path")?);
    let id = arguments.text("session")?.or(session.id.as_deref());
    Ok(MemoryCaller {
        project: place.map_err(Answer::refusal)?.path,
        session: id.unwrap_or_default().to_owned(),
        origin: MemoryOrigin::Agent.into(),
    })
}

/// A request of that name that is given up after [`ANSWER_TIMEOUT`].
fn bounded<T>(message: T, name: &RequestId) -> Request<T> {
    let mut request = named(message, name);
    request.set_timeout(ANSWER_TIMEOUT);
    request
}

/// A request of that name.
fn named<T>(message: T, name: &RequestId) -> Request<T> {
    let mut request = Request::new(message);
    codemem_client::name(&mut request, name);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most tokens that all tools together may cost every session. Hints whose absence says the same, and lists of names
    /// that a refusal tells, are left out for it.
    const MAX_TOKENS: f64 = 900.0;

    /// Bytes of a token of such text, on the low side: three public vocabularies (the one published with the first Claude
    /// models, o200k, cl100k) make 4.1 to 4.5 of these definitions.
    const BYTES_PER_TOKEN: f64 = 3.6;

    #[test]
    fn what_an_agent_is_told() {
        let tools: Vec<_> = ToolName::ALL.into_iter().map(ToolName::definition).collect();
        let expected: serde_json::Value = serde_json::from_str(include_str!("snapshot.json")).expect("JSON");
        let actual = serde_json::to_value(&tools).expect("JSON");
        assert_eq!(actual, expected, "{actual:#}");
        let compact = serde_json::to_string(&tools).expect("JSON");
        let n_tokens = compact.len() as f64 / BYTES_PER_TOKEN;
        assert!(
            n_tokens <= MAX_TOKENS,
            "{n_tokens:.0} tokens in {} bytes",
            compact.len()
        );
        for unwanted in ["\"format\":\"uint", "\"null\"", "$schema", "anyOf"] {
            assert!(!compact.contains(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn tools_say_whether_they_write() {
        for tool in ToolName::ALL {
            let definition = tool.definition();
            assert_eq!(definition.name, tool.as_str());
            assert!(tool.as_str().len() <= 30);
            let annotations = definition.annotations.expect("there");
            assert_eq!(annotations.read_only_hint, Some(!tool.writes()), "{tool:?}");
        }
    }
}

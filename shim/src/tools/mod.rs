//! The tools, one file each: what the agent is told about it, and what it does.

mod arguments;
mod index_status;
mod search_code;

use crate::bridge::{Bridge, Trouble};
use crate::project::Project;
use arguments::Arguments;
use codemem_proto::request::RequestId;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use std::time::Duration;
use tonic::Request;

/// Longest wait for an answer: agents give a tool about a minute.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(50);

/// What a tool works with.
pub(crate) struct Session {
    pub(crate) bridge: Bridge,
    pub(crate) project: Project,
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
    IndexStatus,
}

impl ToolName {
    pub(crate) const ALL: [Self; 2] = [Self::SearchCode, Self::IndexStatus];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SearchCode => search_code::NAME,
            Self::IndexStatus => index_status::NAME,
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == name)
    }

    pub(crate) fn definition(self) -> Tool {
        match self {
            Self::SearchCode => search_code::definition(),
            Self::IndexStatus => index_status::definition(),
        }
    }

    pub(crate) async fn call(self, session: &Session, request: &RequestId, arguments: &JsonObject) -> Answer {
        let outcome = match self {
            Self::SearchCode => search_code::call(session, request, arguments).await,
            Self::IndexStatus => index_status::call(session, request, arguments).await,
        };
        outcome.unwrap_or_else(|refusal| refusal)
    }
}

/// A tool that only reads, which lets a client run several at once.
fn reading(name: &'static str, description: &'static str, schema: serde_json::Value) -> Tool {
    let schema = match schema {
        serde_json::Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    Tool::new(name, description, schema).with_annotations(ToolAnnotations::new().read_only(true).open_world(false))
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

    #[test]
    fn what_an_agent_is_told() {
        let tools: Vec<_> = ToolName::ALL.into_iter().map(ToolName::definition).collect();
        let expected: serde_json::Value = serde_json::from_str(include_str!("snapshot.json")).expect("JSON");
        assert_eq!(serde_json::to_value(&tools).expect("JSON"), expected);
        // Roughly four bytes a token, and less than half of what all tools together may cost.
        let compact = serde_json::to_string(&tools).expect("JSON");
        assert!(compact.len() < 1600, "{} bytes", compact.len());
        for unwanted in ["\"format\":\"uint", "\"null\"", "$schema", "anyOf"] {
            assert!(!compact.contains(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn names_find_their_tools() {
        for tool in ToolName::ALL {
            assert_eq!(ToolName::parse(tool.as_str()), Some(tool));
            assert!(tool.as_str().len() <= 30);
        }
        assert_eq!(ToolName::parse("search"), None);
    }
}

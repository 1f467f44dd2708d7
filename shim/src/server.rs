//! The MCP side: who we are, which tools there are, and calling them.

use crate::bridge::Bridge;
use crate::panics::caught;
use crate::project::Project;
use crate::tools::{Answer, Session, ToolName};
use codemem_proto::request::RequestId;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, DiscoverResult, Implementation,
    InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::time::Duration;

/// How long the handshake waits for the first attempt to connect, so that its failure can be told in
/// the instructions: a running daemon and a missing program are both known sooner.
const GRACE: Duration = Duration::from_millis(5);

/// When to use what. The first sentence is what an agent sees for sure.
const INSTRUCTIONS: &str = "Use search_code to find code in this project by what it does, by words or by symbol name, before \
grepping or opening files at random. It answers with ranked path:lines, signatures and snippets from an index that is kept \
up to date. For every occurrence of an exact string, grep is still right. index_status tells what is indexed and how far it is.";

pub(crate) struct Server {
    session: Session,
}

impl Server {
    pub(crate) fn new(bridge: Bridge, project: Project) -> Self {
        Self {
            session: Session {
                bridge,
                project,
                request: RequestId::fresh(),
            },
        }
    }

    async fn settle(&self) {
        // Time that is up is no failure: the instructions then say nothing about the daemon.
        drop(tokio::time::timeout(GRACE, self.session.bridge.settled()).await);
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let instructions = match self.session.bridge.trouble() {
            Some(trouble) => format!("{INSTRUCTIONS}\n\nRight now it does not work: {trouble}"),
            None => INSTRUCTIONS.to_owned(),
        };
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("codemem", env!("CARGO_PKG_VERSION")))
            .with_instructions(instructions)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.settle().await;
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.settle().await;
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = ToolName::ALL.into_iter().map(ToolName::definition).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        ToolName::parse(name).map(ToolName::definition)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = ToolName::parse(&request.name) else {
            let known = ToolName::ALL.map(ToolName::as_str).join(", ");
            let message = format!("unknown tool `{}`; there are: {known}", request.name);
            return Err(ErrorData::invalid_params(message, None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let request_id = self.session.request.with_part(&context.id.to_string());
        let answer = tokio::select! {
            answer = caught(tool.call(&self.session, &request_id, &arguments)) => answer,
            // The call to the daemon is dropped with the other branch. Nobody reads this answer.
            () = context.ct.cancelled() => Some(Answer::refusal("cancelled")),
        };
        let answer = answer.unwrap_or_else(|| {
            Answer::refusal("codemem failed on this question; ask it differently, or use another tool")
        });
        let text = vec![ContentBlock::text(answer.text)];
        Ok(if answer.is_error {
            CallToolResult::error(text).into()
        } else {
            CallToolResult::success(text).into()
        })
    }
}

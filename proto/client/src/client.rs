//! A connection to a daemon that understands us.

use crate::{Connection, caller};
use codemem_proto::v1::config_client::ConfigClient;
use codemem_proto::v1::daemon_client::DaemonClient;
use codemem_proto::v1::doctor_client::DoctorClient;
use codemem_proto::v1::graph_client::GraphClient;
use codemem_proto::v1::index_client::IndexClient;
use codemem_proto::v1::memory_client::MemoryClient;
use codemem_proto::v1::models_client::ModelsClient;
use codemem_proto::v1::search_client::SearchClient;
use codemem_proto::v1::{HelloResponse, ShutdownRequest};
use tonic::Request;

/// Bytes of the largest answer about memories: a long list of long ones. Others are bounded by what they tell.
const MAX_MEMORIES: usize = 64 * 1024 * 1024;

/// Bytes of the largest answer about code: ten thousand lines, each with where it stands.
const MAX_HITS: usize = 64 * 1024 * 1024;

/// The services of one daemon, over one connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its settings.
    pub config: ConfigClient<Connection>,
    /// Who it is, how it does, how it ends.
    pub daemon: DaemonClient<Connection>,
    /// What the daemon depends on, and whether it holds.
    pub doctor: DoctorClient<Connection>,
    /// Questions about the code graph.
    pub graph: GraphClient<Connection>,
    /// What is indexed.
    pub index: IndexClient<Connection>,
    /// What is remembered.
    pub memory: MemoryClient<Connection>,
    /// Questions about code.
    pub search: SearchClient<Connection>,
    /// Models and their runtime.
    pub models: ModelsClient<Connection>,
    hello: HelloResponse,
    started: bool,
}

impl Client {
    pub(crate) fn new(connection: &Connection, hello: HelloResponse) -> Self {
        Self {
            config: ConfigClient::new(connection.clone()),
            daemon: DaemonClient::new(connection.clone()),
            doctor: DoctorClient::new(connection.clone()),
            graph: GraphClient::new(connection.clone()).max_decoding_message_size(MAX_HITS),
            index: IndexClient::new(connection.clone()),
            memory: MemoryClient::new(connection.clone()).max_decoding_message_size(MAX_MEMORIES),
            search: SearchClient::new(connection.clone()).max_decoding_message_size(MAX_HITS),
            models: ModelsClient::new(connection.clone()),
            hello,
            started: false,
        }
    }

    pub(crate) fn that_was_started(self, started: bool) -> Self {
        Self { started, ..self }
    }

    /// What the daemon said of itself when it was greeted.
    pub fn hello(&self) -> &HelloResponse {
        &self.hello
    }

    /// Whether this connection was made by starting the daemon.
    pub fn was_started(&self) -> bool {
        self.started
    }

    /// Asks the daemon to end. It answers before it does.
    pub(crate) async fn shutdown(&mut self, reason: &str) -> Result<(), tonic::Status> {
        let reason = reason.to_owned();
        let mut request = Request::new(ShutdownRequest { reason });
        // Replacing a daemon is the connector's doing, whatever its owner has promised not to do.
        caller::unpromise(&mut request);
        self.daemon.shutdown(request).await.map(drop)
    }
}

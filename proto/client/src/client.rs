//! A connection to a daemon that understands us.

use codemem_proto::v1::daemon_client::DaemonClient;
use codemem_proto::v1::index_client::IndexClient;
use codemem_proto::v1::models_client::ModelsClient;
use codemem_proto::v1::search_client::SearchClient;
use codemem_proto::v1::{HelloResponse, ShutdownRequest};
use tonic::transport::Channel;

/// The services of one daemon, over one connection. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    /// Who it is, how it does, how it ends.
    pub daemon: DaemonClient<Channel>,
    /// What is indexed.
    pub index: IndexClient<Channel>,
    /// Questions about code.
    pub search: SearchClient<Channel>,
    /// Models and their runtime.
    pub models: ModelsClient<Channel>,
    hello: HelloResponse,
    started: bool,
}

impl Client {
    pub(crate) fn new(channel: &Channel, hello: HelloResponse) -> Self {
        Self {
            daemon: DaemonClient::new(channel.clone()),
            index: IndexClient::new(channel.clone()),
            search: SearchClient::new(channel.clone()),
            models: ModelsClient::new(channel.clone()),
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
        self.daemon.shutdown(ShutdownRequest { reason }).await.map(drop)
    }
}

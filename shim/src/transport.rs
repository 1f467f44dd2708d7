//! The client's messages, without those that would end the session before it begins.
//!
//! Until a request has settled which era of the protocol is spoken, rmcp takes any notification or
//! response for a broken client and ends. Here they are passed over.

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, GetMeta as _, JsonRpcMessage, ProtocolVersion};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

pub(crate) struct Forgiving<T> {
    inner: T,
    is_settled: bool,
}

impl<T> Forgiving<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            is_settled: false,
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Forgiving<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let message = self.inner.receive().await?;
            self.is_settled = self.is_settled || settles(&message);
            if self.is_settled || matches!(message, JsonRpcMessage::Request(_)) {
                return Some(message);
            }
            tracing::debug!("passed over a message before the first request");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

/// Whether the message settles the era: the handshake of the old one, or any complete request of the
/// new one but discovery.
fn settles(message: &RxJsonRpcMessage<RoleServer>) -> bool {
    let JsonRpcMessage::Request(request) = message else {
        return false;
    };
    if matches!(request.request, ClientRequest::InitializeRequest(_)) {
        return true;
    }
    let is_probe = matches!(
        request.request,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_)
    );
    let meta = request.request.get_meta();
    let is_complete = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28).is_empty();
    let is_known = meta
        .protocol_version()
        .is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version));
    !is_probe && is_complete && is_known
}

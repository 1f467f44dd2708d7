//! One attempt to reach a daemon: connect, check who is there, greet.

use crate::caller::Caller;
use crate::{Client, ConnectError};
use codemem_proto::rendezvous::{Rendezvous, RendezvousError, own_uid};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::daemon_client::DaemonClient;
use codemem_proto::v1::{HelloRequest, HelloResponse};
use codemem_proto::version::{Compatibility, PROTOCOL, Protocol, compatibility};
use hyper_util::rt::TokioIo;
use std::io::{self, ErrorKind as IoErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

/// How long connecting and greeting may take. A live daemon answers within milliseconds even while
/// it indexes; what takes this long is stopped or hung.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause before a socket is tried again whose queue of waiting connections is full.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// How often a connection with a call in flight asks whether the daemon still lives, and how long it
/// waits for the answer: long enough for a machine out of breath, short enough for a person.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What was found at the socket.
pub(crate) enum Found {
    /// Nobody listens.
    Nobody,
    /// Somebody accepted the connection and let it go: a daemon that ends, or that could not start.
    Leaving,
    /// A daemon that understands us.
    Daemon(Client),
    /// A daemon that is too old for us. The client serves to end it.
    TooOld(Client),
    /// A daemon that is too new for us. The client serves to end it.
    TooNew(Client),
}

/// The protocol a daemon says it speaks; one that says nothing speaks the oldest.
pub(crate) fn protocol_of(hello: &HelloResponse) -> Protocol {
    hello.protocol.map_or(Protocol { major: 0, minor: 0 }, Protocol::from)
}

/// Looks who is there. Changes nothing.
pub(crate) async fn dial(rendezvous: &Rendezvous, caller: &Caller) -> Result<Found, ConnectError> {
    match rendezvous.verify() {
        Err(RendezvousError::Inspect { source, .. }) if source.kind() == IoErrorKind::NotFound => {
            return Ok(Found::Nobody);
        }
        outcome => outcome?,
    }
    let socket = rendezvous.socket();
    match timeout(HELLO_TIMEOUT, greet(&socket, caller)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ConnectError::Unresponsive { socket }),
    }
}

/// Whether somebody accepts connections at the socket.
pub(crate) async fn is_listening(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

async fn greet(socket: &Path, caller: &Caller) -> Result<Found, ConnectError> {
    let Some(stream) = connect(socket).await? else {
        return Ok(Found::Nobody);
    };
    let Ok(channel) = channel_over(stream, caller).await else {
        return Ok(Found::Leaving);
    };
    let request = HelloRequest {
        protocol: Some(PROTOCOL.into()),
        client: caller.program.clone(),
    };
    let connection = caller.connection(&channel);
    let hello = match DaemonClient::new(connection.clone()).hello(request).await {
        Ok(response) => response.into_inner(),
        Err(status) => {
            let error = WireError::from_status(&status);
            // On its way out, or gone between connecting and greeting.
            return if error.kind == ErrorKind::Unavailable {
                Ok(Found::Leaving)
            } else {
                Err(ConnectError::Refused(error))
            };
        }
    };
    let verdict = compatibility(PROTOCOL, protocol_of(&hello));
    let client = Client::new(&connection, hello);
    Ok(match verdict {
        Compatibility::Compatible => Found::Daemon(client),
        Compatibility::DaemonTooOld => Found::TooOld(client),
        Compatibility::ClientTooOld => Found::TooNew(client),
    })
}

/// Connects to the socket; `None` when nobody listens.
async fn connect(socket: &Path) -> Result<Option<UnixStream>, ConnectError> {
    loop {
        let failed = |source| ConnectError::Dial {
            socket: socket.to_owned(),
            source,
        };
        let stream = match UnixStream::connect(socket).await {
            Ok(stream) => stream,
            Err(error) => match error.kind() {
                // Reset: the listener was killed with the connection in its queue.
                IoErrorKind::NotFound | IoErrorKind::ConnectionRefused | IoErrorKind::ConnectionReset => {
                    return Ok(None);
                }
                // Linux says so when the listener's queue is full; the caller bounds the wait.
                IoErrorKind::WouldBlock => {
                    sleep(BUSY_PAUSE).await;
                    continue;
                }
                _ => return Err(failed(error)),
            },
        };
        let uid = match stream.peer_cred() {
            Ok(credentials) => credentials.uid(),
            Err(error) => return Err(failed(error)),
        };
        if uid != own_uid() {
            let socket = socket.to_owned();
            return Err(ConnectError::ForeignDaemon { socket, uid });
        }
        return Ok(Some(stream));
    }
}

/// A channel over exactly this stream. It never connects again by itself: another daemon may listen
/// by then, and nobody would have greeted it.
async fn channel_over(stream: UnixStream, caller: &Caller) -> Result<Channel, tonic::transport::Error> {
    let slot = Arc::new(Mutex::new(Some(stream)));
    let connector = service_fn(move |_: Uri| {
        let stream = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(
            stream
                .map(TokioIo::new)
                .ok_or_else(|| io::Error::new(IoErrorKind::NotConnected, "the connection to the daemon is closed")),
        )
    });
    Endpoint::from_static("http://localhost")
        .user_agent(caller.agent())?
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .connect_with_connector(connector)
        .await
}

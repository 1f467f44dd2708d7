//! Connections: how many there may be, who is at the other end, and when one is given up.
//!
//! Every connection holds a descriptor, and the stores need descriptors too: there are places for some,
//! and a few more are let in only to be told that there is no place. One task accepts. A connection ends
//! by itself when nothing was ever said on it, and when its client does not react to the daemon's end.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

/// Descriptors asked of the system: a thousand clients and a hundred repositories fit many times over.
const WANTED_DESCRIPTORS: u64 = 16 * 1024;

/// Most connections served at once, however many descriptors there are.
const MAX_CONNECTIONS: u64 = 1024;

/// Most connections let in at once to be refused.
const MAX_REFUSALS: u64 = 64;

/// How long a connection may last without a byte from its client: clients greet at once.
const FIRST_WORDS: Duration = Duration::from_secs(10);

/// How long a connection without a place lasts: time to be told so.
const REFUSAL: Duration = Duration::from_secs(5);

/// How long a client may take to react to the daemon's end. One that works answers within milliseconds and is
/// then waited for; one that is stopped or gone is not.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Pause after the system had no descriptor for a new connection: others must end first.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(50);

/// How many connections there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Admission {
    places: usize,
    refusals: usize,
}

impl Admission {
    /// Raises the limit of descriptors as far as the system lets us, and leaves most of them to the stores.
    pub(crate) fn of_process() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit
            .maximum
            .map_or(WANTED_DESCRIPTORS, |maximum| maximum.min(WANTED_DESCRIPTORS));
        let current = limit.current.unwrap_or(u64::MAX);
        if current >= wanted {
            return Self::with(current);
        }
        let raised = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: limit.maximum,
            },
        );
        Self::with(if raised.is_ok() { wanted } else { current })
    }

    fn with(descriptors: u64) -> Self {
        let admission = Self {
            places: (descriptors / 4).clamp(16, MAX_CONNECTIONS) as usize,
            refusals: (descriptors / 16).clamp(4, MAX_REFUSALS) as usize,
        };
        tracing::debug!(descriptors, places = admission.places, "connections");
        admission
    }
}

/// Who is at the other end of a connection, as every call on it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The user, when the kernel tells.
    pub(super) uid: Option<u32>,
    /// There is a place for it.
    pub(super) is_admitted: bool,
}

/// The connections that come in, accepted by a task of their own until `stop`.
pub(crate) fn connections(
    listener: UnixListener,
    admission: Admission,
    stop: CancellationToken,
) -> (ReceiverStream<io::Result<Connection>>, impl Future<Output = ()>) {
    let (connections_tx, connections_rx) = mpsc::channel(1);
    let accept = async move {
        let places = Arc::new(Semaphore::new(admission.places));
        let refusals = Arc::new(Semaphore::new(admission.refusals));
        let accepting = async {
            // The semaphores are never closed, and the server takes connections until `stop`.
            while let Ok(refusal) = Arc::clone(&refusals).acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let place = Arc::clone(&places).try_acquire_owned();
                        let connection = match place {
                            Ok(place) => Connection::admitted(stream, place, stop.clone()),
                            Err(_) => Connection::refused(stream, refusal),
                        };
                        if connections_tx.send(Ok(connection)).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(OUT_OF_DESCRIPTORS).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stop.cancelled() => {}
        }
    };
    (ReceiverStream::new(connections_rx), accept)
}

/// A client's connection, which reads as ended when patience with it has run out.
pub(crate) struct Connection {
    stream: UnixStream,
    is_admitted: bool,
    /// Held until the connection ends.
    _place: OwnedSemaphorePermit,
    stop: CancellationToken,
    heard: Heard,
    /// When patience runs out.
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// When something last came from the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Never,
    WhileServing,
    AfterStop,
}

impl Connection {
    fn admitted(stream: UnixStream, place: OwnedSemaphorePermit, stop: CancellationToken) -> Self {
        Self {
            stream,
            is_admitted: true,
            _place: place,
            heard: Heard::Never,
            end: Box::pin(first_words(stop.clone())),
            stop,
        }
    }

    fn refused(stream: UnixStream, refusal: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            is_admitted: false,
            _place: refusal,
            stop: CancellationToken::new(),
            heard: Heard::AfterStop,
            end: Box::pin(sleep(REFUSAL)),
        }
    }

    /// Something came from the client: it lives.
    fn hear(&mut self) {
        let stopped = self.stop.is_cancelled();
        match self.heard {
            Heard::Never | Heard::WhileServing if stopped => {
                self.heard = Heard::AfterStop;
                self.end = Box::pin(std::future::pending());
            }
            Heard::Never => {
                self.heard = Heard::WhileServing;
                self.end = Box::pin(last_words(self.stop.clone()));
            }
            Heard::WhileServing | Heard::AfterStop => {}
        }
    }
}

/// Patience with a client that has said nothing yet.
async fn first_words(stop: CancellationToken) {
    tokio::select! {
        () = sleep(FIRST_WORDS) => {}
        () = last_words(stop) => {}
    }
}

/// Patience with a client that has spoken before the daemon's end and not since.
async fn last_words(stop: CancellationToken) {
    stop.cancelled_owned().await;
    sleep(LAST_WORDS).await;
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer {
            uid: self.stream.peer_cred().ok().map(|peer| peer.uid()),
            is_admitted: self.is_admitted,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            if buffer.filled().len() > before {
                self.hear();
            }
            return Poll::Ready(outcome);
        }
        // Nothing read is the end of a stream.
        ready!(self.end.as_mut().poll(context));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn place() -> OwnedSemaphorePermit {
        Arc::new(Semaphore::new(1)).try_acquire_owned().expect("free")
    }

    #[test]
    fn most_descriptors_are_left_to_the_stores() {
        for (descriptors, places, refusals) in [(64, 16, 4), (256, 64, 16), (1024, 256, 64), (1 << 20, 1024, 64)] {
            assert_eq!(
                Admission::with(descriptors),
                Admission { places, refusals },
                "{descriptors}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_speaks_is_given_up() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let mut connection = Connection::admitted(ours, place(), CancellationToken::new());
        assert_eq!(connection.read(&mut [0; 8]).await.expect("an end"), 0);
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_first_words_when_the_daemon_ends() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let stop = CancellationToken::new();
        let mut connection = Connection::admitted(ours, place(), stop.clone());
        stop.cancel();
        let began = tokio::time::Instant::now();
        assert_eq!(connection.read(&mut [0; 8]).await.expect("an end"), 0);
        assert!(began.elapsed() < FIRST_WORDS);
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_spoken_may_be_silent_until_the_daemon_ends() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let stop = CancellationToken::new();
        let mut connection = Connection::admitted(ours, place(), stop.clone());
        theirs.write_all(b"hello").await.expect("written");
        assert_eq!(connection.read(&mut [0; 8]).await.expect("words"), 5);
        let silent = tokio::time::timeout(FIRST_WORDS * 100, connection.read(&mut [0; 8])).await;
        assert!(silent.is_err(), "a session may be idle for hours");
        stop.cancel();
        assert_eq!(connection.read(&mut [0; 8]).await.expect("an end"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reacts_to_the_end_is_waited_for() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let stop = CancellationToken::new();
        let mut connection = Connection::admitted(ours, place(), stop.clone());
        stop.cancel();
        theirs.write_all(b"going").await.expect("written");
        assert_eq!(connection.read(&mut [0; 8]).await.expect("words"), 5);
        let silent = tokio::time::timeout(LAST_WORDS * 100, connection.read(&mut [0; 8])).await;
        assert!(silent.is_err(), "its calls may still be at work");
    }
}

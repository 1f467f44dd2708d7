//! The one connection of this process to the daemon, made when needed and made again when lost.
//!
//! A task owns it; calls ask the task through a bounded mailbox. While it connects they wait, which
//! the client crate bounds; after a failure they are told so at once until the next attempt is due.

use codemem_client::{Client, ConnectError, Connector, chain};
use codemem_proto::status::{ErrorKind, WireError, is_connection_lost};
use std::fmt::{self, Write as _};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tonic::Status;

/// Calls that may wait for the connection; an agent runs a handful of tools at once.
const MAILBOX: usize = 64;

/// Pause after a first failure; doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause between attempts: whoever has just repaired something will not wait longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Why a call has no answer, in words for the agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Trouble {
    /// What it means; the daemon's word, or that it cannot be reached.
    pub(crate) kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nWhat to do: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<WireError> for Trouble {
    fn from(error: WireError) -> Self {
        Self {
            kind: error.kind,
            message: error.message,
            hint: error.hint,
        }
    }
}

impl From<&ConnectError> for Trouble {
    fn from(error: &ConnectError) -> Self {
        Self {
            kind: ErrorKind::Unavailable,
            message: format!("codemem's daemon cannot be reached: {}", chain(error)),
            hint: Some(error.hint()),
        }
    }
}

/// A handle; clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    asks_tx: mpsc::Sender<Ask>,
    trouble_rx: watch::Receiver<Option<Trouble>>,
}

/// A connection and its number, by which its loss is told.
type Numbered = (u64, Client);

enum Ask {
    /// The connection, please.
    Client(oneshot::Sender<Result<Numbered, Trouble>>),
    /// The connection of this number is broken.
    Lost(u64),
}

impl Bridge {
    /// Starts the owner, which begins to connect at once. Needs a runtime.
    pub(crate) fn open(connector: Result<Connector, ConnectError>) -> Self {
        let (asks_tx, asks_rx) = mpsc::channel(MAILBOX);
        let (trouble_tx, trouble_rx) = watch::channel(None);
        let owner = Owner {
            connector,
            connection: None,
            n_connections: 0,
            n_failures: 0,
            retry_at: None,
            trouble_tx,
        };
        // Ends with the last handle, or with the runtime.
        tokio::spawn(owner.run(asks_rx));
        Self { asks_tx, trouble_rx }
    }

    /// What keeps the daemon from being reached, as far as is known.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble_rx.borrow().clone()
    }

    /// Waits until the first attempt to connect has ended.
    pub(crate) async fn settled(&self) {
        drop(self.client().await);
    }

    /// Makes a call. A broken connection is made anew once, so a call must be safe to repeat.
    pub(crate) async fn call<T, F>(&self, call: impl Fn(Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let (number, client) = self.client().await?;
        match call(client).await {
            Err(status) if is_connection_lost(&status) => {
                // An owner that has gone is told by the next line.
                let _ = self.asks_tx.send(Ask::Lost(number)).await;
                let (_, client) = self.client().await?;
                call(client).await
            }
            outcome => outcome,
        }
        .map_err(|status| WireError::from_status(&status).into())
    }

    async fn client(&self) -> Result<Numbered, Trouble> {
        let (reply_tx, reply_rx) = oneshot::channel();
        let gone = || Trouble {
            kind: ErrorKind::Internal,
            message: "codemem-mcp has lost its connection task".to_owned(),
            hint: Some("restart the MCP server `codemem`".to_owned()),
        };
        if self.asks_tx.send(Ask::Client(reply_tx)).await.is_err() {
            return Err(gone());
        }
        reply_rx.await.unwrap_or_else(|_| Err(gone()))
    }
}

struct Owner {
    connector: Result<Connector, ConnectError>,
    connection: Option<Numbered>,
    n_connections: u64,
    n_failures: u32,
    /// No attempt before that.
    retry_at: Option<Instant>,
    trouble_tx: watch::Sender<Option<Trouble>>,
}

impl Owner {
    async fn run(mut self, mut asks_rx: mpsc::Receiver<Ask>) {
        // So that a daemon that has to be started is there when the first question comes.
        drop(self.client().await);
        while let Some(ask) = asks_rx.recv().await {
            match ask {
                Ask::Client(reply_tx) => {
                    let reply = self.client().await;
                    // Whoever asked may have been cancelled.
                    let _ = reply_tx.send(reply);
                }
                Ask::Lost(number) => {
                    self.connection = self.connection.take().filter(|(current, _)| *current != number);
                }
            }
        }
    }

    async fn client(&mut self) -> Result<Numbered, Trouble> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let connector = match &self.connector {
            Ok(connector) => connector,
            Err(error) => {
                let trouble = Trouble::from(error);
                self.trouble_tx.send_replace(Some(trouble.clone()));
                return Err(trouble);
            }
        };
        if let Some(wait) = self.retry_at.and_then(|at| at.checked_duration_since(Instant::now()))
            && let Some(mut trouble) = self.trouble_tx.borrow().clone()
        {
            let seconds = wait.as_secs_f64().ceil();
            let _ = write!(trouble.message, " (tried again in {seconds} s at the earliest)");
            return Err(trouble);
        }
        match connector.connect().await {
            Ok(client) => {
                self.n_connections += 1;
                self.n_failures = 0;
                self.retry_at = None;
                self.trouble_tx.send_replace(None);
                let connection = (self.n_connections, client);
                self.connection = Some(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                let pause = FIRST_PAUSE
                    .saturating_mul(1 << self.n_failures.min(16))
                    .min(LONGEST_PAUSE);
                self.n_failures += 1;
                self.retry_at = Some(Instant::now() + pause);
                let trouble = Trouble::from(&error);
                self.trouble_tx.send_replace(Some(trouble.clone()));
                Err(trouble)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_client::testing::{FakeDaemon, Script};
    use codemem_proto::rendezvous::Rendezvous;
    use codemem_proto::v1::SearchRequest;

    fn place() -> (tempfile::TempDir, Rendezvous) {
        let directory = tempfile::tempdir().expect("directory");
        let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
        (directory, rendezvous)
    }

    async fn ask(bridge: &Bridge) -> Result<(), Trouble> {
        let search = |mut client: Client| async move { client.search.search(SearchRequest::default()).await };
        bridge.call(search).await.map(drop)
    }

    #[tokio::test]
    async fn a_daemon_that_comes_back_is_found_again() {
        let (_directory, rendezvous) = place();
        let first = FakeDaemon::start(&rendezvous, Script::default()).expect("alone");
        let bridge = Bridge::open(Ok(Connector::new(rendezvous.clone(), "test")));
        ask(&bridge).await.expect("answered");
        ask(&bridge).await.expect("answered");
        assert_eq!(first.n_greetings(), 1);
        first.kill();
        let second = FakeDaemon::start(&rendezvous, Script::default()).expect("alone");
        ask(&bridge).await.expect("answered by the second");
        assert_eq!((second.n_greetings(), second.asked().len()), (1, 1));
        assert_eq!(bridge.trouble(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_daemon_is_looked_for_less_and_less_often() {
        let (_directory, rendezvous) = place();
        let bridge = Bridge::open(Ok(Connector::new(rendezvous.clone(), "test")));
        let trouble = ask(&bridge).await.expect_err("nobody");
        assert!(trouble.to_string().contains("the daemon is not running"), "{trouble}");
        assert!(
            trouble
                .to_string()
                .contains("What to do: start it with `codemem daemon start`"),
            "{trouble}"
        );
        assert!(bridge.trouble().is_some());
        let daemon = FakeDaemon::start(&rendezvous, Script::default()).expect("alone");
        let early = ask(&bridge).await.expect_err("not tried yet");
        assert!(early.to_string().contains("tried again in 1 s"), "{early}");
        assert_eq!(daemon.n_greetings(), 0);
        tokio::time::advance(FIRST_PAUSE + Duration::from_millis(1)).await;
        // A paused clock would run ahead while the daemon's thread answers.
        tokio::time::resume();
        ask(&bridge).await.expect("answered");
        assert_eq!(bridge.trouble(), None);
    }

    #[tokio::test]
    async fn a_runtime_directory_that_cannot_be_used_is_told() {
        let error = Rendezvous::at("relative").expect_err("relative");
        let bridge = Bridge::open(Err(error.into()));
        let trouble = ask(&bridge).await.expect_err("no way");
        assert!(trouble.to_string().contains("CODEMEM_RUNTIME_DIR"), "{trouble}");
    }
}

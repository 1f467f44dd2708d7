//! From no connection to a greeted one, in a bounded loop.
//!
//! Two rights are kept apart: to start a daemon (a [`Launcher`] is there) and to end one (it is older
//! than us, and no service manager runs it). Whoever uses either right holds `start.lock`, so that of
//! two clients that find no daemon one starts it and the other finds it. Where a service manager is in
//! charge neither right exists: connecting to its socket makes it start the daemon.

use crate::caller::Caller;
use crate::dial::{Found, dial, is_listening, protocol_of};
use crate::launcher::{Launched, Launcher};
use crate::service::Service;
use crate::{Client, ConnectError};
use codemem_proto::rendezvous::{FileLock, Rendezvous};
use codemem_proto::request::RequestId;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longest wait for another client that starts or stops the daemon: it may need all the times below.
const TURN_TIMEOUT: Duration = Duration::from_secs(90);

/// Longest wait for a daemon to end after it agreed to: it drains its calls for up to 10 s, then
/// flushes its stores.
const STOP_TIMEOUT: Duration = Duration::from_secs(40);

/// Longest wait for a daemon that holds its lock to listen or to let go: the time to end, for a
/// daemon that is ending looks like that.
const SETTLE_TIMEOUT: Duration = STOP_TIMEOUT;

/// How often locks and the socket are looked at while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Times a daemon is looked for and started. A second is needed when one ends under our hands; more
/// hint at a daemon that does not stay.
const MAX_ATTEMPTS: usize = 3;

/// Pause before a service is tried again: the daemon that ended under our hands is given time to go.
const SERVICE_PAUSE: Duration = Duration::from_millis(200);

/// Times a service is tried again: its daemon may be ending for a restart. Each makes the service
/// manager start it, and it gives up on one that fails too often.
const SERVICE_RETRIES: usize = 2;

/// How to reach the daemon.
#[derive(Clone, Debug)]
pub struct Connector {
    rendezvous: Rendezvous,
    caller: Caller,
    launcher: Option<Launcher>,
    service: Option<Service>,
}

enum Settled {
    /// No daemon lives.
    LockFree,
    /// One listens.
    Listening,
}

impl Connector {
    /// A connector that never starts a daemon. `program` is the caller's name and version, for the
    /// daemon's log.
    pub fn new(rendezvous: Rendezvous, program: impl Into<String>) -> Self {
        Self {
            rendezvous,
            caller: Caller {
                program: program.into(),
                request: None,
            },
            launcher: None,
            service: None,
        }
    }

    /// Names the service that may be in charge of the daemon: then nothing is started or ended here.
    #[must_use]
    pub fn with_service(mut self, service: Option<Service>) -> Self {
        self.service = service;
        self
    }

    /// Gives all calls the name of one request; without it each call is a request of its own.
    #[must_use]
    pub fn with_request(mut self, request: RequestId) -> Self {
        self.caller.request = Some(request);
        self
    }

    /// Allows it to start the daemon, and to replace one that is too old.
    #[must_use]
    pub fn with_launcher(mut self, launcher: Launcher) -> Self {
        self.launcher = Some(launcher);
        self
    }

    /// The meeting place.
    pub fn rendezvous(&self) -> &Rendezvous {
        &self.rendezvous
    }

    /// A connection to the running daemon; `None` when there is none. Starts and ends nothing.
    pub async fn find(&self) -> Result<Option<Client>, ConnectError> {
        // Connecting to a service would start it.
        if self.is_service() && !self.is_alive()? {
            return Ok(None);
        }
        match dial(&self.rendezvous, &self.caller).await? {
            Found::Nobody => Ok(None),
            Found::Daemon(client) => Ok(Some(client)),
            Found::TooOld(client) => Err(daemon_too_old(&client)),
            Found::TooNew(client) => Err(client_too_old(&client)),
        }
    }

    /// A connection to a daemon, which is started or replaced if need be and allowed.
    ///
    /// Dropping the future at any time is safe: a daemon that was being started goes on starting.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        let found = match dial(&self.rendezvous, &self.caller).await {
            Ok(Found::Nobody) | Err(ConnectError::Unresponsive { .. }) if self.is_service() => {
                return self.connect_to_service().await;
            }
            found => found?,
        };
        let launcher = match (found, &self.launcher) {
            (Found::Daemon(client), _) => return Ok(client),
            (Found::TooNew(client), _) => return Err(client_too_old(&client)),
            (Found::TooOld(client), None) => return Err(daemon_too_old(&client)),
            (Found::Nobody, None) => return Err(ConnectError::NotRunning),
            (Found::TooOld(_) | Found::Nobody, Some(launcher)) => launcher,
        };
        self.rendezvous.prepare()?;
        let _turn = self.take_turn().await?;
        let mut started = false;
        for _ in 0..MAX_ATTEMPTS {
            // Somebody may have been quicker while we waited for our turn.
            match dial(&self.rendezvous, &self.caller).await? {
                Found::Daemon(client) => return Ok(client.that_was_started(started)),
                Found::TooNew(client) => return Err(client_too_old(&client)),
                Found::TooOld(client) if client.hello().managed => return Err(daemon_too_old(&client)),
                Found::TooOld(client) => self.end(client, "it is older than a client").await?,
                Found::Nobody => match self.settle().await? {
                    Settled::Listening => continue,
                    Settled::LockFree => {}
                },
            }
            started = match launcher.launch(&self.rendezvous).await? {
                Launched::Started => true,
                Launched::AlreadyRunning => false,
            };
        }
        match dial(&self.rendezvous, &self.caller).await? {
            Found::Daemon(client) => Ok(client.that_was_started(started)),
            Found::TooNew(client) => Err(client_too_old(&client)),
            Found::TooOld(client) => Err(daemon_too_old(&client)),
            Found::Nobody => Err(ConnectError::DoesNotStay),
        }
    }

    /// Ends the running daemon, whatever its version, and waits until it is gone. False when there
    /// was none.
    pub async fn stop(&self, reason: &str) -> Result<bool, ConnectError> {
        // Connecting to a service would start it.
        if self.is_service() && !self.is_alive()? {
            return Ok(false);
        }
        if matches!(dial(&self.rendezvous, &self.caller).await?, Found::Nobody) && !self.rendezvous.directory().exists()
        {
            return Ok(false);
        }
        let _turn = self.take_turn().await?;
        match dial(&self.rendezvous, &self.caller).await? {
            Found::Daemon(client) | Found::TooOld(client) | Found::TooNew(client) => {
                if client.hello().managed {
                    return Err(ConnectError::Managed);
                }
                self.end(client, reason).await?;
                Ok(true)
            }
            Found::Nobody => match self.settle().await? {
                Settled::LockFree => Ok(false),
                Settled::Listening => Err(ConnectError::Stuck {
                    lock: self.rendezvous.daemon_lock(),
                }),
            },
        }
    }

    /// A connection to the daemon of a service: connecting is what makes the manager start it.
    async fn connect_to_service(&self) -> Result<Client, ConnectError> {
        if !is_listening(&self.rendezvous.socket()).await {
            return Err(ConnectError::ServiceStopped);
        }
        for _ in 0..SERVICE_RETRIES {
            match dial(&self.rendezvous, &self.caller).await? {
                Found::Daemon(client) => return Ok(client),
                Found::TooOld(client) => return Err(daemon_too_old(&client)),
                Found::TooNew(client) => return Err(client_too_old(&client)),
                Found::Nobody => sleep(SERVICE_PAUSE).await,
            }
        }
        Err(ConnectError::ServiceFails)
    }

    fn is_service(&self) -> bool {
        let service = self.service.as_ref();
        service.is_some_and(|service| service.is_in_charge_of(&self.rendezvous))
    }

    /// Whether some process holds the daemon's lock.
    fn is_alive(&self) -> Result<bool, ConnectError> {
        let lock = self.rendezvous.daemon_lock();
        Ok(lock.exists() && !FileLock::is_free(&lock)?)
    }

    /// Waits for the right to start and end daemons.
    async fn take_turn(&self) -> Result<FileLock, ConnectError> {
        let path = self.rendezvous.start_lock();
        let deadline = Instant::now() + TURN_TIMEOUT;
        loop {
            if let Some(lock) = FileLock::try_acquire(&path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                return Err(ConnectError::StartLockTaken);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Ends a daemon and waits until its lock is free.
    async fn end(&self, mut client: Client, reason: &str) -> Result<(), ConnectError> {
        let pid = client.hello().pid;
        let reason = format!("{}: {reason}", self.caller.program);
        // A daemon that ends before its answer is out has done what was asked.
        drop(client.shutdown(&reason).await);
        // The daemon waits for its connections to close.
        drop(client);
        let lock = self.rendezvous.daemon_lock();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while !FileLock::is_free(&lock)? {
            if Instant::now() >= deadline {
                return Err(ConnectError::DidNotStop { pid });
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until it is clear whether a daemon lives: one that begins or ends holds its lock without
    /// listening.
    async fn settle(&self) -> Result<Settled, ConnectError> {
        let lock = self.rendezvous.daemon_lock();
        let socket = self.rendezvous.socket();
        let deadline = Instant::now() + SETTLE_TIMEOUT;
        loop {
            if FileLock::is_free(&lock)? {
                return Ok(Settled::LockFree);
            }
            if is_listening(&socket).await {
                return Ok(Settled::Listening);
            }
            if Instant::now() >= deadline {
                return Err(ConnectError::Stuck { lock });
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

fn daemon_too_old(client: &Client) -> ConnectError {
    let hello = client.hello();
    ConnectError::DaemonTooOld {
        version: hello.version.clone(),
        protocol: protocol_of(hello),
        managed: hello.managed,
    }
}

fn client_too_old(client: &Client) -> ConnectError {
    let hello = client.hello();
    ConnectError::ClientTooOld {
        version: hello.version.clone(),
        protocol: protocol_of(hello),
    }
}

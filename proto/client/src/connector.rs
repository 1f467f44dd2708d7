//! From no connection to a greeted one, in a bounded loop.
//!
//! Two rights are kept apart: to start a daemon (a [`Launcher`] is there) and to end one (it is older
//! than us, and no service manager runs it). Whoever uses either right holds `start.lock`, so that of
//! two clients that find no daemon one starts it and the other finds it. Where a service manager is in
//! charge, to connect to its socket is to start the daemon, which takes the first right as well; the
//! second exists only for a daemon that is not the manager's.

use crate::caller::Caller;
use crate::dial::{Found, dial, is_listening, protocol_of};
use crate::holder;
use crate::launcher::{Launched, Launcher};
use crate::service::Service;
use crate::{Client, ConnectError, StartFailure};
use codemem_proto::rendezvous::{FileLock, Holder, Rendezvous};
use codemem_proto::request::RequestId;
use codemem_proto::startup::Startup;
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

/// Times the daemon of a service is waited for: it may have to wait for one that ends. A connection that
/// is not accepted yet makes the service manager start nothing anew.
const SERVICE_WAITS: usize = 3;

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
                reads_only: false,
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

    /// Promises that no call changes anything; the daemon refuses those that would.
    #[must_use]
    pub fn reading_only(mut self, reads_only: bool) -> Self {
        self.caller.reads_only = reads_only;
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
            Found::Nobody | Found::Leaving => Ok(None),
            Found::Daemon(client) => Ok(Some(client)),
            Found::TooOld(client) => Err(daemon_too_old(&client)),
            Found::TooNew(client) => Err(client_too_old(&client)),
        }
    }

    /// A connection to a daemon, which is started or replaced if need be and allowed.
    ///
    /// Dropping the future at any time is safe: a daemon that was being started goes on starting.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        if self.is_service() {
            return self.connect_to_service().await;
        }
        let launcher = match (dial(&self.rendezvous, &self.caller).await?, &self.launcher) {
            (Found::Daemon(client), _) => return Ok(client),
            (Found::TooNew(client), _) => return Err(client_too_old(&client)),
            (Found::TooOld(client), None) => return Err(daemon_too_old(&client)),
            (Found::Nobody | Found::Leaving, None) => return Err(ConnectError::NotRunning),
            (Found::TooOld(_) | Found::Nobody | Found::Leaving, Some(launcher)) => launcher,
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
                Found::Nobody | Found::Leaving => match self.settle().await? {
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
            Found::Nobody | Found::Leaving => Err(ConnectError::DoesNotStay),
        }
    }

    /// Ends the running daemon, whatever its version, and waits until it is gone; one that nobody can
    /// talk to is sent SIGTERM. False when there was none.
    pub async fn stop(&self, reason: &str) -> Result<bool, ConnectError> {
        if self.rendezvous.directory().symlink_metadata().is_err() {
            return Ok(false);
        }
        self.rendezvous.verify()?;
        if self.is_service() {
            // Connecting to a service would start it, and leads past a daemon that it has replaced.
            if !self.is_alive()? {
                return Ok(false);
            }
            if let Some(holder) = Holder::read(&self.rendezvous.daemon_lock()).filter(|holder| !holder.managed) {
                let _turn = self.take_turn().await?;
                return self.terminate(holder).await;
            }
        }
        let _turn = self.take_turn().await?;
        let found = match dial(&self.rendezvous, &self.caller).await {
            Err(error @ ConnectError::Unresponsive { .. }) => return self.end_mute(error).await,
            found => found?,
        };
        match found {
            Found::Daemon(client) | Found::TooOld(client) | Found::TooNew(client) => {
                if client.hello().managed {
                    return Err(ConnectError::Managed);
                }
                self.end(client, reason).await?;
                Ok(true)
            }
            Found::Nobody | Found::Leaving => match self.settle().await {
                Ok(Settled::LockFree) => Ok(false),
                Ok(Settled::Listening) => {
                    let lock = self.rendezvous.daemon_lock();
                    self.end_mute(ConnectError::Stuck { lock }).await
                }
                Err(error) => self.end_mute(error).await,
            },
        }
    }

    /// A connection to the daemon of a service: connecting is what makes the manager start it.
    /// It starts at most one, for the manager gives up on a daemon that fails too often.
    async fn connect_to_service(&self) -> Result<Client, ConnectError> {
        // A daemon that lives may be ending for a restart, and then let us go without having been started.
        let mut may_be_ending = self.is_alive()?;
        if !may_be_ending && self.launcher.is_none() {
            return Err(ConnectError::NotRunning);
        }
        let mut n_waits = 1;
        loop {
            match dial(&self.rendezvous, &self.caller).await {
                Err(ConnectError::Unresponsive { .. }) if n_waits < SERVICE_WAITS => n_waits += 1,
                Err(error) => return Err(error),
                Ok(Found::Daemon(client)) => return Ok(client),
                Ok(Found::TooOld(client)) => return Err(daemon_too_old(&client)),
                Ok(Found::TooNew(client)) => return Err(client_too_old(&client)),
                Ok(Found::Nobody) => return Err(ConnectError::ServiceStopped(self.start_failure())),
                Ok(Found::Leaving) if may_be_ending => {
                    may_be_ending = false;
                    sleep(SERVICE_PAUSE).await;
                }
                Ok(Found::Leaving) => return Err(ConnectError::ServiceFails(self.start_failure())),
            }
        }
    }

    /// What the service's daemon left when it could not start.
    fn start_failure(&self) -> Option<StartFailure> {
        let report = std::fs::read(self.rendezvous.start_failure()).ok()?;
        match Startup::decode(&report).ok()? {
            Startup::Failed { reason, hint } => Some(StartFailure { reason, hint }),
            Startup::Started | Startup::AlreadyRunning => None,
        }
    }

    /// Whether a service is in charge of the daemon here, whether or not it runs.
    pub fn is_service(&self) -> bool {
        let service = self.service.as_ref();
        service.is_some_and(|service| service.is_in_charge_of(&self.rendezvous))
    }

    /// Whether some process holds the daemon's lock.
    fn is_alive(&self) -> Result<bool, ConnectError> {
        Ok(holder::is_held(&self.rendezvous.daemon_lock())?)
    }

    /// Ends a daemon that does not answer, unless it is a manager's; `error` when there is none that could
    /// be ended.
    async fn end_mute(&self, error: ConnectError) -> Result<bool, ConnectError> {
        if !self.is_alive()? {
            return Err(error);
        }
        match Holder::read(&self.rendezvous.daemon_lock()) {
            Some(holder) if holder.managed => Err(ConnectError::Managed),
            Some(holder) => self.terminate(holder).await,
            None => Err(error),
        }
    }

    /// Ends a daemon by its process, and waits until it holds the lock no longer.
    async fn terminate(&self, holder: Holder) -> Result<bool, ConnectError> {
        let lock = self.rendezvous.daemon_lock();
        let deadline = Instant::now() + STOP_TIMEOUT;
        // A service's daemon may be waiting for the lock, and take it at once.
        let holds = || Ok::<_, ConnectError>(holder::is_held(&lock)? && Holder::read(&lock) == Some(holder));
        if !holder::terminate(holder, &lock) {
            // It may have ended by itself.
            return if holds()? {
                Err(ConnectError::Stuck { lock })
            } else {
                Ok(false)
            };
        }
        while holds()? {
            if Instant::now() >= deadline {
                return Err(ConnectError::DidNotStop { pid: holder.pid });
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(true)
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

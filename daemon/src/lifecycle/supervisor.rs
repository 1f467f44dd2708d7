//! Telling the service manager how the daemon does: ready, reloading, alive, stopping.
//!
//! Says nothing when nobody manages the daemon. A message is one small datagram, so it is sent from
//! wherever it is due; a manager that does not take it within a second has lost it, which is logged.

use codemem_proto::env::{Env, Variable};
use sd_notify::NotifyState;
use std::fmt::Write as _;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Longest wait for a manager that takes no messages.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// The way to the service manager, if there is one.
pub(crate) struct Supervisor {
    channel: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
    is_stopping: AtomicBool,
}

/// The settings are being read again; dropping it says that this is done.
#[must_use = "the manager waits until it is dropped"]
pub(crate) struct Reloading<'a>(&'a Supervisor);

impl Supervisor {
    /// Reaches whom the environment names, if a service manager runs this process at all.
    pub(super) fn new(env: &Env, is_managed: bool) -> Self {
        let named = env.get(Variable::NotifySocket).filter(|_| is_managed);
        let channel = named.and_then(|name| match open(name.as_bytes()) {
            Ok(channel) => Some(channel),
            Err(error) => {
                tracing::warn!(%error, "cannot reach the service manager");
                None
            }
        });
        Self {
            watchdog: channel.as_ref().and_then(|_| watchdog(env, std::process::id())),
            channel,
            is_stopping: AtomicBool::new(false),
        }
    }

    /// The daemon accepts connections.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The settings are about to be read again.
    pub(crate) fn reloading(&self) -> Reloading<'_> {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "cannot read the monotonic clock"),
        }
        Reloading(self)
    }

    /// The end has begun. Only the first time counts.
    pub(crate) fn stopping(&self) {
        if !self.is_stopping.swap(true, Ordering::Relaxed) {
            self.tell(&[NotifyState::Stopping, NotifyState::Status("ending")]);
        }
    }

    /// Shows the manager that the daemon lives, as often as it wants to know and as long as `probe`
    /// answers. Goes on during the end, whose length is capped, without the probe: jobs are stopping
    /// then. Ends only with its task; returns at once when nobody wants to know.
    pub(crate) async fn keep_alive<F>(&self, probe: impl Fn() -> F, stop: CancellationToken)
    where
        F: Future<Output = Result<(), String>>,
    {
        if let Some(limit) = self.watchdog {
            watch(limit, || self.tell(&[NotifyState::Watchdog]), probe, stop).await;
        }
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let Some((socket, address)) = &self.channel else {
            return;
        };
        let mut message = String::new();
        for state in states {
            // A string takes everything.
            let _ = writeln!(message, "{state}");
        }
        if let Err(error) = socket.send_to_addr(message.as_bytes(), address) {
            tracing::warn!(%error, message, "the service manager was not told");
        }
    }
}

impl Drop for Reloading<'_> {
    fn drop(&mut self) {
        // During the end the manager no longer waits, and would take it for the opposite.
        if !self.0.is_stopping.load(Ordering::Relaxed) {
            self.0.tell(&[NotifyState::Ready]);
        }
    }
}

/// Calls `alive` every half of `limit` as long as the probe answers; after a probe that did not, tries
/// again soon, for the manager waits for one half more.
async fn watch<F>(limit: Duration, alive: impl Fn(), probe: impl Fn() -> F, stop: CancellationToken)
where
    F: Future<Output = Result<(), String>>,
{
    loop {
        let began = Instant::now();
        let answer = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(Ok(())),
            answer = timeout(limit / 4, probe()) => answer,
        };
        let pause = match answer {
            Ok(Ok(())) => {
                alive();
                (limit / 2).saturating_sub(began.elapsed())
            }
            Ok(Err(reason)) => {
                tracing::error!(reason, "the engine does not answer as it should");
                limit / 16
            }
            Err(_) => {
                tracing::error!(milliseconds = began.elapsed().as_millis(), "the engine does not answer");
                limit / 16
            }
        };
        sleep(pause).await;
    }
}

/// A socket to send from, and where to; a name that begins with `@` is Linux's abstract one.
fn open(name: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)?
        }
        name => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok((socket, address))
}

/// Within which time the manager wants to hear of the process with this id.
fn watchdog(env: &Env, pid: u32) -> Option<Duration> {
    let limit: u64 = env.text(Variable::WatchdogUsec)?.parse().ok()?;
    let is_ours = env
        .text(Variable::WatchdogPid)
        .is_none_or(|watched| watched.parse() == Ok(pid));
    (is_ours && limit > 0).then(|| Duration::from_micros(limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const LIMIT: Duration = Duration::from_mins(1);

    /// How often the manager hears of a daemon with this engine within ten times the limit.
    async fn n_signs<F: Future<Output = Result<(), String>>>(
        probe: impl Fn() -> F,
        stop: CancellationToken,
    ) -> (u32, Duration) {
        let (count, longest, last) = (Cell::new(0), Cell::new(Duration::ZERO), Cell::new(Instant::now()));
        let alive = || {
            count.set(count.get() + 1);
            longest.set(longest.get().max(last.get().elapsed()));
            last.set(Instant::now());
        };
        drop(timeout(LIMIT * 10, watch(LIMIT, alive, probe, stop)).await);
        (count.get(), longest.get())
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_answers_is_alive_every_half_of_the_limit() {
        let slow = || async {
            sleep(LIMIT / 8).await;
            Ok(())
        };
        let (count, longest) = n_signs(slow, CancellationToken::new()).await;
        assert!((20..=21).contains(&count), "{count}");
        assert!(longest <= LIMIT / 2 + LIMIT / 8, "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_engine_is_not_alive() {
        let hung = std::future::pending::<Result<(), String>>;
        assert_eq!(n_signs(hung, CancellationToken::new()).await.0, 0);
        let lost = || async { Err("an actor is gone".to_owned()) };
        assert_eq!(n_signs(lost, CancellationToken::new()).await.0, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_was_slow_once_is_alive_in_time() {
        let n_probes = Cell::new(0);
        let probe = || {
            n_probes.set(n_probes.get() + 1);
            let hangs = n_probes.get() == 2;
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        };
        let (_, longest) = n_signs(probe, CancellationToken::new()).await;
        assert!(longest < LIMIT, "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_stops_need_not_answer() {
        let stop = CancellationToken::new();
        stop.cancel();
        let hung = std::future::pending::<Result<(), String>>;
        assert!(n_signs(hung, stop).await.0 >= 20);
    }

    #[test]
    fn who_is_watched() {
        let env = Env::default().with(Variable::WatchdogUsec, "2000000");
        assert_eq!(watchdog(&env, 7), Some(Duration::from_secs(2)));
        assert_eq!(
            watchdog(&env.clone().with(Variable::WatchdogPid, "7"), 7),
            Some(Duration::from_secs(2))
        );
        assert_eq!(watchdog(&env.clone().with(Variable::WatchdogPid, "8"), 7), None);
        assert_eq!(watchdog(&env.with(Variable::WatchdogUsec, "0"), 7), None);
        assert_eq!(watchdog(&Env::default(), 7), None);
    }

    #[test]
    fn a_daemon_that_nobody_manages_tells_nobody() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bound");
        manager.set_nonblocking(true).expect("set");
        let env = Env::default()
            .with(Variable::NotifySocket, &path)
            .with(Variable::WatchdogUsec, "1000");
        let silent = Supervisor::new(&env, false);
        silent.ready("ready");
        assert_eq!(silent.watchdog, None);
        assert!(manager.recv(&mut [0; 64]).is_err());

        let supervisor = Supervisor::new(&env, true);
        let mut buffer = [0; 256];
        let mut next = || {
            let length = manager.recv(&mut buffer).expect("a message");
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        supervisor.ready("here");
        assert_eq!(next(), "READY=1\nSTATUS=here\n");
        drop(supervisor.reloading());
        let reloading = next();
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        assert_eq!(next(), "READY=1\n");
        supervisor.stopping();
        supervisor.stopping();
        assert_eq!(next(), "STOPPING=1\nSTATUS=ending\n");
        assert!(manager.recv(&mut [0; 64]).is_err(), "it is said once");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_abstract_name_is_reached() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("codemem-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let manager = UnixDatagram::bind_addr(&address).expect("bound");
        let env = Env::default().with(Variable::NotifySocket, format!("@{name}"));
        Supervisor::new(&env, true).stopping();
        assert!(manager.recv(&mut [0; 64]).is_ok());
    }
}

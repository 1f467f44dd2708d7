//! Whether a service manager is in charge of the daemon, and what to tell it.
//!
//! Looks at a few small files and asks nobody: a service is in charge of a runtime directory when it
//! is enabled and its socket is the one in that directory. Runs no program.

use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::{Rendezvous, own_uid};
use std::fs;
use std::path::{Path, PathBuf};

/// The systemd unit that clients connect to.
pub const SOCKET_UNIT: &str = "codemem.socket";

/// The systemd unit that runs the daemon.
pub const SERVICE_UNIT: &str = "codemem.service";

/// The launchd job.
pub const LABEL: &str = "dev.codemem.daemon";

/// Where enabling the socket unit links it, below a directory of units.
const WANTED: &str = "sockets.target.wants";

/// Where packages and administrators put units for all users.
const SYSTEM_UNITS: [&str; 3] = [
    "/etc/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// Who runs services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    /// systemd's manager of one user.
    Systemd,
    /// launchd's agents of one user.
    Launchd,
}

/// What the service manager can be asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Listen for clients, also where the manager believes that it does.
    Listen,
    /// The same after the daemon failed to start so often that the manager gave up.
    ListenAgain,
    /// End the daemon, and listen no longer.
    Stop,
    /// End the daemon and start it again.
    Restart,
    /// Say how the daemon does.
    Explain,
}

impl Manager {
    /// The one of this system.
    pub fn of_system() -> Self {
        if cfg!(target_os = "macos") {
            Self::Launchd
        } else {
            Self::Systemd
        }
    }

    /// The command that a user types.
    pub fn command(self, action: Action) -> String {
        match (self, action) {
            // To start a unit that is active does nothing.
            (Self::Systemd, Action::Listen) => format!("systemctl --user restart {SOCKET_UNIT}"),
            (Self::Systemd, Action::ListenAgain) => format!(
                "systemctl --user reset-failed {SOCKET_UNIT} {SERVICE_UNIT}; systemctl --user restart {SOCKET_UNIT}"
            ),
            (Self::Systemd, Action::Stop) => format!("systemctl --user stop {SOCKET_UNIT} {SERVICE_UNIT}"),
            (Self::Systemd, Action::Restart) => format!("systemctl --user restart {SERVICE_UNIT}"),
            (Self::Systemd, Action::Explain) => format!("systemctl --user status {SERVICE_UNIT}"),
            (Self::Launchd, Action::Listen | Action::ListenAgain | Action::Restart) => {
                format!("launchctl kickstart -k {}", Self::job())
            }
            (Self::Launchd, Action::Stop) => format!("launchctl bootout {}", Self::job()),
            (Self::Launchd, Action::Explain) => format!("launchctl print {}", Self::job()),
        }
    }

    /// launchd's name of the job of this user.
    pub fn job() -> String {
        format!("{}/{LABEL}", Self::domain())
    }

    /// launchd's name of this user's session.
    pub fn domain() -> String {
        format!("gui/{}", own_uid())
    }
}

/// Where the service of this user would be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    manager: Manager,
    directory: PathBuf,
    /// What `%t` means in a unit.
    runtime_base: Option<PathBuf>,
}

impl Service {
    /// The place for the manager of this system; `None` without a home directory.
    pub fn of_user(env: &Env) -> Option<Self> {
        Self::under(Manager::of_system(), env)
    }

    /// The place for a given manager.
    pub fn under(manager: Manager, env: &Env) -> Option<Self> {
        let absolute = |variable| env.path(variable).filter(|path| path.is_absolute());
        let home = absolute(Variable::Home);
        let directory = match manager {
            Manager::Systemd => {
                let config = absolute(Variable::XdgConfigHome).map(Path::to_owned);
                config.or_else(|| Some(home?.join(".config")))?.join("systemd/user")
            }
            Manager::Launchd => home?.join("Library/LaunchAgents"),
        };
        Some(Self {
            manager,
            directory,
            runtime_base: absolute(Variable::XdgRuntimeDir).map(Path::to_owned),
        })
    }

    /// Who would run it.
    pub fn manager(&self) -> Manager {
        self.manager
    }

    /// The directory of this user's units or agents.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file that makes the service listen, whether or not it is there.
    pub fn socket_file(&self) -> PathBuf {
        match self.manager {
            Manager::Systemd => self.directory.join(SOCKET_UNIT),
            Manager::Launchd => self.directory.join(format!("{LABEL}.plist")),
        }
    }

    /// Whether the service is enabled and listens in this runtime directory when it runs.
    pub fn is_in_charge_of(&self, rendezvous: &Rendezvous) -> bool {
        self.enabled()
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
            .any(|text| self.sockets(&text).contains(&rendezvous.socket()))
    }

    /// The files that are read when the user logs in, whether or not they are there.
    fn enabled(&self) -> Vec<PathBuf> {
        match self.manager {
            // systemd enables by linking; where the link leads is read through it.
            Manager::Systemd => {
                let system = SYSTEM_UNITS.iter().map(Path::new);
                let directories = [self.directory.as_path()].into_iter().chain(system);
                directories
                    .map(|directory| directory.join(WANTED).join(SOCKET_UNIT))
                    .collect()
            }
            // launchd loads what lies in its directory.
            Manager::Launchd => vec![self.socket_file()],
        }
    }

    /// The paths at which a unit or an agent listens.
    fn sockets(&self, text: &str) -> Vec<PathBuf> {
        match self.manager {
            Manager::Systemd => text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("ListenStream="))
                .filter_map(|value| expand(value.trim(), self.runtime_base.as_deref()))
                .collect(),
            Manager::Launchd => {
                let values = text.split("<key>SockPathName</key>").skip(1);
                values
                    .filter_map(|rest| rest.trim_start().strip_prefix("<string>")?.split_once("</string>"))
                    .map(|(value, _)| PathBuf::from(from_xml(value)))
                    .collect()
            }
        }
    }
}

/// A path as systemd reads it; `None` when it depends on something that is not known here.
fn expand(value: &str, runtime_base: Option<&Path>) -> Option<PathBuf> {
    let mut path = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        path.push_str(before);
        let mut characters = after.chars();
        match characters.next()? {
            '%' => path.push('%'),
            't' => path.push_str(runtime_base?.to_str()?),
            _ => return None,
        }
        rest = characters.as_str();
    }
    path.push_str(rest);
    Some(path.into())
}

/// The text that a property list holds.
pub fn from_xml(text: &str) -> String {
    // The ampersand last, for it begins the others.
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn an_enabled_unit_is_in_charge_of_its_socket_alone() {
        let home = tempfile::tempdir().expect("directory");
        let env = Env::default()
            .with(Variable::Home, home.path())
            .with(Variable::XdgRuntimeDir, "/run/user/7");
        let service = Service::under(Manager::Systemd, &env).expect("a home");
        let usual = Rendezvous::at("/run/user/7/codemem").expect("short");
        let unit = home.path().join(".config/systemd/user/codemem.socket");
        assert_eq!(service.socket_file(), unit);
        write(&unit, include_str!("../../../systemd/codemem.socket"));
        assert!(!service.is_in_charge_of(&usual), "installed is not enabled");
        let link = home
            .path()
            .join(".config/systemd/user/sockets.target.wants/codemem.socket");
        fs::create_dir(link.parent().expect("a directory")).expect("made");
        symlink(&unit, &link).expect("linked");
        assert!(service.is_in_charge_of(&usual));
        let elsewhere = Rendezvous::at("/elsewhere").expect("short");
        assert!(!service.is_in_charge_of(&elsewhere));
        let without = env.with(Variable::XdgRuntimeDir, "");
        let service = Service::under(Manager::Systemd, &without).expect("a home");
        assert!(!service.is_in_charge_of(&usual), "nobody knows what %t means");
        write(&unit, "[Socket]\nListenStream=/else%%where/daemon.sock\n");
        let odd = Rendezvous::at("/else%where").expect("short");
        assert!(service.is_in_charge_of(&odd));
        fs::remove_file(&unit).expect("deleted");
        assert!(!service.is_in_charge_of(&odd), "a link to nothing enables nothing");
    }

    #[test]
    fn an_agent_is_in_charge_of_its_socket_alone() {
        let home = tempfile::tempdir().expect("directory");
        let env = Env::default().with(Variable::Home, home.path());
        let service = Service::under(Manager::Launchd, &env).expect("a home");
        let rendezvous = Rendezvous::at("/tmp/codemem-501").expect("short");
        assert!(!service.is_in_charge_of(&rendezvous));
        let agent = include_str!("../../../launchd/dev.codemem.daemon.plist");
        write(&service.socket_file(), agent);
        assert!(service.is_in_charge_of(&rendezvous));
        write(
            &service.socket_file(),
            &agent.replace("/tmp/codemem-501", "/tmp/a&amp;b"),
        );
        assert!(service.is_in_charge_of(&Rendezvous::at("/tmp/a&b").expect("short")));
        assert!(!service.is_in_charge_of(&rendezvous));
    }

    #[test]
    fn where_units_are() {
        let directory = |env: &Env| Service::under(Manager::Systemd, env).map(|service| service.directory);
        assert_eq!(directory(&Env::default()), None);
        let env = Env::default().with(Variable::Home, "/home/u");
        assert_eq!(directory(&env), Some("/home/u/.config/systemd/user".into()));
        let env = env.with(Variable::XdgConfigHome, "/conf");
        assert_eq!(directory(&env), Some("/conf/systemd/user".into()));
        let env = env.with(Variable::XdgConfigHome, "relative");
        assert_eq!(directory(&env), Some("/home/u/.config/systemd/user".into()));
    }
}

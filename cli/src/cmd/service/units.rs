//! The files of a service: the ones in `systemd/` and `launchd/`, with the paths of an installation.
//! Pure: nothing is read or written here.

use crate::error::CliError;
use codemem_client::service::{Manager, SERVICE_UNIT, SOCKET_UNIT, Service, from_xml};
use codemem_proto::dirs::Directories;
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const SOCKET: &str = include_str!("../../../../systemd/codemem.socket");
const SERVICE: &str = include_str!("../../../../systemd/codemem.service");
const HARDENING: &str = include_str!("../../../../systemd/codemem.service.d/50-hardening.conf");
const AGENT: &str = include_str!("../../../../launchd/dev.codemem.daemon.plist");

/// How we know a file again that we wrote.
pub(super) const MARK: &str = "Written by `codemem service install`; `codemem service uninstall` removes it.";

/// A file of the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unit {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What an installation puts into its files.
pub(super) struct Installation<'a> {
    /// The daemon program, absolute.
    pub(super) program: &'a Path,
    pub(super) env: &'a Env,
    pub(super) rendezvous: &'a Rendezvous,
    pub(super) directories: &'a Directories,
}

impl Installation<'_> {
    /// What the hardened daemon may write. A runtime directory that no variable names is the unit's own.
    pub(super) fn writable(&self) -> Vec<&Path> {
        let named = self.env.get(Variable::RuntimeDir).map(|_| self.rendezvous.directory());
        let own = [self.directories.data(), self.directories.state()];
        own.into_iter().chain(named).collect()
    }

    /// Where things are, as far as this shell says it: clients and the daemon must mean the same places, and a
    /// service does not inherit the shell's environment. What a base directory of the user's leads to is
    /// written out, for the base would be everybody's.
    fn places(&self) -> Result<Vec<(Variable, &str)>, CliError> {
        let directories = self.directories;
        let places = [
            (Variable::RuntimeDir, None, self.rendezvous.directory()),
            (Variable::DataDir, Some(Variable::XdgDataHome), directories.data()),
            (Variable::StateDir, Some(Variable::XdgStateHome), directories.state()),
            (
                Variable::Config,
                Some(Variable::XdgConfigHome),
                directories.config_file(),
            ),
        ];
        let is_set = |variable| self.env.get(variable).is_some();
        let said = places
            .into_iter()
            .filter(|(variable, base, _)| is_set(*variable) || base.is_some_and(is_set));
        said.map(|(variable, _, path)| Ok((variable, plain(path)?))).collect()
    }
}

/// The variables of this shell that set keys of the daemon, which the service will not see.
pub(super) fn left_behind(env: &Env) -> Vec<Variable> {
    let sets_a_key = |variable: &Variable| variable.meaning().contains(": key ");
    let set = Variable::ALL
        .into_iter()
        .filter(|variable| env.get(*variable).is_some());
    set.filter(sets_a_key).collect()
}

/// Where the drop-in with the restrictions is, whether or not it is there.
pub(super) fn hardening_file(service: &Service) -> PathBuf {
    service.directory().join(format!("{SERVICE_UNIT}.d/50-hardening.conf"))
}

/// Every file that an installation may have, the drop-in included.
pub(super) fn all_files(service: &Service) -> Vec<PathBuf> {
    match service.manager() {
        Manager::Systemd => vec![
            service.directory().join(SOCKET_UNIT),
            service.directory().join(SERVICE_UNIT),
            hardening_file(service),
        ],
        Manager::Launchd => vec![service.socket_file()],
    }
}

/// The files of a service with the paths of this installation.
pub(super) fn render(
    service: &Service,
    installation: &Installation<'_>,
    hardened: bool,
) -> Result<Vec<Unit>, CliError> {
    match service.manager() {
        Manager::Systemd => systemd(service, installation, hardened),
        Manager::Launchd => Ok(vec![Unit {
            path: service.socket_file(),
            text: agent(installation)?,
        }]),
    }
}

fn systemd(service: &Service, installation: &Installation<'_>, hardened: bool) -> Result<Vec<Unit>, CliError> {
    let mut socket = SOCKET.to_owned();
    if installation.env.get(Variable::RuntimeDir).is_some() {
        let path = plain(&installation.rendezvous.socket())?.replace('%', "%%");
        socket = with_line(&socket, "ListenStream=", &format!("ListenStream={path}\n"));
    }
    let mut start = format!("ExecStart={} --managed\n", quoted(plain(installation.program)?));
    for (variable, path) in installation.places()? {
        // A string takes everything.
        let _ = writeln!(start, "Environment={}", quoted(&format!("{}={path}", variable.name())));
    }
    let mut units = vec![
        Unit {
            path: service.directory().join(SOCKET_UNIT),
            text: marked(&socket),
        },
        Unit {
            path: service.directory().join(SERVICE_UNIT),
            text: marked(&with_line(SERVICE, "ExecStart=", &start)),
        },
    ];
    if hardened {
        // A dash: a path that is not there is no reason not to start.
        let optional = |path| Ok(quoted(&format!("-{}", plain(path)?)));
        let paths = installation.writable().into_iter().map(optional);
        let writable = format!(
            "ReadWritePaths={}\n",
            paths.collect::<Result<Vec<_>, CliError>>()?.join(" ")
        );
        units.push(Unit {
            path: hardening_file(service),
            text: marked(&with_line(HARDENING, "ReadWritePaths=", &writable)),
        });
    }
    Ok(units)
}

fn agent(installation: &Installation<'_>) -> Result<String, CliError> {
    let string = |text: &str| format!("<string>{}</string>", xml(text));
    let program = string(plain(installation.program)?);
    let socket = string(plain(&installation.rendezvous.socket())?);
    let mut environment = String::new();
    for (variable, path) in installation.places()? {
        let (name, value) = (variable.name(), string(path));
        let _ = writeln!(environment, "        <key>{name}</key>\n        {value}");
    }
    let text = replaced(AGENT, "<string>/usr/local/bin/codememd</string>", &program);
    let text = replaced(&text, "<string>/tmp/codemem-501/daemon.sock</string>", &socket);
    let text = replaced(
        &text,
        "    <dict>\n    </dict>\n",
        &format!("    <dict>\n{environment}    </dict>\n"),
    );
    Ok(replaced(
        &text,
        "<plist version",
        &format!("<!-- {MARK} -->\n<plist version"),
    ))
}

/// The program that an installed file of the service starts.
pub(super) fn program_of(manager: Manager, text: &str) -> Option<PathBuf> {
    let program = match manager {
        Manager::Systemd => {
            let line = text.lines().find_map(|line| line.strip_prefix("ExecStart="))?;
            unquoted(line)
        }
        Manager::Launchd => {
            let (_, arguments) = text.split_once("<key>ProgramArguments</key>")?;
            let (_, first) = arguments.split_once("<string>")?;
            from_xml(first.split_once("</string>")?.0)
        }
    };
    Some(program.into())
}

/// A path that a line of a unit can hold.
fn plain(path: &Path) -> Result<&str, CliError> {
    let text = path.to_str().ok_or_else(|| CliError::NotUtf8(path.to_owned()))?;
    if text.chars().any(char::is_control) {
        return Err(CliError::Usage {
            message: format!("the path holds a control character: {text:?}"),
            hint: "install codemem at another path".to_owned(),
        });
    }
    Ok(text)
}

/// A word as systemd reads it: only what must be quoted is.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if escaped == word && !word.contains([' ', '\'']) {
        word.to_owned()
    } else {
        format!("\"{escaped}\"")
    }
}

/// The first word of a command line that [`quoted`] wrote.
fn unquoted(line: &str) -> String {
    let Some(rest) = line.strip_prefix('"') else {
        return line.split(' ').next().unwrap_or_default().replace("%%", "%");
    };
    let mut word = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => word.extend(characters.next()),
            other => word.push(other),
        }
    }
    word.replace("%%", "%")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn marked(text: &str) -> String {
    format!("# {MARK}\n{text}")
}

/// The text with the one line that begins so replaced.
fn with_line(text: &str, begin: &str, new: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| if line.starts_with(begin) { new } else { line })
        .collect()
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    text.replacen(old, new, 1)
}

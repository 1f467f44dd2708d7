//! What every command needs: the environment's values, the way to the daemon, absolute paths.

use crate::error::CliError;
use codemem_client::service::Service;
use codemem_client::{Client, Connector, Launcher};
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::request::RequestId;
use std::path::Path;

/// Name and version of this program, for the daemon's log.
const PROGRAM: &str = concat!("codemem ", env!("CARGO_PKG_VERSION"));

pub(crate) struct Context {
    pub(crate) env: Env,
    /// How the daemon is started, also where it may not be started unasked.
    pub(crate) launcher: Launcher,
    connector: Connector,
    autostart: bool,
}

impl Context {
    /// Reads nothing but what it is given and the path of this program.
    pub(crate) fn new(env: Env, no_autostart: bool) -> Result<Self, CliError> {
        let this = std::env::current_exe().ok();
        let launcher = Launcher::new(&env, this.as_deref());
        Ok(Self {
            connector: Connector::new(Rendezvous::locate(&env)?, PROGRAM).with_service(Service::of_user(&env)),
            autostart: !no_autostart && !env.is_on(Variable::NoAutostart),
            launcher,
            env,
        })
    }

    /// All calls to the daemon bear this name.
    #[must_use]
    pub(crate) fn for_request(mut self, request: RequestId) -> Self {
        self.connector = self.connector.with_request(request);
        self
    }

    /// A connection for a question: the daemon is started unless that was forbidden.
    pub(crate) async fn connect(&self) -> Result<Client, CliError> {
        if self.autostart {
            Ok(self.starting_connector().connect().await?)
        } else {
            Ok(self.connector.connect().await?)
        }
    }

    /// A connector that may start the daemon, for commands that are about that.
    pub(crate) fn starting_connector(&self) -> Connector {
        self.connector.clone().with_launcher(self.launcher.clone())
    }

    /// A connector that starts nothing.
    pub(crate) fn connector(&self) -> &Connector {
        &self.connector
    }
}

/// A path for the wire: absolute and UTF-8. Links are left to the daemon.
pub(crate) fn wire_path(path: &Path) -> Result<String, CliError> {
    let absolute = std::path::absolute(path).map_err(|source| CliError::NotAbsolute {
        path: path.to_owned(),
        source,
    })?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|path| CliError::NotUtf8(path.into()))
}

/// The same for a path that may be left out: then it is the current directory.
pub(crate) fn wire_path_or_here(path: Option<&Path>) -> Result<String, CliError> {
    wire_path(path.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    #[test]
    fn paths_for_the_wire() {
        // Where cargo runs tests.
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(wire_path_or_here(None).expect("fine"), here);
        assert_eq!(wire_path(Path::new("a/./b/")).expect("fine"), format!("{here}/a/b/"));
        assert_eq!(wire_path(Path::new("/x/../y")).expect("fine"), "/x/../y");
        assert!(matches!(wire_path(Path::new("")), Err(CliError::NotAbsolute { .. })));
        let odd = Path::new(OsStr::from_bytes(b"/\xff"));
        assert!(matches!(wire_path(odd), Err(CliError::NotUtf8(_))));
    }
}

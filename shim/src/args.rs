//! The few arguments. Agents start the shim without any; people ask for its version.

use std::ffi::OsString;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
The stdio MCP shim of codemem: agents start it and speak to it on stdin and stdout.

Usage: codemem-mcp [--read-only | --version | --help]

With --read-only nothing can be changed through it: tools that write are not offered, and the daemon refuses
what such a client must not do.

Register it with `claude mcp add -s user codemem -- codemem-mcp`. The project is taken from
CLAUDE_PROJECT_DIR, else it is the working directory; the session from CLAUDE_CODE_SESSION_ID.
";

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// To serve an agent.
    Serve {
        /// Without changing anything.
        reads_only: bool,
    },
    Version,
    Help,
    /// Something it does not know.
    Unknown(OsString),
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Wanted {
    let mut reads_only = false;
    for argument in arguments {
        match argument.to_str() {
            Some("--read-only") => reads_only = true,
            Some("--version" | "-V") => return Wanted::Version,
            Some("--help" | "-h") => return Wanted::Help,
            Some(_) | None => return Wanted::Unknown(argument),
        }
    }
    Wanted::Serve { reads_only }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        for (given, expected) in [
            (&[][..], Wanted::Serve { reads_only: false }),
            (&["--read-only"][..], Wanted::Serve { reads_only: true }),
            (
                &["--read-only", "--read-write"][..],
                Wanted::Unknown("--read-write".into()),
            ),
            (&["--version"][..], Wanted::Version),
            (&["-h", "more"][..], Wanted::Help),
            (&["--stdio"][..], Wanted::Unknown("--stdio".into())),
        ] {
            assert_eq!(parse(given.iter().map(OsString::from)), expected, "{given:?}");
        }
    }
}

//! The few arguments. Agents start the shim without any; people ask for its version.

use std::ffi::OsString;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
The stdio MCP shim of codemem: agents start it and speak to it on stdin and stdout.

Usage: codemem-mcp [--version | --help]

Register it with `claude mcp add -s user codemem -- codemem-mcp`. The project is taken from
CLAUDE_PROJECT_DIR, else it is the working directory.
";

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// To serve an agent.
    Serve,
    Version,
    Help,
    /// Something it does not know.
    Unknown(OsString),
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Wanted {
    match arguments.into_iter().next() {
        None => Wanted::Serve,
        Some(argument) if argument == "--version" || argument == "-V" => Wanted::Version,
        Some(argument) if argument == "--help" || argument == "-h" => Wanted::Help,
        Some(argument) => Wanted::Unknown(argument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        for (given, expected) in [
            (&[][..], Wanted::Serve),
            (&["--version"][..], Wanted::Version),
            (&["-h", "more"][..], Wanted::Help),
            (&["--stdio"][..], Wanted::Unknown("--stdio".into())),
        ] {
            assert_eq!(parse(given.iter().map(OsString::from)), expected, "{given:?}");
        }
    }
}

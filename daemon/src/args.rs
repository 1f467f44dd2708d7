//! The daemon's own flags. Users rarely type them: clients and service managers do.
//!
//! The flags that set a key of the configuration come from the table of keys.

use crate::config::{Flags, KEYS, Key, Kind};
use clap::builder::OsStringValueParser;
use clap::{Arg, ArgMatches, Command, FromArgMatches, Parser};
use codemem_proto::settings;
use std::ffi::OsString;
use std::path::PathBuf;

/// The codemem daemon. Clients start it by themselves; `codemem daemon run` runs it in the foreground.
#[derive(Parser, Debug, Default)]
#[command(name = "codememd", version, about)]
pub(crate) struct Args {
    /// Configuration file, instead of the user's
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Tell the client that listens there how start-up went, and leave its session
    #[arg(long, value_name = "SOCKET")]
    pub(crate) notify: Option<PathBuf>,

    /// A service manager runs this daemon: clients leave its life to the manager
    #[arg(long)]
    pub(crate) managed: bool,

    /// Try the grammar in this directory and end; what adding one calls
    #[arg(long, value_name = "DIR", requires = "language", hide = true)]
    pub(crate) check_grammar: Option<PathBuf>,

    /// The language of the grammar to try
    #[arg(long, value_name = "NAME", requires = "check_grammar", hide = true)]
    pub(crate) language: Option<String>,

    /// Say what the settings would be, in the form that `codemem config show` reads, and end
    #[arg(long = settings::FLAG, hide = true)]
    pub(crate) print_settings: bool,

    #[command(flatten)]
    pub(crate) flags: KeyFlags,
}

/// The flags that set keys of the configuration, as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFlags(pub(crate) Flags);

impl clap::Args for KeyFlags {
    fn augment_args(command: Command) -> Command {
        command.args(KEYS.iter().filter_map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KeyFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for flag in KEYS.iter().filter_map(|key| key.flag) {
            if let Some(text) = matches.get_one::<OsString>(flag) {
                self.0.insert(flag, text.clone());
            }
        }
        Ok(())
    }
}

fn flag(key: &'static Key) -> Option<Arg> {
    let flag = key.flag?;
    let arg = Arg::new(flag)
        .long(flag)
        .help(key.meaning())
        .value_parser(OsStringValueParser::new());
    Some(match key.kind {
        Kind::Filter => arg.value_name("FILTER"),
        Kind::Number { .. } => arg.value_name("N"),
        Kind::Path | Kind::Program => arg.value_name("PATH"),
        Kind::Choice(_) => arg.value_name("WORD"),
        // `--offline` alone switches on; `--offline=false` switches off what the file switches on.
        Kind::Switch => arg
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn flags_are_kept_as_they_were_typed() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["codememd", "--offline", "--idle-timeout", "0", "--log", "debug"]);
        let flags = args.expect("understood").flags.0;
        let flags: Vec<(&str, &str)> = flags
            .iter()
            .map(|(flag, text)| (*flag, text.to_str().expect("UTF-8")))
            .collect();
        assert_eq!(flags, [("idle-timeout", "0"), ("log", "debug"), ("offline", "true")]);
        let args = Args::try_parse_from(["codememd", "--offline=false"]).expect("understood");
        assert_eq!(args.flags.0["offline"], "false");
        assert!(Args::try_parse_from(["codememd", "--ofline"]).is_err());
    }
}

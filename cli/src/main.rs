//! `codemem`, the command line: read the arguments, ask the daemon, print the answer.
//!
//! Runs on the main thread alone. Opens no index and no model; only `output` writes to stdout and
//! stderr.

mod args;
mod cmd;
mod context;
mod error;
mod output;

use args::{Cli, Command};
use clap::Parser as _;
use codemem_proto::env::Env;
use codemem_proto::request::RequestId;
use context::Context;
use error::{CliError, Exit};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let env = Env::from_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error).into(),
    };
    let mut output = Output::of_process(cli.json, cli.quiet, &env);
    let request = RequestId::fresh();
    let outcome = match cli.command {
        // Shells run it while they start, in whatever environment.
        Command::Completions(args) => cmd::complete(&args, &mut output),
        command => Context::new(env, cli.no_autostart).and_then(|context| {
            let context = context.for_request(request.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(CliError::Runtime)?;
            runtime.block_on(cmd::run(&context, command, &mut output))
        }),
    };
    let exit = match outcome.and_then(|exit| output.finish().map(|()| exit)) {
        Ok(exit) => exit,
        // Whoever reads has seen enough.
        Err(error) if error.is_broken_pipe() => Exit::Success,
        Err(error) => {
            output.error(&error);
            if error.is_logged() && !cli.verbose {
                output.request(&request);
            }
            error.exit()
        }
    };
    if cli.verbose {
        output.request(&request);
    }
    exit.into()
}

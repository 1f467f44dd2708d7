//! `codemem-mcp`: one agent session's way to the daemon, as an MCP server on stdin and stdout.
//!
//! Runs on the main thread alone. Holds no state of the session but its project, opens no index, and
//! outlives every daemon: it ends when its input does, or at SIGTERM or SIGINT. Nothing but MCP goes
//! to stdout.

mod args;
mod bridge;
mod panics;
mod project;
mod render;
mod server;
mod tools;
mod transport;

use args::Wanted;
use bridge::Bridge;
use codemem_client::service::Service;
use codemem_client::{Connector, Launcher};
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use project::Project;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;
use server::Server;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};
use transport::Forgiving;

/// Name and version of this program, for the daemon's log.
const PROGRAM: &str = concat!("codemem-mcp ", env!("CARGO_PKG_VERSION"));

/// Longest name of a session that memories may belong to, in bytes.
const MAX_SESSION: usize = 128;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Wanted::Serve { reads_only } => serve(reads_only),
        Wanted::Version => print(&mut io::stdout(), &format!("{PROGRAM}\n"), ExitCode::SUCCESS),
        Wanted::Help => print(&mut io::stdout(), args::HELP, ExitCode::SUCCESS),
        Wanted::Unknown(argument) => {
            let text = format!("error: unknown argument `{}`\n\n{}", argument.display(), args::HELP);
            print(&mut io::stderr(), &text, ExitCode::from(2))
        }
    }
}

/// For a person; MCP has not begun.
fn print(stream: &mut dyn Write, text: &str, exit: ExitCode) -> ExitCode {
    match stream.write_all(text.as_bytes()) {
        Ok(()) => exit,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(reads_only: bool) -> ExitCode {
    // Never below WARN: from INFO on, rmcp writes what is said, and clients keep our stderr.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot set up input and output");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(&Env::from_process(), reads_only));
    // A read of stdin may be under way on a thread that nothing wakes up.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ended");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: one process serves one session, which has one directory"
)]
async fn run(env: &Env, reads_only: bool) -> Result<(), Box<dyn Error>> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let project = Project::of(env, std::env::current_dir().ok());
    let server = Server::new(bridge(env, reads_only), project, session_id(env), reads_only);
    let (input, output) = stdio_pipes();
    let transport = Forgiving::new(AsyncRwTransport::new_server(input, output));
    let serving = async {
        match rmcp::serve_server(server, transport).await {
            Ok(service) => service.waiting().await.map(drop).map_err(Into::into),
            // The input ended before anything was asked.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    };
    tokio::select! {
        outcome = serving => outcome,
        () = first(&mut terminated, &mut interrupted) => Ok(()),
    }
}

/// The way to the daemon; a runtime directory that cannot be used is told like a daemon that fails.
fn bridge(env: &Env, reads_only: bool) -> Bridge {
    let connector = Rendezvous::locate(env).map(|rendezvous| {
        let connector = Connector::new(rendezvous, program(env))
            .with_service(Service::of_user(env))
            .reading_only(reads_only);
        if env.is_on(Variable::NoAutostart) {
            connector
        } else {
            let this = std::env::current_exe().ok();
            connector.with_launcher(Launcher::new(env, this.as_deref()))
        }
    });
    Bridge::open(connector.map_err(Into::into))
}

/// The agent's session, unless its name is one that the daemon would not take.
fn session_id(env: &Env) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let session = env.text(Variable::ClaudeSessionId)?;
    (session.len() <= MAX_SESSION && session.bytes().all(is_allowed)).then(|| session.to_owned())
}

fn program(env: &Env) -> String {
    match env.text(Variable::ClaudeSessionId) {
        Some(session) => format!("{PROGRAM} session {session}"),
        None => PROGRAM.to_owned(),
    }
}

async fn first(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

#[cfg(test)]
mod tests;

//! Running another program to its end, with a cap.

use super::GrammarError;
use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Bytes kept of what a program says: the first errors, which tell most.
const MAX_SAID: u64 = 4 << 10;

/// How a program ended, and what it said on standard error.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) said: String,
}

/// Runs a command; kills it when it takes longer than `cap`.
pub(super) fn run(command: &mut Command, cap: Duration) -> Result<Ended, GrammarError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |source| GrammarError::Run {
        program: program.clone(),
        source,
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let stderr = child.stderr.take();
    let (said_tx, said_rx) = mpsc::sync_channel(1);
    let listener = thread::Builder::new().name("grammar-tool".to_owned()).spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _broken = stderr.by_ref().take(MAX_SAID).read_to_end(&mut said);
            // A program that cannot get rid of its words would wait for ever.
            let _rest = std::io::copy(&mut stderr, &mut std::io::sink());
        }
        let _given_up = said_tx.send(said);
    });
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            let _gone = child.kill();
            let _reaped = child.wait();
            return Err(failed(error));
        }
    };
    let said = said_rx.recv_timeout(cap);
    if said.is_err() {
        let _gone = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let Ok(said) = said else {
        // The listener ends when the last holder of the pipe does; nobody waits for that.
        drop(listener);
        return Err(GrammarError::TimedOut { program, after: cap });
    };
    let _ended = listener.join();
    Ok(Ended {
        status,
        said: String::from_utf8_lossy(&said).trim().to_owned(),
    })
}

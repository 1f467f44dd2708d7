//! `codemem memory import`: stream a file of memories to the daemon, and tell line by line what was not taken.

mod read;

use super::caller;
use crate::args::memory::ImportArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_client::Client;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::{ImportMemoriesRequest, ImportMemoriesResponse, ImportedMemory, MemoryCaller, MemoryOrigin};
use read::Piece;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Pieces that wait for the daemon: one is sent while the next is read.
const WAITING: usize = 1;

/// Most memories of one call: the daemon gives up on one with more than 5,000 bad ones, and its answer, with a reason for
/// each of them, stays within a message.
const MAX_CALL: usize = 4096;

pub(super) async fn run(context: &Context, args: ImportArgs, output: &mut Output) -> Result<Exit, CliError> {
    let caller = MemoryCaller {
        origin: MemoryOrigin::Import.into(),
        ..caller(&args.who)?
    };
    let source = open(&args.file)?;
    let client = context.connect().await?;
    let (pieces_tx, mut pieces_rx) = mpsc::channel(WAITING);
    let reader = thread::Builder::new()
        .name("memory-import".to_owned())
        .spawn(move || read::read(source, &pieces_tx))
        .map_err(CliError::Runtime)?;
    let mut import = Import {
        client,
        caller,
        redact: args.redact,
        call: None,
        report: json::ImportReport::default(),
    };
    let mut failure = None;
    while let Some(piece) = pieces_rx.recv().await {
        match piece {
            Piece::Batch { project, memories } => import.send(project, memories).await?,
            Piece::Rejected { line, reason } => import.report.reject(line, reason),
            Piece::Failed(source) => failure = Some(source),
        }
    }
    // It has let go of the channel, so it has ended or is about to.
    drop(reader.join());
    import.finish().await?;
    let mut report = import.report;
    report.sort();
    output.answer(|style| human::memory_import(&report, style), || &report)?;
    match failure {
        None => Ok(Exit::Success),
        Some(source) => Err(read_error(&args.file, source)),
    }
}

fn open(path: &Path) -> Result<Box<dyn Read + Send>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    Ok(Box::new(file))
}

fn read_error(path: &Path, source: io::Error) -> CliError {
    let path = if path == Path::new("-") {
        Path::new("standard input")
    } else {
        path
    };
    CliError::ReadInput {
        path: path.to_owned(),
        source,
    }
}

struct Import {
    client: Client,
    caller: MemoryCaller,
    redact: bool,
    call: Option<Call>,
    report: json::ImportReport,
}

/// A call that takes batches of one project.
struct Call {
    /// The one that lines name; `None`: the one that import was called for.
    project: Option<String>,
    batches_tx: mpsc::Sender<ImportMemoriesRequest>,
    answer: JoinHandle<Result<ImportMemoriesResponse, Status>>,
    lines: Vec<u64>,
}

impl Import {
    async fn send(&mut self, project: Option<String>, memories: Vec<ImportedMemory>) -> Result<(), CliError> {
        let fits = |call: &Call| call.project == project && call.lines.len() + memories.len() <= MAX_CALL;
        let mut call = match self.call.take() {
            Some(call) if fits(&call) => call,
            former => {
                self.call = former;
                self.finish().await?;
                self.begin(project)
            }
        };
        let is_first = call.lines.is_empty();
        call.lines.extend(memories.iter().map(|memory| memory.line));
        let mut caller = self.caller.clone();
        if let Some(project) = &call.project {
            caller.project.clone_from(project);
        }
        let batch = ImportMemoriesRequest {
            caller: is_first.then_some(caller),
            redact: self.redact,
            memories,
        };
        // A call that has ended says why in its answer.
        let is_over = call.batches_tx.send(batch).await.is_err();
        self.call = Some(call);
        if is_over { self.finish().await } else { Ok(()) }
    }

    fn begin(&self, project: Option<String>) -> Call {
        let (batches_tx, batches_rx) = mpsc::channel(WAITING);
        let mut client = self.client.memory.clone();
        let answer = tokio::spawn(async move {
            let batches = ReceiverStream::new(batches_rx);
            client.import(batches).await.map(tonic::Response::into_inner)
        });
        Call {
            project,
            batches_tx,
            answer,
            lines: Vec::new(),
        }
    }

    /// Waits for the answer of the call that is open.
    async fn finish(&mut self) -> Result<(), CliError> {
        let Some(call) = self.call.take() else {
            return Ok(());
        };
        drop(call.batches_tx);
        let answer = call
            .answer
            .await
            .map_err(|error| CliError::Runtime(io::Error::other(error)))?;
        let error = match answer {
            Ok(answer) => {
                self.report.add(answer);
                return Ok(());
            }
            Err(status) => WireError::from_status(&status),
        };
        // A project of another machine is its lines' mistake.
        if call.project.is_some() && error.kind == ErrorKind::Usage {
            for line in call.lines {
                self.report.reject(line, error.message.clone());
            }
            return Ok(());
        }
        Err(CliError::Wire(error))
    }
}

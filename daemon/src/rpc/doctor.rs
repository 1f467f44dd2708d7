//! The Doctor service.

use super::{Context, convert, request};
use crate::blocking::blocking;
use crate::doctor::{self, Finding, Patient, Verdict};
use codemem_engine::EngineError;
use codemem_proto::v1;
use codemem_proto::v1::doctor_server::Doctor;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

/// Findings that may wait for a slow client.
const FINDINGS: usize = 16;

pub(super) struct Service(pub(super) Context);

type Findings = ReceiverStream<Result<v1::Finding, Status>>;

#[tonic::async_trait]
impl Doctor for Service {
    type ExamineStream = Findings;

    async fn examine(&self, request: Request<v1::ExamineRequest>) -> Result<Response<Findings>, Status> {
        let root = request.into_inner().root;
        let root = (!root.is_empty()).then(|| convert::absolute(&root)).transpose()?;
        let (findings_tx, findings_rx) = mpsc::channel(FINDINGS);
        let context = self.0.clone();
        let examining = async move {
            let patient = Patient {
                engine: context.engine.clone(),
                directories: context.info.directories.clone(),
                is_read_only: context.info.is_read_only,
                settings: context.settings.clone(),
                logs: context.logs.clone(),
                grammars: Arc::clone(&context.grammars),
            };
            let quick_tx = findings_tx.clone();
            let quick = blocking(move || {
                doctor::examine(&patient, &mut |finding| {
                    match quick_tx.blocking_send(Ok(wire(finding))) {
                        Ok(()) => ControlFlow::Continue(()),
                        // Nobody listens any more.
                        Err(_) => ControlFlow::Break(()),
                    }
                })
            });
            let last = match quick.await {
                Ok(ControlFlow::Break(())) => return,
                Ok(ControlFlow::Continue(())) => {
                    tokio::select! {
                        () = findings_tx.closed() => return,
                        // An end without an error would look like the end of an examination.
                        () = context.stop.cancelled() => Err(convert::status(EngineError::Stopping)),
                        found = stores(&context, root.as_deref()) => found,
                    }
                }
                Err(error) => Err(convert::lost(error)),
            };
            match last {
                Ok(found) => {
                    for finding in found {
                        if findings_tx.send(Ok(wire(finding))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(status) => {
                    request::failed(&status);
                    let _gone = findings_tx.send(Err(status)).await;
                }
            }
        };
        self.0.tracker.spawn(examining.in_current_span());
        Ok(Response::new(ReceiverStream::new(findings_rx)))
    }
}

/// What takes its time: the stores of code, and the memories.
async fn stores(context: &Context, root: Option<&Path>) -> Result<Vec<Finding>, Status> {
    let unwatched = doctor::watching::unwatched(&context.settings.now().settings);
    let mut found = doctor::watching::examine(&context.engine, root, unwatched)
        .await
        .map_err(convert::status)?;
    found.extend(
        doctor::stores::examine(&context.engine, root)
            .await
            .map_err(convert::status)?,
    );
    found.extend(
        doctor::memories::examine(&context.memories)
            .await
            .map_err(convert::memory)?,
    );
    Ok(found)
}

fn wire(finding: Finding) -> v1::Finding {
    let verdict = match finding.verdict {
        Verdict::Good => v1::Verdict::Good,
        Verdict::Warning => v1::Verdict::Warning,
        Verdict::Bad => v1::Verdict::Bad,
    };
    v1::Finding {
        subject: finding.subject.to_owned(),
        verdict: verdict.into(),
        detail: finding.detail,
        remedy: finding.remedy,
    }
}

//! The Models service: setup, import, list.

use super::{Context, convert, request};
use crate::blocking::blocking;
use codemem_core::ports::{AssetsReport, AssetsSource, ModelAssets, PortResult};
use codemem_proto::v1::models_server::Models;
use codemem_proto::v1::setup_event::Event;
use codemem_proto::v1::{
    ImportModelRequest, ListModelsRequest, ListModelsResponse, Model, SetupEvent, SetupProgress, SetupRequest,
    SetupResult,
};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

/// Events that may wait for a slow client.
const EVENTS: usize = 16;

pub(super) struct Service(pub(super) Context);

type Events = ReceiverStream<Result<SetupEvent, Status>>;

#[tonic::async_trait]
impl Models for Service {
    type SetupStream = Events;
    type ImportModelStream = Events;

    async fn setup(&self, request: Request<SetupRequest>) -> Result<Response<Events>, Status> {
        let request = request.into_inner();
        let source = AssetsSource {
            onnxruntime: given(&request.onnxruntime)?,
            model_dir: given(&request.model_dir)?,
        };
        Ok(self.run(move |assets, report| {
            assets.ensure(&source, report)?;
            active(assets)
        }))
    }

    async fn import_model(&self, request: Request<ImportModelRequest>) -> Result<Response<Events>, Status> {
        let request = request.into_inner();
        let directory = convert::absolute(&request.directory)?;
        let name = Some(request.name).filter(|name| !name.is_empty());
        Ok(self.run(move |assets, report| {
            let model = assets.import(&directory, name.as_deref(), report)?;
            Ok((assets.runtime(), Some(convert::model(model))))
        }))
    }

    async fn list_models(&self, _request: Request<ListModelsRequest>) -> Result<Response<ListModelsResponse>, Status> {
        let assets = Arc::clone(self.0.engine.assets());
        let models = blocking(move || assets.models()).await.map_err(convert::lost)?;
        let models = models.map_err(convert::port)?;
        Ok(Response::new(ListModelsResponse {
            models: models.into_iter().map(convert::model).collect(),
        }))
    }
}

type Done = (Option<PathBuf>, Option<Model>);

impl Service {
    /// Runs a long action on a blocking thread and streams its progress. It ends even when the
    /// client leaves: what was fetched is kept.
    fn run(
        &self,
        action: impl FnOnce(&dyn ModelAssets, AssetsReport<'_>) -> PortResult<Done> + Send + 'static,
    ) -> Response<Events> {
        let (events_tx, events_rx) = mpsc::channel(EVENTS);
        let (context, assets) = (self.0.clone(), Arc::clone(self.0.engine.assets()));
        let running = async move {
            let (progress_tx, activity, stop) = (events_tx.clone(), context.activity.clone(), context.stop.clone());
            let running = blocking(move || {
                action(&*assets, &mut |step| {
                    activity.touch();
                    let progress = SetupProgress {
                        step: step.step,
                        done: step.done,
                        total: step.total,
                    };
                    // Progress that nobody reads in time is stale.
                    let _full = progress_tx.try_send(Ok(SetupEvent {
                        event: Some(Event::Progress(progress)),
                    }));
                    if stop.is_cancelled() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })
            });
            let last = match running.await {
                Ok(Ok((runtime, model))) => {
                    let onnxruntime = runtime.map(|path| path.display().to_string()).unwrap_or_default();
                    Ok(SetupEvent {
                        event: Some(Event::Result(SetupResult { onnxruntime, model })),
                    })
                }
                Ok(Err(error)) => Err(convert::port(error)),
                Err(error) => Err(convert::lost(error)),
            };
            let last = last.inspect_err(request::failed);
            let succeeded = last.is_ok();
            let _gone = events_tx.send(last).await;
            if succeeded {
                context.engine.retry_vectors().await;
            }
        };
        self.0.tracker.spawn(running.in_current_span());
        Response::new(ReceiverStream::new(events_rx))
    }
}

fn active(assets: &dyn ModelAssets) -> PortResult<Done> {
    let model = assets.models()?.into_iter().find(|model| model.active);
    Ok((assets.runtime(), model.map(convert::model)))
}

fn given(path: &str) -> Result<Option<PathBuf>, Status> {
    if path.is_empty() {
        Ok(None)
    } else {
        convert::absolute(path).map(Some)
    }
}

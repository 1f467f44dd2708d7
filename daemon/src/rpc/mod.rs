//! The gRPC services: one file per service, conversions in one place, every call checked.
//!
//! The only module of the daemon that names wire types. Handlers convert, ask the engine and convert
//! back; they hold no state and do no work of their own.

mod convert;
mod daemon;
mod index;
mod models;
mod peer;
mod search;

use crate::info::DaemonInfo;
use crate::lifecycle::Activity;
use codemem_engine::Engine;
use codemem_proto::v1::daemon_server::DaemonServer;
use codemem_proto::v1::index_server::IndexServer;
use codemem_proto::v1::models_server::ModelsServer;
use codemem_proto::v1::search_server::SearchServer;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tonic::transport::server::Router;

/// What every handler may reach.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) info: Arc<DaemonInfo>,
    pub(crate) activity: Activity,
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

/// All services, each behind the peer check.
pub(crate) fn router(context: &Context) -> Router {
    let check = || peer::Check::new(context.activity.clone());
    Server::builder()
        .add_service(DaemonServer::with_interceptor(
            daemon::Service(context.clone()),
            check(),
        ))
        .add_service(IndexServer::with_interceptor(index::Service(context.clone()), check()))
        .add_service(SearchServer::with_interceptor(
            search::Service(context.clone()),
            check(),
        ))
        .add_service(ModelsServer::with_interceptor(
            models::Service(context.clone()),
            check(),
        ))
}

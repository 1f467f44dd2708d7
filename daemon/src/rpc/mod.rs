//! The gRPC services: one file per service, conversions in one place, every call checked.
//!
//! The only module of the daemon that names wire types. Handlers convert, ask the engine and convert
//! back; they hold no state and do no work of their own.

mod admission;
mod config;
mod convert;
mod daemon;
mod doctor;
mod freshness;
mod graph;
mod index;
mod index_group;
mod languages;
mod memory;
mod models;
mod peer;
mod project;
mod read_only;
mod request;
mod search;

pub(crate) use admission::{Admission, connections};
pub(crate) use config::settings;

use crate::config::Handle;
use crate::info::DaemonInfo;
use crate::lifecycle::Activity;
use crate::logging::LogControl;
use codemem_core::ports::Grammars;
use codemem_engine::Engine;
use codemem_engine::memory::Memories;
use codemem_proto::v1::config_server::ConfigServer;
use codemem_proto::v1::daemon_server::DaemonServer;
use codemem_proto::v1::doctor_server::DoctorServer;
use codemem_proto::v1::graph_server::GraphServer;
use codemem_proto::v1::index_server::IndexServer;
use codemem_proto::v1::memory_server::MemoryServer;
use codemem_proto::v1::models_server::ModelsServer;
use codemem_proto::v1::search_server::SearchServer;
use read_only::ReadOnly;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tonic::transport::server::Router;
use tower::layer::util::{Identity, Stack};

/// What every handler may reach.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) memories: Memories,
    pub(crate) info: Arc<DaemonInfo>,
    pub(crate) grammars: Arc<dyn Grammars>,
    pub(crate) settings: Handle,
    pub(crate) logs: LogControl,
    pub(crate) activity: Activity,
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

/// What every call passes: first its span, then the question whether it may change anything.
type Guarding = Stack<ReadOnly, Stack<request::Spans, Identity>>;

/// All services, each behind the peer check, each call in its span.
pub(crate) fn router(context: &Context) -> Router<Guarding> {
    let check = || peer::Check::new(context.activity.clone());
    let read_only = ReadOnly {
        daemon: context.info.is_read_only,
    };
    Server::builder()
        .layer(request::Spans)
        .layer(read_only)
        .add_service(ConfigServer::with_interceptor(
            config::Service(context.clone()),
            check(),
        ))
        .add_service(DaemonServer::with_interceptor(
            daemon::Service(context.clone()),
            check(),
        ))
        .add_service(DoctorServer::with_interceptor(
            doctor::Service(context.clone()),
            check(),
        ))
        .add_service(GraphServer::with_interceptor(graph::Service(context.clone()), check()))
        .add_service(IndexServer::with_interceptor(index::Service(context.clone()), check()))
        .add_service(MemoryServer::with_interceptor(
            memory::Service::new(context.clone()),
            check(),
        ))
        .add_service(SearchServer::with_interceptor(
            search::Service::new(context.clone()),
            check(),
        ))
        .add_service(ModelsServer::with_interceptor(
            models::Service(context.clone()),
            check(),
        ))
}

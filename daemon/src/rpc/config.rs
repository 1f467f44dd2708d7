//! The Config service: show, read again, change the log's filter.

use super::{Context, convert};
use crate::blocking::blocking;
use crate::config::{Applies, InForce, RequestError, Row, Value};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use codemem_proto::v1::config_server::Config;
use codemem_proto::v1::config_value::Value as WireValue;
use codemem_proto::v1::{
    ConfigKey, ConfigValue, ConfigWaiting, ReloadConfigRequest, ReloadConfigResponse, SetLogRequest, SetLogResponse,
    ShowConfigRequest, ShowConfigResponse,
};
use tonic::{Request, Response, Status};

pub(super) struct Service(pub(super) Context);

#[tonic::async_trait]
impl Config for Service {
    async fn show(&self, _request: Request<ShowConfigRequest>) -> Result<Response<ShowConfigResponse>, Status> {
        let in_force = self.0.settings.now();
        let file = in_force.file.clone();
        let file_exists = blocking(move || file.exists()).await.map_err(convert::lost)?;
        Ok(Response::new(answer(&in_force, file_exists)))
    }

    async fn reload(&self, _request: Request<ReloadConfigRequest>) -> Result<Response<ReloadConfigResponse>, Status> {
        let changes = self.0.settings.reload().await.map_err(status)?;
        Ok(Response::new(ReloadConfigResponse {
            changed: changes.changed.into_iter().map(str::to_owned).collect(),
            waiting: changes.waiting.into_iter().map(str::to_owned).collect(),
        }))
    }

    async fn set_log(&self, request: Request<SetLogRequest>) -> Result<Response<SetLogResponse>, Status> {
        let filter = Some(request.into_inner().filter).filter(|filter| !filter.is_empty());
        self.0.settings.set_log(filter).await.map_err(status)?;
        let in_force = self.0.settings.now();
        Ok(Response::new(SetLogResponse {
            filter: in_force.log_filter(),
            configured: in_force.settings.log.clone(),
        }))
    }
}

/// The answer to Show for whoever cannot ask a daemon, as bytes. Blocks.
pub(crate) fn settings(in_force: &InForce) -> Vec<u8> {
    codemem_proto::settings::encode(&answer(in_force, in_force.file.exists()))
}

fn answer(in_force: &InForce, file_exists: bool) -> ShowConfigResponse {
    ShowConfigResponse {
        file: in_force.file.display().to_string(),
        file_exists,
        keys: in_force.rows().iter().map(key).collect(),
        problem: in_force.problem.clone().unwrap_or_default(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn status(error: RequestError) -> Status {
    let (kind, hint) = match &error {
        RequestError::Config(error) => (ErrorKind::Data, error.hint()),
        RequestError::Filter(_) => (
            ErrorKind::Usage,
            "write it like `debug` or `info,codemem_engine=debug`".to_owned(),
        ),
        RequestError::Ending => (
            ErrorKind::Unavailable,
            "start it with `codemem daemon start`".to_owned(),
        ),
    };
    WireError::new(kind, error.to_string()).with_hint(hint).into()
}

fn key(row: &Row<'_>) -> ConfigKey {
    let key = row.key;
    ConfigKey {
        name: key.name.to_owned(),
        value: row.value.map(value),
        origin: row.origin.to_string(),
        waiting: row.waiting.map(|entry| ConfigWaiting {
            value: entry.value.as_ref().map(value),
            origin: entry.origin.to_string(),
        }),
        default: key.fallback.to_string(),
        allowed: key.kind.allowed(),
        variable: key.variable.name().to_owned(),
        flag: key.flag.map(|flag| format!("--{flag}")).unwrap_or_default(),
        applies_at_once: key.applies == Applies::AtOnce,
        meaning: key.meaning().to_owned(),
    }
}

fn value(value: &Value) -> v1::ConfigValue {
    let value = match value {
        Value::Text(text) => WireValue::Text(text.clone()),
        Value::Number(number) => WireValue::Number(*number),
        Value::Switch(switch) => WireValue::Switch(*switch),
        Value::Path(path) => WireValue::Text(path.display().to_string()),
    };
    ConfigValue { value: Some(value) }
}

//! What may be called where nothing may be changed: one table over every call of the contract, enforced
//! before the call reaches its service.
//!
//! Two things make a call read-only: the daemon's own setting, and the promise of a client in the call's
//! metadata. What the table does not name is refused then.

use codemem_proto::read_only::{READ_ONLY_KEY, is_read_only};
use codemem_proto::status::{ErrorKind, WireError};
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, Service};

/// What a call does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// Nothing but answer.
    Reads,
    /// Something with the running daemon, nothing with what is stored: allowed where the daemon is
    /// read-only, and refused to a client that only reads.
    Governs,
    /// It may change what is stored.
    Writes,
}

/// Every call of the contract.
const CALLS: &[(&str, Effect)] = &[
    ("/codemem.v1.Config/Reload", Effect::Governs),
    ("/codemem.v1.Config/SetLog", Effect::Governs),
    ("/codemem.v1.Config/Show", Effect::Reads),
    ("/codemem.v1.Daemon/Hello", Effect::Reads),
    ("/codemem.v1.Daemon/Shutdown", Effect::Governs),
    ("/codemem.v1.Daemon/Status", Effect::Reads),
    ("/codemem.v1.Doctor/Examine", Effect::Reads),
    ("/codemem.v1.Graph/Affected", Effect::Reads),
    ("/codemem.v1.Graph/Map", Effect::Reads),
    ("/codemem.v1.Graph/Outline", Effect::Reads),
    ("/codemem.v1.Graph/Symbol", Effect::Reads),
    ("/codemem.v1.Index/AddLanguage", Effect::Writes),
    ("/codemem.v1.Index/ExplainProject", Effect::Reads),
    ("/codemem.v1.Index/IndexRoot", Effect::Writes),
    ("/codemem.v1.Index/Languages", Effect::Reads),
    ("/codemem.v1.Index/Prune", Effect::Writes),
    ("/codemem.v1.Index/Remove", Effect::Writes),
    ("/codemem.v1.Index/RemoveLanguage", Effect::Writes),
    ("/codemem.v1.Memory/Add", Effect::Writes),
    // Writes a file wherever the caller says.
    ("/codemem.v1.Memory/Backup", Effect::Writes),
    ("/codemem.v1.Memory/Confirm", Effect::Writes),
    ("/codemem.v1.Memory/Delete", Effect::Writes),
    ("/codemem.v1.Memory/Edit", Effect::Writes),
    ("/codemem.v1.Memory/Export", Effect::Reads),
    ("/codemem.v1.Memory/Find", Effect::Reads),
    ("/codemem.v1.Memory/Get", Effect::Reads),
    ("/codemem.v1.Memory/Import", Effect::Writes),
    ("/codemem.v1.Memory/List", Effect::Reads),
    ("/codemem.v1.Memory/Restore", Effect::Writes),
    ("/codemem.v1.Memory/RetrievePreferences", Effect::Reads),
    ("/codemem.v1.Memory/RetrieveProjectFacts", Effect::Reads),
    ("/codemem.v1.Memory/RetrieveSession", Effect::Reads),
    ("/codemem.v1.Memory/Stats", Effect::Reads),
    ("/codemem.v1.Models/ImportModel", Effect::Writes),
    ("/codemem.v1.Models/ListModels", Effect::Reads),
    ("/codemem.v1.Models/Setup", Effect::Writes),
    ("/codemem.v1.Search/Expand", Effect::Reads),
    ("/codemem.v1.Search/Search", Effect::Reads),
];

/// Refuses calls that would change what must not change.
#[derive(Clone, Copy)]
pub(crate) struct ReadOnly {
    /// Whether the daemon is.
    pub(super) daemon: bool,
}

/// What [`ReadOnly`] makes of a service.
#[derive(Clone)]
pub(crate) struct Guarded<S> {
    inner: S,
    read_only: ReadOnly,
}

impl<S> Layer<S> for ReadOnly {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded {
            inner,
            read_only: *self,
        }
    }
}

type Answering<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

impl<S, B> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: Default + Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.read_only.refusal(request.uri().path(), request.headers()) {
            Some(error) => {
                let refused = Status::from(error).into_http();
                Box::pin(async move { Ok(refused) })
            }
            None => Box::pin(self.inner.call(request)),
        }
    }
}

impl ReadOnly {
    /// Why a call is refused; `None` when it is not.
    fn refusal(self, path: &str, headers: &HeaderMap) -> Option<WireError> {
        let effect = effect(path);
        let client = is_read_only(headers.get(READ_ONLY_KEY).map(HeaderValue::as_bytes));
        let (who, hint) = match (effect, client) {
            (Effect::Governs | Effect::Writes, true) => (
                "this client only reads",
                "ask somebody who may change it, or connect without `--read-only`",
            ),
            (Effect::Writes, false) if self.daemon => (
                "the daemon is read-only",
                "set `read_only = false` in the configuration, or leave out `--read-only`, and run `codemem daemon restart`",
            ),
            (Effect::Reads, _) | (Effect::Governs | Effect::Writes, false) => return None,
        };
        let call = path.trim_start_matches("/codemem.v1.").replace('/', ".");
        let error = WireError::new(ErrorKind::Denied, format!("`{call}` may change something, and {who}"));
        Some(error.with_hint(hint))
    }
}

/// What the call of that path does; what is not known may do anything.
fn effect(path: &str) -> Effect {
    let known = CALLS.iter().find(|(known, _)| *known == path);
    known.map_or(Effect::Writes, |(_, effect)| *effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_proto::FILE_DESCRIPTOR_SET;
    use codemem_proto::read_only::{MAY_CHANGE, READS_ONLY};
    use tonic_prost::prost::Message;

    /// As much of `google.protobuf.FileDescriptorSet` as the test reads.
    #[derive(Message)]
    #[prost(prost_path = "tonic_prost::prost")]
    struct DescriptorSet {
        #[prost(message, repeated, tag = "1")]
        files: Vec<File>,
    }

    #[derive(Message)]
    #[prost(prost_path = "tonic_prost::prost")]
    struct File {
        #[prost(string, tag = "2")]
        package: String,
        #[prost(message, repeated, tag = "6")]
        services: Vec<ServiceOf>,
    }

    #[derive(Message)]
    #[prost(prost_path = "tonic_prost::prost")]
    struct ServiceOf {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(message, repeated, tag = "2")]
        methods: Vec<Method>,
    }

    #[derive(Message)]
    #[prost(prost_path = "tonic_prost::prost")]
    struct Method {
        #[prost(string, tag = "1")]
        name: String,
    }

    fn headers(value: Option<&'static str>) -> HeaderMap {
        let value = value.map(HeaderValue::from_static);
        value
            .into_iter()
            .map(|value| (READ_ONLY_KEY.parse().expect("a name"), value))
            .collect()
    }

    #[test]
    fn every_call_of_the_contract_is_placed() {
        let set = DescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("valid");
        let mut paths: Vec<String> = Vec::new();
        for file in &set.files {
            for service in &file.services {
                let methods = service.methods.iter();
                paths.extend(methods.map(|method| format!("/{}.{}/{}", file.package, service.name, method.name)));
            }
        }
        paths.sort();
        let placed: Vec<&str> = CALLS.iter().map(|(path, _)| *path).collect();
        assert_eq!(placed, paths, "the table is sorted and names every call once");
    }

    #[test]
    fn who_may_call_what() {
        for (path, effect) in CALLS {
            let refused = |daemon, value| ReadOnly { daemon }.refusal(path, &headers(value)).is_some();
            assert!(!refused(false, None), "{path}");
            assert!(!refused(false, Some(MAY_CHANGE)), "{path}");
            assert_eq!(refused(true, None), *effect == Effect::Writes, "{path}");
            assert_eq!(refused(false, Some(READS_ONLY)), *effect != Effect::Reads, "{path}");
            assert_eq!(refused(true, Some("anything")), *effect != Effect::Reads, "{path}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name_and_reason() {
        let error = ReadOnly { daemon: true }.refusal("/codemem.v1.Memory/Rewrite", &HeaderMap::new());
        let error = error.expect("refused");
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(
            error.message,
            "`Memory.Rewrite` may change something, and the daemon is read-only"
        );
        let error = ReadOnly { daemon: false }.refusal("/other", &headers(Some(READS_ONLY)));
        assert!(error.expect("refused").message.ends_with("this client only reads"));
        let known = ReadOnly { daemon: false }.refusal("/other", &HeaderMap::new());
        assert_eq!(known, None, "an unknown call is the router's to refuse");
    }
}

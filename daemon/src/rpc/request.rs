//! The span of each call: which request, which client, which method. Every line that is logged on its
//! behalf, on whatever thread, carries them.
//!
//! The name comes from the client or is made here; it goes back with every answer, errors included.

use crate::logging::REQUEST_TARGET;
use codemem_proto::request::{REQUEST_KEY, RequestId};
use codemem_proto::status::KIND_KEY;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, Service};
use tracing::Instrument as _;

/// Longest name of a client that is logged, in characters.
const MAX_CLIENT: usize = 96;

/// Puts every call into its span.
#[derive(Clone, Copy)]
pub(crate) struct Spans;

/// What [`Spans`] makes of a service.
#[derive(Clone)]
pub(crate) struct Spanned<S>(S);

impl<S> Layer<S> for Spans {
    type Service = Spanned<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Spanned(inner)
    }
}

type Answering<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

impl<S, B> Service<Request<Body>> for Spanned<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let began = Instant::now();
        let id = id_of(request.headers());
        let span = tracing::error_span!(
            target: REQUEST_TARGET,
            "request",
            id = id.as_str(),
            client = client_of(request.headers()),
            method = method_of(request.uri().path()),
        );
        // For the audit log of what is written.
        request.extensions_mut().insert(id.clone());
        // Also what a handler does before its first await belongs to the span.
        let answer = span.in_scope(|| self.0.call(request));
        let answer = async move {
            let mut answer = answer.await?;
            tell(answer.headers(), began);
            if let Ok(value) = HeaderValue::from_str(id.as_str()) {
                answer.headers_mut().insert(REQUEST_KEY, value);
            }
            Ok(answer)
        };
        Box::pin(answer.instrument(span))
    }
}

/// The name that the client gave, or one of ours where it gave none that is allowed.
fn id_of(headers: &HeaderMap) -> RequestId {
    let given = headers.get(REQUEST_KEY).and_then(|value| value.to_str().ok());
    given.and_then(RequestId::parse).unwrap_or_else(RequestId::fresh)
}

/// What the client calls itself, without the library that speaks for it.
fn client_of(headers: &HeaderMap) -> String {
    let agent = headers.get("user-agent").and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or("unknown");
    let name = agent.split(" tonic/").next().unwrap_or(agent);
    name.chars().filter(|c| !c.is_control()).take(MAX_CLIENT).collect()
}

/// `Search/Search` of `/codemem.v1.Search/Search`.
fn method_of(path: &str) -> String {
    let method = path.trim_start_matches('/').trim_start_matches("codemem.v1.");
    method.chars().take(MAX_CLIENT).collect()
}

/// Logs how the call began to be answered; a refusal by its kind alone, for its message may quote the
/// question.
fn tell(headers: &HeaderMap, began: Instant) {
    let ms = began.elapsed().as_secs_f64() * 1_000.0;
    match headers.get("grpc-status").filter(|code| *code != "0") {
        None => tracing::debug!(ms, "answered"),
        Some(code) => refused(text(Some(code)), text(headers.get(KIND_KEY)), Some(ms)),
    }
}

/// Logs that a call fails whose answer had begun: what its stream ends with.
pub(super) fn failed(status: &Status) {
    let code = i32::from(status.code()).to_string();
    let kind = status.metadata().get(KIND_KEY).and_then(|kind| kind.to_str().ok());
    refused(&code, kind.unwrap_or_default(), None);
}

fn refused(code: &str, kind: &str, ms: Option<f64>) {
    tracing::info!(code, kind, ms, "refused");
}

fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::tests::logged;
    use codemem_proto::status::{ErrorKind, WireError};
    use tracing::Level;

    fn headers(name: &'static str, value: &[u8]) -> HeaderMap {
        let value = HeaderValue::from_bytes(value).expect("a header");
        HeaderMap::from_iter([(tonic::codegen::http::HeaderName::from_static(name), value)])
    }

    #[test]
    fn a_name_is_taken_when_it_is_allowed_and_made_when_not() {
        assert_eq!(id_of(&headers(REQUEST_KEY, b"3f2a-17")).as_str(), "3f2a-17");
        for bad in [&b"a b"[..], b"", b"\xff", &[b'x'; 65]] {
            assert_eq!(id_of(&headers(REQUEST_KEY, bad)).as_str().len(), 12, "{bad:?}");
        }
        assert_eq!(id_of(&HeaderMap::new()).as_str().len(), 12);
    }

    #[test]
    fn failures_are_logged_alike_wherever_a_call_ends() {
        let status = || Status::from(WireError::new(ErrorKind::NotRegistered, "`/zanzibar` is not indexed"));
        let unary = logged(Level::INFO, || {
            tell(status().into_http::<()>().headers(), Instant::now());
        });
        let streamed = logged(Level::INFO, || failed(&status()));
        for text in [unary, streamed] {
            assert!(
                text.contains("refused") && text.contains("code=\"5\" kind=\"not_registered\""),
                "{text}"
            );
            assert!(!text.contains("zanzibar"), "{text}");
        }
    }

    #[test]
    fn clients_and_methods_are_shown_short() {
        let agent = headers("user-agent", b"codemem 0.1.0 tonic/0.14.9");
        assert_eq!(client_of(&agent), "codemem 0.1.0");
        assert_eq!(client_of(&HeaderMap::new()), "unknown");
        assert_eq!(client_of(&headers("user-agent", &[b'x'; 500])).len(), MAX_CLIENT);
        assert_eq!(method_of("/codemem.v1.Search/Search"), "Search/Search");
    }
}

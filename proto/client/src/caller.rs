//! Who calls, and for which request: what every call tells the daemon's log.

use codemem_proto::request::{REQUEST_KEY, RequestId};
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// A connection whose calls are named.
pub type Connection = InterceptedService<Channel, Naming>;

/// A program, and the request that it works on.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Name and version.
    pub(crate) program: String,
    /// One name for all its calls; without it each call gets its own.
    pub(crate) request: Option<RequestId>,
}

impl Caller {
    /// The program's name as a header can carry it.
    pub(crate) fn agent(&self) -> String {
        self.program.chars().filter(|c| matches!(c, ' '..='~')).collect()
    }

    pub(crate) fn connection(&self, channel: &Channel) -> Connection {
        InterceptedService::new(channel.clone(), Naming(self.request.clone()))
    }
}

/// Names the calls that have no name yet.
#[derive(Clone, Debug)]
pub struct Naming(Option<RequestId>);

impl Interceptor for Naming {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !request.metadata().contains_key(REQUEST_KEY) {
            let id = self.0.clone().unwrap_or_else(RequestId::fresh);
            name(&mut request, &id);
        }
        Ok(request)
    }
}

/// Gives a call its name; it counts before the connection's.
pub fn name<T>(request: &mut Request<T>, id: &RequestId) {
    let value = MetadataValue::try_from(id.as_str()).expect("a request's name is plain ASCII");
    request.metadata_mut().insert(REQUEST_KEY, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(naming: &mut Naming, request: Request<()>) -> String {
        let request = naming.call(request).expect("passed on");
        let value = request.metadata().get(REQUEST_KEY).expect("named");
        value.to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn a_call_keeps_its_name_or_gets_one() {
        let id = RequestId::parse("3f2a").expect("allowed");
        let mut one_for_all = Naming(Some(id.clone()));
        assert_eq!(named(&mut one_for_all, Request::new(())), "3f2a");
        let mut request = Request::new(());
        name(&mut request, &id.with_part("7"));
        assert_eq!(named(&mut one_for_all, request), "3f2a-7");
        let mut each_its_own = Naming(None);
        let (one, other) = (
            named(&mut each_its_own, Request::new(())),
            named(&mut each_its_own, Request::new(())),
        );
        assert_ne!(one, other);
    }
}

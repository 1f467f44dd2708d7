//! Who calls, and for which request: what every call tells the daemon's log.

use codemem_proto::read_only::{MAY_CHANGE, READ_ONLY_KEY, READS_ONLY};
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
    /// Whether it promises to change nothing, so that the daemon refuses what would.
    pub(crate) reads_only: bool,
}

impl Caller {
    /// The program's name as a header can carry it.
    pub(crate) fn agent(&self) -> String {
        self.program.chars().filter(|c| matches!(c, ' '..='~')).collect()
    }

    pub(crate) fn connection(&self, channel: &Channel) -> Connection {
        let naming = Naming {
            request: self.request.clone(),
            reads_only: self.reads_only,
        };
        InterceptedService::new(channel.clone(), naming)
    }
}

/// Names the calls that have no name yet, and says which may change nothing.
#[derive(Clone, Debug)]
pub struct Naming {
    request: Option<RequestId>,
    reads_only: bool,
}

impl Interceptor for Naming {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !request.metadata().contains_key(REQUEST_KEY) {
            let id = self.request.clone().unwrap_or_else(RequestId::fresh);
            name(&mut request, &id);
        }
        if self.reads_only && !request.metadata().contains_key(READ_ONLY_KEY) {
            let value = MetadataValue::from_static(READS_ONLY);
            request.metadata_mut().insert(READ_ONLY_KEY, value);
        }
        Ok(request)
    }
}

/// Gives a call its name; it counts before the connection's.
pub fn name<T>(request: &mut Request<T>, id: &RequestId) {
    let value = MetadataValue::try_from(id.as_str()).expect("a request's name is plain ASCII");
    request.metadata_mut().insert(REQUEST_KEY, value);
}

/// Lets one call change something over a connection that promises to change nothing.
pub(crate) fn unpromise<T>(request: &mut Request<T>) {
    let value = MetadataValue::from_static(MAY_CHANGE);
    request.metadata_mut().insert(READ_ONLY_KEY, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(request: Option<RequestId>, reads_only: bool) -> Naming {
        Naming { request, reads_only }
    }

    #[test]
    fn the_promise_goes_with_every_call_but_those_it_is_taken_back_for() {
        let promised = |naming: &mut Naming, request: Request<()>| {
            let request = naming.call(request).expect("passed on");
            let value = request.metadata().get(READ_ONLY_KEY);
            value.map(|value| value.to_str().expect("ASCII").to_owned())
        };
        let mut free = naming(None, false);
        assert_eq!(promised(&mut free, Request::new(())), None);
        let mut bound = naming(None, true);
        assert_eq!(promised(&mut bound, Request::new(())).as_deref(), Some(READS_ONLY));
        let mut request = Request::new(());
        unpromise(&mut request);
        assert_eq!(promised(&mut bound, request).as_deref(), Some(MAY_CHANGE));
    }

    fn named(naming: &mut Naming, request: Request<()>) -> String {
        let request = naming.call(request).expect("passed on");
        let value = request.metadata().get(REQUEST_KEY).expect("named");
        value.to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn a_call_keeps_its_name_or_gets_one() {
        let id = RequestId::parse("3f2a").expect("allowed");
        let mut one_for_all = naming(Some(id.clone()), false);
        assert_eq!(named(&mut one_for_all, Request::new(())), "3f2a");
        let mut request = Request::new(());
        name(&mut request, &id.with_part("7"));
        assert_eq!(named(&mut one_for_all, request), "3f2a-7");
        let mut each_its_own = naming(None, false);
        let (one, other) = (
            named(&mut each_its_own, Request::new(())),
            named(&mut each_its_own, Request::new(())),
        );
        assert_ne!(one, other);
    }
}

//! Who may call: processes of this user, checked by the kernel's word on every call.

use crate::lifecycle::Activity;
use codemem_proto::rendezvous::own_uid;
use codemem_proto::status::{ErrorKind, WireError};
use tonic::service::Interceptor;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Status};

/// Refuses other users and notes that somebody is there.
#[derive(Clone)]
pub(super) struct Check {
    uid: u32,
    activity: Activity,
}

impl Check {
    pub(super) fn new(activity: Activity) -> Self {
        Self {
            uid: own_uid(),
            activity,
        }
    }
}

impl Interceptor for Check {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let peer = request
            .extensions()
            .get::<UdsConnectInfo>()
            .and_then(|info| info.peer_cred);
        // A connection whose peer the kernel does not name is nobody's.
        if peer.is_none_or(|peer| peer.uid() != self.uid) {
            tracing::warn!(uid = peer.map(|peer| peer.uid()), "refused a call by another user");
            let error = WireError::new(ErrorKind::Denied, "this daemon serves another user");
            return Err(error
                .with_hint("start a daemon of your own with `codemem daemon start`")
                .into());
        }
        self.activity.touch();
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_credentials_is_refused() {
        let mut check = Check::new(Activity::new());
        let status = check.call(Request::new(())).expect_err("refused");
        assert_eq!(WireError::from_status(&status).kind, ErrorKind::Denied);
    }
}

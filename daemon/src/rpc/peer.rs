//! Who may call: processes of this user, checked by the kernel's word on every call.

use super::admission::Peer;
use crate::lifecycle::Activity;
use codemem_proto::rendezvous::own_uid;
use codemem_proto::status::{ErrorKind, WireError};
use tonic::service::Interceptor;
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
        let peer = request.extensions().get::<Peer>().copied();
        let uid = peer.and_then(|peer| peer.uid);
        // A connection whose peer the kernel does not name is nobody's.
        if uid != Some(self.uid) {
            tracing::warn!(uid, "refused a call by another user");
            let error = WireError::new(ErrorKind::Denied, "this daemon serves another user");
            return Err(error
                .with_hint("start a daemon of your own with `codemem daemon start`")
                .into());
        }
        if peer.is_none_or(|peer| !peer.is_admitted) {
            let error = WireError::new(ErrorKind::Busy, "too many programs are connected to the daemon");
            return Err(error
                .with_hint("try again in a moment; end sessions that are not used any more if it stays like this")
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

    #[test]
    fn only_our_user_is_served_and_only_in_its_place() {
        let mut check = Check::new(Activity::new());
        for (uid, is_admitted, expected) in [
            (own_uid(), true, None),
            (own_uid(), false, Some(ErrorKind::Busy)),
            (own_uid() + 1, true, Some(ErrorKind::Denied)),
            (own_uid() + 1, false, Some(ErrorKind::Denied)),
        ] {
            let mut request = Request::new(());
            let uid = Some(uid);
            request.extensions_mut().insert(Peer { uid, is_admitted });
            let refused = check.call(request).err();
            assert_eq!(refused.map(|status| WireError::from_status(&status).kind), expected);
        }
    }
}

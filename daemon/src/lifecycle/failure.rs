//! Why the daemon of a service did not start, kept where clients find it: they are no parents to tell, and
//! all that connecting shows them is a connection that ends.

use super::Exit;
use codemem_proto::env::Env;
use codemem_proto::rendezvous::Rendezvous;
use std::fs;

/// Keeps what failed until a start succeeds. Must run before waiting clients are turned away: they look at
/// once. Where it cannot be kept, the journal still has it.
pub(crate) fn keep(env: &Env, exit: &Exit) {
    if let Exit::Failed(error) = exit
        && let Ok(rendezvous) = Rendezvous::locate(env)
        && rendezvous.prepare().is_ok()
    {
        let _unwritten = fs::write(rendezvous.start_failure(), error.report().encode());
    }
}

/// Removes what an earlier start left.
pub(super) fn forget(rendezvous: &Rendezvous) {
    let _nothing_failed = fs::remove_file(rendezvous.start_failure());
}

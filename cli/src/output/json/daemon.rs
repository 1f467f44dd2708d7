//! What starting and stopping the daemon did.

use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// False when it ran already.
    pub(crate) started: bool,
}

#[derive(Serialize, Debug)]
pub(crate) struct Stopped {
    /// False when none ran.
    pub(crate) stopped: bool,
}

//! How the daemon stands with systemd or launchd.

use serde::Serialize;

/// What installing or uninstalling did, or would do.
#[derive(Serialize, Debug)]
pub(crate) struct ServiceReport {
    /// "systemd" or "launchd".
    pub(crate) manager: &'static str,
    pub(crate) dry_run: bool,
    /// The daemon that the service starts; absent after uninstalling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
    pub(crate) files: Vec<ServiceFile>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Serialize, Debug)]
pub(crate) struct ServiceFile {
    pub(crate) path: String,
    pub(crate) outcome: FileOutcome,
    /// What would be written; only when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileOutcome {
    /// It was not there.
    Written,
    /// It was there and said something else.
    Replaced,
    /// It said the same.
    Unchanged,
    Removed,
    /// There was nothing to remove.
    Absent,
    /// It is not ours.
    Kept,
}

/// A command of the manager's tool.
#[derive(Serialize, Debug)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) outcome: StepOutcome,
    /// Why it was not run or what it complained about; empty when there is nothing to say.
    pub(crate) said: String,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepOutcome {
    Done,
    /// Left to the user.
    ToDo,
}

/// How the service stands.
#[derive(Serialize, Debug)]
pub(crate) struct ServiceStatus {
    /// "systemd" or "launchd".
    pub(crate) manager: &'static str,
    pub(crate) installed: bool,
    /// Whether clients leave the daemon to the manager.
    pub(crate) in_charge: bool,
    /// The manager's word for it, or "unknown".
    pub(crate) enabled: String,
    /// The manager's word for the socket, as in "active", or "unknown".
    pub(crate) socket: String,
    /// The manager's word for the daemon, as in "inactive", or "unknown".
    pub(crate) service: String,
    /// The daemon that it starts.
    pub(crate) program: Option<String>,
    /// Whether that is the daemon of this installation.
    pub(crate) is_current: bool,
    /// Where clients look.
    pub(crate) listens_on: String,
    pub(crate) files: Vec<StatusFile>,
    /// The daemon that runs now.
    pub(crate) daemon: Option<ServiceDaemon>,
}

#[derive(Serialize, Debug)]
pub(crate) struct StatusFile {
    pub(crate) path: String,
    pub(crate) state: FileState,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileState {
    Missing,
    /// Written by `codemem service install`.
    Ours,
    Foreign,
}

#[derive(Serialize, Debug)]
pub(crate) struct ServiceDaemon {
    pub(crate) pid: u32,
    pub(crate) version: String,
    /// Whether it is the service's.
    pub(crate) managed: bool,
}

//! How long-running work reports where it stands.

use crate::error::EmbedError;
use std::ops::ControlFlow;

/// One report of progress.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What is being done, for a person: `fetching onnxruntime 1.31.1`.
    pub label: String,
    /// How much of it is done, in bytes.
    pub done: u64,
    /// How much there is; 0 while not known, or where the label alone says it.
    pub total: u64,
}

/// Where reports go. Breaking off cancels the work, which then ends in [`EmbedError::Cancelled`].
/// Called on the thread that asked for the work, several times a second at most.
pub type Progress<'a> = &'a dyn Fn(Step) -> ControlFlow<()>;

/// Reports one step; an error when the listener broke off.
pub(crate) fn report(progress: Progress<'_>, label: &str, done: u64, total: u64) -> Result<(), EmbedError> {
    let step = Step {
        label: label.to_owned(),
        done,
        total,
    };
    match progress(step) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(EmbedError::Cancelled),
    }
}

//! How errors are told: one line, from what failed to what caused it.

use std::error::Error;

/// An error with all its causes, for a log line, a status field or an answer.
///
/// No error of ours repeats its cause in its own message, so each says something new.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{PortError, PortErrorKind};

    #[derive(thiserror::Error, Debug)]
    #[error("cannot {action}")]
    struct Failed {
        action: &'static str,
        source: Option<Box<Self>>,
    }

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        let cause = Failed {
            action: "write",
            source: None,
        };
        let error = Failed {
            action: "save",
            source: Some(Box::new(cause)),
        };
        assert_eq!(chain(&error), "cannot save: cannot write");
        assert_eq!(chain(&PortError::new(PortErrorKind::Failed, error)), "cannot save: cannot write");
    }
}

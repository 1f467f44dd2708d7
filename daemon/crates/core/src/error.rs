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
    use std::fmt;

    #[derive(Debug)]
    struct Failed(&'static str, Option<Box<Self>>);

    impl fmt::Display for Failed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "cannot {}", self.0)
        }
    }

    impl Error for Failed {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        let error = Failed("save", Some(Box::new(Failed("write", None))));
        assert_eq!(chain(&error), "cannot save: cannot write");
        // A port's error shows its adapter's, which must not be told twice.
        let error = PortError::new(PortErrorKind::Failed, error);
        assert_eq!(chain(&error), "cannot save: cannot write");
    }
}

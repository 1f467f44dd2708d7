//! How a client says that it only reads: the daemon then refuses whatever would change something.

/// Metadata key of the promise. What refuses is the daemon, so that it holds whatever the client does.
pub const READ_ONLY_KEY: &str = "codemem-read-only";

/// The value that makes a call read-only. Every other value does so as well, but for [`MAY_CHANGE`].
pub const READS_ONLY: &str = "1";

/// The value that takes the promise back for one call, as does leaving the key out.
pub const MAY_CHANGE: &str = "0";

/// Whether a call with that value may change nothing.
pub fn is_read_only(value: Option<&[u8]>) -> bool {
    value.is_some_and(|value| value != MAY_CHANGE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_counts_as_the_promise() {
        assert!(!is_read_only(None));
        assert!(!is_read_only(Some(MAY_CHANGE.as_bytes())));
        for value in [READS_ONLY, "", "true", "00", "yes"] {
            assert!(is_read_only(Some(value.as_bytes())), "{value:?}");
        }
    }
}

//! The name of a request, by which its lines are found in the daemon's log.
//!
//! A client gives each call one in its metadata; the daemon makes one for calls that have none, and
//! sends it back with the answer, errors included.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Metadata key of a [`RequestId`].
pub const REQUEST_KEY: &str = "codemem-request-id";

/// Longest name, in bytes.
const MAX_BYTES: usize = 64;

/// A name of 1 to 64 ASCII letters, digits and dashes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// A name that nothing else has, as far as 48 random bits go.
    pub fn fresh() -> Self {
        // Its keys are the system's random numbers, and differ from call to call.
        let random = RandomState::new().build_hasher().finish();
        Self(format!("{:012x}", random >> 16))
    }

    /// A name that somebody else gave; `None` when it is not allowed.
    pub fn parse(name: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = (1..=MAX_BYTES).contains(&name.len());
        (fits && name.bytes().all(is_allowed)).then(|| Self(name.to_owned()))
    }

    /// A name for a part of this request, or for a request of this session; what is not allowed in
    /// `part` is left out.
    #[must_use]
    pub fn with_part(&self, part: &str) -> Self {
        let allowed = part.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
        let room = MAX_BYTES.saturating_sub(self.0.len() + 1);
        let part: String = allowed.take(room).collect();
        if part.is_empty() {
            return self.clone();
        }
        Self(format!("{}-{part}", self.0))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_different() {
        let (one, other) = (RequestId::fresh(), RequestId::fresh());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 12);
        assert_eq!(RequestId::parse(one.as_str()), Some(one));
    }

    #[test]
    fn what_is_allowed() {
        let longest = "x".repeat(64);
        for name in ["a", "3f2a-17", longest.as_str()] {
            assert!(RequestId::parse(name).is_some(), "{name}");
        }
        let too_long = "x".repeat(65);
        for name in ["", "a b", "a\nb", "ü", "a_b", too_long.as_str()] {
            assert_eq!(RequestId::parse(name), None, "{name}");
        }
    }

    #[test]
    fn parts_keep_the_name_allowed() {
        let session = RequestId::parse("3f2a").expect("allowed");
        assert_eq!(session.with_part("17").as_str(), "3f2a-17");
        assert_eq!(session.with_part("a b\n\"c").as_str(), "3f2a-abc");
        assert_eq!(session.with_part("").as_str(), "3f2a");
        let long = session.with_part(&"9".repeat(100));
        assert_eq!(RequestId::parse(long.as_str()), Some(long));
    }
}

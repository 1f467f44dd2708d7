//! How true an answer is.

use codemem_proto::{time, v1};
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(super) struct Freshness {
    /// Null outside git, and where a commit is checked out without a branch.
    branch: Option<String>,
    commit: Option<String>,
    /// Null where it is not known.
    dirty: Option<u64>,
    pending: u64,
    rescanning: bool,
    /// `events`, `polling` or `off`.
    watching: String,
    /// Why the system does not tell of changes; null where it does.
    watching_reason: Option<String>,
    /// Null before the first time.
    checked_at: Option<String>,
}

impl From<v1::Freshness> for Freshness {
    fn from(freshness: v1::Freshness) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let at = freshness.checked_at_ms;
        Self {
            branch: given(freshness.branch),
            commit: given(freshness.commit),
            dirty: freshness.dirty_files,
            pending: freshness.pending_files,
            rescanning: freshness.rescanning,
            watching: freshness.watching,
            watching_reason: given(freshness.watching_reason),
            checked_at: (at != 0).then(|| time::rfc3339(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_null() {
        let text = |freshness| serde_json::to_string(&Freshness::from(freshness)).expect("serialised");
        assert_eq!(
            text(v1::Freshness::default()),
            concat!(
                r#"{"branch":null,"commit":null,"dirty":null,"pending":0,"rescanning":false,"#,
                r#""watching":"","watching_reason":null,"checked_at":null}"#
            )
        );
        let known = v1::Freshness {
            branch: "main".to_owned(),
            commit: "1a2b".to_owned(),
            dirty_files: Some(0),
            pending_files: 2,
            rescanning: true,
            watching: "polling".to_owned(),
            watching_reason: "too many directories".to_owned(),
            checked_at_ms: 1_000,
            ..v1::Freshness::default()
        };
        assert_eq!(
            text(known),
            concat!(
                r#"{"branch":"main","commit":"1a2b","dirty":0,"pending":2,"rescanning":true,"#,
                r#""watching":"polling","watching_reason":"too many directories","checked_at":"1970-01-01T00:00:01Z"}"#
            )
        );
    }
}

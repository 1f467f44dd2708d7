//! How fresh the engine says an answer is, for the wire.

use codemem_core::ports::Watching;
use codemem_engine::Freshness;
use codemem_proto::v1;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn wire(freshness: Freshness) -> v1::Freshness {
    let (branch, commit) = freshness.head.map_or((None, None), |head| (head.branch, head.commit));
    let mut wire = v1::Freshness {
        branch: branch.unwrap_or_default(),
        commit: commit.unwrap_or_default(),
        dirty_files: freshness.dirty,
        pending_files: freshness.pending,
        rescanning: freshness.rescanning,
        checked_at_ms: freshness.checked_at.map_or(0, milliseconds),
        ..v1::Freshness::default()
    };
    match freshness.watching {
        Watching::Off => "off".clone_into(&mut wire.watching),
        Watching::Events { directories } => {
            "events".clone_into(&mut wire.watching);
            wire.watched_directories = directories;
        }
        Watching::Polling { every, reason } => {
            "polling".clone_into(&mut wire.watching);
            wire.watching_reason = reason;
            wire.polling_seconds = every.as_secs_f64();
        }
    }
    wire
}

/// Since 1970; 0 for what lies before.
fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ports::Head;
    use std::time::Duration;

    #[test]
    fn everything_that_is_known_is_told() {
        let known = Freshness {
            head: Some(Head {
                branch: Some("main".to_owned()),
                commit: Some("1a2b".to_owned()),
            }),
            dirty: Some(0),
            pending: 3,
            rescanning: true,
            watching: Watching::Polling {
                every: Duration::from_secs(10),
                reason: "no events here".to_owned(),
            },
            checked_at: Some(UNIX_EPOCH + Duration::from_millis(1_500)),
        };
        let expected = v1::Freshness {
            branch: "main".to_owned(),
            commit: "1a2b".to_owned(),
            dirty_files: Some(0),
            pending_files: 3,
            rescanning: true,
            watching: "polling".to_owned(),
            watching_reason: "no events here".to_owned(),
            checked_at_ms: 1_500,
            polling_seconds: 10.0,
            watched_directories: 0,
        };
        assert_eq!(wire(known), expected);
        let watched = Freshness {
            watching: Watching::Events { directories: 7 },
            ..Freshness::default()
        };
        let wire = wire(watched);
        assert_eq!((wire.watching.as_str(), wire.watched_directories), ("events", 7));
        assert_eq!((wire.dirty_files, wire.checked_at_ms), (None, 0));
    }

    #[test]
    fn a_clock_before_1970_is_no_time() {
        assert_eq!(milliseconds(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}

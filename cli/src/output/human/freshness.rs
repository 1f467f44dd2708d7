//! How true an answer is, in as few words as matter.

use super::super::style::clean;
use super::{count, counted, seconds};
use codemem_proto::v1;

/// Characters of a commit that are shown: as many as git shows.
const COMMIT: usize = 7;

/// Under an answer over so many files, `now` in milliseconds since 1970: `main@1a2b3c4, 3 modified, all 812 files current`.
/// `None` where the daemon tells nothing.
pub(crate) fn freshness(answer: &v1::SearchResponse, now: i64) -> Option<String> {
    let freshness = answer.freshness.as_ref()?;
    let coverage = answer.coverage.clone().unwrap_or_default();
    let mut parts: Vec<String> = [place(freshness), modified(freshness)].into_iter().flatten().collect();
    let is_whole = coverage.files_searched >= coverage.files_total;
    parts.extend(behind(freshness));
    if !freshness.rescanning && freshness.pending_files == 0 && is_whole && coverage.files_total > 0 {
        parts.push(match freshness.watching.as_str() {
            "events" if coverage.files_total == 1 => "1 file current".to_owned(),
            "events" => format!("all {} files current", count(coverage.files_total)),
            _ => as_of(freshness, now),
        });
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `main@1a2b3c4`, as far as git tells.
pub(super) fn place(freshness: &v1::Freshness) -> Option<String> {
    let branch = clean(&freshness.branch);
    let commit = freshness.commit.get(..COMMIT).unwrap_or(&freshness.commit);
    match (branch.is_empty(), commit.is_empty()) {
        (false, false) => Some(format!("{branch}@{}", clean(commit))),
        (false, true) => Some(format!("{branch}, no commit yet")),
        (true, false) => Some(format!("detached@{}", clean(commit))),
        (true, true) => None,
    }
}

/// What git would call modified or untracked.
pub(super) fn modified(freshness: &v1::Freshness) -> Option<String> {
    let n_dirty = freshness.dirty_files.filter(|n_dirty| *n_dirty > 0)?;
    Some(format!("{} modified", count(n_dirty)))
}

/// What the index does not have yet.
pub(super) fn behind(freshness: &v1::Freshness) -> Option<String> {
    if freshness.rescanning {
        Some("being compared with the files".to_owned())
    } else if freshness.pending_files > 0 {
        let files = counted(freshness.pending_files, "changed file");
        Some(format!("{files} not read yet"))
    } else {
        None
    }
}

/// How old the knowledge of a root may be that the system does not tell about.
fn as_of(freshness: &v1::Freshness, now: i64) -> String {
    match ago(freshness, now) {
        Some(ago) => format!("files as of {ago} ago"),
        None => "files as of the last pass".to_owned(),
    }
}

/// Time since the root was compared with its files.
pub(super) fn ago(freshness: &v1::Freshness, now: i64) -> Option<String> {
    let at = Some(freshness.checked_at_ms).filter(|at| *at > 0)?;
    // A clock may have been set back.
    let since = now.saturating_sub(at).max(1);
    Some(seconds(since as f64 / 1000.0))
}

/// How changes are noticed: `watched`, `polled every 10 s: too many directories`.
pub(super) fn watching(freshness: &v1::Freshness) -> Option<String> {
    let why = match freshness.watching_reason.as_str() {
        "" => String::new(),
        reason => format!(": {}", clean(reason)),
    };
    match freshness.watching.as_str() {
        "" => None,
        "events" => Some(match freshness.watched_directories {
            0 => "watched".to_owned(),
            1 => "watched, 1 directory".to_owned(),
            n_directories => format!("watched, {} directories", count(n_directories)),
        }),
        "polling" => Some(format!("polled every {:.0} s{why}", freshness.polling_seconds)),
        "off" => Some(format!("not watched{why}")),
        other => Some(format!("{}{why}", clean(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> v1::Freshness {
        v1::Freshness {
            branch: "main".to_owned(),
            commit: "1a2b3c4d5e6f".to_owned(),
            watching: "events".to_owned(),
            checked_at_ms: 1_000,
            ..v1::Freshness::default()
        }
    }

    fn line(freshness: v1::Freshness, searched: u64) -> Option<String> {
        let answer = v1::SearchResponse {
            freshness: Some(freshness),
            coverage: Some(v1::Coverage {
                files_searched: searched,
                files_total: 812,
                ..v1::Coverage::default()
            }),
            ..v1::SearchResponse::default()
        };
        super::freshness(&answer, 9_000)
    }

    #[test]
    fn a_line_has_what_matters_and_no_more() {
        for (freshness, searched, expected) in [
            (watched(), 812, "main@1a2b3c4, all 812 files current"),
            (
                v1::Freshness {
                    dirty_files: Some(3),
                    ..watched()
                },
                812,
                "main@1a2b3c4, 3 modified, all 812 files current",
            ),
            (
                v1::Freshness {
                    dirty_files: Some(0),
                    pending_files: 1,
                    ..watched()
                },
                812,
                "main@1a2b3c4, 1 changed file not read yet",
            ),
            (
                v1::Freshness {
                    pending_files: 7,
                    rescanning: true,
                    branch: String::new(),
                    ..watched()
                },
                812,
                "detached@1a2b3c4, being compared with the files",
            ),
            // That not everything was searched, the receipt tells.
            (watched(), 400, "main@1a2b3c4"),
            (
                v1::Freshness {
                    watching: "polling".to_owned(),
                    branch: String::new(),
                    commit: String::new(),
                    ..watched()
                },
                812,
                "files as of 8.0 s ago",
            ),
            (
                v1::Freshness {
                    watching: "off".to_owned(),
                    checked_at_ms: 0,
                    commit: String::new(),
                    ..watched()
                },
                812,
                "main, no commit yet, files as of the last pass",
            ),
        ] {
            assert_eq!(line(freshness, searched).as_deref(), Some(expected));
        }
        assert_eq!(super::freshness(&v1::SearchResponse::default(), 0), None);
        let nothing = v1::Freshness {
            watching: "events".to_owned(),
            ..v1::Freshness::default()
        };
        assert_eq!(line(nothing, 400), None);
    }

    #[test]
    fn how_it_is_watched() {
        let polled = v1::Freshness {
            watching: "polling".to_owned(),
            watching_reason: "the system allows 64 watches\n".to_owned(),
            polling_seconds: 10.0,
            ..v1::Freshness::default()
        };
        assert_eq!(
            watching(&polled).as_deref(),
            Some("polled every 10 s: the system allows 64 watches\u{fffd}")
        );
        let many = v1::Freshness {
            watched_directories: 1_200,
            ..watched()
        };
        assert_eq!(watching(&many).as_deref(), Some("watched, 1,200 directories"));
        assert_eq!(watching(&v1::Freshness::default()), None);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_odd_times() {
        assert_eq!(ago(&watched(), 500).as_deref(), Some("1 ms"));
    }
}

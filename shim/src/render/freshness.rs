//! How true an answer is, in as few tokens as matter.

use super::clean;
use codemem_proto::{time, v1};
use serde_json::{Value, json};

/// Characters of a commit that are shown: as many as git shows.
const COMMIT: usize = 7;

/// Behind what an answer rests on: `main@1a2b3c4, 3 modified, all current`. `None` where the daemon tells nothing.
pub(super) fn receipt(answer: &v1::SearchResponse) -> Option<String> {
    let freshness = answer.freshness.as_ref()?;
    let mut parts = tree(freshness);
    match behind(freshness) {
        Some(behind) => parts.push(behind),
        None if is_incomplete(answer) => {}
        None if freshness.watching == "events" => parts.push("all current".to_owned()),
        None => parts.extend(as_of(freshness)),
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Of a root: the same, with how changes are noticed.
pub(super) fn root(freshness: &v1::Freshness) -> Option<String> {
    let mut parts = tree(freshness);
    let why = match freshness.watching_reason.as_str() {
        "" => String::new(),
        reason => format!(" ({})", clean(reason)),
    };
    match freshness.watching.as_str() {
        "" => {}
        "events" => parts.push("watched".to_owned()),
        "polling" => parts.push(format!("looked at every {:.0} s{why}", freshness.polling_seconds)),
        "off" => parts.push(format!("not watched{why}")),
        other => parts.push(format!("{}{why}", clean(other))),
    }
    parts.extend(behind(freshness).or_else(|| as_of(freshness)));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// For programs.
pub(super) fn as_json(freshness: &v1::Freshness) -> Value {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "branch": given(&freshness.branch),
        "commit": given(&freshness.commit),
        "dirty": freshness.dirty_files,
        "pending": freshness.pending_files,
        "rescanning": freshness.rescanning,
        "watching": freshness.watching,
        "watching_reason": given(&freshness.watching_reason),
        "checked_at": (freshness.checked_at_ms != 0).then(|| time::rfc3339(freshness.checked_at_ms)),
    })
}

/// What git says of the working tree.
fn tree(freshness: &v1::Freshness) -> Vec<String> {
    let commit = freshness.commit.get(..COMMIT).unwrap_or(&freshness.commit);
    let place = match (freshness.branch.is_empty(), commit.is_empty()) {
        (false, false) => Some(format!("{}@{}", clean(&freshness.branch), clean(commit))),
        (false, true) => Some(clean(&freshness.branch).into_owned()),
        (true, false) => Some(format!("detached@{}", clean(commit))),
        (true, true) => None,
    };
    let n_dirty = freshness.dirty_files.filter(|n_dirty| *n_dirty > 0);
    let modified = n_dirty.map(|n_dirty| format!("{n_dirty} modified"));
    [place, modified].into_iter().flatten().collect()
}

/// What the index does not have yet.
fn behind(freshness: &v1::Freshness) -> Option<String> {
    match freshness.pending_files {
        _ if freshness.rescanning => Some("files are being compared again, some hits may be old".to_owned()),
        0 => None,
        1 => Some("1 changed file not read yet".to_owned()),
        n_files => Some(format!("{n_files} changed files not read yet")),
    }
}

fn as_of(freshness: &v1::Freshness) -> Option<String> {
    (freshness.checked_at_ms > 0)
        .then(|| format!("files as of {}", time::rfc3339(freshness.checked_at_ms / 1000 * 1000)))
}

fn is_incomplete(answer: &v1::SearchResponse) -> bool {
    let coverage = answer.coverage.clone().unwrap_or_default();
    coverage.files_searched < coverage.files_total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> v1::Freshness {
        v1::Freshness {
            branch: "main".to_owned(),
            commit: "1a2b3c4d5e6f".to_owned(),
            dirty_files: Some(3),
            watching: "events".to_owned(),
            checked_at_ms: 1_500,
            ..v1::Freshness::default()
        }
    }

    #[test]
    fn what_matters_of_a_root_and_of_an_answer() {
        let polled = v1::Freshness {
            branch: "a\nb".to_owned(),
            dirty_files: None,
            watching: "polling".to_owned(),
            watching_reason: "no events here".to_owned(),
            polling_seconds: 10.0,
            ..watched()
        };
        let pending = v1::Freshness {
            pending_files: 2,
            ..watched()
        };
        let rescanning = v1::Freshness {
            rescanning: true,
            branch: String::new(),
            ..pending.clone()
        };
        for (freshness, of_answer, of_root) in [
            (
                watched(),
                "main@1a2b3c4, 3 modified, all current",
                "main@1a2b3c4, 3 modified, watched, files as of 1970-01-01T00:00:01Z",
            ),
            (
                polled,
                "a\u{fffd}b@1a2b3c4, files as of 1970-01-01T00:00:01Z",
                "a\u{fffd}b@1a2b3c4, looked at every 10 s (no events here), files as of 1970-01-01T00:00:01Z",
            ),
            (
                pending,
                "main@1a2b3c4, 3 modified, 2 changed files not read yet",
                "main@1a2b3c4, 3 modified, watched, 2 changed files not read yet",
            ),
            (
                rescanning,
                "detached@1a2b3c4, 3 modified, files are being compared again, some hits may be old",
                "detached@1a2b3c4, 3 modified, watched, files are being compared again, some hits may be old",
            ),
        ] {
            assert_eq!(root(&freshness).as_deref(), Some(of_root));
            let answer = v1::SearchResponse {
                freshness: Some(freshness),
                ..v1::SearchResponse::default()
            };
            assert_eq!(receipt(&answer).as_deref(), Some(of_answer));
        }
        assert_eq!(receipt(&v1::SearchResponse::default()), None);
        assert_eq!(root(&v1::Freshness::default()), None);
    }
}

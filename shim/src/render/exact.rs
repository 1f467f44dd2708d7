//! Lines that match, and what it proves when there are none, in as few tokens as matter.

use super::clean;
use codemem_proto::v1;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Bytes of a query that are repeated.
const SHOWN: usize = 60;

/// Whether an answer has lines that match, not code that answers.
pub(super) fn is_exact(answer: &v1::SearchResponse) -> bool {
    match answer.mode() {
        v1::Mode::Meaning => false,
        v1::Mode::Exact | v1::Mode::Regex => true,
    }
}

/// The lines as grep prints them, with what they are part of behind them where they do not say it.
pub(super) fn lines(answer: &v1::SearchResponse) -> String {
    let mut text = String::new();
    for hit in &answer.hits {
        let line = clean(hit.snippet.trim());
        let _ = write!(text, "{}:{}: {line}", clean(&hit.path), hit.start_line);
        let last = hit.name.rsplit([':', '.', '#', '/']).next().unwrap_or_default();
        if !hit.name.is_empty() && !line.contains(last) {
            let _ = write!(text, "  [{}]", clean(&hit.name));
        }
        text.push('\n');
    }
    text
}

/// What was found and searched: `10 of 312 matches in 40 files; searched 812 of 812 text files`.
pub(super) fn receipt(answer: &v1::SearchResponse) -> String {
    let coverage = answer.coverage.clone().unwrap_or_default();
    let n_shown = answer.hits.len() as u64;
    let mut text = match coverage.matches {
        0 => "nothing matches".to_owned(),
        n_matches if n_shown < n_matches => {
            format!(
                "{n_shown} of {n_matches} matches in {} files, `offset` shows more",
                coverage.files_matched
            )
        }
        n_matches => format!("{n_matches} matches in {} files", coverage.files_matched),
    };
    let _ = write!(
        text,
        "; searched {} of {} text files",
        coverage.files_searched, coverage.files_total
    );
    if coverage.cut_short {
        text.push_str(", time was up");
    } else if coverage.files_unread > 0 {
        let _ = write!(text, ", {} could not be read", coverage.files_unread);
    }
    text
}

/// What an answer without hits proves, in a line: ``In 812 text files as they are now: `foo bar` in no line, `foo` in 3``.
pub(super) fn absence(answer: &v1::SearchResponse) -> Option<String> {
    let absence = answer.absence.as_ref()?;
    let counts: Vec<String> = absence.query.iter().chain(&absence.names).map(lines_of).collect();
    let mut text = format!("In {}", absence.files_searched);
    if absence.files_searched < absence.files_total {
        let _ = write!(text, " of {}", absence.files_total);
    }
    text.push_str(" text files as they are now: ");
    text.push_str(&counts.join(", "));
    if absence.cut_short {
        text.push_str(if counts.is_empty() {
            "time was up"
        } else {
            "; time was up"
        });
    }
    (!counts.is_empty() || absence.cut_short).then_some(text)
}

fn lines_of(counted: &v1::Counted) -> String {
    let name = &counted.text[..counted.text.floor_char_boundary(SHOWN)];
    let dots = if name.len() < counted.text.len() { "…" } else { "" };
    let n_more = counted.matches_any_case.saturating_sub(counted.matches);
    let mut text = match counted.matches {
        0 => format!("`{}{dots}` in no line", clean(name)),
        n_lines => format!("`{}{dots}` in {n_lines}", clean(name)),
    };
    if n_more > 0 {
        let _ = write!(text, " ({n_more} in another case)");
    }
    text
}

/// For programs: what a coverage tells of an exact search.
pub(super) fn coverage_as_json(coverage: &v1::Coverage) -> [(String, Value); 5] {
    [
        ("matches", json!(coverage.matches)),
        ("files_matched", json!(coverage.files_matched)),
        ("files_unread", json!(coverage.files_unread)),
        ("files_binary", json!(coverage.files_binary)),
        ("cut_short", json!(coverage.cut_short)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
}

/// The same for programs.
pub(super) fn absence_as_json(absence: &v1::Absence) -> Value {
    let counted = |counted: &v1::Counted| {
        json!({
            "text": counted.text,
            "matches": counted.matches,
            "matches_any_case": counted.matches_any_case,
        })
    };
    json!({
        "query": absence.query.as_ref().map(counted),
        "names": absence.names.iter().map(counted).collect::<Vec<_>>(),
        "files_searched": absence.files_searched,
        "files_total": absence.files_total,
        "files_binary": absence.files_binary,
        "cut_short": absence.cut_short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_and_what_they_rest_on() {
        let hit = |line, name: &str, text: &str| v1::Hit {
            path: "a.rs".to_owned(),
            start_line: line,
            name: name.to_owned(),
            snippet: text.to_owned(),
            ..v1::Hit::default()
        };
        let mut answer = v1::SearchResponse {
            mode: v1::Mode::Regex.into(),
            hits: vec![hit(3, "A::open", "  fn open() {"), hit(9, "A::run", "  open();\r")],
            coverage: Some(v1::Coverage {
                matches: 12,
                files_matched: 4,
                files_searched: 8,
                files_total: 9,
                files_unread: 1,
                ..v1::Coverage::default()
            }),
            ..v1::SearchResponse::default()
        };
        assert_eq!(lines(&answer), "a.rs:3: fn open() {\na.rs:9: open();  [A::run]\n");
        assert_eq!(
            receipt(&answer),
            "2 of 12 matches in 4 files, `offset` shows more; searched 8 of 9 text files, 1 could not be read"
        );
        if let Some(coverage) = &mut answer.coverage {
            coverage.matches = 2;
            coverage.cut_short = true;
        }
        assert_eq!(
            receipt(&answer),
            "2 matches in 4 files; searched 8 of 9 text files, time was up"
        );
    }

    #[test]
    fn nothing_is_told_with_what_it_proves() {
        let counted = |text: &str, matches, matches_any_case| v1::Counted {
            text: text.to_owned(),
            matches,
            matches_any_case,
        };
        let told = |absence: v1::Absence| {
            super::absence(&v1::SearchResponse {
                absence: Some(absence),
                ..v1::SearchResponse::default()
            })
        };
        let proof = v1::Absence {
            query: Some(counted("foo\nbar", 0, 1)),
            names: vec![counted("foo", 3, 3)],
            files_searched: 8,
            files_total: 8,
            ..v1::Absence::default()
        };
        assert_eq!(
            told(proof).as_deref(),
            Some("In 8 text files as they are now: `foo\u{fffd}bar` in no line (1 in another case), `foo` in 3")
        );
        let cut = v1::Absence {
            files_searched: 3,
            files_total: 8,
            cut_short: true,
            ..v1::Absence::default()
        };
        assert_eq!(
            told(cut).as_deref(),
            Some("In 3 of 8 text files as they are now: time was up")
        );
        assert_eq!(super::absence(&v1::SearchResponse::default()), None);
    }
}

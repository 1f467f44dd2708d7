//! Lines that match, and what it proves when there are none.

use super::super::Style;
use super::super::style::clean;
use super::{count, counted};
use codemem_proto::v1;
use std::fmt::Write as _;

/// Whether an answer has lines that match, not code that answers.
pub(super) fn is_exact(answer: &v1::SearchResponse) -> bool {
    match answer.mode() {
        v1::Mode::Meaning => false,
        v1::Mode::Exact | v1::Mode::Regex => true,
    }
}

/// The lines as grep prints them, with what they are part of behind them where they do not say it.
pub(super) fn lines(answer: &v1::SearchResponse, style: Style) -> String {
    let mut text = String::new();
    for hit in &answer.hits {
        let place = format!("{}:{}", clean(&hit.path), hit.start_line);
        let line = clean(hit.snippet.trim());
        let _ = write!(text, "{}: {line}", style.subject(&place));
        let last = hit.name.rsplit([':', '.', '#', '/']).next().unwrap_or_default();
        if !hit.name.is_empty() && !line.contains(last) {
            let _ = write!(text, "  {}", style.dim(&format!("[{}]", clean(&hit.name))));
        }
        text.push('\n');
    }
    text
}

/// What was found: `10 of 312 matches in 40 files`.
pub(super) fn found(answer: &v1::SearchResponse) -> String {
    let coverage = answer.coverage.clone().unwrap_or_default();
    let n_shown = answer.hits.len() as u64;
    let n_files = counted(coverage.files_matched, "file");
    match coverage.matches {
        0 => "nothing matches".to_owned(),
        1 => format!("1 match in {n_files}"),
        n_matches if n_shown < n_matches => {
            format!("{} of {} matches in {n_files}", count(n_shown), count(n_matches))
        }
        n_matches => format!("{} matches in {n_files}", count(n_matches)),
    }
}

/// What was searched, and what was not.
pub(super) fn searched(answer: &v1::SearchResponse) -> Vec<String> {
    let coverage = answer.coverage.clone().unwrap_or_default();
    let mut parts = vec![format!(
        "searched {} of {}",
        count(coverage.files_searched),
        counted(coverage.files_total, "text file")
    )];
    if coverage.cut_short {
        parts.push(format!(
            "time was up: {} not reached",
            counted(coverage.files_unread, "file")
        ));
    } else if coverage.files_unread > 0 {
        parts.push(format!("{} not read", counted(coverage.files_unread, "file")));
    }
    if coverage.files_binary > 0 {
        parts.push(format!("{} left out", counted(coverage.files_binary, "binary file")));
    }
    if coverage.hits_dropped > 0 {
        parts.push(format!("{} changed meanwhile", counted(coverage.hits_dropped, "line")));
    }
    parts
}

/// What an answer without hits proves: `` `foo bar` is in none of 812 text files as they are now; `foo` is in 3 lines ``.
pub(crate) fn absence(answer: &v1::SearchResponse) -> Option<String> {
    let absence = answer.absence.as_ref()?;
    let files = if absence.files_searched < absence.files_total {
        format!(
            "{} of {}",
            count(absence.files_searched),
            counted(absence.files_total, "text file")
        )
    } else {
        counted(absence.files_total, "text file")
    };
    let mut parts = Vec::new();
    match &absence.query {
        Some(query) => parts.push(format!(
            "`{}` is in {} of {files} as they are now",
            shown(&query.text),
            lines_of(query)
        )),
        None => parts.push(format!("{files} were searched as they are now")),
    }
    for name in &absence.names {
        parts.push(format!("`{}` is in {}", shown(&name.text), lines_of(name)));
    }
    if absence.cut_short {
        parts.push("time was up, so there may be more".to_owned());
    }
    Some(parts.join("; "))
}

/// Bytes of a query that are repeated.
const SHOWN: usize = 60;

fn shown(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(SHOWN)];
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", clean(cut))
}

/// How many lines have it: `no line`, `3 lines`, `no line (2 in another case)`.
fn lines_of(counted: &v1::Counted) -> String {
    let as_written = match counted.matches {
        0 => "no line".to_owned(),
        n_lines => super::counted(n_lines, "line"),
    };
    match counted.matches_any_case.saturating_sub(counted.matches) {
        0 => as_written,
        n_more => format!("{as_written} ({} in another case)", count(n_more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching() -> v1::SearchResponse {
        let hit = |path: &str, line, name: &str, text: &str| v1::Hit {
            path: path.to_owned(),
            start_line: line,
            end_line: line,
            kind: "method".to_owned(),
            name: name.to_owned(),
            snippet: text.to_owned(),
            ..v1::Hit::default()
        };
        v1::SearchResponse {
            mode: v1::Mode::Exact.into(),
            hits: vec![
                hit("a.rs", 3, "A::open", "    fn open(&self) {"),
                hit("a.rs", 9, "A::run", "        self.open();\u{1b}"),
                hit("b\nc.md", 1, "", "open"),
            ],
            coverage: Some(v1::Coverage {
                matches: 312,
                files_matched: 40,
                files_searched: 812,
                files_total: 812,
                ..v1::Coverage::default()
            }),
            ..v1::SearchResponse::default()
        }
    }

    #[test]
    fn a_match_is_a_line() {
        let text = lines(&matching(), Style::new(false));
        assert_eq!(
            text,
            "a.rs:3: fn open(&self) {\na.rs:9: self.open();\u{fffd}  [A::run]\nb\u{fffd}c.md:1: open\n"
        );
    }

    #[test]
    fn what_was_found_and_where_it_was_looked_for() {
        let answer = matching();
        assert_eq!(found(&answer), "3 of 312 matches in 40 files");
        assert_eq!(searched(&answer), ["searched 812 of 812 text files"]);
        let mut partly = matching();
        partly.coverage = Some(v1::Coverage {
            matches: 3,
            files_matched: 1,
            files_searched: 400,
            files_total: 812,
            files_unread: 412,
            files_binary: 1,
            cut_short: true,
            ..v1::Coverage::default()
        });
        assert_eq!(found(&partly), "3 matches in 1 file");
        assert_eq!(
            searched(&partly),
            [
                "searched 400 of 812 text files",
                "time was up: 412 files not reached",
                "1 binary file left out"
            ]
        );
    }

    #[test]
    fn an_empty_answer_says_what_it_proves() {
        let counted = |text: &str, matches, matches_any_case| v1::Counted {
            text: text.to_owned(),
            matches,
            matches_any_case,
        };
        let mut proof = v1::Absence {
            query: Some(counted("foo bar", 0, 0)),
            names: vec![counted("foo", 12, 13), counted("bar", 0, 2)],
            files_searched: 812,
            files_total: 812,
            ..v1::Absence::default()
        };
        let told = |proof: &v1::Absence| {
            absence(&v1::SearchResponse {
                absence: Some(proof.clone()),
                ..v1::SearchResponse::default()
            })
        };
        assert_eq!(
            told(&proof).as_deref(),
            Some(
                "`foo bar` is in no line of 812 text files as they are now; `foo` is in 12 lines (1 in another case); \
                 `bar` is in no line (2 in another case)"
            )
        );
        proof.query = None;
        proof.names.clear();
        proof.files_searched = 400;
        proof.cut_short = true;
        assert_eq!(
            told(&proof).as_deref(),
            Some("400 of 812 text files were searched as they are now; time was up, so there may be more")
        );
        assert_eq!(absence(&v1::SearchResponse::default()), None);
    }
}

//! Hits, and what they rest on.

use super::super::Style;
use super::super::style::clean;
use super::{count, counted, percent};
use codemem_proto::v1;
use std::fmt::Write as _;

/// Most lines of a snippet: a screen holds some ten hits.
const SNIPPET_LINES: usize = 8;

/// The hits, best first.
pub(crate) fn hits(answer: &v1::SearchResponse, style: Style) -> String {
    let texts: Vec<String> = answer.hits.iter().map(|found| hit(found, style)).collect();
    texts.join("\n")
}

fn hit(hit: &v1::Hit, style: Style) -> String {
    let place = format!("{}:{}-{}", clean(&hit.path), hit.start_line, hit.end_line);
    let mut text = format!("{}  {}", style.subject(&place), clean(&hit.kind));
    if !hit.name.is_empty() {
        text.push_str("  ");
        text.push_str(&style.name(&clean(&hit.name)));
    }
    if hit.stale {
        text.push_str("  (changed since it was indexed)");
    }
    text.push('\n');
    let signature = one_line(&hit.signature);
    if !signature.is_empty() && !one_line(&hit.snippet).contains(&signature) {
        let _ = writeln!(text, "    {}", clean(&signature));
    }
    let mut lines = hit.snippet.trim_end().lines();
    for line in lines
        .by_ref()
        .take(SNIPPET_LINES)
        .filter(|line| !line.trim().is_empty())
    {
        let _ = writeln!(text, "    {}", style.dim(&clean(line)));
    }
    if lines.next().is_some() {
        let _ = writeln!(text, "    {}", style.dim("…"));
    }
    for memory in &hit.memories {
        let _ = write!(
            text,
            "    memory {}: {}",
            style.subject(&clean(&memory.id)),
            clean(&memory.title)
        );
        if !memory.stale.is_empty() {
            let _ = write!(text, "  {}", style.warning(&format!("({})", clean(&memory.stale))));
        }
        text.push('\n');
    }
    if !hit.features.is_empty() {
        let _ = writeln!(text, "    {}", explanation(hit));
    }
    text
}

/// The score and the shares that made it, largest first.
fn explanation(hit: &v1::Hit) -> String {
    // What would print as zero explains nothing.
    let mut shares: Vec<&v1::FeatureShare> = hit.features.iter().filter(|f| f.share.abs() >= 0.005).collect();
    shares.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
    let shares: Vec<String> = shares
        .iter()
        .map(|feature| format!("{} {:+.2}", clean(&feature.name), feature.share))
        .collect();
    format!("score {:.2}: {}", hit.score, shares.join(", "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the answer rests on, in one line.
pub(crate) fn receipt(answer: &v1::SearchResponse) -> String {
    let coverage = answer.coverage.clone().unwrap_or_default();
    let found = if answer.hits.is_empty() {
        "nothing found".to_owned()
    } else {
        counted(answer.hits.len() as u64, "hit")
    };
    let mut parts = vec![
        format!("{found} in {:.1} ms", answer.took_ms),
        format!(
            "searched {} of {}",
            count(coverage.files_searched),
            counted(coverage.files_total, "file")
        ),
    ];
    if coverage.files_in_scope == 0 && coverage.files_searched > 0 {
        parts.push("no file matches the filters".to_owned());
    } else if coverage.files_in_scope < coverage.files_searched {
        parts.push(format!("{} match the filters", count(coverage.files_in_scope)));
    }
    if coverage.hits_dropped > 0 {
        parts.push(format!(
            "{} left out: changed since",
            counted(coverage.hits_dropped, "hit")
        ));
    }
    if coverage.vectors_used {
        parts.push(format!("vectors {}", percent(coverage.vectors)));
    } else if coverage.vectors_reason.is_empty() {
        parts.push("no vectors".to_owned());
    } else {
        parts.push(format!("no vectors: {}", clean(&coverage.vectors_reason)));
    }
    parts.join("; ")
}

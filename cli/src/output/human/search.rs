//! Hits, and what they rest on.

use super::super::Style;
use super::super::style::clean;
use super::{count, counted, exact, hop, percent};
use codemem_proto::v1;
use std::fmt::Write as _;

/// The hits, best first.
pub(crate) fn hits(answer: &v1::SearchResponse, style: Style) -> String {
    if exact::is_exact(answer) {
        return exact::lines(answer, style);
    }
    let texts: Vec<String> = answer.hits.iter().map(|found| hit(found, style)).collect();
    texts.join("\n")
}

fn hit(hit: &v1::Hit, style: Style) -> String {
    let place = place(hit);
    let mut text = format!("{}  {}", style.subject(&place), clean(&hit.kind));
    if !hit.name.is_empty() {
        text.push_str("  ");
        text.push_str(&style.name(&clean(&hit.name)));
    }
    if hit.stale {
        text.push_str("  (changed since it was indexed)");
    }
    text.push('\n');
    for line in hit.snippet.lines() {
        let _ = writeln!(text, "    {}", style.dim(&clean(line)));
    }
    text.push_str(&hop::lines(hit, style));
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

/// Where a hit is: its handle, by which more of it is shown.
pub(super) fn place(hit: &v1::Hit) -> String {
    if hit.handle.is_empty() {
        format!("{}:{}-{}", clean(&hit.path), hit.start_line, hit.end_line)
    } else {
        clean(&hit.handle).into_owned()
    }
}

/// Of several roots, what those are called that have hits, and why others have not been searched; a line each.
pub(crate) fn roots(answer: &v1::SearchResponse) -> Vec<String> {
    if answer.roots.len() < 2 {
        return Vec::new();
    }
    let has_hits = |root: &v1::SearchedRoot| answer.hits.iter().any(|hit| hit.root == root.root);
    let told = answer
        .roots
        .iter()
        .filter(|root| has_hits(root) || !root.problem.is_empty());
    told.map(|root| {
        let name = format!("{} is {}", clean(&root.label), clean(&root.root));
        match root.problem.as_str() {
            "" => name,
            problem => format!("{name}: not searched: {}", clean(problem)),
        }
    })
    .collect()
}

/// What the answer rests on, in one line.
pub(crate) fn receipt(answer: &v1::SearchResponse) -> String {
    if exact::is_exact(answer) {
        let mut parts = vec![format!("{} in {:.1} ms", exact::found(answer), answer.took_ms)];
        parts.extend(exact::searched(answer));
        return parts.join("; ");
    }
    let coverage = answer.coverage.clone().unwrap_or_default();
    let found = if answer.hits.is_empty() {
        "nothing found".to_owned()
    } else {
        counted(answer.hits.len() as u64, "hit")
    };
    let found = match answer.hits_left_out {
        0 => found,
        left_out => format!("{found}, {} more left out for the budget", count(left_out.into())),
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
    parts.extend(hop::receipt(answer));
    if coverage.vectors_used {
        parts.push(format!("vectors {}", percent(coverage.vectors)));
    } else if coverage.vectors_reason.is_empty() {
        parts.push("no vectors".to_owned());
    } else {
        parts.push(format!("no vectors: {}", clean(&coverage.vectors_reason)));
    }
    parts.join("; ")
}

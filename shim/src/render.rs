//! Answers as compact text: what an agent reads costs tokens, and ten hits stay under a thousand.

mod exact;
mod expand;
mod freshness;
mod hop;
mod memory;
mod symbol;

pub(crate) use expand::expanded;
pub(crate) use memory::{deleted, memories, memory, stored};
pub(crate) use symbol::symbol;

use codemem_proto::v1;
use serde_json::json;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest line shown; longer ones are cut.
const MAX_LINE: usize = 140;

/// The hits as text, best first. `asked` is the directory the agent named: paths are relative to the
/// root, which is told when it is another. How much of each hit is shown, the daemon has decided.
pub(crate) fn hits(answer: &v1::SearchResponse, asked: &str) -> String {
    let mut text = places(answer, asked);
    if exact::is_exact(answer) {
        text.push_str(&exact::lines(answer));
    } else {
        for hit in &answer.hits {
            text.push_str(&head(hit));
            for line in hit.snippet.lines() {
                let _ = writeln!(text, "  {}", clean(line));
            }
            text.push_str(&hop::lines(hit));
            text.push_str(&anchored(hit));
        }
    }
    text.push_str(&receipt(answer));
    text
}

/// What the paths of the hits are relative to, where the agent cannot know it, and what was not searched.
fn places(answer: &v1::SearchResponse, asked: &str) -> String {
    let mut text = String::new();
    let is_known = answer.root.trim_end_matches('/') == asked.trim_end_matches('/');
    if answer.roots.len() < 2 {
        if !answer.hits.is_empty() && !is_known {
            let _ = writeln!(text, "paths are relative to {}", clean(&answer.root));
        }
        return text;
    }
    for root in &answer.roots {
        if !root.problem.is_empty() {
            let _ = writeln!(text, "{} was not searched: {}", clean(&root.root), clean(&root.problem));
        } else if answer.hits.iter().any(|hit| hit.root == root.root) {
            let _ = writeln!(text, "{}/ is {}", clean(&root.label), clean(&root.root));
        }
    }
    text
}

/// The first line of a hit: its handle, and what it is.
fn head(hit: &v1::Hit) -> String {
    let mut text = if hit.handle.is_empty() {
        format!("{}:{}-{}", clean(&hit.path), hit.start_line, hit.end_line)
    } else {
        clean(&hit.handle).into_owned()
    };
    let _ = write!(text, " {}", hit.kind);
    if !hit.name.is_empty() {
        let _ = write!(text, " {}", clean(&hit.name));
    }
    if hit.stale {
        text.push_str(" (changed since it was indexed)");
    }
    text.push('\n');
    text
}

/// What is remembered of the hit, a line each: ids to ask memory_find for.
fn anchored(hit: &v1::Hit) -> String {
    let mut text = String::new();
    for memory in &hit.memories {
        let line = format!("memory {}: \"{}\"", clean(&memory.id), clean(&memory.title));
        text.push_str("  ");
        text.push_str(&cut(&line));
        if !memory.stale.is_empty() {
            let _ = write!(text, " ({})", clean(&memory.stale));
        }
        text.push('\n');
    }
    text
}

/// One line without control characters: a file's name may hold a line that looks like another hit, and
/// some clients show our text on a terminal.
fn clean(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\t';
    if text.contains(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn cut(line: &str) -> String {
    if line.len() <= MAX_LINE {
        line.to_owned()
    } else {
        format!("{}…", &line[..line.floor_char_boundary(MAX_LINE)])
    }
}

/// What the answer rests on; for an empty one, how much its emptiness says.
fn receipt(answer: &v1::SearchResponse) -> String {
    let coverage = answer.coverage.clone().unwrap_or_default();
    let mut text = String::new();
    if !answer.note.is_empty() {
        let _ = writeln!(text, "{}", clean(&answer.note));
    }
    if answer.hits.is_empty() {
        if let Some(absence) = exact::absence(answer) {
            let _ = writeln!(text, "{absence}");
        }
        text.push_str("Nothing found. ");
        if coverage.files_in_scope == 0 && coverage.files_searched > 0 {
            text.push_str("No file matches the filters: leave them out or change them. ");
        }
    }
    if exact::is_exact(answer) {
        let _ = write!(text, "[{}", exact::receipt(answer));
        if let Some(freshness) = freshness::receipt(answer) {
            let _ = write!(text, "; {freshness}");
        }
        text.push(']');
        return text;
    }
    let _ = write!(
        text,
        "[searched {} of {} files",
        coverage.files_searched, coverage.files_total
    );
    if coverage.files_in_scope < coverage.files_searched {
        let _ = write!(text, ", {} match the filters", coverage.files_in_scope);
    }
    if answer.hits_left_out > 0 {
        let _ = write!(text, ", {} left out for `budget`", answer.hits_left_out);
    }
    if coverage.hits_dropped > 0 {
        let _ = write!(text, ", {} left out: changed since", coverage.hits_dropped);
    }
    if coverage.files_searched < coverage.files_total {
        text.push_str(", still indexing");
    }
    text.push_str(&hop::receipt(answer));
    if !coverage.vectors_used {
        let _ = write!(text, "; words and symbols only");
        if !coverage.vectors_reason.is_empty() {
            let _ = write!(text, ": {}", coverage.vectors_reason);
        }
    } else if coverage.vectors < 1.0 {
        let _ = write!(text, "; vectors {:.0} %", (coverage.vectors * 100.0).floor());
    }
    if let Some(freshness) = freshness::receipt(answer) {
        let _ = write!(text, "; {freshness}");
    }
    text.push(']');
    text
}

/// The hits as JSON.
pub(crate) fn hits_as_json(answer: &v1::SearchResponse) -> String {
    let hit = |hit: &v1::Hit| {
        let mut json = json!({
            "path": hit.path,
            "start_line": hit.start_line,
            "end_line": hit.end_line,
            "kind": hit.kind,
            "name": hit.name,
            "signature": hit.signature,
            "score": hit.score,
            "snippet": hit.snippet,
            "handle": hit.handle,
            "root": hit.root,
            "memories": hit.memories.iter().map(|memory| json!({
                "id": memory.id,
                "title": memory.title,
                "stale": Some(&memory.stale).filter(|stale| !stale.is_empty()),
            })).collect::<Vec<_>>(),
        });
        if let Some(json) = json.as_object_mut() {
            json.extend(hop::as_json(hit));
        }
        json
    };
    let coverage = answer.coverage.clone().unwrap_or_default();
    let mut json = json!({
        "root": answer.root,
        "hits": answer.hits.iter().map(hit).collect::<Vec<_>>(),
        "coverage": {
            "files_searched": coverage.files_searched,
            "files_total": coverage.files_total,
            "files_in_scope": coverage.files_in_scope,
            "chunks": coverage.chunks,
            "vectors": coverage.vectors,
            "vectors_used": coverage.vectors_used,
            "vectors_reason": coverage.vectors_reason,
        },
        "took_ms": answer.took_ms,
        "freshness": answer.freshness.as_ref().map(freshness::as_json),
    });
    if let (true, Some(coverage_json)) = (exact::is_exact(answer), json["coverage"].as_object_mut()) {
        coverage_json.extend(exact::coverage_as_json(&coverage));
    }
    if let Some(absence) = &answer.absence {
        json["absence"] = exact::absence_as_json(absence);
    }
    if !answer.note.is_empty() {
        json["note"] = answer.note.as_str().into();
    }
    json.to_string()
}

/// The state of the repositories in the answer.
pub(crate) fn status(status: &v1::StatusResponse) -> String {
    let mut lines: Vec<String> = status.repositories.iter().flat_map(repository).collect();
    let model = status.model.clone().unwrap_or_default();
    if model.state != "ready" && !model.state.is_empty() {
        lines.push(format!("embedding model {}: {}", model.state, model.reason));
    }
    lines.join("\n")
}

fn repository(repository: &v1::RepositoryStatus) -> Vec<String> {
    let mut first = format!(
        "{}: {} files, {} chunks, {} symbols, {} chunks with vectors",
        repository.root, repository.files, repository.chunks, repository.symbols, repository.vectors
    );
    if !repository.branch.is_empty() && repository.freshness.is_none() {
        let _ = write!(first, ", branch {}", repository.branch);
    }
    let mut lines = vec![first];
    lines.extend(repository.freshness.as_ref().and_then(freshness::root));
    if repository.indexed_at <= 0 {
        lines.push("the first pass is not complete: answers cover only part of the files".to_owned());
    }
    let progress = repository.progress.unwrap_or_default();
    let what = match progress.phase() {
        v1::Phase::Idle | v1::Phase::Unspecified => None,
        v1::Phase::Queued => Some("waiting for its turn".to_owned()),
        v1::Phase::Scan => Some(format!("listing files, {} so far", progress.files_done)),
        v1::Phase::Lexical => Some(format!(
            "reading words and symbols, {} of {} files",
            progress.files_done, progress.files_total
        )),
        v1::Phase::Setup => Some("fetching the embedding model".to_owned()),
        v1::Phase::Vectors => Some(format!(
            "making vectors, {} of {} chunks; words and symbols are complete",
            progress.chunks_done, progress.chunks_total
        )),
    };
    match what {
        Some(what) if progress.eta_seconds > 0.0 => {
            lines.push(format!("now {what}, {:.0} s left", progress.eta_seconds.ceil()));
        }
        Some(what) => lines.push(format!("now {what}")),
        None => {}
    }
    if !repository.paused.is_empty() {
        lines.push(format!("vectors wait: {}", repository.paused));
    }
    if !repository.problem.is_empty() {
        lines.push(format!("problem: {}", repository.problem));
    }
    lines
}

#[cfg(test)]
mod tests;

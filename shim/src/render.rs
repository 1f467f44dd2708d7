//! Answers as compact text: what an agent reads costs tokens, and ten hits stay under a thousand.

mod freshness;
mod memory;

pub(crate) use memory::{deleted, memories, memory, stored};

use codemem_proto::v1;
use serde_json::json;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes of an answer's hits. Code has some 3.2 bytes a token, so with the receipt this stays under
/// a thousand tokens.
const TEXT_BUDGET: usize = 2800;

/// Longest line shown; longer ones are cut.
const MAX_LINE: usize = 140;

/// The hits as text, best first. `asked` is the directory the agent named: paths are relative to the
/// root, which is told when it is another.
pub(crate) fn hits(answer: &v1::SearchResponse, asked: &str) -> String {
    let mut text = String::new();
    if !answer.hits.is_empty() && answer.root.trim_end_matches('/') != asked.trim_end_matches('/') {
        let _ = writeln!(text, "paths are relative to {}", answer.root);
    }
    let heads: Vec<String> = answer.hits.iter().map(head).collect();
    let notes: Vec<String> = answer.hits.iter().map(anchored).collect();
    let n_fixed = heads.iter().chain(&notes).map(String::len).sum();
    let mut budget = TEXT_BUDGET.saturating_sub(n_fixed);
    for (at, ((head, hit), note)) in heads.iter().zip(&answer.hits).zip(&notes).enumerate() {
        text.push_str(head);
        // What a short snippet leaves over, those behind it may use.
        let share = budget / (heads.len() - at);
        let snippet = snippet(hit, share);
        budget -= snippet.len();
        text.push_str(&snippet);
        text.push_str(note);
    }
    text.push_str(&receipt(answer));
    text
}

/// The first lines of a hit: where, what, and its signature unless the snippet begins with it.
fn head(hit: &v1::Hit) -> String {
    let mut text = format!("{}:{}-{} {}", clean(&hit.path), hit.start_line, hit.end_line, hit.kind);
    if !hit.name.is_empty() {
        let _ = write!(text, " {}", clean(&hit.name));
    }
    if hit.stale {
        text.push_str(" (changed since it was indexed)");
    }
    text.push('\n');
    let signature = one_line(&hit.signature);
    if !signature.is_empty() && !one_line(&hit.snippet).contains(&signature) {
        let _ = writeln!(text, "  {}", cut(&clean(&signature)));
    }
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

/// As many whole lines of the snippet as fit, without common indentation and blank lines.
fn snippet(hit: &v1::Hit, share: usize) -> String {
    let lines = || hit.snippet.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines().map(indentation).min().unwrap_or_default();
    let mut text = String::new();
    for line in lines() {
        let line = cut(&clean(&line[common..]));
        // Two spaces and the line end.
        if text.len() + line.len() + 3 > share {
            break;
        }
        let _ = writeln!(text, "  {line}");
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
    if answer.hits.is_empty() {
        text.push_str("Nothing found. ");
        if coverage.files_in_scope == 0 && coverage.files_searched > 0 {
            text.push_str("No file matches `language` and `path_glob`: leave them out or change them. ");
        }
    }
    let _ = write!(
        text,
        "[searched {} of {} files",
        coverage.files_searched, coverage.files_total
    );
    if coverage.files_in_scope < coverage.files_searched {
        let _ = write!(text, ", {} match the filters", coverage.files_in_scope);
    }
    if coverage.hits_dropped > 0 {
        let _ = write!(text, ", {} left out: changed since", coverage.hits_dropped);
    }
    if coverage.files_searched < coverage.files_total {
        text.push_str(", still indexing");
    }
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
        json!({
            "path": hit.path,
            "start_line": hit.start_line,
            "end_line": hit.end_line,
            "kind": hit.kind,
            "name": hit.name,
            "signature": hit.signature,
            "score": hit.score,
            "snippet": hit.snippet,
            "memories": hit.memories.iter().map(|memory| json!({
                "id": memory.id,
                "title": memory.title,
                "stale": Some(&memory.stale).filter(|stale| !stale.is_empty()),
            })).collect::<Vec<_>>(),
        })
    };
    let coverage = answer.coverage.clone().unwrap_or_default();
    json!({
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
    })
    .to_string()
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
